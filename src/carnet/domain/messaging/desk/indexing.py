"""Putting stored messages into the conversations of the desk: which one each joins, and the rows that say so."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from carnet.domain.directory.queries import MailboxFacts, TrustSpace, mailboxes_by_address, trust_space
from carnet.domain.directory.values import MailboxKind
from carnet.domain.identity.queries import display_name, traits_by_ins
from carnet.domain.identity.values import StrictTraits
from carnet.domain.messaging import rules
from carnet.domain.messaging.delivery.situation import address_digest, message_id_digest
from carnet.domain.messaging.desk import words
from carnet.domain.messaging.desk.documents import index_documents
from carnet.domain.messaging.desk.recounting import lock_threads, recount
from carnet.domain.messaging.desk.stored import (
    MOST_PEOPLE,
    ReadMessage,
    StoredMessage,
    canonical,
    ins_of,
    is_patient,
    plain_text,
    read_stored,
    snippet_of,
)
from carnet.domain.messaging.desk.values import (
    Correspondent,
    DeskHead,
    MessageKind,
    ThreadHead,
    desk_head_name,
    thread_name,
)
from carnet.domain.messaging.envelopes import EntryContent
from carnet.domain.messaging.models import DeskMessage, DeskThread, Message, MessagePathway
from carnet.domain.messaging.values import Direction, EndingKind
from carnet.foundation import logs
from carnet.foundation.ids import new_id
from carnet.foundation.keys import OwnerKey
from carnet.foundation.owner_keys import owner_key
from carnet.foundation.rows import copy_rows

log = logs.get("desk")

_PLACE = """
UPDATE messaging_folder_entry e SET thread_id = t.thread_id
FROM unnest(%s::uuid[], %s::uuid[]) AS t(message_id, thread_id)
WHERE e.mailbox_id = %s AND e.folder_id = ANY(%s) AND e.uid = ANY(%s) AND e.message_id = t.message_id
"""
# A receipt counts once: the first moment of a reading is kept.
_TOLD = """
UPDATE messaging_desk_message SET read_at = least(read_at, %(at)s)
WHERE mailbox_id = %(mailbox)s AND message_id = %(about)s AND direction = 'out'
"""
_FAILED = """
UPDATE messaging_desk_message SET outcome = 'failed'
WHERE mailbox_id = %(mailbox)s AND message_id = %(about)s AND direction = 'out' AND outcome = ''
"""


@dataclass(frozen=True)
class SentHere:
    """What the desk knows of a message that it has just sent: its conversation if it has one, who wrote it, the person
    it is for as they were found, and why it did not arrive."""

    thread_id: UUID | None = None
    author: str = ""
    person: Correspondent | None = None
    outcome: str = ""


@dataclass
class _Batch:
    """What indexing some messages of one mailbox knows and will write.

    ``placed`` says which conversation a Message-ID is in, ``sent`` which copy of a message that went out it is.
    """

    box: MailboxFacts
    key: OwnerKey
    directory: dict[str, MailboxFacts]
    traits: dict[str, StrictTraits]
    placed: dict[str, UUID]
    threads: dict[UUID, DeskThread]
    heads: dict[UUID, ThreadHead]
    pathways: dict[UUID, UUID]
    sent_here: Mapping[UUID, SentHere]
    sent: dict[str, UUID] = field(default_factory=dict)
    new: list[DeskThread] = field(default_factory=list)
    changed: set[UUID] = field(default_factory=set)
    rows: list[DeskMessage] = field(default_factory=list)


def index(
    box: MailboxFacts, messages: Sequence[ReadMessage], sent_here: Mapping[UUID, SentHere] | None = None
) -> dict[UUID, UUID]:
    """Put read messages, the oldest first, into conversations. Returns each one's conversation.

    Part of the caller's transaction, which has locked the folders where they lie. Nobody joins a conversation by
    knowing an identifier: whom a message goes from or to must have taken part.
    """
    batch = _load(box, messages, sent_here or {})
    for message in messages:
        _place(batch, message)
    _write(batch, messages)
    return {row.message_id: row.thread_id for row in batch.rows}


def read_all(box: MailboxFacts, messages: Iterable[StoredMessage]) -> list[ReadMessage]:
    """Read messages of a mailbox. Long work, to be done before anything is locked."""
    trust = trust_space()
    return [_read(message, box, trust) for message in messages]


def _read(message: StoredMessage, box: MailboxFacts, trust: TrustSpace) -> ReadMessage:
    """One that no reader foresaw is there without content: it must not keep the others from the desk."""
    try:
        return read_stored(message, box.address, trust)
    except Exception as problem:
        log.error("desk_message_unreadable", message=str(message.message_id), exc_info=problem)
        return read_stored(replace(message, raw=b""), box.address, trust)


def _load(box: MailboxFacts, messages: Sequence[ReadMessage], sent_here: Mapping[UUID, SentHere]) -> _Batch:
    key = owner_key(box.id)
    identifiers = {
        one for message in messages for one in (*message.references, message.in_reply_to or "", *message.named) if one
    }
    by_digest = {message_id_digest(key, one): one for one in identifiers}
    known = dict(
        Message.objects.filter(owner_id=box.id, message_id_digest__in=list(by_digest)).values_list(
            "id", "message_id_digest"
        )
    )
    found = (
        DeskMessage.objects.filter(mailbox_id=box.id, message_id__in=list(known))
        .order_by("at", "message_id")
        .values_list("message_id", "thread_id", "direction")
    )
    placed: dict[str, UUID] = {}
    sent = {}
    for message_id, thread_id, direction in found:
        identifier = by_digest[bytes(known[message_id])]
        # Who writes under the identifier of another message takes it from nobody.
        placed.setdefault(identifier, thread_id)
        if direction == Direction.SENT:
            sent[identifier] = message_id
    threads = {
        one.id: one
        for one in _locked(box.id, {*placed.values(), *(s.thread_id for s in sent_here.values() if s.thread_id)})
    }
    addresses = {one for message in messages for one in message.people}
    # A receipt, which software sends, says that a message was opened, not who a number is.
    written = [m for m in messages if m.direction is Direction.RECEIVED and m.kind is MessageKind.MESSAGE]
    writers = {ins_of(m.people[0]) for m in written if m.people} - {""}
    out = [m.stored.message_id for m in messages if m.direction is Direction.SENT]
    return _Batch(
        box=box,
        key=key,
        directory=mailboxes_by_address(one for one in addresses if not is_patient(one)),
        traits=traits_by_ins(writers) if writers else {},
        placed=placed,
        threads=threads,
        heads={one.id: open_thread_head(key, one) for one in threads.values()},
        pathways=dict(
            MessagePathway.objects.filter(mailbox_id=box.id, message_id__in=out).values_list("message_id", "pathway_id")
        ),
        sent_here=sent_here,
        sent=sent,
    )


def _locked(mailbox_id: UUID, thread_ids: set[UUID]) -> list[DeskThread]:
    if not thread_ids:
        return []
    lock_threads(mailbox_id, thread_ids)
    return list(DeskThread.objects.filter(mailbox_id=mailbox_id, id__in=thread_ids))


def open_thread_head(key: OwnerKey, thread: DeskThread) -> ThreadHead:
    return ThreadHead.from_json(key.open(thread_name(thread.id), thread.head))


def _place(batch: _Batch, message: ReadMessage) -> None:
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
    batch.rows.append(_row(batch, message, thread, people, known_here))


def _told_apart(batch: _Batch, message: ReadMessage) -> ReadMessage:
    """What software sends by itself from its own mailbox waits for no answer."""
    sender = batch.directory.get(message.people[0]) if message.people else None
    if message.waits and sender is not None and sender.kind is MailboxKind.APP:
        return replace(message, waits=False)
    return message


def _told_of(batch: _Batch, message: ReadMessage) -> DeskThread | None:
    """The conversation of the message that a receipt or a report tells of, if whoever tells may.

    A receipt comes from who was written to; a report from this server, or from the domain of who was written to.
    """
    for identifier in message.named:
        thread = batch.threads.get(batch.placed.get(identifier, UUID(int=0)))
        if thread is None:
            continue
        author = message.people[0] if message.people else message.incoming.author.lower()
        people = {one.address for one in batch.heads[thread.id].people}
        if message.kind is MessageKind.RECEIPT and author in people:
            return thread
        domains = {one.rpartition("@")[2] for one in people} | {settings.CARNET_HOSTNAME.lower()}
        if message.kind is MessageKind.REPORT and author.rpartition("@")[2] in domains:
            return thread
    return None


def _joined(batch: _Batch, message: ReadMessage) -> DeskThread | None:
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


def _correspondent(batch: _Batch, message: ReadMessage, address: str, person: Correspondent | None) -> Correspondent:
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


def _new_thread(batch: _Batch, message: ReadMessage, people: list[Correspondent]) -> DeskThread:
    thread_id = new_id()
    first = people[0]
    people = people[:1] if first.patient else [one for one in people if not one.patient]
    head = ThreadHead(message.incoming.parsed.subject, tuple(people))
    participants = [address_digest(batch.key, one.address) for one in people]
    thread = DeskThread(
        mailbox_id=batch.box.id,
        id=thread_id,
        head=batch.key.seal(thread_name(thread_id), head.to_json()),
        correspondent_digest=address_digest(batch.key, first.address),
        participants=participants,
        patient=first.patient,
        started_at=message.stored.at,
        last_at=message.stored.at,
    )
    batch.threads[thread_id] = thread
    batch.heads[thread_id] = head
    batch.new.append(thread)
    return thread


def _take_part(batch: _Batch, thread: DeskThread, people: list[Correspondent]) -> None:
    """Who is written to takes part from then on, but nobody else in a patient's conversation; a patient who turns out
    to be known gets their name."""
    head = batch.heads[thread.id]
    known = {one.address: one for one in head.people}
    found = dict(known)
    for one in people:
        before = known.get(one.address)
        if before is None:
            if not thread.patient and not one.patient and len(found) < MOST_PEOPLE:
                found[one.address] = one
        elif one.verified and before != one:
            found[one.address] = one
    if found == known:
        return
    head = replace(head, people=tuple(found.values()))
    batch.heads[thread.id] = head
    thread.head = batch.key.seal(thread_name(thread.id), head.to_json())
    thread.participants = sorted({*map(bytes, thread.participants), *(address_digest(batch.key, one) for one in found)})
    batch.changed.add(thread.id)


def _end(batch: _Batch, thread: DeskThread, message: ReadMessage) -> None:
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


def _row(
    batch: _Batch, message: ReadMessage, thread: DeskThread, people: list[Correspondent], known_here: SentHere
) -> DeskMessage:
    stored, incoming = message.stored, message.incoming
    content = incoming.content(author_name="", author_domain="", verified=False)
    text = plain_text(content)
    author = people[0]
    received = message.direction is Direction.RECEIVED
    head = DeskHead(
        name=author.name if received else batch.box.label,
        verified=author.verified if received else True,
        address=author.address if received else batch.box.address,
        answer_to=message.answer_to,
        to=_shown_recipients(batch, message),
        snippet=snippet_of(text),
    )
    told_of = (one for one in message.named if batch.placed.get(one) == thread.id and one in batch.sent)
    about = next((batch.sent[one] for one in told_of), None)
    return DeskMessage(
        mailbox_id=batch.box.id,
        message_id=stored.message_id,
        thread_id=thread.id,
        direction=message.direction.value,
        kind=message.kind.value,
        about=about,
        at=stored.at,
        head=batch.key.seal(desk_head_name(stored.message_id), head.to_json()),
        has_documents=message.kind is MessageKind.MESSAGE and bool(content.attachments),
        waits=message.waits and message.kind is MessageKind.MESSAGE,
        answers=message.answers,
        author=known_here.author,
        outcome=known_here.outcome or message.told,
        words=_words(batch.key, message, people, content, text),
    )


def _shown_recipients(batch: _Batch, message: ReadMessage) -> tuple[str, ...]:
    shown = []
    for one in (*message.incoming.parsed.to, *message.incoming.parsed.cc)[:MOST_PEOPLE]:
        address = canonical(one.address)
        known = batch.box if address == batch.box.address.lower() else batch.directory.get(address)
        own_word = message.direction is Direction.SENT and is_patient(address)
        shown.append(known.label if known else (one.name if own_word and one.name else one.address))
    return tuple(dict.fromkeys(shown))


def _words(
    key: OwnerKey, message: ReadMessage, people: list[Correspondent], content: EntryContent, text: str
) -> list[int]:
    parsed = message.incoming.parsed
    names = [f"{one.name} {one.birth_name} {one.first_name} {one.used_name}" for one in people]
    files = [f"{one.name} {one.title} {one.type_label}" for one in content.attachments]
    exact = [one.address for one in people] + [one.ins for one in people] + sorted(message.incoming.patients)[:20]
    return words.digests(key, named=[parsed.subject, *names], texts=[*files, text], exact=exact)


def _write(batch: _Batch, messages: Sequence[ReadMessage]) -> None:
    copy_rows(batch.new)
    new = {one.id for one in batch.new}
    for thread_id in sorted(batch.changed - new):
        one = batch.threads[thread_id]
        DeskThread.objects.filter(mailbox_id=batch.box.id, id=one.id).update(
            head=one.head, participants=one.participants, pathway_id=one.pathway_id, ended_at=one.ended_at
        )
    copy_rows(batch.rows)
    for row in batch.rows:
        told = {"mailbox": batch.box.id, "about": row.about, "at": row.at}
        with connection.cursor() as cursor:
            if row.about and row.kind == MessageKind.RECEIPT and row.outcome == "displayed":
                cursor.execute(_TOLD, told)
            elif row.about and row.kind == MessageKind.REPORT and row.outcome == "failed":
                cursor.execute(_FAILED, told)
    place_entries(
        batch.box.id,
        {row.message_id: row.thread_id for row in batch.rows},
        [(message.stored.folder_id, message.stored.uid) for message in messages],
    )
    if batch.pathways:
        MessagePathway.objects.filter(mailbox_id=batch.box.id, message_id__in=list(batch.pathways)).delete()
    for message in messages:
        if message.incoming.carries_documents:
            _write_documents(batch.box.id, message)
    recount(batch.box.id, {row.thread_id for row in batch.rows})


def _write_documents(mailbox_id: UUID, message: ReadMessage) -> None:
    """Note its documents; those that nothing was prepared for keep no message from its conversation."""
    try:
        with transaction.atomic():
            index_documents(
                mailbox_id,
                message.stored.message_id,
                packages=message.incoming.packages,
                correspondent=message.people[0] if message.people else "",
                direction=message.direction.value,
                at=message.stored.at,
            )
    except Exception as problem:
        log.error("desk_documents_unreadable", message=str(message.stored.message_id), exc_info=problem)


def place_entries(mailbox_id: UUID, threads: Mapping[UUID, UUID], places: Sequence[tuple[int, int]]) -> None:
    """Say of the entries at these places (folder, UID) which conversation their message belongs to."""
    if not threads:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _PLACE,
            [
                list(threads),
                list(threads.values()),
                mailbox_id,
                [folder for folder, _ in places],
                [uid for _, uid in places],
            ],
        )
