"""Putting one message into a conversation of the desk: which it joins, who takes part, what it ends."""

from dataclasses import replace
from uuid import UUID

from django.conf import settings

from carnet.domain.directory.values import MailboxKind
from carnet.domain.identity.queries import display_name
from carnet.domain.messaging import rules
from carnet.domain.messaging.delivery.situation import address_digest
from carnet.domain.messaging.desk.batches import Batch, SentHere
from carnet.domain.messaging.desk.message_rows import message_row
from carnet.domain.messaging.desk.stored import ReadMessage, ins_of
from carnet.domain.messaging.desk.values import Correspondent, MessageKind, ThreadHead, thread_name
from carnet.domain.messaging.models import DeskThread
from carnet.domain.messaging.values import Direction, EndingKind
from carnet.foundation.ids import new_id


def place(batch: Batch, message: ReadMessage) -> None:
    """Decide where one message goes, and prepare its row and what it changes."""
    stored, parsed = message.stored, message.incoming.parsed
    known_here = batch.sent_here.get(stored.message_id, SentHere())
    message = _told_apart(batch, message)
    thread = batch.threads.get(known_here.thread_id) if known_here.thread_id else None
    thread = thread or _told_of(batch, message) or _joined(batch, message)
    if message.kind is MessageKind.AUTOMATIC and thread is None:
        message = replace(message, kind=MessageKind.MESSAGE)
    people = [_correspondent(batch, message, one, known_here.person) for one in message.people] or [_nobody(message)]
    if thread is None:
        thread = _new_thread(batch, message, people)
    elif message.kind is MessageKind.MESSAGE:
        _take_part(batch, thread, people)
    if message.ending is not None:
        _end(batch, thread, message)
    elif message.direction is Direction.SENT and thread.patient and thread.ended_at is not None:
        thread.ended_at = None  # an ordinary message opens the exchange again
        batch.changed.add(thread.id)
    pathway = batch.pathways.get(stored.message_id)
    if pathway is not None:
        thread.pathway_id = pathway
        batch.changed.add(thread.id)
    if parsed.message_id:
        batch.placed.setdefault(parsed.message_id, thread.id)
        if message.direction is Direction.SENT:
            batch.sent[parsed.message_id] = stored.message_id
    batch.rows.append(message_row(batch, message, thread.id, people, known_here))


def _told_apart(batch: Batch, message: ReadMessage) -> ReadMessage:
    """What software sends by itself from its own mailbox waits for no answer."""
    sender = batch.directory.get(message.people[0]) if message.people else None
    if message.waits and sender is not None and sender.kind is MailboxKind.APP:
        return replace(message, waits=False)
    return message


def _told_of(batch: Batch, message: ReadMessage) -> DeskThread | None:
    """The conversation of the message that a receipt or a report tells of, if whoever tells may."""
    author = message.people[0] if message.people else message.incoming.author.lower()
    for identifier in message.named:
        thread = batch.threads.get(batch.placed.get(identifier, UUID(int=0)))
        if thread is None:
            continue
        people = [one.address for one in batch.heads[thread.id].people]
        if rules.may_tell_of(message.kind, author, people, settings.CARNET_HOSTNAME):
            return thread
    return None


def _joined(batch: Batch, message: ReadMessage) -> DeskThread | None:
    if message.kind in (MessageKind.RECEIPT, MessageKind.REPORT):
        return None
    known = {}
    for identifier in {*message.references, message.in_reply_to or ""} - {""}:
        thread = batch.threads.get(batch.placed.get(identifier, UUID(int=0)))
        if thread is not None:
            people = frozenset(bytes(one).hex() for one in thread.participants)
            known[identifier] = rules.KnownMessage(str(thread.id), people)
    # Of an incoming message its author alone counts: a Reply-To names whom it likes.
    mine = message.people[:1] if message.direction is Direction.RECEIVED else message.people
    theirs = [address_digest(batch.key, one).hex() for one in mine]
    found = rules.match_people(message.references, message.in_reply_to, known, theirs) if theirs else None
    return batch.threads[UUID(found)] if found else None


def _correspondent(batch: Batch, message: ReadMessage, address: str, person: Correspondent | None) -> Correspondent:
    """Somebody of the other side as the desk will show them: never under a name that they gave themselves."""
    ins = ins_of(address)
    if not ins:
        known = batch.directory.get(address)
        shown = rules.sender_display(known.label if known else None, address)
        return Correspondent(address, shown.name, verified=shown.verified, domain=shown.domain)
    domain = address.rpartition("@")[2]
    traits = batch.traits.get(ins)
    if traits is not None:
        first = traits.first_given_name or (traits.given_names[0] if traits.given_names else "")
        return Correspondent(
            address,
            display_name(traits),
            patient=True,
            verified=True,
            domain=domain,
            ins=ins,
            birth_name=traits.birth_name,
            first_name=first,
            birth_date=traits.birth_date,
        )
    if person is not None and person.patient and person.ins == ins:
        return replace(person, address=address, domain=domain, others=0)
    # What the mailbox itself wrote before the address; a patient whom it does not know stays a number.
    name = message.shown_names.get(address, "")
    return Correspondent(address, name or ins, patient=True, domain=domain, ins=ins)


def _nobody(message: ReadMessage) -> Correspondent:
    address = message.incoming.author or message.stored.head.from_address
    return Correspondent(address, address or "—")


def _new_thread(batch: Batch, message: ReadMessage, written: list[Correspondent]) -> DeskThread:
    thread_id = new_id()
    first = written[0]
    head = ThreadHead(message.incoming.parsed.subject, rules.people_at_first(written))
    thread = DeskThread(
        mailbox_id=batch.box.id,
        id=thread_id,
        head=batch.key.seal(thread_name(thread_id), head.to_json()),
        correspondent_digest=address_digest(batch.key, first.address),
        participants=[address_digest(batch.key, one.address) for one in head.people],
        patient=first.patient,
        started_at=message.stored.at,
        last_at=message.stored.at,
    )
    batch.threads[thread_id] = thread
    batch.heads[thread_id] = head
    batch.new.append(thread)
    return thread


def _take_part(batch: Batch, thread: DeskThread, written: list[Correspondent]) -> None:
    head = batch.heads[thread.id]
    people = rules.people_after(head.people, written, patient=thread.patient)
    if people == head.people:
        return
    head = replace(head, people=people)
    batch.heads[thread.id] = head
    thread.head = batch.key.seal(thread_name(thread.id), head.to_json())
    digests = (address_digest(batch.key, one.address) for one in people)
    thread.participants = sorted({*map(bytes, thread.participants), *digests})
    batch.changed.add(thread.id)


def _end(batch: Batch, thread: DeskThread, message: ReadMessage) -> None:
    """The exchange is over for this patient: this conversation, or all with them (ECO.2.2.8)."""
    at = message.stored.at
    thread.ended_at = at
    batch.changed.add(thread.id)
    if message.ending is not EndingKind.SUBJECT_FIN:
        return
    digest = bytes(thread.correspondent_digest)
    for other in batch.threads.values():
        if bytes(other.correspondent_digest) == digest and other.started_at <= at:
            other.ended_at = at
            batch.changed.add(other.id)
    DeskThread.objects.filter(mailbox_id=batch.box.id, correspondent_digest=digest, started_at__lte=at).exclude(
        id__in=list(batch.threads)
    ).update(ended_at=at)
