"""What a team does with the conversations of its mailbox: each act one transaction with its trace, or the trace of what
kept it from being done."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from carnet.domain.directory.commands.traces import leave_traces
from carnet.domain.directory.traces import TraceAct
from carnet.domain.messaging.commands.entries import move
from carnet.domain.messaging.commands.folders import ensure_folders, lock_folders
from carnet.domain.messaging.desk.access import find_thread, find_threads
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.messaging.desk.flags import set_flags
from carnet.domain.messaging.desk.recounting import lock_threads, recount
from carnet.domain.messaging.desk.replies import Reply, delete_reply, save_reply, saved_replies
from carnet.domain.messaging.desk.team import TeamMember, members_of
from carnet.domain.messaging.desk.values import note_name
from carnet.domain.messaging.folder_values import SEEN
from carnet.domain.messaging.models import DeskNote, DeskThread, Folder
from carnet.domain.spaces.values import ALLOWED, Decision, Refusal, refused
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import owner_key

__all__ = [
    "Reply",
    "TeamMember",
    "add_note",
    "delete_reply",
    "hand_over",
    "mark_read",
    "mark_unread",
    "release",
    "restore",
    "save_reply",
    "saved_replies",
    "settle",
    "take",
    "team",
    "trash",
    "unsettle",
]

NOTE_LENGTH = 4_000

_ENTRIES = """
SELECT e.folder_id, e.uid, f.special_use, m.direction, '\\Seen' = ANY(e.flags)
FROM messaging_folder_entry e
JOIN messaging_folder f ON f.id = e.folder_id
JOIN messaging_desk_message m ON m.mailbox_id = e.mailbox_id AND m.message_id = e.message_id
WHERE e.mailbox_id = %s AND e.thread_id = ANY(%s) AND f.special_use <> '\\Drafts'
"""
_NEWEST_IN = """
SELECT e.folder_id, e.uid FROM unnest(%s::uuid[]) AS t(id)
CROSS JOIN LATERAL (
    SELECT m.message_id FROM messaging_desk_message m
    WHERE m.mailbox_id = %s AND m.thread_id = t.id AND m.direction = 'in' AND EXISTS (
        SELECT 1 FROM messaging_folder_entry x
        WHERE x.mailbox_id = m.mailbox_id AND x.thread_id = m.thread_id AND x.message_id = m.message_id)
    ORDER BY m.at DESC, m.message_id DESC LIMIT 1
) newest
JOIN messaging_folder_entry e ON e.mailbox_id = %s AND e.thread_id = t.id AND e.message_id = newest.message_id
JOIN messaging_folder f ON f.id = e.folder_id AND f.special_use NOT IN ('\\Trash', '\\Drafts')
"""


def _trace(actor: DeskActor, act: TraceAct, count: int, outcome: str = "") -> None:
    leave_traces([actor.trace(act, outcome=outcome, count=max(count, 1))])


def _change(actor: DeskActor, theirs: Sequence[UUID], setting: str, condition: str, values: list[Any]) -> int:
    """Change conversations of the mailbox; how many were changed. The texts are this module's."""
    wanted = lock_threads(actor.mailbox.id, theirs)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE messaging_desk_thread SET {setting}"  # noqa: S608 - the texts of this module
            f" WHERE mailbox_id = %s AND id = ANY(%s) AND messages > 0 AND {condition}",
            [*values, actor.mailbox.id, wanted],
        )
        return int(cursor.rowcount)


@transaction.atomic
def take(actor: DeskActor, thread_ids: Sequence[UUID], *, over: bool = False) -> int | Decision:
    """Look after conversations from now on. One that a colleague looks after stays theirs unless ``over``."""
    theirs = find_threads(actor, thread_ids, TraceAct.TAKEN)
    if not theirs:
        return refused(Refusal.NOT_FOUND)
    free = DeskThread.objects.filter(mailbox_id=actor.mailbox.id, id__in=lock_threads(actor.mailbox.id, theirs))
    free = free.exclude(taken_by=actor.rpps) if over else free.filter(taken_by="")
    changed = free.update(taken_by=actor.rpps, taken_at=now())
    if changed:
        _trace(actor, TraceAct.TAKEN, changed)
    elif len(theirs) == 1 and not over:
        taken = DeskThread.objects.filter(mailbox_id=actor.mailbox.id, id=theirs[0]).exclude(taken_by=actor.rpps)
        if taken.exists():
            return refused(Refusal.TAKEN_BY_ANOTHER)
    return changed


@transaction.atomic
def release(actor: DeskActor, thread_ids: Sequence[UUID]) -> int | Decision:
    """Leave conversations to whoever takes them next."""
    theirs = find_threads(actor, thread_ids, TraceAct.RELEASED)
    changed = _change(actor, theirs, "taken_by = '', taken_at = NULL", "taken_by <> ''", [])
    if changed:
        _trace(actor, TraceAct.RELEASED, changed)
    return changed


@transaction.atomic
def hand_over(actor: DeskActor, thread_id: UUID, rpps: str) -> Decision:
    """Give a conversation to a colleague of the team."""
    thread = find_thread(actor, thread_id, TraceAct.HANDED_OVER)
    if isinstance(thread, Decision):
        return thread
    if rpps not in {one.rpps for one in members_of(actor.mailbox.id)}:
        return refused(Refusal.NOT_FOUND)
    changed = _change(actor, [thread.id], "taken_by = %s, taken_at = %s", "true", [rpps, now()])
    if not changed:
        return refused(Refusal.NOT_FOUND)
    _trace(actor, TraceAct.HANDED_OVER, changed)
    return ALLOWED


def team(actor: DeskActor) -> list[TeamMember]:
    """Who may use the mailbox today."""
    return members_of(actor.mailbox.id)


@transaction.atomic
def settle(actor: DeskActor, thread_ids: Sequence[UUID]) -> int:
    """Say that no answer is needed: who wrote waits no more, until they write again."""
    theirs = find_threads(actor, thread_ids, TraceAct.SETTLED)
    changed = _change(actor, theirs, "settled_at = %s", "waiting_since IS NOT NULL", [now()])
    recount(actor.mailbox.id, theirs)
    if changed:
        _trace(actor, TraceAct.SETTLED, changed)
    return changed


@transaction.atomic
def unsettle(actor: DeskActor, thread_ids: Sequence[UUID]) -> int:
    """Take back that no answer is needed: who wrote and was not answered waits again, since they wrote."""
    theirs = find_threads(actor, thread_ids, TraceAct.SETTLED)
    changed = _change(actor, theirs, "settled_at = NULL", "settled_at IS NOT NULL", [])
    recount(actor.mailbox.id, theirs)
    if changed:
        _trace(actor, TraceAct.SETTLED, changed, "undone")
    return changed


def mark_read(actor: DeskActor, thread_ids: Sequence[UUID]) -> int:
    """Mark what came in as read, over IMAP too; how many conversations it is about."""
    return _mark(actor, thread_ids, seen=True)


def mark_unread(actor: DeskActor, thread_ids: Sequence[UUID]) -> int:
    """Mark the newest message that came in as not read, over IMAP too."""
    return _mark(actor, thread_ids, seen=False)


@transaction.atomic
def _mark(actor: DeskActor, thread_ids: Sequence[UUID], *, seen: bool) -> int:
    theirs = find_threads(actor, thread_ids, TraceAct.MARKED)
    mailbox_id = actor.mailbox.id
    with connection.cursor() as cursor:
        if seen:
            cursor.execute(_ENTRIES, [mailbox_id, theirs])
            found = [row[:2] for row in cursor.fetchall() if row[2] != "\\Trash" and row[3] == "in" and not row[4]]
        else:
            cursor.execute(_NEWEST_IN, [theirs, mailbox_id, mailbox_id])
            found = cursor.fetchall()
    if found:
        set_flags(mailbox_id, found, [SEEN], on=seen)
        _trace(actor, TraceAct.MARKED, len(found), "read" if seen else "unread")
    return len(theirs)


@transaction.atomic
def trash(actor: DeskActor, thread_ids: Sequence[UUID]) -> int:
    """Move all messages of conversations to the trash, over IMAP too."""
    return _move(actor, thread_ids, to_trash=True)


@transaction.atomic
def restore(actor: DeskActor, thread_ids: Sequence[UUID]) -> int:
    """Take the messages of conversations out of the trash: what came in to INBOX, what went out to Sent."""
    return _move(actor, thread_ids, to_trash=False)


def _move(actor: DeskActor, thread_ids: Sequence[UUID], *, to_trash: bool) -> int:
    mailbox_id = actor.mailbox.id
    act = TraceAct.MOVED if to_trash else TraceAct.RESTORED
    theirs = find_threads(actor, thread_ids, act)
    ensure_folders([mailbox_id])
    folders = {row.special_use or row.name: row.id for row in Folder.objects.filter(mailbox_id=mailbox_id)}
    lock_folders(mailbox_id, folders.values())
    moves: dict[tuple[int, int], list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_ENTRIES, [mailbox_id, theirs])
        for folder_id, uid, use, direction, _ in cursor.fetchall():
            if (use == "\\Trash") == to_trash:
                continue
            target = folders["\\Trash"] if to_trash else folders["INBOX" if direction == "in" else "\\Sent"]
            moves.setdefault((folder_id, target), []).append(uid)
    for (source, target), uids in sorted(moves.items()):
        move(mailbox_id, source, target, sorted(uids))
    if moves:
        _trace(actor, act, sum(map(len, moves.values())))
    return len(theirs) if moves else 0


@transaction.atomic
def add_note(actor: DeskActor, thread_id: UUID, text: str) -> Decision:
    """Add an internal note to a conversation; it is never sent to anybody."""
    thread = find_thread(actor, thread_id, TraceAct.NOTED)
    if isinstance(thread, Decision):
        return thread
    if not text.strip():
        return refused(Refusal.EMPTY_MESSAGE)
    if len(text) > NOTE_LENGTH:
        return refused(Refusal.TOO_LARGE)
    note_id = new_id()
    DeskNote.objects.create(
        mailbox_id=actor.mailbox.id,
        id=note_id,
        thread_id=thread.id,
        author=actor.rpps,
        at=now(),
        text=owner_key(actor.mailbox.id).seal_text(note_name(note_id), text.strip()),
    )
    _trace(actor, TraceAct.NOTED, 1)
    return ALLOWED
