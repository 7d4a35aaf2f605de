"""Putting messages into folders: the folders that every mailbox has, UIDs and modification sequences, filing.

A folder's counters are one row, locked until the commit: UIDs become visible in their order, and a session that knows
a modification sequence (RFC 7162) finds all that came after it. Folders are locked in the order of their ids.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from django.db import connection, transaction

from carnet.domain.messaging.delivery.situation import message_id_digest
from carnet.domain.messaging.envelopes import MessageHead, envelope_name, structure_name
from carnet.domain.messaging.folder_values import (
    INBOX,
    SEEN,
    SPECIAL_FOLDERS,
    FolderProblem,
    InvalidFolderName,
    distinct,
    folder_name,
)
from carnet.domain.messaging.mime.limits import MalformedMessage
from carnet.domain.messaging.mime.read import read_message
from carnet.domain.messaging.mime.scan import with_crlf
from carnet.domain.messaging.mime.structure import message_structure
from carnet.domain.messaging.models import Folder, Message
from carnet.domain.messaging.queries.quota import quota_of
from carnet.foundation.bodies import put_bodies
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import owner_key

CHANNEL = "carnet_mailbox"
"""The channel on which a change of a mailbox is announced, with the mailbox's id (PostgreSQL NOTIFY)."""

# The UIDVALIDITY is the folder's own number: never given twice, so that a folder deleted and made again under its old
# name is told apart (RFC 3501 §2.3.1.1); it is an unsigned 32-bit number on the wire.
_NEW_FOLDERS = """
INSERT INTO messaging_folder
    (id, mailbox_id, name, special_use, uid_validity, uid_next, highest_modseq, subscribed)
SELECT wanted.id, wanted.mailbox_id, wanted.name, wanted.special_use, (wanted.id - 1) %% 4294967295 + 1, 1, 1, true
FROM (
    SELECT nextval(pg_get_serial_sequence('messaging_folder', 'id')) AS id, m.mailbox_id, n.name, n.special_use
    FROM unnest(%s::uuid[]) AS m(mailbox_id) CROSS JOIN unnest(%s::text[], %s::text[]) AS n(name, special_use)
    WHERE NOT EXISTS (
        SELECT 1 FROM messaging_folder f WHERE f.mailbox_id = m.mailbox_id AND f.name = n.name
    )
) AS wanted
ON CONFLICT (mailbox_id, name) DO NOTHING
"""

_NEW_ENTRIES = """
INSERT INTO messaging_folder_entry
    (mailbox_id, folder_id, uid, message_id, flags, internal_date, size, modseq, seen_at)
SELECT t.mailbox_id, t.folder_id, t.uid, t.message_id, string_to_array(t.flags, ' '), t.internal_date, t.size, t.modseq,
       CASE WHEN t.seen THEN now() END
FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::uuid[], %s::text[], %s::timestamptz[], %s::bigint[],
            %s::bigint[], %s::boolean[])
    AS t(mailbox_id, folder_id, uid, message_id, flags, internal_date, size, modseq, seen)
"""


@dataclass(frozen=True, slots=True)
class Counters:
    """A folder's counters, as read under its lock."""

    folder_id: int
    mailbox_id: UUID
    uid_validity: int
    uid_next: int
    modseq: int


@dataclass(frozen=True, slots=True)
class Step:
    """How a folder's counters move: UIDs taken, messages and octets more (or fewer)."""

    uids: int = 0
    messages: int = 0
    octets: int = 0


@dataclass(frozen=True, slots=True)
class Appended:
    """Where a message was put, and the id of its copy."""

    uid_validity: int
    uid: int
    message_id: UUID


def ensure_folders(mailbox_ids: Iterable[UUID]) -> None:
    """Give each mailbox the folders that every mailbox has and that it lacks; part of the caller's transaction."""
    ids = sorted(set(mailbox_ids))
    if ids:
        names, uses = zip(*SPECIAL_FOLDERS, strict=True)
        add_folders(ids, names, uses)


def add_folders(mailbox_ids: Sequence[UUID], names: Sequence[str], special_uses: Sequence[str] = ()) -> None:
    """Make folders of these names in each mailbox where there is none of that name."""
    uses = special_uses or [""] * len(names)
    with connection.cursor() as cursor:
        cursor.execute(_NEW_FOLDERS, [list(mailbox_ids), list(names), list(uses)])


def lock_folders(mailbox_id: UUID, folder_ids: Iterable[int]) -> dict[int, Counters]:
    """Lock folders until the end of the transaction; those that are gone, or another mailbox's, are left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, mailbox_id, uid_validity, uid_next, highest_modseq FROM messaging_folder"
            " WHERE id = ANY(%s) AND mailbox_id = %s ORDER BY id FOR NO KEY UPDATE",
            [list(folder_ids), mailbox_id],
        )
        return {row[0]: Counters(*row) for row in cursor.fetchall()}


def lock_named(mailbox_ids: Iterable[UUID], name: str) -> dict[UUID, Counters]:
    """Lock the folder ``name`` of each mailbox, by mailbox; those that have none are left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, mailbox_id, uid_validity, uid_next, highest_modseq FROM messaging_folder"
            " WHERE mailbox_id = ANY(%s) AND name = %s ORDER BY id FOR NO KEY UPDATE",
            [list(mailbox_ids), name],
        )
        return {row[1]: Counters(*row) for row in cursor.fetchall()}


def advance(steps: dict[int, Step]) -> None:
    """Move the counters of locked folders by their steps (an empty one: flags changed), one modification each."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE messaging_folder f SET uid_next = f.uid_next + t.uids, highest_modseq = f.highest_modseq + 1,"
            " messages = f.messages + t.messages, octets = f.octets + t.octets"
            " FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) AS t(id, uids, messages, octets)"
            " WHERE f.id = t.id",
            [
                list(steps),
                [step.uids for step in steps.values()],
                [step.messages for step in steps.values()],
                [step.octets for step in steps.values()],
            ],
        )


def announce(mailbox_ids: Iterable[UUID]) -> None:
    """Wake, at the commit, the sessions that wait on these mailboxes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_notify(%s, t.id::text) FROM unnest(%s::uuid[]) AS t(id)",
            [CHANNEL, sorted(set(mailbox_ids))],
        )


@transaction.atomic
def file_into(
    mailbox_id: UUID, entries: Sequence[tuple[UUID, int, datetime, Sequence[str]]], folder: str = INBOX
) -> list[int]:
    """Put messages (id, size in octets, internal date, flags) into a folder of their mailbox; their UIDs, in order.

    A folder that every mailbox has is made if it lacks. Raises ``LookupError`` when there is no other of that name.
    """
    return _file([(mailbox_id, *entry) for entry in entries], folder)


@transaction.atomic
def file_batch(
    items: Sequence[tuple[UUID, UUID, int, datetime]], flags: Mapping[UUID, Sequence[str]] = MappingProxyType({})
) -> list[int]:
    """Put messages (mailbox, id, size in octets, internal date) into the INBOX of each mailbox; their UIDs, in order.

    ``flags`` are those of some of them, by the message's id.

    Set-based: one allocation a mailbox, a handful of statements for the whole batch.
    """
    return _file([(*item, flags.get(item[1], ())) for item in items], INBOX)


def _file(items: Sequence[tuple[UUID, UUID, int, datetime, Sequence[str]]], folder: str) -> list[int]:
    if not items:
        return []
    mailboxes = {item[0] for item in items}
    counters = lock_named(mailboxes, folder)
    if len(counters) < len(mailboxes):
        ensure_folders(mailboxes - counters.keys())
        counters = lock_named(mailboxes, folder)
        if len(counters) < len(mailboxes):
            raise LookupError("a mailbox has no folder of that name")
    taken = dict.fromkeys(mailboxes, 0)
    octets = dict.fromkeys(mailboxes, 0)
    uids = []
    for item in items:
        uids.append(counters[item[0]].uid_next + taken[item[0]])
        taken[item[0]] += 1
        octets[item[0]] += item[2]
    advance(
        {counters[mailbox_id].folder_id: Step(count, count, octets[mailbox_id]) for mailbox_id, count in taken.items()}
    )
    kept = [distinct(item[4]) for item in items]
    columns: list[list[object]] = [
        [item[0] for item in items],
        [counters[item[0]].folder_id for item in items],
        list(uids),
        [item[1] for item in items],
        [" ".join(flags) for flags in kept],
        [item[3] for item in items],
        [item[2] for item in items],
        [counters[item[0]].modseq + 1 for item in items],
        [SEEN in flags for flags in kept],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_NEW_ENTRIES, columns)
    announce(mailboxes)
    return uids


@transaction.atomic
def append(
    mailbox_id: UUID, folder: str, raw: bytes, flags: Sequence[str] = (), internal_date: datetime | None = None
) -> Appended | FolderProblem:
    """Store a message of the mailbox's own (a draft, a copy of what was sent) and file it (RFC 3501 §6.3.11).

    A letter that comes in is never refused for want of room; what a mailbox's users add is.

    Lines are stored ended by CRLF. Any bytes are taken: what no reader understands is still the owner's.
    """
    try:
        folder = folder_name(folder)
    except InvalidFolderName:
        return FolderProblem.MISSING
    if not Folder.objects.filter(mailbox_id=mailbox_id, name=folder).exists():
        return FolderProblem.MISSING
    if not quota_of(mailbox_id).has_room_for(len(raw)):
        return FolderProblem.OVER_QUOTA
    stored_at = now()
    message_id, size = _store(mailbox_id, with_crlf(raw), stored_at)
    # The lock comes after the body is on disk: the folder's other writers do not wait for that.
    counters = lock_named([mailbox_id], folder).get(mailbox_id)
    if counters is None:
        transaction.set_rollback(True)
        return FolderProblem.MISSING
    [uid] = file_into(mailbox_id, [(message_id, size, internal_date or stored_at, flags)], folder)
    return Appended(counters.uid_validity, uid, message_id)


def _store(owner_id: UUID, raw: bytes, received_at: datetime) -> tuple[UUID, int]:
    """Keep one owner's copy of a message; its id and its size."""
    key = owner_key(owner_id)
    [body] = put_bodies([(key, raw)])
    message_id = new_id()
    try:
        head = MessageHead.of(read_message(raw), return_path="", answer_address="")
    except MalformedMessage:
        head = MessageHead()
    Message(
        owner_id=owner_id,
        id=message_id,
        message_id_digest=message_id_digest(key, head.message_id or str(message_id)),
        received_at=received_at,
        size=len(raw),
        body=body.address,
        envelope=key.seal(envelope_name(message_id), head.to_json()),
        structure=key.seal(structure_name(message_id), message_structure(raw).to_json()),
    ).save(force_insert=True)
    return message_id, len(raw)
