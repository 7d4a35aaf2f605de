"""What people send from a mailbox at the desk, one message or many: delivered with the transaction that asks for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from carnet.domain.directory.queries import MailboxFacts
from carnet.domain.identity.values import is_patient_domain
from carnet.domain.messaging.commands.folders import file_into
from carnet.domain.messaging.compose import OutgoingMail
from carnet.domain.messaging.delivery.incoming import Incoming, read_incoming
from carnet.domain.messaging.delivery.placing import place
from carnet.domain.messaging.delivery.plan import SYSTEM_OWNER, Plan, plan_copy
from carnet.domain.messaging.delivery.scanning import scan_all
from carnet.domain.messaging.delivery.situation import load
from carnet.domain.messaging.delivery.writing import write
from carnet.domain.messaging.desk.actors import DOOR
from carnet.domain.messaging.envelopes import MessageHead, SpooledEnvelope
from carnet.domain.messaging.folder_values import SEEN
from carnet.domain.messaging.jobs import send_outbound
from carnet.domain.messaging.mailbox_jobs import answer_by_themselves, identifiers
from carnet.domain.messaging.mime.read import read_message
from carnet.domain.messaging.models import Message
from carnet.domain.messaging.values import DeliveryOutcome
from carnet.foundation.clamd import UNSCANNED, Finding
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.keys import OwnerKey
from carnet.foundation.owner_keys import create_owner_keys, owner_key
from carnet.foundation.spool import Accepted

SENT = "Sent"


@dataclass(frozen=True)
class Handed:
    """What became of a message for one recipient; ``space_id`` and ``message_id`` name a patient's copy."""

    address: str
    outcome: DeliveryOutcome
    space_id: UUID | None = None
    message_id: UUID | None = None


@dataclass(frozen=True)
class SentMail:
    """A message that left: the mailbox's own copy, in its Sent folder, and what became of it for each recipient."""

    message_id: UUID
    handed: tuple[Handed, ...]


def send_from_mailbox(
    mailbox: MailboxFacts,
    mails: Sequence[OutgoingMail],
    *,
    author: str = "",
    session: str = "",
    scanned: Finding = UNSCANNED,
) -> list[SentMail]:
    """Send messages from a hosted mailbox, in order; part of the caller's transaction: all of them or none.

    Each is delivered by the same rules as mail of the submission door, into spaces and mailboxes that are here, into
    the outbound queue for other operators; the mailbox keeps a copy that is read. ``author`` is the RPPS of who sends
    (empty for what leaves by itself). ``scanned`` spares the antivirus what it has looked at already. A recipient who
    cannot be reached is told in the answer, by no report; another operator's failure comes back as a report.
    """
    at = now()
    plan = Plan(at=at)
    key = owner_key(mailbox.id)
    sent = [_own_copy(plan, key, mail, mailbox.address) for mail in mails]
    messages = [
        _as_incoming(mailbox, mail, copy.id, author, session, plan, scanned)
        for mail, copy in zip(mails, sent, strict=True)
    ]
    scan_all(messages)
    situation = load(messages)
    create_owner_keys([SYSTEM_OWNER])
    situation.keys[SYSTEM_OWNER] = owner_key(SYSTEM_OWNER)
    for message in messages:
        place(message, situation, plan)
    write(plan)
    file_into(mailbox.id, [(copy.id, copy.size, at, [SEEN]) for copy in sent], SENT)
    if plan.outbound:
        send_outbound.defer()
    if plan.to_answer:
        answer_by_themselves.defer(pairs=identifiers(plan.to_answer))
    return [SentMail(copy.id, _handed(plan, copy.id, mail)) for copy, mail in zip(sent, mails, strict=True)]


def _own_copy(plan: Plan, key: OwnerKey, mail: OutgoingMail, address: str) -> Message:
    """The mailbox's own copy, to be written with the rest."""
    head = MessageHead.of(read_message(mail.content), return_path=address, answer_address=address)
    return plan_copy(plan, key, mail.content, head)


def _as_incoming(
    mailbox: MailboxFacts,
    mail: OutgoingMail,
    own: UUID,
    author: str,
    session: str,
    plan: Plan,
    scanned: Finding,
) -> Incoming:
    """The message as if it had come by the submission door; no report is sent of what the answer tells at once."""
    told_at_once = {one: ("NEVER", "") for one in mail.recipients if _is_patient(one)}
    envelope = SpooledEnvelope(
        door=DOOR,
        sender=mailbox.address,
        recipients=mail.recipients,
        accepted_at=plan.at,
        tracing=f"Return-Path: <{mailbox.address}>\r\n",
        mailbox=str(mailbox.id),
        author=author,
        session=session,
        reports=told_at_once,
    )
    message = read_incoming(Accepted(new_id(), 0, envelope.to_json(), mail.content))
    message.own = own
    message.scanned = scanned
    return message


def _is_patient(address: str) -> bool:
    return is_patient_domain(address, settings.CARNET_PATIENT_DOMAIN)


def _handed(plan: Plan, own: UUID, mail: OutgoingMail) -> tuple[Handed, ...]:
    found = []
    for address in mail.recipients:
        outcome = plan.outcomes.get((own, address))
        if outcome is not None:
            found.append(Handed(address, outcome, *plan.copies.get((own, address), (None, None))))
    return tuple(found)
