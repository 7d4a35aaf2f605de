"""What delivering a batch will write: rows prepared by the rules, to be written together."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from carnet.domain.audit.commands import NewEvent
from carnet.domain.directory.traces import NewTrace
from carnet.domain.directory.values import Domain, InvalidAddress
from carnet.domain.messaging.delivery.situation import message_id_digest
from carnet.domain.messaging.envelopes import (
    NOTHING_ASKED,
    Asked,
    MessageHead,
    envelope_name,
    outbound_name,
    structure_name,
)
from carnet.domain.messaging.mime.structure import message_structure
from carnet.domain.messaging.models import (
    Contact,
    Conversation,
    ConversationEntry,
    Dispatch,
    Message,
    OutboundMail,
    PatientLetter,
    QuarantinedMail,
    UnscannedMessage,
)
from carnet.domain.messaging.values import DeliveryOutcome
from carnet.foundation.ids import new_id
from carnet.foundation.keys import OwnerKey

SYSTEM_OWNER = UUID(int=1)
"""The owner of what Carnet itself sends to other operators: reports that are nobody's own."""


@dataclass
class Plan:
    """The rows that delivering a batch will write, and what the senders will be told.

    Of mail that Carnet hands over itself (``Incoming.own``) it keeps too, by message and recipient, what became of it
    and the copy that a space got.
    """

    at: datetime
    bodies: list[tuple[OwnerKey, bytes, Message | OutboundMail | QuarantinedMail]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    new_contacts: list[Contact] = field(default_factory=list)
    changed_contacts: dict[UUID, Contact] = field(default_factory=dict)
    new_conversations: list[Conversation] = field(default_factory=list)
    changed_conversations: dict[UUID, Conversation] = field(default_factory=dict)
    entries: list[ConversationEntry] = field(default_factory=list)
    filed: list[tuple[UUID, UUID, int, datetime]] = field(default_factory=list)
    outbound: list[OutboundMail] = field(default_factory=list)
    dispatches: list[Dispatch] = field(default_factory=list)
    events: list[NewEvent] = field(default_factory=list)
    notified: list[tuple[UUID, UUID]] = field(default_factory=list)
    answered: list[tuple[UUID, UUID]] = field(default_factory=list)
    undelivered: list[tuple[UUID, bytes]] = field(default_factory=list)
    letters: list[PatientLetter] = field(default_factory=list)
    quarantined: list[QuarantinedMail] = field(default_factory=list)
    unscanned: list[UnscannedMessage] = field(default_factory=list)
    flags: dict[UUID, tuple[str, ...]] = field(default_factory=dict)
    traces: list[NewTrace] = field(default_factory=list)
    received: dict[UUID, list[UUID]] = field(default_factory=dict)
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    to_answer: list[tuple[UUID, UUID]] = field(default_factory=list)
    outcomes: dict[tuple[UUID, str], DeliveryOutcome] = field(default_factory=dict)
    copies: dict[tuple[UUID, str], tuple[UUID, UUID]] = field(default_factory=dict)


def plan_copy(plan: Plan, key: OwnerKey, raw: bytes, head: MessageHead, *, message_id: UUID | None = None) -> Message:
    """One owner's copy of a message of Carnet's own making, with its body to be stored; it lies in no folder yet."""
    message_id = message_id or new_id()
    row = Message(
        owner_id=key.owner_id,
        id=message_id,
        message_id_digest=message_id_digest(key, head.message_id or str(message_id)),
        received_at=plan.at,
        size=len(raw),
        envelope=key.seal(envelope_name(message_id), head.to_json()),
        structure=key.seal(structure_name(message_id), message_structure(raw).to_json()),
    )
    plan.messages.append(row)
    plan.bodies.append((key, raw, row))
    return row


def plan_filing(plan: Plan, key: OwnerKey, raw: bytes, head: MessageHead | None = None) -> UUID:
    """Put a message of Carnet's own making into the INBOX of a hosted mailbox; the id of its copy."""
    row = plan_copy(plan, key, raw, head or MessageHead())
    plan.filed.append((key.owner_id, row.id, len(raw), plan.at))
    return row.id


def plan_outbound(
    plan: Plan,
    key: OwnerKey,
    sender: str,
    recipient: str,
    raw: bytes,
    *,
    message_id: UUID | None,
    asked: Asked = NOTHING_ASKED,
) -> OutboundMail:
    """Queue a message for another operator of the trust space, with the reports that its sender asked for."""
    mail_id = new_id()
    row = OutboundMail(
        id=mail_id,
        owner_id=key.owner_id,
        message_id=message_id,
        size=len(raw),
        domain=_domain(recipient),
        addresses=key.seal_text(outbound_name(mail_id), "\n".join([sender, recipient, asked.orcpt, asked.envid])),
        notify=",".join(asked.notify),
        ret=asked.ret,
        created_at=plan.at,
        next_try_at=plan.at,
    )
    plan.outbound.append(row)
    plan.bodies.append((key, raw, row))
    return row


def _domain(address: str) -> str:
    """The domain of an address in its one writing, which routes and the trust list go by."""
    domain = address.rpartition("@")[2]
    try:
        return str(Domain.parse(domain))
    except InvalidAddress:
        return domain.lower()
