"""Bringing the conversations of the desk up to date with the folders, a bounded batch at a time.

Delivery does nothing for it: whoever opens the mailbox at the desk takes up what has come since, and a job goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from carnet.domain.directory.queries import mailboxes_by_id
from carnet.domain.messaging.commands.folders import lock_folders
from carnet.domain.messaging.desk.batches import place_entries
from carnet.domain.messaging.desk.indexing import index, read_all
from carnet.domain.messaging.desk.recounting import recount
from carnet.domain.messaging.desk.stored import ReadMessage, StoredMessage
from carnet.domain.messaging.envelopes import MessageHead, envelope_name
from carnet.domain.messaging.models import DeskMessage, Message
from carnet.foundation.bodies import get_bodies
from carnet.foundation.clock import now
from carnet.foundation.owner_keys import owner_key

MOST_OCTETS = 48 * 1024 * 1024
"""Octets of messages that one batch opens, beyond its first."""

_BEHIND = """
SELECT coalesce(sum(least(f.threaded_uid, f.uid_next - 1)), 0)::bigint, coalesce(sum(f.uid_next - 1), 0)::bigint,
       EXISTS (SELECT 1 FROM messaging_desk_box b WHERE b.mailbox_id = %(mailbox)s)
FROM messaging_folder f WHERE f.mailbox_id = %(mailbox)s AND f.special_use <> '\\Drafts'
"""
_BEHIND_FOLDERS = """
SELECT id, threaded_uid, uid_next FROM messaging_folder
WHERE mailbox_id = %s AND special_use <> '\\Drafts' AND threaded_uid < uid_next - 1 ORDER BY id
"""
_NEXT = """
SELECT uid, message_id, flags, internal_date, size FROM messaging_folder_entry
WHERE mailbox_id = %s AND folder_id = %s AND uid > %s AND uid < %s AND thread_id IS NULL ORDER BY uid LIMIT %s
"""


@dataclass(frozen=True)
class Preparation:
    """How far the conversations of a mailbox are made, in places of its folders (some of which are empty)."""

    done: int
    total: int

    @property
    def ready(self) -> bool:
        return self.done >= self.total


@dataclass(frozen=True)
class _Entry:
    folder_id: int
    uid: int
    message_id: UUID
    flags: Sequence[str]
    at: datetime
    size: int


@dataclass
class _Folder:
    id: int
    threaded_uid: int
    uid_next: int
    entries: list[_Entry] = field(default_factory=list)
    more: bool = False


def preparation(mailbox_id: UUID) -> Preparation:
    """How far the conversations of a mailbox are made; one query."""
    return _state(mailbox_id)[0]


def _state(mailbox_id: UUID) -> tuple[Preparation, bool]:
    with connection.cursor() as cursor:
        cursor.execute(_BEHIND, {"mailbox": mailbox_id})
        done, total, opened = cursor.fetchone()
    return Preparation(done, total), opened


def prepare(mailbox_id: UUID, most: int = 100) -> Preparation:
    """What each request of the desk asks first: one query when nothing is new, else a batch now and a job for the
    rest."""
    state, opened = _state(mailbox_id)
    if state.ready and opened:
        return state
    state = catch_up(mailbox_id, most)
    if not state.ready:
        from carnet.domain.messaging.desk_jobs import go_on_catching_up  # the job imports this module

        go_on_catching_up(mailbox_id)
    return state


@transaction.atomic
def catch_up(mailbox_id: UUID, most: int = 200) -> Preparation:
    """Put at most ``most`` new entries of a mailbox's folders into conversations, the oldest first.

    One at a time: whoever comes while another is at it does nothing. Messages are read before anything but that is
    locked, so that no delivery waits for it.
    """
    if not _begin(mailbox_id):
        return preparation(mailbox_id)
    folders = _new_entries(mailbox_id, most)
    taken = _chosen(folders, most)
    read, known = _read(mailbox_id, taken)
    lock_folders(mailbox_id, [folder.id for folder in folders])
    index(mailboxes_by_id([mailbox_id])[mailbox_id], read)
    _place_known(mailbox_id, taken, known)
    _advance(folders, {(one.folder_id, one.uid) for one in taken})
    return preparation(mailbox_id)


def _begin(mailbox_id: UUID) -> bool:
    """Note that the mailbox is read at the desk, and be the only one who brings it up to date."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO messaging_desk_box (mailbox_id, opened_at) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            [mailbox_id, now()],
        )
        cursor.execute("SELECT 1 FROM messaging_desk_box WHERE mailbox_id = %s FOR UPDATE SKIP LOCKED", [mailbox_id])
        return cursor.fetchone() is not None


def _new_entries(mailbox_id: UUID, most: int) -> list[_Folder]:
    with connection.cursor() as cursor:
        cursor.execute(_BEHIND_FOLDERS, [mailbox_id])
        folders = [_Folder(*row) for row in cursor.fetchall()]
        for folder in folders:
            cursor.execute(_NEXT, [mailbox_id, folder.id, folder.threaded_uid, folder.uid_next, most])
            folder.entries = [_Entry(folder.id, *row) for row in cursor.fetchall()]
            folder.more = len(folder.entries) == most
    return folders


def _chosen(folders: Sequence[_Folder], most: int) -> list[_Entry]:
    """The entries of this batch: by their dates over all folders, so that an answer comes after what it answers; none
    later than what is not known yet of a folder that has more."""
    horizon = min((max(one.at for one in folder.entries) for folder in folders if folder.more), default=None)
    entries = sorted((one for folder in folders for one in folder.entries), key=lambda one: (one.at, one.uid))
    chosen: list[_Entry] = []
    octets = 0
    for one in entries:
        if len(chosen) >= most or (chosen and octets + one.size > MOST_OCTETS):
            break
        if horizon is not None and one.at > horizon:
            break
        chosen.append(one)
        octets += one.size
    return chosen


def _read(mailbox_id: UUID, entries: Sequence[_Entry]) -> tuple[list[ReadMessage], set[UUID]]:
    """The messages of entries, read; and those that are in a conversation already, by another entry."""
    first = {one.message_id: one for one in reversed(entries)}
    known = set(
        DeskMessage.objects.filter(mailbox_id=mailbox_id, message_id__in=list(first)).values_list(
            "message_id", flat=True
        )
    )
    rows = list(Message.objects.filter(owner_id=mailbox_id, id__in=first.keys() - known))
    bodies = get_bodies([(mailbox_id, bytes(row.body)) for row in rows])
    key = owner_key(mailbox_id)
    stored = [
        StoredMessage(
            message_id=row.id,
            raw=bodies.get((mailbox_id, bytes(row.body)), b""),
            head=MessageHead.from_json(key.open(envelope_name(row.id), row.envelope)),
            at=first[row.id].at,
            flags=first[row.id].flags,
            spooled=row.spool_segment is not None,
            folder_id=first[row.id].folder_id,
            uid=first[row.id].uid,
        )
        for row in rows
    ]
    stored.sort(key=lambda one: (one.at, one.uid))
    box = mailboxes_by_id([mailbox_id])[mailbox_id]
    return read_all(box, stored), known


def _place_known(mailbox_id: UUID, entries: Sequence[_Entry], known: set[UUID]) -> None:
    """Entries of messages that are in a conversation already, such as copies made before it was."""
    seen: set[UUID] = set()
    again = []
    for one in entries:
        if one.message_id in known or one.message_id in seen:
            again.append(one)
        seen.add(one.message_id)
    if not again:
        return
    threads = dict(
        DeskMessage.objects.filter(mailbox_id=mailbox_id, message_id__in=[one.message_id for one in again]).values_list(
            "message_id", "thread_id"
        )
    )
    place_entries(mailbox_id, threads, [(one.folder_id, one.uid) for one in again])
    recount(mailbox_id, threads.values())


def _advance(folders: Sequence[_Folder], taken: set[tuple[int, int]]) -> None:
    """Note of each folder up to which UID all its entries are in conversations."""
    reached = []
    for folder in folders:
        left = next((one.uid for one in folder.entries if (one.folder_id, one.uid) not in taken), None)
        if left is not None:
            reached.append((folder.id, left - 1))
        elif folder.more:
            reached.append((folder.id, folder.entries[-1].uid))
        else:
            reached.append((folder.id, folder.uid_next - 1))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE messaging_folder f SET threaded_uid = greatest(f.threaded_uid, t.uid)"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS t(id, uid) WHERE f.id = t.id",
            [[folder_id for folder_id, _ in reached], [uid for _, uid in reached]],
        )
