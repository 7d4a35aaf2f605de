"""What is in a conversation of the desk: its messages and where they lie, their content and files, notes, readers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from carnet.domain.messaging.access import OpenedAttachment, attachment_at
from carnet.domain.messaging.desk.shown import Reader, ShownNote
from carnet.domain.messaging.desk.stored import StoredMessage, as_incoming
from carnet.domain.messaging.desk.team import names_of
from carnet.domain.messaging.desk.values import DeskHead, MessageKind, note_name
from carnet.domain.messaging.envelopes import EntryContent, MessageHead, envelope_name
from carnet.domain.messaging.folder_values import SEEN
from carnet.domain.messaging.models import DeskMessage, DeskNote, DeskReading, DeskThread, Message
from carnet.foundation.bodies import get_bodies, get_body
from carnet.foundation.keys import OwnerKey

MESSAGES = 100
MOST_OCTETS = 64 * 1024 * 1024
"""Octets of messages that one conversation opens at once, beyond its newest."""

NOTES = 200

UNREADABLE = "unreadable"
"""The finding of a message that cannot be read as mail."""

_PLACES = """
SELECT e.message_id, e.folder_id, e.uid, e.flags, e.size, f.special_use
FROM messaging_folder_entry e JOIN messaging_folder f ON f.id = e.folder_id
WHERE e.mailbox_id = %s AND e.thread_id = %s AND f.special_use <> '\\Drafts'
"""


@dataclass
class Place:
    """Where a message lies: its entries (folder, UID) that are not seen, the trash aside, its flags, its size."""

    unseen: list[tuple[int, int]]
    flags: set[str]
    size: int
    live: bool = False


def places_of(thread: DeskThread) -> dict[UUID, Place]:
    """Where each message of a conversation lies, drafts aside."""
    found: dict[UUID, Place] = {}
    with connection.cursor() as cursor:
        cursor.execute(_PLACES, [thread.mailbox_id, thread.id])
        for message_id, folder_id, uid, flags, size, use in cursor.fetchall():
            place = found.setdefault(message_id, Place([], set(), size))
            place.flags |= set(flags)
            if use != "\\Trash":
                place.live = True
                if SEEN not in flags:
                    place.unseen.append((folder_id, uid))
    return found


def newest_messages(thread: DeskThread, places: Mapping[UUID, Place]) -> tuple[list[DeskMessage], int]:
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


def contents_of(
    rows: Sequence[DeskMessage], places: Mapping[UUID, Place], heads: Mapping[UUID, DeskHead], key: OwnerKey
) -> dict[UUID, EntryContent]:
    """What is shown of each message, read from its bytes as for a holder; of a receipt nothing is. ``key``: of the
    mailbox."""
    told = (MessageKind.RECEIPT, MessageKind.REPORT)
    wanted = [row.message_id for row in rows if row.kind not in told]
    messages = list(Message.objects.filter(owner_id=key.owner_id, id__in=wanted))
    bodies = get_bodies([(key.owner_id, bytes(one.body)) for one in messages])
    found = {row.message_id: EntryContent(findings=(UNREADABLE,)) for row in rows}
    for one in messages:
        raw = bodies.get((key.owner_id, bytes(one.body)))
        if raw is None:
            continue
        envelope = MessageHead.from_json(key.open(envelope_name(one.id), one.envelope))
        incoming = as_incoming(StoredMessage(one.id, raw, envelope, one.received_at, sorted(places[one.id].flags)))
        head = heads[one.id]
        if incoming.problem is None:
            found[one.id] = incoming.content(
                author_name=head.name, author_domain=head.address.rpartition("@")[2], verified=head.verified
            )
    return found


def thread_attachment(thread: DeskThread, message_id: UUID, path: str) -> OpenedAttachment | None:
    """A file of a message that lies in a conversation; None when there is none at ``path`` or it cannot be read."""
    place = places_of(thread).get(message_id)
    message = Message.objects.filter(owner_id=thread.mailbox_id, id=message_id).first() if place else None
    if place is None or message is None:
        return None
    raw = get_body(thread.mailbox_id, message.body)
    incoming = as_incoming(StoredMessage(message_id, raw, MessageHead(), message.received_at, sorted(place.flags)))
    if incoming.problem is not None:
        return None
    return attachment_at(incoming.content(author_name="", author_domain="", verified=False), path, lambda: raw)


def notes_of(thread: DeskThread, key: OwnerKey) -> list[ShownNote]:
    """The newest notes of a conversation, the oldest of them first."""
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


def readers_of(thread: DeskThread) -> list[Reader]:
    """Who of the team opened a conversation, the last one first."""
    rows = DeskReading.objects.filter(mailbox_id=thread.mailbox_id, thread_id=thread.id).order_by("-at")
    found = list(rows.values_list("reader", "at")[:NOTES])
    names = names_of(reader for reader, _ in found)
    return [Reader(reader, names.get(reader, reader), at) for reader, at in found]
