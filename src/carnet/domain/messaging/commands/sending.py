"""A message that leaves a space: composed, kept there, and handed to each mailbox or to the outbound queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings

from carnet.domain.audit.commands import NewEvent
from carnet.domain.directory.queries import mailboxes_by_address, trust_space
from carnet.domain.identity.queries import display_name, traits_of
from carnet.domain.identity.values import patient_address
from carnet.domain.messaging import rules
from carnet.domain.messaging.compose import OutgoingMail, compose_answer, compose_message, make_message_id
from carnet.domain.messaging.compose.messages import Attachment
from carnet.domain.messaging.delivery.plan import Plan, plan_copy, plan_filing, plan_outbound
from carnet.domain.messaging.delivery.situation import address_digest
from carnet.domain.messaging.delivery.tally import tally_received
from carnet.domain.messaging.delivery.writing import write
from carnet.domain.messaging.envelopes import (
    EntryContent,
    KeptAttachment,
    MessageHead,
    address_name,
    content_name,
)
from carnet.domain.messaging.jobs import send_outbound
from carnet.domain.messaging.mailbox_jobs import answer_by_themselves, identifiers
from carnet.domain.messaging.mime.addresses import Address
from carnet.domain.messaging.mime.read import read_message
from carnet.domain.messaging.models import Contact, Conversation, ConversationEntry, PatientLetter
from carnet.domain.messaging.values import Direction
from carnet.domain.spaces.models import HealthSpace
from carnet.domain.spaces.values import Actor, ActorKind
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.keys import OwnerKey
from carnet.foundation.owner_keys import owner_key, owner_keys

_WRITES_AS = {
    ActorKind.REPRESENTATIVE: rules.WritesAs.REPRESENTATIVE,
    ActorKind.CARER: rules.WritesAs.CARER,
}


@dataclass(frozen=True)
class Written:
    conversation_id: UUID
    message_id: UUID


@dataclass(frozen=True)
class Letter:
    """What is to leave: its words and files, the message that it answers, and who gets it besides the contact."""

    subject: str
    text: str
    attachments: Sequence[Attachment] = ()
    answered: MessageHead | None = None
    others: Sequence[str] = ()


def send(
    actor: Actor, conversation: Conversation, contact: Contact, letter: Letter, events: Sequence[NewEvent]
) -> Written:
    """Compose the message, keep the space's copy, and hand the others over; part of the caller's transaction.

    What somebody else writes for the holder carries the line that names them (``rules.signature_line``).
    """
    space = HealthSpace.objects.get(id=conversation.space_id)
    key = owner_key(space.id)
    at = now()
    message_id = new_id()
    name = display_name(traits_of(space.person_id))
    line = rules.signature_line(_WRITES_AS.get(actor.kind, rules.WritesAs.HOLDER), writer=actor.label, holder=name)
    text = rules.signed(letter.text, line)
    address = key.open_text(address_name(contact.id), contact.address)
    mine = patient_address(space.ins, settings.CARNET_PATIENT_DOMAIN)
    mail = _composed(letter, text, name, mine, address, str(message_id), at)
    plan = Plan(at=at, events=list(events))
    head = MessageHead.of(read_message(mail.content), return_path=mine, answer_address=address)
    evidence = PatientLetter(space_id=space.id, message_id=message_id, mailbox_id=contact.mailbox_id, sent_at=at)
    plan.letters.append(evidence)
    _keep_own_copy(plan, key, message_id, mail, head, actor, text, conversation)
    delivery, evidence.mailbox_message_id = _hand_over(plan, key, message_id, mine, address, mail, head)
    for other in letter.others:
        _hand_over(plan, key, None, mine, other, mail, head)
    plan.entries[0].delivery = delivery
    people = {bytes(one) for one in conversation.participants} | {address_digest(key, one) for one in letter.others}
    Conversation.objects.filter(space_id=space.id, id=conversation.id).update(last_at=at, participants=sorted(people))
    write(plan)
    if plan.outbound:
        send_outbound.defer()
    if plan.to_answer:
        answer_by_themselves.defer(pairs=identifiers(plan.to_answer))
    return Written(conversation.id, message_id)


def _composed(letter: Letter, text: str, name: str, mine: str, address: str, unique: str, at: datetime) -> OutgoingMail:
    identifier = make_message_id(settings.CARNET_PATIENT_DOMAIN, unique)
    recipients, others = [Address("", address)], [Address("", one) for one in letter.others]
    if letter.answered is None:
        return compose_message(
            sender_name=name,
            sender_address=mine,
            recipients=recipients,
            cc=others,
            subject=letter.subject,
            text=text,
            message_id=identifier,
            date=at,
            attachments=letter.attachments,
        )
    return compose_answer(
        sender_name=name,
        sender_address=mine,
        recipients=recipients,
        cc=others,
        answered_id=letter.answered.message_id or None,
        answered_references=letter.answered.references,
        answered_subject=letter.subject,
        text=text,
        message_id=identifier,
        date=at,
        attachments=letter.attachments,
    )


def _keep_own_copy(
    plan: Plan,
    key: OwnerKey,
    message_id: UUID,
    mail: OutgoingMail,
    head: MessageHead,
    actor: Actor,
    text: str,
    conversation: Conversation,
) -> None:
    plan_copy(plan, key, mail.content, head, message_id=message_id)
    parts = read_message(mail.content).attachments
    content = EntryContent(
        author_name=actor.label,
        verified=True,
        text=text,
        attachments=tuple(KeptAttachment(p.path, p.file_name, p.media_type, p.size) for p in parts),
    )
    plan.entries.append(
        ConversationEntry(
            space_id=key.owner_id,
            message_id=message_id,
            conversation_id=conversation.id,
            direction=Direction.SENT.value,
            at=plan.at,
            has_attachments=bool(parts),
            read_at=plan.at,
            content=key.seal(content_name(message_id), content.to_json()),
        )
    )


def _hand_over(
    plan: Plan, key: OwnerKey, message_id: UUID | None, mine: str, address: str, mail: OutgoingMail, head: MessageHead
) -> tuple[str, UUID | None]:
    """Into the mailbox when Carnet hosts it, else into the outbound queue.

    Returns the state of delivery to show, and the mailbox's copy. ``message_id``: the entry that will show what became
    of it at the other operator; without it a failure comes back as a report.
    """
    mailbox = mailboxes_by_address([address]).get(address.lower())
    if mailbox is not None and mailbox.hosted:
        box_key = owner_keys([mailbox.id])[mailbox.id]
        copy = plan_filing(plan, box_key, b"Return-Path: <%s>\r\n" % mine.encode() + mail.content, head)
        tally_received(mailbox, copy, plan, from_patient=True)
        return "sent", copy
    if not trust_space().lists(address.rpartition("@")[2]):
        return "failed", None  # the operator has left the trust space since it wrote
    plan_outbound(plan, key, mine, address, mail.content, message_id=message_id)
    return "queued", None
