"""Reading a mailbox's folders: lists and counts, the UIDs of a folder, its entries, what changed since.

Each read is by the leading columns of a primary key or index. Sealed values are opened here, with the mailbox's key.
"""

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from carnet.domain.messaging.envelopes import structure_name
from carnet.domain.messaging.folder_values import MAX_FOLDERS, SEEN, FolderProblem
from carnet.domain.messaging.mime.structure import MessageStructure
from carnet.foundation.bodies import get_bodies, get_body
from carnet.foundation.owner_keys import owner_key
from carnet.foundation.rows import server_cursor

_FOLDER = "SELECT id, name, special_use, subscribed, uid_validity, uid_next, highest_modseq FROM messaging_folder"

# The state of the mailbox goes with it, so that a session ends when its mailbox is suspended or closed.
_STATE = """
SELECT f.uid_next, f.highest_modseq, f.pruned_modseq FROM messaging_folder f
JOIN directory_mailbox m ON m.id = f.mailbox_id AND m.state = 'active'
WHERE f.id = %s AND f.mailbox_id = %s
"""

# All that opening a folder asks, as of one moment.
_OPENED = """
SELECT f.id, f.name, f.special_use, f.subscribed, f.uid_validity, f.uid_next, f.highest_modseq,
    (SELECT string_agg(int8send(e.uid), ''::bytea ORDER BY e.uid) FROM messaging_folder_entry e
     WHERE e.mailbox_id = m.id AND e.folder_id = f.id),
    (SELECT e.uid FROM messaging_folder_entry e
     WHERE e.mailbox_id = m.id AND e.folder_id = f.id AND NOT (%s = ANY(e.flags)) ORDER BY e.uid LIMIT 1)
FROM directory_mailbox m LEFT JOIN messaging_folder f ON f.mailbox_id = m.id AND f.name = %s
WHERE m.id = %b AND m.state = 'active'
"""

_ENTRIES = """
SELECT e.uid, e.flags, e.internal_date, e.size, e.modseq, e.message_id, {content}
FROM messaging_folder_entry e {join}
WHERE e.mailbox_id = %(mailbox)s AND e.folder_id = %(folder)s AND e.uid = ANY(%(uids)s)
ORDER BY e.uid
"""
_JOIN = "JOIN messaging_message m ON m.owner_id = %(mailbox)s AND m.id = e.message_id"


@dataclass(frozen=True, slots=True)
class FolderRow:
    """A folder as its mailbox's users see it."""

    id: int
    name: str
    special_use: str
    subscribed: bool
    uid_validity: int
    uid_next: int
    modseq: int


@dataclass(frozen=True, slots=True)
class FolderCounts:
    """Entries of a folder, those not seen, and the octets of all."""

    messages: int = 0
    unseen: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a folder; ``structure`` is there when it was asked for."""

    uid: int
    flags: list[str]
    internal_date: datetime
    size: int
    modseq: int
    message_id: UUID
    body: bytes
    structure: MessageStructure | None


@dataclass(frozen=True, slots=True)
class Opened:
    """A folder as it is opened: every UID, ascending, and the first one that is not seen."""

    folder: FolderRow
    uids: "array[int]"
    first_unseen: int | None


@dataclass(frozen=True, slots=True)
class Changes:
    """What became of a folder: entries new or changed (UID, flags, modification sequence), and UIDs gone."""

    uid_next: int
    modseq: int
    changed: Sequence[tuple[int, list[str], int]] = ()
    expunged: Sequence[int] = ()
    more: bool = False
    """Whether more entries changed than could be told at once: none is told then, ``changed_page`` tells them."""
    forgotten: bool = False
    """Whether removals since then are forgotten: what is gone is what is not there any more."""


def opened(mailbox_id: UUID, name: str) -> Opened | FolderProblem | None:
    """The folder of that name to work in; ``None`` when the mailbox is not active any more."""
    with server_cursor(prepared=True) as cursor:
        cursor.execute(_OPENED, [SEEN, name, mailbox_id], binary=True)
        row = cursor.fetchone()
    if row is None:
        return None
    if row[0] is None:
        return FolderProblem.MISSING
    return Opened(FolderRow(*row[:7]), unpacked(row[7]), row[8])


def folders_of(mailbox_id: UUID) -> list[FolderRow]:
    """The folders of a mailbox, by name."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_FOLDER} WHERE mailbox_id = %s ORDER BY name LIMIT %s", [mailbox_id, 2 * MAX_FOLDERS])
        return [FolderRow(*row) for row in cursor.fetchall()]


def folder_named(mailbox_id: UUID, name: str) -> FolderRow | None:
    """The folder of that name, if the mailbox has one."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_FOLDER} WHERE mailbox_id = %s AND name = %s", [mailbox_id, name])
        row = cursor.fetchone()
        return FolderRow(*row) if row else None


def counts(mailbox_id: UUID, folder_ids: Iterable[int], *, unseen: bool = True) -> dict[int, FolderCounts]:
    """Counts of folders, from their counters; ``unseen`` only on demand, since it is counted."""
    ids = list(folder_ids)
    found = dict.fromkeys(ids, FolderCounts())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT f.id, f.messages,"
            " CASE WHEN %s THEN (SELECT count(*) FROM messaging_folder_entry e WHERE e.mailbox_id = %s"
            "   AND e.folder_id = f.id AND NOT (e.flags @> %s::varchar[])) ELSE 0 END, f.octets"
            " FROM messaging_folder f WHERE f.mailbox_id = %s AND f.id = ANY(%s)",
            [unseen, mailbox_id, [SEEN], mailbox_id, ids],
        )
        found.update({row[0]: FolderCounts(*row[1:]) for row in cursor.fetchall()})
    return found


def uids_of(mailbox_id: UUID, folder_id: int) -> "array[int]":
    """Every UID of a folder, ascending, as an array of 64-bit numbers: 50,000 cost one row and 400 kB."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(int8send(uid), ''::bytea ORDER BY uid) FROM messaging_folder_entry"
            " WHERE mailbox_id = %s AND folder_id = %s",
            [mailbox_id, folder_id],
        )
        [packed] = cursor.fetchone()
    return unpacked(packed)


def unpacked(packed: bytes | None) -> "array[int]":
    """The numbers that PostgreSQL's ``int8send`` packed, one after the other."""
    found = array("q")
    found.frombytes(packed or b"")
    if sys.byteorder == "little":
        found.byteswap()
    return found


def changes(mailbox_id: UUID, folder_id: int, since: int, most: int | None = None) -> Changes | None:
    """What came after the modification sequence ``since``; ``None`` when the folder or its mailbox is there no more.

    Changes of one folder are committed in the order of their sequences, so what is seen at one moment is all that came
    up to its highest one: that is how far the client is told. Removals are read last, lest one be passed over. With
    ``most``, more changed entries than that are only told to be many.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STATE, [folder_id, mailbox_id])
        state = cursor.fetchone()
        if state is None:
            return None
        uid_next, modseq, pruned = state
        if modseq == since:
            return Changes(uid_next, modseq)
        changed = changed_page(mailbox_id, folder_id, since, 0, None if most is None else most + 1)
        cursor.execute(
            "SELECT string_agg(int8send(uid), ''::bytea ORDER BY uid) FROM messaging_expunged_entry"
            " WHERE mailbox_id = %s AND folder_id = %s AND modseq > %s",
            [mailbox_id, folder_id, since],
        )
        expunged = unpacked(cursor.fetchone()[0])
    forgotten = since < pruned
    if most is not None and len(changed) > most:
        return Changes(uid_next, modseq, (), expunged, more=True, forgotten=forgotten)
    modseq = max([modseq, *(row[2] for row in changed)])
    return Changes(uid_next, modseq, changed, expunged, forgotten=forgotten)


def changed_page(
    mailbox_id: UUID, folder_id: int, since: int, after: int, most: int | None
) -> list[tuple[int, list[str], int]]:
    """Entries (UID, flags, sequence) that came or changed after ``since``, by UID, those beyond the UID ``after``."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT uid, flags, modseq FROM messaging_folder_entry"
            " WHERE mailbox_id = %s AND folder_id = %s AND modseq > %s AND uid > %s ORDER BY uid LIMIT %s",
            [mailbox_id, folder_id, since, after, most],
        )
        return cursor.fetchall()


def vanished(mailbox_id: UUID, folder_id: int, since: int, known: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The UIDs within the ranges ``known`` that left the folder after the modification sequence ``since``, as ranges.

    When removals of that time are forgotten, all UIDs that are not there (RFC 7162 §3.2.5.1 allows that).
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pruned_modseq FROM messaging_folder WHERE id = %s", [folder_id])
        row = cursor.fetchone()
        if row is None:
            return []
        if since >= row[0]:
            cursor.execute(
                "SELECT string_agg(int8send(uid), ''::bytea ORDER BY uid) FROM messaging_expunged_entry"
                " WHERE mailbox_id = %s AND folder_id = %s AND modseq > %s",
                [mailbox_id, folder_id, since],
            )
            [packed] = cursor.fetchone()
            gone = unpacked(packed)
            return runs(uid for low, high in known for uid in gone[bisect_left(gone, low) : bisect_right(gone, high)])
    there = uids_of(mailbox_id, folder_id)
    found = []
    for low, high in known:
        for uid in there[bisect_left(there, low) : bisect_right(there, high)]:
            if low < uid:
                found.append((low, uid - 1))
            low = uid + 1
        if low <= high:
            found.append((low, high))
    return found


def runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Ascending numbers as ranges, both ends included."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def entries(mailbox_id: UUID, folder_id: int, uids: Sequence[int], *, content: bool) -> list[Entry]:
    """Entries of these UIDs that are still there, ascending; with ``content``, their structure and body's address.

    One query whatever their number: give a window, not a folder.
    """
    statement = _ENTRIES.format(
        content="m.body, m.structure" if content else "NULL, NULL",
        join=_JOIN if content else "",
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, {"mailbox": mailbox_id, "folder": folder_id, "uids": list(uids)})
        rows = cursor.fetchall()
    if not content:
        return [
            Entry(uid, flags, at, size, modseq, name, b"", None) for uid, flags, at, size, modseq, name, _, _ in rows
        ]
    opened = structures(mailbox_id, [(row[5], row[7]) for row in rows])
    return [
        Entry(uid, flags, at, size, modseq, name, bytes(body), structure)
        for (uid, flags, at, size, modseq, name, body, _), structure in zip(rows, opened, strict=True)
    ]


def changed_among(mailbox_id: UUID, folder_id: int, uids: Sequence[int], since: int) -> list[int]:
    """Those of these UIDs, ascending, whose entries came or changed after the modification sequence ``since``."""
    if not uids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT uid FROM messaging_folder_entry WHERE mailbox_id = %s AND folder_id = %s AND modseq > %s"
            " AND uid BETWEEN %s AND %s ORDER BY uid",
            [mailbox_id, folder_id, since, uids[0], uids[-1]],
        )
        changed = {row[0] for row in cursor.fetchall()}
    return [uid for uid in uids if uid in changed]


def structures(mailbox_id: UUID, sealed: Iterable[tuple[UUID, bytes]]) -> list[MessageStructure]:
    """Open the structures of messages (id, sealed value). Raises ``KeyProblem`` when one does not open."""
    key = owner_key(mailbox_id)
    return [MessageStructure.from_json(key.open(structure_name(message_id), value)) for message_id, value in sealed]


def content(mailbox_id: UUID, body: bytes) -> bytes:
    """The message itself. Raises ``BodyMissing`` or ``KeyProblem``."""
    return get_body(mailbox_id, body)


def contents(bodies: Collection[tuple[UUID, bytes]]) -> dict[tuple[UUID, bytes], bytes]:
    """Messages (mailbox, body) in as few queries as there are mailboxes; those missing are left out.

    Raises ``KeyProblem``.
    """
    return get_bodies(bodies)
