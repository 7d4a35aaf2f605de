"""Whether mail for an address can be taken: asked by the doors for each RCPT, and by the drain again."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from carnet.domain.directory.queries import MailboxFacts, mailboxes_by_address, trust_space
from carnet.domain.directory.values import InvalidAddress, MailboxAddress
from carnet.domain.identity.values import (
    Ins,
    InvalidPatientAddress,
    PatientAddressProblem,
    is_patient_domain,
    parse_patient_address,
)
from carnet.domain.messaging.values import RecipientState
from carnet.domain.spaces.queries import SpaceFacts, spaces_by_ins


@dataclass(frozen=True)
class Recipient:
    """An address and what is behind it: a health space, a hosted mailbox, or another operator of the trust space."""

    address: str
    state: RecipientState
    ins: str = ""
    space: SpaceFacts | None = None
    mailbox: MailboxFacts | None = None
    elsewhere: bool = False
    why: str = ""

    @property
    def identity(self) -> object:
        """The same for two writings of one address."""
        known = self.space or (self.mailbox if self.mailbox is not None and self.mailbox.hosted else None)
        return known.id if known is not None else self.ins or self.address.lower()


def look_up(addresses: Iterable[str]) -> dict[str, Recipient]:
    """What is behind each address, in two queries whatever the answers: none shows by its delay."""
    patients: dict[str, Ins] = {}
    others: dict[str, MailboxAddress] = {}
    found: dict[str, Recipient] = {}
    for address in addresses:
        try:
            if is_patient_domain(address, settings.CARNET_PATIENT_DOMAIN):
                patients[address] = parse_patient_address(address, settings.CARNET_PATIENT_DOMAIN)
            else:
                others[address] = MailboxAddress.parse(address)
        except InvalidPatientAddress as problem:
            wrong_key = problem.code is PatientAddressProblem.WRONG_KEY
            state = RecipientState.WRONG_KEY if wrong_key else RecipientState.BAD_SYNTAX
            found[address] = Recipient(address, state, why=str(problem))
        except InvalidAddress as problem:
            found[address] = Recipient(address, RecipientState.BAD_SYNTAX, why=str(problem))
    spaces = spaces_by_ins([str(ins) for ins in patients.values()])
    mailboxes = mailboxes_by_address([mailbox.key for mailbox in others.values()])
    trusted = trust_space()
    for address, ins in patients.items():
        space = spaces.get(str(ins))
        found[address] = Recipient(address, _space_state(space), ins=str(ins), space=space)
    for address, parsed in others.items():
        known = mailboxes.get(parsed.key)
        if trusted.hosts(parsed.domain):
            state = mailbox_state(known)
            found[address] = Recipient(address, state, mailbox=known if state is RecipientState.OPEN else None)
        elif trusted.lists(parsed.domain):
            found[address] = Recipient(address, RecipientState.OPEN, mailbox=known, elsewhere=True)
        else:
            found[address] = Recipient(address, RecipientState.UNKNOWN, elsewhere=True)
    return found


def mailbox_state(mailbox: MailboxFacts | None) -> RecipientState:
    """Whether a mailbox of a domain hosted here takes mail today."""
    if mailbox is None or not mailbox.hosted:
        return RecipientState.UNKNOWN
    if mailbox.closed:
        return RecipientState.CLOSED
    if mailbox.suspended and settings.CARNET_SUSPENDED_MAIL != "keep":
        return RecipientState.SUSPENDED
    return RecipientState.OPEN


def _space_state(space: SpaceFacts | None) -> RecipientState:
    if space is None:
        return RecipientState.UNKNOWN
    if space.living:
        return RecipientState.OPEN
    return RecipientState.OPPOSED if space.state == "opposed" else RecipientState.CLOSED
