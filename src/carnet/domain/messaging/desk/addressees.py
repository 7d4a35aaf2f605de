"""Whom the desk may write to: who can be reached today, and what to warn of."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from carnet.domain.directory.queries import MailboxFacts
from carnet.domain.directory.queries.oppositions import opposed
from carnet.domain.identity.values import patient_address
from carnet.domain.messaging.desk.stored import is_patient
from carnet.domain.messaging.queries.recipients import Recipient, look_up
from carnet.domain.messaging.values import DeliveryOutcome, RecipientState
from carnet.domain.spaces.values import Refusal

MOST_COLLEAGUES = 20

_STATES = {
    RecipientState.UNKNOWN: Refusal.BAD_RECIPIENT,
    RecipientState.CLOSED: Refusal.MAILBOX_CLOSED,
    RecipientState.OPPOSED: Refusal.BAD_RECIPIENT,
    RecipientState.SUSPENDED: Refusal.MAILBOX_SUSPENDED,
    RecipientState.WRONG_KEY: Refusal.BAD_RECIPIENT,
    RecipientState.BAD_SYNTAX: Refusal.BAD_RECIPIENT,
}
_OUTCOMES = {
    DeliveryOutcome.REFUSED_OPPOSITION: Refusal.PATIENT_OPPOSED,
    DeliveryOutcome.REFUSED_RECIPIENT: Refusal.BAD_RECIPIENT,
    DeliveryOutcome.REFUSED_MAILBOX: Refusal.MAILBOX_CLOSED,
    DeliveryOutcome.REFUSED_OTHER_PATIENT: Refusal.WRONG_PATIENT,
    DeliveryOutcome.REFUSED_CONTENT: Refusal.TYPE_NOT_ACCEPTED,
    DeliveryOutcome.REFUSED_TOO_LARGE: Refusal.TOO_LARGE,
    DeliveryOutcome.WITHHELD_INFECTED: Refusal.INFECTED,
}


@dataclass(frozen=True)
class RecipientCheck:
    """Somebody who is to be written to: whether they can be, and what the writer should know first (``absent``,
    ``closing``, ``inactive``, ``elsewhere`` for another operator's, else empty)."""

    address: str
    name: str
    refusal: Refusal | None
    warning: str


def refusal_of(addresses: Sequence[str]) -> Refusal | None:
    """Why none of these can be written to today; None when one can."""
    if not addresses:
        return Refusal.NO_RECIPIENT
    refusals = [_refusal(one) for one in look_up(addresses).values()]
    return None if None in refusals else refusals[0]


def check_recipients(
    mailbox: MailboxFacts, *, patient_ins: str = "", colleagues: Sequence[str] = ()
) -> list[RecipientCheck]:
    """What stands against writing to these people from a mailbox, in their order, the patient first."""
    patient = [patient_address(patient_ins, settings.CARNET_PATIENT_DOMAIN)] if patient_ins else []
    wanted = list(dict.fromkeys([*patient, *colleagues]))[: MOST_COLLEAGUES + 1]
    found = look_up(wanted)
    is_opposed = bool(patient_ins) and bool(opposed([(mailbox.id, patient_ins)]))
    checks = []
    for address in wanted:
        recipient = found[address]
        refusal = _refusal(recipient)
        if is_patient(address) and is_opposed:
            refusal = Refusal.PATIENT_OPPOSED
        elif is_patient(address) and address not in patient:
            refusal = Refusal.BAD_RECIPIENT  # a patient is never one of the colleagues
        label = recipient.mailbox.label if recipient.mailbox else ""
        checks.append(RecipientCheck(address, label or address, refusal, _warning(recipient)))
    return checks


def refusal_of_outcome(outcome: DeliveryOutcome) -> Refusal:
    """Why a message was not delivered, as the desk says it."""
    return _OUTCOMES.get(outcome, Refusal.NOT_DELIVERED)


def _refusal(recipient: Recipient) -> Refusal | None:
    if recipient.state is RecipientState.OPEN:
        return None
    if recipient.state is RecipientState.UNKNOWN and recipient.elsewhere:
        return Refusal.OUTSIDE_TRUST
    if recipient.ins:
        # Whether somebody has a space, closed it or did not want one is theirs: to all who ask, one answer.
        return Refusal.BAD_RECIPIENT
    return _STATES[recipient.state]


def _warning(recipient: Recipient) -> str:
    mailbox = recipient.mailbox
    if mailbox is not None and not (mailbox.active and mailbox.holder_active):
        return "inactive"
    if mailbox is not None and mailbox.absent:
        return "absent"
    if mailbox is not None and mailbox.closes_on is not None:
        return "closing"
    return "elsewhere" if recipient.elsewhere else ""
