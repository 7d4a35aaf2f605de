"""The only way from an identifier to a conversation of a mailbox, or to a file of it, at the desk."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from carnet.domain.directory.commands.traces import leave_traces
from carnet.domain.directory.queries import mailboxes_by_address
from carnet.domain.directory.traces import TraceAct
from carnet.domain.messaging import rules
from carnet.domain.messaging.access import OpenedAttachment
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.messaging.desk.addressees import refusal_of
from carnet.domain.messaging.desk.contents import (
    UNREADABLE,
    Place,
    contents_of,
    newest_messages,
    notes_of,
    places_of,
    readers_of,
    thread_attachment,
)
from carnet.domain.messaging.desk.flags import set_flags
from carnet.domain.messaging.desk.heads import open_desk_head, open_thread_head
from carnet.domain.messaging.desk.late import late_before
from carnet.domain.messaging.desk.shown import DeskShownMessage, Event, OpenedThread
from carnet.domain.messaging.desk.stored import plain_text
from carnet.domain.messaging.desk.team import names_of
from carnet.domain.messaging.desk.values import DeskHead, MessageKind
from carnet.domain.messaging.envelopes import EntryContent
from carnet.domain.messaging.folder_values import SEEN
from carnet.domain.messaging.models import DeskMessage, DeskThread, OutboundMail
from carnet.domain.messaging.values import Direction
from carnet.domain.spaces.values import ALLOWED, Decision, Refusal, refused
from carnet.foundation.clock import now
from carnet.foundation.keys import OwnerKey
from carnet.foundation.owner_keys import owner_key

MOST_THREADS = 200
"""Conversations that one act changes."""

_READ = """
INSERT INTO messaging_desk_reading (mailbox_id, thread_id, reader, at) VALUES (%s, %s, %s, %s)
ON CONFLICT (mailbox_id, thread_id, reader) DO UPDATE SET at = excluded.at
"""


def find_thread(actor: DeskActor, thread_id: UUID, act: TraceAct) -> DeskThread | Decision:
    """A conversation of the actor's mailbox, of which a message is left. One that is not there is refused for ``act``,
    and the refusal traced; part of the caller's transaction."""
    found = _theirs(actor).filter(id=thread_id).first()
    if found is None:
        _trace_not_found(actor, act, 1)
    return found or refused(Refusal.NOT_FOUND)


def find_threads(actor: DeskActor, thread_ids: Sequence[UUID], act: TraceAct) -> list[UUID]:
    """Those of these conversations that are there, by their ids; the others are traced as for ``find_thread``."""
    wanted = sorted(set(thread_ids))[:MOST_THREADS]
    found = list(_theirs(actor).filter(id__in=wanted).order_by("id").values_list("id", flat=True))
    if len(found) < len(wanted):
        _trace_not_found(actor, act, len(wanted) - len(found))
    return found


def _theirs(actor: DeskActor) -> QuerySet[DeskThread]:
    return DeskThread.objects.filter(mailbox_id=actor.mailbox.id, messages__gt=0)


def _trace_not_found(actor: DeskActor, act: TraceAct, count: int) -> None:
    leave_traces([actor.trace(act, outcome=Refusal.NOT_FOUND.value, count=count)])


@transaction.atomic
def open_thread(actor: DeskActor, thread_id: UUID, *, mark_read: bool = True) -> OpenedThread | Decision:
    """A conversation of the actor's mailbox. The reading is traced and shown to the team; with ``mark_read``, what is
    shown counts as seen over IMAP too."""
    thread = find_thread(actor, thread_id, TraceAct.READ)
    if isinstance(thread, Decision):
        return thread
    key = owner_key(actor.mailbox.id)
    places = places_of(thread)
    rows, earlier = newest_messages(thread, places)
    heads = {row.message_id: open_desk_head(key, row.message_id, row.head) for row in rows}
    contents = contents_of(rows, places, heads, key)
    names = names_of([*(row.author for row in rows), thread.taken_by])
    queued = _queued(actor.mailbox.id, rows)
    shown = [
        _shown(row, places[row.message_id], heads[row.message_id], contents[row.message_id], names, queued)
        for row in rows
        if row.kind == MessageKind.MESSAGE
    ]
    opened = _opened(actor, thread, key, rows, heads, shown, contents, earlier, names)
    unseen = [place for row in rows for place in places[row.message_id].unseen] if mark_read else []
    if unseen:
        set_flags(actor.mailbox.id, unseen, [SEEN])
    _note_reading(actor, thread, [row.message_id for row in rows])
    return opened


def _note_reading(actor: DeskActor, thread: DeskThread, message_ids: Sequence[UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_READ, [thread.mailbox_id, thread.id, actor.rpps, now()])
    leave_traces([actor.trace(TraceAct.READ, messages=message_ids)])


def _queued(mailbox_id: UUID, rows: Sequence[DeskMessage]) -> set[datetime]:
    """The moments of those messages that still wait for another operator."""
    sent = [row.at for row in rows if row.direction == Direction.SENT]
    if not sent:
        return set()
    # What is sent at the desk is queued at the very moment that its copy bears. Index: ``outbound_oldest``.
    return set(
        OutboundMail.objects.filter(
            created_at__in=sent, owner_id=mailbox_id, state__in=[OutboundMail.State.QUEUED, OutboundMail.State.HELD]
        ).values_list("created_at", flat=True)
    )


def _shown(
    row: DeskMessage,
    place: Place,
    head: DeskHead,
    content: EntryContent,
    names: Mapping[str, str],
    queued: set[datetime],
) -> DeskShownMessage:
    sent = row.direction == Direction.SENT
    state, state_at = "", None
    if sent:
        state, state_at = rules.sent_state(row.at, row.outcome, row.read_at, queued=row.at in queued)
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
        withheld=content.findings == (UNREADABLE,),
    )


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
    head = open_thread_head(key, thread.id, thread.head)
    answer_to = rules.answer_addresses(head.people, [(row.direction, row.kind, heads[row.message_id]) for row in rows])
    refusal = refusal_of(answer_to)
    first = head.people[0]
    return OpenedThread(
        id=thread.id,
        correspondent=head.correspondent,
        people=head.people,
        subject=head.subject,
        started_at=thread.started_at,
        last_at=thread.last_at,
        waiting_since=thread.waiting_since,
        late=rules.is_late(thread.waiting_since, late_before(actor.mailbox), patient=thread.patient),
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
        notes=notes_of(thread, key),
        readers=readers_of(thread),
        last_message=shown[-1].id if shown else None,
        answer_to=() if refusal else answer_to,
        answer_refusal=refusal,
        mailbox=None if first.patient else mailboxes_by_address([first.address]).get(first.address.lower()),
    )


def _event(row: DeskMessage, content: EntryContent) -> Event:
    text = plain_text(content) if row.kind == MessageKind.AUTOMATIC else ""
    return Event(row.message_id, row.at, row.kind, row.outcome, row.about, text)


@transaction.atomic
def open_desk_attachment(
    actor: DeskActor, thread_id: UUID, message_id: UUID, path: str, *, goes_on: bool = False
) -> OpenedAttachment | Decision:
    """A file of a message of that conversation; the reading, or its refusal, is traced.

    ``goes_on``: as for ``record.access.open_document``.
    """
    thread = find_thread(actor, thread_id, TraceAct.READ)
    if isinstance(thread, Decision):
        return thread
    found = thread_attachment(thread, message_id, path)
    if found is None:
        _trace_not_found(actor, TraceAct.READ, 1)
        return refused(Refusal.NOT_FOUND)
    decision = refused(Refusal.UNREADABLE) if found.kept.problem else ALLOWED
    if not (goes_on and decision):
        outcome = decision.reason.value if decision.reason else ""
        leave_traces([actor.trace(TraceAct.READ, outcome=outcome, messages=[message_id])])
    return found if decision else decision
