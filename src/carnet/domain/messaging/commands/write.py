"""What a holder writes: an answer in a conversation, or a new message to someone who wrote before."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction

from carnet.domain.audit.commands import NewEvent, leave, leave_all
from carnet.domain.directory.queries import mailboxes_by_address, trust_space
from carnet.domain.identity.values import patient_address
from carnet.domain.messaging import rules
from carnet.domain.messaging.access import OpenedConversation, find_conversation
from carnet.domain.messaging.compose import OutgoingMail, compose_answer, compose_message, make_message_id
from carnet.domain.messaging.delivery.plan import Plan, plan_filing, plan_outbound
from carnet.domain.messaging.delivery.situation import message_id_digest
from carnet.domain.messaging.delivery.tally import tally_received
from carnet.domain.messaging.delivery.writing import write
from carnet.domain.messaging.envelopes import (
    EntryContent,
    KeptAttachment,
    MessageHead,
    address_name,
    content_name,
    envelope_name,
    structure_name,
    subject_name,
)
from carnet.domain.messaging.jobs import send_outbound
from carnet.domain.messaging.mailbox_jobs import answer_by_themselves, identifiers
from carnet.domain.messaging.mime.addresses import Address
from carnet.domain.messaging.mime.read import read_message
from carnet.domain.messaging.mime.structure import message_structure
from carnet.domain.messaging.models import Contact, Conversation, ConversationEntry, Message, PatientLetter
from carnet.domain.messaging.queries.conversations import contact_state, conversation_state
from carnet.domain.messaging.queries.recipients import mailbox_state
from carnet.domain.messaging.values import Direction, MessagingRefusal, RecipientState
from carnet.domain.record.file_names import safe_file_name
from carnet.domain.record.media_types import GIF, HOLDER_EXTENSIONS, sniff_media_type
from carnet.domain.spaces.access import decide, event
from carnet.domain.spaces.models import HealthSpace
from carnet.domain.spaces.values import ALLOWED, Act, Actor, Decision, Refusal, refused
from carnet.foundation import antivirus
from carnet.foundation.clamd import Verdict
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.keys import OwnerKey
from carnet.foundation.owner_keys import owner_key, owner_keys

_REFUSALS = {
    MessagingRefusal.EXCHANGE_ENDED: Refusal.EXCHANGE_ENDED,
    MessagingRefusal.CONVERSATION_ENDED: Refusal.NO_REPLY,
    MessagingRefusal.ANSWER_NOT_TAKEN: Refusal.NO_REPLY,
    MessagingRefusal.HOLDER_MAY_NOT_START: Refusal.CANNOT_WRITE_FIRST,
}
_PART_HEADER = 1_024
_MESSAGE_HEADER = 16_384
_SENDABLE = frozenset(HOLDER_EXTENSIONS.values()) | {GIF}


@dataclass(frozen=True)
class NewFile:
    """A file that the holder attaches: its name as given, and its bytes."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Written:
    conversation_id: UUID
    message_id: UUID


@transaction.atomic
def answer(
    actor: Actor, space_id: UUID, conversation_id: UUID, text: str, files: Sequence[NewFile] = ()
) -> Written | Decision:
    """Answer in a conversation: allowed while neither it nor the exchange has been ended by the professional."""
    found_clean = _look_for_viruses(files)  # before the lock: it may take seconds
    opened, events = find_conversation(actor, Act.SEND_MESSAGE, space_id, conversation_id, lock=True)
    if isinstance(opened, Decision):
        leave_all(events)
        return opened
    decision = _decision(
        rules.may_holder_answer(conversation_state(opened.conversation), contact_state(opened.contact))
    )
    decision = decision and _takes_mail(opened.contact) and _check(text, files) and found_clean
    if not decision:
        leave(event(actor, Act.SEND_MESSAGE, space_id, decision, target_kind="conversation", target_id=conversation_id))
        return decision
    answered = _last_message(opened)
    return _send(actor, opened.conversation, opened.contact, opened.subject, text, files, answered, events)


@transaction.atomic
def write_new(
    actor: Actor, space_id: UUID, contact_id: UUID, subject: str, text: str, files: Sequence[NewFile] = ()
) -> Written | Decision:
    """Open a conversation with a mailbox that wrote to this space and has not ended the exchange."""
    space = HealthSpace.objects.filter(id=space_id).first()
    if space is None:
        return refused(Refusal.NOT_FOUND)
    decision = decide(actor, Act.SEND_MESSAGE, space.id, space.state)
    found_clean = _look_for_viruses(files)
    contact = Contact.objects.select_for_update().filter(space_id=space_id, id=contact_id).first()
    if decision and contact is None:
        decision = refused(Refusal.CANNOT_WRITE_FIRST)
    if decision and contact is not None:
        may = _decision(rules.may_holder_write(contact_state(contact)))
        decision = may and _takes_mail(contact) and _check(text, files) and found_clean
    if contact is None or not decision:
        leave(event(actor, Act.SEND_MESSAGE, space_id, decision))
        return decision
    key = owner_key(space_id)
    at = now()
    conversation_id = new_id()
    conversation = Conversation.objects.create(
        space_id=space_id,
        id=conversation_id,
        contact_id=contact.id,
        subject=key.seal_text(subject_name(conversation_id), subject),
        participants=[bytes(contact.address_digest)],
        started_at=at,
        last_at=at,
    )
    left = event(
        actor, Act.SEND_MESSAGE, space_id, target_kind="conversation", target_id=conversation_id, title=subject
    )
    return _send(actor, conversation, contact, subject, text, files, None, [left])


def _decision(allowed: rules.Decision) -> Decision:
    return ALLOWED if allowed.reason is None else refused(_REFUSALS.get(allowed.reason, Refusal.NOT_PROVIDED))


def _takes_mail(contact: Contact) -> Decision:
    """Whether the contact's mailbox takes mail today, when it is hosted here: its door would say no afterwards."""
    address = owner_key(contact.space_id).open_text(address_name(contact.id), contact.address)
    mailbox = mailboxes_by_address([address]).get(address.lower())
    if mailbox is None or not mailbox.hosted:
        return ALLOWED
    match mailbox_state(mailbox):
        case RecipientState.CLOSED:
            return refused(Refusal.MAILBOX_CLOSED)
        case RecipientState.SUSPENDED:
            return refused(Refusal.MAILBOX_SUSPENDED)
    return ALLOWED


def _check(text: str, files: Sequence[NewFile]) -> Decision:
    """The text and the files of a holder's message: something to say, types that people send, a size that passes."""
    if not text.strip() and not files:
        return refused(Refusal.EMPTY_MESSAGE)
    if sum(len(file.content) for file in files) > settings.CARNET_HOLDER_MESSAGE_BYTES:
        return refused(Refusal.TOO_LARGE)
    for file in files:
        if not file.content:
            return refused(Refusal.EMPTY_FILE)
        if sniff_media_type(file.content) not in _SENDABLE:
            return refused(Refusal.TYPE_NOT_ACCEPTED)
    if _sent_size(text, files) > settings.CARNET_MAX_MESSAGE_BYTES:
        return refused(Refusal.TOO_LARGE)
    return ALLOWED


def _sent_size(text: str, files: Sequence[NewFile]) -> int:
    """At most what the message will measure: base64 in lines of 76, with room for header fields (RFC 2045 §6.8)."""
    encoded = sum((len(file.content) + 2) // 3 * 4 * 78 // 76 + _PART_HEADER for file in files)
    return encoded + 4 * len(text.encode()) + _MESSAGE_HEADER


def _look_for_viruses(files: Sequence[NewFile]) -> Decision:
    """Where there is an antivirus, a holder's files leave only once it has found nothing in them."""
    if not files or not antivirus.configured():
        return ALLOWED
    found = antivirus.look(lambda: [file.content for file in files])
    if found.verdict is Verdict.INFECTED:
        return refused(Refusal.INFECTED)
    return ALLOWED if found.verdict is Verdict.CLEAN else refused(Refusal.NOT_SCANNED)


def _last_message(opened: OpenedConversation) -> MessageHead | None:
    """The head of the newest message of the conversation, which the answer refers to."""
    row = opened.conversation
    entry = (
        ConversationEntry.objects.filter(space_id=row.space_id, conversation_id=row.id)
        .order_by("-at", "-message_id")
        .values_list("message_id", flat=True)
        .first()
    )
    if entry is None:
        return None
    sealed = Message.objects.values_list("envelope", flat=True).get(owner_id=row.space_id, id=entry)
    return MessageHead.from_json(owner_key(row.space_id).open(envelope_name(entry), sealed))


def _send(
    actor: Actor,
    conversation: Conversation,
    contact: Contact,
    subject: str,
    text: str,
    files: Sequence[NewFile],
    answered: MessageHead | None,
    events: Sequence[NewEvent],
) -> Written:
    """Compose the message, keep the holder's copy, and hand the other to its mailbox or to the outbound queue."""
    space = HealthSpace.objects.get(id=conversation.space_id)
    key = owner_key(space.id)
    at = now()
    message_id = new_id()
    address = key.open_text(address_name(contact.id), contact.address)
    mine = patient_address(space.ins, settings.CARNET_PATIENT_DOMAIN)
    attachments = [
        (safe_file_name(file.name), sniff_media_type(file.content) or "application/octet-stream", file.content)
        for file in files
    ]
    identifier = make_message_id(settings.CARNET_PATIENT_DOMAIN, str(message_id))
    recipients = [Address("", address)]
    if answered is not None:
        mail = compose_answer(
            sender_name=actor.label,
            sender_address=mine,
            recipients=recipients,
            answered_id=answered.message_id or None,
            answered_references=answered.references,
            answered_subject=subject,
            text=text,
            message_id=identifier,
            date=at,
            attachments=attachments,
        )
    else:
        mail = compose_message(
            sender_name=actor.label,
            sender_address=mine,
            recipients=recipients,
            subject=subject,
            text=text,
            message_id=identifier,
            date=at,
            attachments=attachments,
        )
    plan = Plan(at=at, events=list(events))
    head = MessageHead.of(read_message(mail.content), return_path=mine, answer_address=address)
    letter = PatientLetter(space_id=space.id, message_id=message_id, mailbox_id=contact.mailbox_id, sent_at=at)
    plan.letters.append(letter)
    _keep_own_copy(plan, key, message_id, mail, head, actor, text, conversation)
    delivery = _hand_over(plan, key, message_id, mine, address, mail, head, letter)
    plan.entries[0].delivery = delivery
    Conversation.objects.filter(space_id=space.id, id=conversation.id).update(last_at=at)
    write(plan)
    if plan.outbound:
        send_outbound.defer()
    if plan.to_answer:
        answer_by_themselves.defer(pairs=identifiers(plan.to_answer))
    return Written(conversation.id, message_id)


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
    row = Message(
        owner_id=key.owner_id,
        id=message_id,
        message_id_digest=message_id_digest(key, head.message_id),
        received_at=plan.at,
        size=len(mail.content),
        envelope=key.seal(envelope_name(message_id), head.to_json()),
        structure=key.seal(structure_name(message_id), message_structure(mail.content).to_json()),
    )
    plan.messages.append(row)
    plan.bodies.append((key, mail.content, row))
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
    plan: Plan,
    key: OwnerKey,
    message_id: UUID,
    mine: str,
    address: str,
    mail: OutgoingMail,
    head: MessageHead,
    letter: PatientLetter,
) -> str:
    """Into the mailbox when Carnet hosts it, else into the outbound queue. Returns the state of delivery to show."""
    mailbox = mailboxes_by_address([address]).get(address.lower())
    if mailbox is not None and mailbox.hosted:
        box_key = owner_keys([mailbox.id])[mailbox.id]
        letter.mailbox_message_id = plan_filing(
            plan, box_key, b"Return-Path: <%s>\r\n" % mine.encode() + mail.content, head
        )
        tally_received(mailbox, letter.mailbox_message_id, plan, from_patient=True)
        return "sent"
    if not trust_space().lists(address.rpartition("@")[2]):
        return "failed"  # the operator has left the trust space since it wrote
    plan_outbound(plan, key, mine, address, mail.content, message_id=message_id)
    return "queued"
