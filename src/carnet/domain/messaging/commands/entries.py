"""What changes in a folder: flags, copies, moves, removals (RFC 3501 §6.4, RFC 4315, RFC 6851, RFC 7162)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection, transaction

from carnet.domain.messaging.commands.folders import Step, advance, announce, lock_folders
from carnet.domain.messaging.desk.recounting import recount
from carnet.domain.messaging.folder_values import DELETED, MAX_FLAGS, SEEN, FolderProblem, StoreMode
from carnet.domain.messaging.queries.quota import quota_of

# Keywords are compared without case. The moment a message was first seen is kept, even when it is unseen again.
_STORE = """
UPDATE messaging_folder_entry e
SET flags = t.flags, modseq = %(modseq)s,
    seen_at = CASE WHEN %(seen)s = ANY(t.flags) THEN coalesce(e.seen_at, now()) ELSE e.seen_at END
FROM (
    SELECT uid, (kept || ARRAY(
        SELECT a FROM unnest(%(add)s::varchar[]) WITH ORDINALITY AS w(a, o)
        WHERE lower(a) <> ALL(ARRAY(SELECT lower(k) FROM unnest(kept) AS k)) ORDER BY o
    ))[1:%(most)s] AS flags
    FROM (
        SELECT uid, CASE WHEN %(replace)s THEN '{}'::varchar[] ELSE ARRAY(
            SELECT f FROM unnest(flags) WITH ORDINALITY AS w(f, o)
            WHERE lower(f) <> ALL(%(remove)s::text[]) ORDER BY o
        ) END AS kept
        FROM messaging_folder_entry
        WHERE mailbox_id = %(mailbox)s AND folder_id = %(folder)s AND uid = ANY(%(uids)s)
          AND modseq <= %(unchanged_since)s
    ) AS k
) AS t
WHERE e.mailbox_id = %(mailbox)s AND e.folder_id = %(folder)s AND e.uid = t.uid AND e.flags IS DISTINCT FROM t.flags
RETURNING e.uid, e.thread_id
"""

_COPY_ENTRIES = """
INSERT INTO messaging_folder_entry
    (mailbox_id, folder_id, uid, message_id, flags, internal_date, size, modseq, seen_at, thread_id)
SELECT e.mailbox_id, %(target)s, t.new_uid, e.message_id, e.flags, e.internal_date, e.size, %(modseq)s, e.seen_at,
       e.thread_id
FROM unnest(%(uids)s::bigint[], %(new_uids)s::bigint[]) AS t(uid, new_uid)
JOIN messaging_folder_entry e ON e.mailbox_id = %(mailbox)s AND e.folder_id = %(source)s AND e.uid = t.uid
RETURNING size, thread_id
"""

_FOREVER = 2**63 - 1
# The evidence of a reading lies in the entry: what the indicators ask for outlives it.
_REMOVE = """
WITH gone AS (
    DELETE FROM messaging_folder_entry
    WHERE mailbox_id = %(mailbox)s AND folder_id = %(folder)s AND uid = ANY(%(uids)s)
    RETURNING message_id, size, flags, internal_date, seen_at, thread_id
), kept AS (
    UPDATE messaging_patient_letter l SET seen_at = seen.at
    FROM (
        SELECT message_id, min(coalesce(seen_at, internal_date)) AS at FROM gone
        WHERE seen_at IS NOT NULL OR '\\Seen' = ANY(flags) GROUP BY message_id
    ) seen
    WHERE l.mailbox_message_id = seen.message_id AND l.mailbox_id = %(mailbox)s AND l.seen_at IS NULL
)
SELECT count(*), coalesce(sum(size), 0)::bigint, array_remove(array_agg(DISTINCT thread_id), NULL) FROM gone
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """What ``store_flags`` did: the new modification sequence, the UIDs changed, those refused as changed since."""

    modseq: int
    changed: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Copied:
    """Where messages went: UIDs before and after, in the same order. ``modseq``: of the source, after a move."""

    uid_validity: int
    uids: list[int]
    new_uids: list[int]
    modseq: int = 0


@dataclass(frozen=True, slots=True)
class Expunged:
    """The UIDs that left a folder, ascending, and the modification sequence at which they did."""

    uids: list[int]
    modseq: int


@transaction.atomic
def store_flags(
    mailbox_id: UUID,
    folder_id: int,
    uids: Sequence[int],
    mode: StoreMode,
    flags: Sequence[str],
    unchanged_since: int | None = None,
) -> Stored | FolderProblem:
    """Change the flags of entries; those already so keep their modification sequence (RFC 7162 §3.1.3).

    With ``unchanged_since``, entries modified later are left alone and returned as refused.
    """
    counters = lock_folders(mailbox_id, [folder_id]).get(folder_id)
    if counters is None:
        return FolderProblem.MISSING
    refused: list[int] = []
    with connection.cursor() as cursor:
        if unchanged_since is not None:
            cursor.execute(
                "SELECT uid FROM messaging_folder_entry WHERE mailbox_id = %s AND folder_id = %s AND uid = ANY(%s)"
                " AND modseq > %s ORDER BY uid",
                [mailbox_id, folder_id, list(uids), unchanged_since],
            )
            refused = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            _STORE,
            {
                "mailbox": mailbox_id,
                "folder": folder_id,
                "uids": list(uids),
                "modseq": counters.modseq + 1,
                "seen": SEEN,
                "add": [] if mode is StoreMode.REMOVE else list(flags),
                "remove": [one.lower() for one in flags] if mode is StoreMode.REMOVE else [],
                "replace": mode is StoreMode.REPLACE,
                "most": MAX_FLAGS,
                "unchanged_since": _FOREVER if unchanged_since is None else unchanged_since,
            },
        )
        rows = cursor.fetchall()
    changed = sorted(row[0] for row in rows)
    if not changed:
        return Stored(counters.modseq, [], refused)
    advance({folder_id: Step()})
    recount(mailbox_id, _threads(rows))
    announce([mailbox_id])
    return Stored(counters.modseq + 1, changed, refused)


@transaction.atomic
def copy(mailbox_id: UUID, source_id: int, target_id: int, uids: Sequence[int]) -> Copied | FolderProblem:
    """Put entries into another folder too, with their flags and dates, if the mailbox has room for them."""
    copied = _copy(mailbox_id, source_id, target_id, uids)
    if isinstance(copied, Copied) and copied.uids and not quota_of(mailbox_id).has_room_for(0):
        transaction.set_rollback(True)
        return FolderProblem.OVER_QUOTA
    return copied


def _copy(mailbox_id: UUID, source_id: int, target_id: int, uids: Sequence[int]) -> Copied | FolderProblem:
    counters = lock_folders(mailbox_id, [source_id, target_id])
    if source_id not in counters or target_id not in counters:
        return FolderProblem.MISSING
    found = _existing(mailbox_id, source_id, uids)
    target = counters[target_id]
    new_uids = list(range(target.uid_next, target.uid_next + len(found)))
    if found:
        with connection.cursor() as cursor:
            cursor.execute(
                _COPY_ENTRIES,
                {
                    "mailbox": mailbox_id,
                    "source": source_id,
                    "target": target_id,
                    "modseq": target.modseq + 1,
                    "uids": found,
                    "new_uids": new_uids,
                },
            )
            rows = cursor.fetchall()
        advance({target_id: Step(len(found), len(found), sum(row[0] for row in rows))})
        recount(mailbox_id, _threads(rows))
        announce([mailbox_id])
    return Copied(target.uid_validity, found, new_uids)


@transaction.atomic
def move(mailbox_id: UUID, source_id: int, target_id: int, uids: Sequence[int]) -> Copied | FolderProblem:
    """Put entries into another folder and take them out of this one, all or none (RFC 6851 §3.3)."""
    copied = _copy(mailbox_id, source_id, target_id, uids)
    if isinstance(copied, FolderProblem) or not copied.uids:
        return copied
    removed = _remove(mailbox_id, source_id, copied.uids)
    return Copied(copied.uid_validity, copied.uids, copied.new_uids, removed.modseq)


def move_all(mailbox_id: UUID, source_id: int, target_id: int) -> Copied | FolderProblem:
    """Move every entry of a folder; part of the caller's transaction."""
    lock_folders(mailbox_id, [source_id, target_id])
    return move(mailbox_id, source_id, target_id, _existing(mailbox_id, source_id, None))


@transaction.atomic
def expunge(mailbox_id: UUID, folder_id: int, uids: Sequence[int] | None = None) -> Expunged | FolderProblem:
    """Take out the entries flagged as deleted, of these UIDs only if they are given (RFC 3501 §6.4.3, RFC 4315 §2.1).

    The messages stay: a mailbox's user can empty a folder, not undo that a message came.
    """
    counters = lock_folders(mailbox_id, [folder_id]).get(folder_id)
    if counters is None:
        return FolderProblem.MISSING
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT uid FROM messaging_folder_entry WHERE mailbox_id = %(mailbox)s AND folder_id = %(folder)s"
            " AND %(deleted)s = ANY(flags) AND (%(uids)s::bigint[] IS NULL OR uid = ANY(%(uids)s)) ORDER BY uid",
            {
                "mailbox": mailbox_id,
                "folder": folder_id,
                "deleted": DELETED,
                "uids": None if uids is None else list(uids),
            },
        )
        found = [row[0] for row in cursor.fetchall()]
    if not found:
        return Expunged([], counters.modseq)
    return _remove(mailbox_id, folder_id, found)


def _existing(mailbox_id: UUID, folder_id: int, uids: Sequence[int] | None) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT uid FROM messaging_folder_entry WHERE mailbox_id = %(mailbox)s AND folder_id = %(folder)s"
            " AND (%(uids)s::bigint[] IS NULL OR uid = ANY(%(uids)s)) ORDER BY uid",
            {"mailbox": mailbox_id, "folder": folder_id, "uids": None if uids is None else list(uids)},
        )
        return [row[0] for row in cursor.fetchall()]


def _remove(mailbox_id: UUID, folder_id: int, uids: list[int]) -> Expunged:
    """Delete entries of a locked folder and leave word of it for the sessions that know them."""
    # Read anew: a move within one folder has advanced it already.
    modseq = lock_folders(mailbox_id, [folder_id])[folder_id].modseq + 1
    with connection.cursor() as cursor:
        cursor.execute(_REMOVE, {"mailbox": mailbox_id, "folder": folder_id, "uids": uids})
        messages, octets, threads = cursor.fetchone()
        cursor.execute(
            "INSERT INTO messaging_expunged_entry (mailbox_id, folder_id, uid, modseq)"
            " SELECT %s, %s, t.uid, %s FROM unnest(%s::bigint[]) AS t(uid)",
            [mailbox_id, folder_id, modseq, uids],
        )
    advance({folder_id: Step(0, -messages, -octets)})
    recount(mailbox_id, threads or ())
    announce([mailbox_id])
    return Expunged(uids, modseq)


def _threads(rows: Sequence[tuple[int, UUID | None]]) -> set[UUID]:
    """The conversations of the desk that entries belong to; most mailboxes are not read at the desk and have none."""
    return {row[1] for row in rows if row[1] is not None}
