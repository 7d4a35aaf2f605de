"""Reading a mailbox's folders: lists and counts, the UIDs of a folder, its entries, what changed since.

Each read is by the leading columns of a primary key or index. Sealed values are opened here, with the mailbox's key.
"""

import sys
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from carnet.domain.messaging.envelopes import structure_name
from carnet.domain.messaging.folder_values import MAX_FOLDERS, SEEN
from carnet.domain.messaging.mime.structure import MessageStructure
from carnet.foundation.bodies import get_body
from carnet.foundation.owner_keys import owner_key

_FOLDER = "SELECT id, name, special_use, subscribed, uid_validity, uid_next, highest_modseq FROM messaging_folder"

# The state of the mailbox goes with it, so that a session ends when its mailbox is suspended or closed.
_STATE = """
SELECT f.uid_next, f.highest_modseq FROM messaging_folder f
JOIN directory_mailbox m ON m.id = f.mailbox_id AND m.state = 'active'
WHERE f.id = %s AND f.mailbox_id = %s
"""

_ENTRIES = """
SELECT e.uid, e.flags, e.internal_date, e.size, e.modseq, e.message_id, {content}
FROM messaging_folder_entry e {join}
WHERE e.mailbox_id = %(mailbox)s AND e.folder_id = %(folder)s AND e.uid = ANY(%(uids)s) {since}
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
class Changes:
    """What became of a folder: entries new or changed (UID, flags, modification sequence), and UIDs gone."""

    uid_next: int
    modseq: int
    changed: Sequence[tuple[int, list[str], int]] = ()
    expunged: Sequence[int] = ()


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


def counts(mailbox_id: UUID, folder_ids: Iterable[int], *, sizes: bool = False) -> dict[int, FolderCounts]:
    """Counts of folders; ``size`` only on demand, since it reads every entry."""
    ids = list(folder_ids)
    found = dict.fromkeys(ids, FolderCounts())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT f.id,"
            " (SELECT count(*) FROM messaging_folder_entry e WHERE e.mailbox_id = %s AND e.folder_id = f.id),"
            " (SELECT count(*) FROM messaging_folder_entry e WHERE e.mailbox_id = %s AND e.folder_id = f.id"
            "   AND NOT (%s = ANY(e.flags))),"
            " CASE WHEN %s THEN (SELECT coalesce(sum(e.size), 0)::bigint FROM messaging_folder_entry e"
            "   WHERE e.mailbox_id = %s AND e.folder_id = f.id) ELSE 0 END"
            " FROM unnest(%s::bigint[]) AS f(id)",
            [mailbox_id, mailbox_id, SEEN, sizes, mailbox_id, ids],
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
    found = array("q")
    found.frombytes(packed or b"")
    if sys.byteorder == "little":
        found.byteswap()
    return found


def first_unseen(mailbox_id: UUID, folder_id: int) -> int | None:
    """The lowest UID of an entry that is not seen."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT uid FROM messaging_folder_entry WHERE mailbox_id = %s AND folder_id = %s"
            " AND NOT (%s = ANY(flags)) ORDER BY uid LIMIT 1",
            [mailbox_id, folder_id, SEEN],
        )
        row = cursor.fetchone()
        return row[0] if row else None


def changes(mailbox_id: UUID, folder_id: int, since: int) -> Changes | None:
    """What came after the modification sequence ``since``; ``None`` when the folder or its mailbox is there no more.

    Changes of one folder are committed in the order of their sequences, so what is seen at one moment is all that came
    up to its highest one: that is how far the client is told. Removals are read last, lest one be passed over.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STATE, [folder_id, mailbox_id])
        state = cursor.fetchone()
        if state is None:
            return None
        uid_next, modseq = state
        if modseq == since:
            return Changes(uid_next, modseq)
        place: tuple[UUID, int, int] = (mailbox_id, folder_id, since)
        cursor.execute(
            "SELECT uid, flags, modseq FROM messaging_folder_entry"
            " WHERE mailbox_id = %s AND folder_id = %s AND modseq > %s ORDER BY uid",
            place,
        )
        changed = cursor.fetchall()
        cursor.execute(
            "SELECT uid FROM messaging_expunged_entry WHERE mailbox_id = %s AND folder_id = %s AND modseq > %s"
            " ORDER BY uid",
            place,
        )
        expunged = [row[0] for row in cursor.fetchall()]
        return Changes(uid_next, max([modseq, *(row[2] for row in changed)]), changed, expunged)


def entries(
    mailbox_id: UUID, folder_id: int, uids: Sequence[int], *, content: bool, changed_since: int | None = None
) -> list[Entry]:
    """Entries of these UIDs that are still there, ascending; with ``content``, their structure and body's address.

    One query whatever their number: give a window, not a folder.
    """
    statement = _ENTRIES.format(
        content="m.body, m.structure" if content else "NULL, NULL",
        join=_JOIN if content else "",
        since="" if changed_since is None else "AND e.modseq > %(since)s",
    )
    with connection.cursor() as cursor:
        cursor.execute(
            statement, {"mailbox": mailbox_id, "folder": folder_id, "uids": list(uids), "since": changed_since}
        )
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


def structures(mailbox_id: UUID, sealed: Iterable[tuple[UUID, bytes]]) -> list[MessageStructure]:
    """Open the structures of messages (id, sealed value). Raises ``KeyProblem`` when one does not open."""
    key = owner_key(mailbox_id)
    return [MessageStructure.from_json(key.open(structure_name(message_id), value)) for message_id, value in sealed]


def content(mailbox_id: UUID, body: bytes) -> bytes:
    """The message itself. Raises ``BodyMissing`` or ``KeyProblem``."""
    return get_body(mailbox_id, body)
