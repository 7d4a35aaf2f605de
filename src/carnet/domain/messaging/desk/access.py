"""The only way from an identifier to a conversation of a mailbox, or to a file of it, at the desk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from carnet.domain.directory.commands.traces import leave_traces
from carnet.domain.directory.queries import MailboxFacts, mailboxes_by_address
from carnet.domain.directory.traces import TraceAct
from carnet.domain.messaging.access import OpenedAttachment
from carnet.domain.messaging.commands.entries import store_flags
from carnet.domain.messaging.commands.folders import lock_folders
from carnet.domain.messaging.delivery.incoming import archive_document
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.messaging.desk.addressees import answer_addresses, refusal_of
from carnet.domain.messaging.desk.indexing import open_thread_head
from carnet.domain.messaging.desk.late import late_before
from carnet.domain.messaging.desk.stored import StoredMessage, as_incoming, plain_text
from carnet.domain.messaging.desk.team import names_of
from carnet.domain.messaging.desk.values import Correspondent, DeskHead, MessageKind, desk_head_name, note_name
from carnet.domain.messaging.envelopes import EntryContent, MessageHead, envelope_name
from carnet.domain.messaging.folder_values import SEEN, StoreMode
from carnet.domain.messaging.mime.limits import MalformedMessage
from carnet.domain.messaging.mime.read import part_content
from carnet.domain.messaging.models import DeskMessage, DeskNote, DeskReading, DeskThread, Message, OutboundMail
from carnet.domain.messaging.values import Direction
from carnet.domain.spaces.values import Decision, Refusal, refused
from carnet.foundation.bodies import get_bodies, get_body
from carnet.foundation.clock import now
from carnet.foundation.keys import OwnerKey
from carnet.foundation.owner_keys import owner_key

MESSAGES = 100
MOST_OCTETS = 64 * 1024 * 1024
"""Octets of messages that one conversation opens at once, beyond its newest."""

NOTES = 200

_PLACES = """
SELECT e.message_id, e.folder_id, e.uid, e.flags, e.size, f.special_use
FROM messaging_folder_entry e JOIN messaging_folder f ON f.id = e.folder_id
WHERE e.mailbox_id = %s AND e.thread_id = %s AND f.special_use <> '\\Drafts'
"""
_READ = """
INSERT INTO messaging_desk_reading (mailbox_id, thread_id, reader, at) VALUES (%s, %s, %s, %s)
ON CONFLICT (mailbox_id, thread_id, reader) DO UPDATE SET at = excluded.at
"""


@dataclass(frozen=True)
class Event:
    """A receipt, a report or an automatic answer: told in one line, nothing to answer.

    ``outcome``: what a receipt (``displayed``, ``deleted`` …) or a report (``failed``, ``delayed``, ``delivered``)
    says of the message ``about``, which is None when it is not known here. ``text`` is an automatic answer's.
    """

    id: UUID
    at: datetime
    kind: str
    outcome: str
    about: UUID | None
    text: str


@dataclass(frozen=True)
class DeskShownMessage:
    """A message of a conversation as the desk shows it.

    ``direction`` is seen from the mailbox. ``author_name`` is, for what went out, who wrote it at the desk. ``state``
    of what went out: ``sent``, ``queued``, ``failed`` or ``read``, since ``state_at``; ``outcome`` why it was refused.
    ``withheld``: it cannot be read as mail, and nothing of it is shown.
    """

    id: UUID
    direction: str
    at: datetime
    content: EntryContent
    unread: bool
    in_trash: bool
    author_name: str
    recipients: tuple[str, ...]
    state: str
    state_at: datetime | None
    outcome: str
    withheld: bool


@dataclass(frozen=True)
class ShownNote:
    """An internal note, which is never sent."""

    id: UUID
    author: str
    author_name: str
    at: datetime
    text: str


@dataclass(frozen=True)
class Reader:
    """Who of the team opened the conversation, and when last."""

    rpps: str
    name: str
    at: datetime


@dataclass(frozen=True)
class OpenedThread:
    """A conversation as its page shows it; ``messages`` the oldest first, ``earlier`` older ones that are not shown.

    ``last_message`` is what an answer was written in sight of; ``answer_to`` where an answer goes, empty with an
    ``answer_refusal`` when it can go nowhere. ``mailbox``: the colleague's, as the directory has it.
    """

    id: UUID
    correspondent: Correspondent
    people: tuple[Correspondent, ...]
    subject: str
    started_at: datetime
    last_at: datetime
    waiting_since: datetime | None
    late: bool
    ended_at: datetime | None
    taken_by: str
    taken_by_name: str
    taken_at: datetime | None
    pathway_id: UUID | None
    in_trash: bool
    unread: int
    messages: list[DeskShownMessage]
    earlier: int
    events: list[Event]
    notes: list[ShownNote]
    readers: list[Reader]
    last_message: UUID | None
    last_author_name: str
    answer_to: tuple[str, ...]
    answer_refusal: Refusal | None
    mailbox: MailboxFacts | None


@dataclass
class _Place:
    """Where a message lies: its entries (folder, UID), those not seen outside the trash, and its size."""

    entries: list[tuple[int, int]]
    unseen: list[tuple[int, int]]
    flags: set[str]
    size: int
    live: bool = False


def find_thread(actor: DeskActor, thread_id: UUID) -> DeskThread | None:
    """A conversation of the actor's mailbox of which a message is left."""
    return DeskThread.objects.filter(mailbox_id=actor.mailbox.id, id=thread_id, messages__gt=0).first()


@transaction.atomic
def open_thread(actor: DeskActor, thread_id: UUID, *, mark_read: bool = True) -> OpenedThread | Decision:
    """A conversation of the actor's mailbox. The reading is traced and shown to the team; with ``mark_read``, what is
    shown counts as seen over IMAP too."""
    thread = find_thread(actor, thread_id)
    if thread is None:
        return _not_found(actor)
    key = owner_key(actor.mailbox.id)
    places = _places(thread)
    rows, earlier = _chosen(thread, places)
    heads = {row.message_id: DeskHead.from_json(key.open(desk_head_name(row.message_id), row.head)) for row in rows}
    contents = _contents(actor, rows, places, heads, key)
    names = names_of([*(row.author for row in rows), thread.taken_by])
    shown = [
        _shown(row, places[row.message_id], heads[row.message_id], contents[row.message_id], names)
        for row in rows
        if row.kind == MessageKind.MESSAGE
    ]
    shown = _with_queue(actor.mailbox.id, shown)
    opened = _opened(actor, thread, key, rows, heads, shown, contents, earlier, names)
    unseen = [place for row in rows for place in places[row.message_id].unseen] if mark_read else []
    if unseen:
        set_seen(actor.mailbox.id, unseen, seen=True)
    _note_reading(actor, thread, [row.message_id for row in rows])
    return opened


def _not_found(actor: DeskActor) -> Decision:
    decision = refused(Refusal.NOT_FOUND)
    leave_traces([actor.trace(TraceAct.READ, outcome=Refusal.NOT_FOUND.value)])
    return decision


def _note_reading(actor: DeskActor, thread: DeskThread, message_ids: Sequence[UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_READ, [thread.mailbox_id, thread.id, actor.rpps, now()])
    leave_traces([actor.trace(TraceAct.READ, messages=message_ids)])


def set_seen(mailbox_id: UUID, places: Sequence[tuple[int, int]], *, seen: bool) -> None:
    """Set or take off ``\\Seen`` of entries (folder, UID); IMAP sees it. Part of the caller's transaction."""
    folders: dict[int, list[int]] = {}
    for folder_id, uid in places:
        folders.setdefault(folder_id, []).append(uid)
    lock_folders(mailbox_id, folders)
    for folder_id in sorted(folders):
        store_flags(mailbox_id, folder_id, folders[folder_id], StoreMode.ADD if seen else StoreMode.REMOVE, [SEEN])


def _places(thread: DeskThread) -> dict[UUID, _Place]:
    found: dict[UUID, _Place] = {}
    with connection.cursor() as cursor:
        cursor.execute(_PLACES, [thread.mailbox_id, thread.id])
        for message_id, folder_id, uid, flags, size, use in cursor.fetchall():
            place = found.setdefault(message_id, _Place([], [], set(), size))
            place.entries.append((folder_id, uid))
            place.flags |= set(flags)
            if use != "\\Trash":
                place.live = True
                if SEEN not in flags:
                    place.unseen.append((folder_id, uid))
    return found


def _chosen(thread: DeskThread, places: Mapping[UUID, _Place]) -> tuple[list[DeskMessage], int]:
    """The newest messages of the conversation that are still there, in their order, and how many older ones there
    are."""
    newest = DeskMessage.objects.filter(
        mailbox_id=thread.mailbox_id, thread_id=thread.id, message_id__in=list(places)
    ).order_by("-at", "-message_id")
    rows: list[DeskMessage] = []
    octets = 0
    for row in newest.defer("words")[:MESSAGES]:
        octets += places[row.message_id].size
        if rows and octets > MOST_OCTETS:
            break
        rows.append(row)
    return rows[::-1], len(places) - len(rows)


def _contents(
    actor: DeskActor,
    rows: Sequence[DeskMessage],
    places: Mapping[UUID, _Place],
    heads: Mapping[UUID, DeskHead],
    key: OwnerKey,
) -> dict[UUID, EntryContent]:
    """What is shown of each message, read from its bytes as for a holder; of a receipt nothing is."""
    told = (MessageKind.RECEIPT, MessageKind.REPORT)
    wanted = [row.message_id for row in rows if row.kind not in told]
    messages = list(Message.objects.filter(owner_id=actor.mailbox.id, id__in=wanted))
    bodies = get_bodies([(actor.mailbox.id, bytes(one.body)) for one in messages])
    found = {row.message_id: EntryContent(findings=("unreadable",)) for row in rows}
    for one in messages:
        raw = bodies.get((actor.mailbox.id, bytes(one.body)))
        if raw is None:
            continue
        envelope = MessageHead.from_json(key.open(envelope_name(one.id), one.envelope))
        stored = StoredMessage(one.id, raw, envelope, one.received_at, sorted(places[one.id].flags))
        incoming = as_incoming(stored)
        head = heads[one.id]
        if incoming.problem is None:
            found[one.id] = incoming.content(
                author_name=head.name, author_domain=head.address.rpartition("@")[2], verified=head.verified
            )
    return found


def _shown(
    row: DeskMessage, place: _Place, head: DeskHead, content: EntryContent, names: Mapping[str, str]
) -> DeskShownMessage:
    sent = row.direction == Direction.SENT
    state, state_at = ("sent", row.at) if sent else ("", None)
    if sent and row.outcome:
        state = "failed"
    elif sent and row.read_at is not None:
        state, state_at = "read", row.read_at
    return DeskShownMessage(
        id=row.message_id,
        direction=row.direction,
        at=row.at,
        content=content,
        unread=not sent and bool(place.unseen),
        in_trash=not place.live,
        author_name=names.get(row.author, "") if sent else head.name,
        recipients=head.to,
        state=state,
        state_at=state_at,
        outcome=row.outcome if sent else "",
        withheld=content.findings == ("unreadable",),
    )


def _with_queue(mailbox_id: UUID, shown: list[DeskShownMessage]) -> list[DeskShownMessage]:
    """Those that still wait for another operator say so."""
    sent = [one.at for one in shown if one.state == "sent"]
    if not sent:
        return shown
    # What is sent at the desk is queued at the very moment that its copy bears. Index: ``outbound_oldest``.
    waiting = set(
        OutboundMail.objects.filter(
            created_at__in=sent, owner_id=mailbox_id, state__in=[OutboundMail.State.QUEUED, OutboundMail.State.HELD]
        ).values_list("created_at", flat=True)
    )
    return [replace(one, state="queued") if one.state == "sent" and one.at in waiting else one for one in shown]


def _opened(
    actor: DeskActor,
    thread: DeskThread,
    key: OwnerKey,
    rows: Sequence[DeskMessage],
    heads: Mapping[UUID, DeskHead],
    shown: list[DeskShownMessage],
    contents: Mapping[UUID, EntryContent],
    earlier: int,
    names: Mapping[str, str],
) -> OpenedThread:
    head = open_thread_head(key, thread)
    answer_to = answer_addresses(head, [(row.direction, row.kind, heads[row.message_id]) for row in rows])
    refusal = refusal_of(answer_to)
    first = head.people[0]
    late = late_before(actor.mailbox)
    last_out = next((one for one in reversed(shown) if one.direction == Direction.SENT), None)
    waiting = thread.waiting_since
    return OpenedThread(
        id=thread.id,
        correspondent=head.correspondent,
        people=head.people,
        subject=head.subject,
        started_at=thread.started_at,
        last_at=thread.last_at,
        waiting_since=waiting,
        late=thread.patient and waiting is not None and waiting <= late,
        ended_at=thread.ended_at,
        taken_by=thread.taken_by,
        taken_by_name=names.get(thread.taken_by, thread.taken_by),
        taken_at=thread.taken_at,
        pathway_id=thread.pathway_id,
        in_trash=thread.in_trash and not (thread.in_inbox or thread.in_sent or thread.in_other),
        unread=thread.unread,
        messages=shown,
        earlier=earlier,
        events=[_event(row, contents[row.message_id]) for row in rows if row.kind != MessageKind.MESSAGE],
        notes=_notes(thread, key),
        readers=_readers(thread),
        last_message=shown[-1].id if shown else None,
        last_author_name=last_out.author_name if last_out else "",
        answer_to=() if refusal else answer_to,
        answer_refusal=refusal,
        mailbox=None if first.patient else mailboxes_by_address([first.address]).get(first.address.lower()),
    )


def _event(row: DeskMessage, content: EntryContent) -> Event:
    text = plain_text(content) if row.kind == MessageKind.AUTOMATIC else ""
    return Event(row.message_id, row.at, row.kind, row.outcome, row.about, text)


def _notes(thread: DeskThread, key: OwnerKey) -> list[ShownNote]:
    rows = list(
        DeskNote.objects.filter(mailbox_id=thread.mailbox_id, thread_id=thread.id).order_by("-at", "-id")[:NOTES]
    )
    names = names_of(row.author for row in rows)
    return [
        ShownNote(
            row.id, row.author, names.get(row.author, row.author), row.at, key.open_text(note_name(row.id), row.text)
        )
        for row in reversed(rows)
    ]


def _readers(thread: DeskThread) -> list[Reader]:
    rows = DeskReading.objects.filter(mailbox_id=thread.mailbox_id, thread_id=thread.id).order_by("-at")
    found = list(rows.values_list("reader", "at")[:NOTES])
    names = names_of(reader for reader, _ in found)
    return [Reader(reader, names.get(reader, reader), at) for reader, at in found]


@transaction.atomic
def open_desk_attachment(
    actor: DeskActor, thread_id: UUID, message_id: UUID, path: str, *, goes_on: bool = False
) -> OpenedAttachment | Decision:
    """A file of a message of that conversation; the reading, or its refusal, is traced.

    ``goes_on``: as for ``record.access.open_document``.
    """
    found = _attachment(actor, thread_id, message_id, path)
    reason = None
    if found is None:
        reason = Refusal.NOT_FOUND
    elif found.kept.problem:
        reason = Refusal.UNREADABLE
    if reason is not None or not goes_on:
        outcome = reason.value if reason else ""
        leave_traces([actor.trace(TraceAct.READ, outcome=outcome, messages=[message_id] if found else [])])
    return found if found is not None and reason is None else refused(reason or Refusal.NOT_FOUND)


def _attachment(actor: DeskActor, thread_id: UUID, message_id: UUID, path: str) -> OpenedAttachment | None:
    thread = find_thread(actor, thread_id)
    place = _places(thread).get(message_id) if thread is not None else None
    message = Message.objects.filter(owner_id=actor.mailbox.id, id=message_id).first() if place else None
    if place is None or message is None:
        return None
    raw = get_body(actor.mailbox.id, message.body)
    stored = StoredMessage(message_id, raw, MessageHead(), message.received_at, sorted(place.flags))
    incoming = as_incoming(stored)
    if incoming.problem is not None:
        return None
    content = incoming.content(author_name="", author_domain="", verified=False)
    kept = next((one for one in content.attachments if one.path == path), None)
    if kept is None or kept.problem:
        return OpenedAttachment(kept, b"") if kept is not None else None
    try:
        if kept.is_document:
            document = archive_document(raw, path)
            return OpenedAttachment(kept, document.content, document.entry) if document else None
        return OpenedAttachment(kept, part_content(raw, path))
    except MalformedMessage:
        return None
