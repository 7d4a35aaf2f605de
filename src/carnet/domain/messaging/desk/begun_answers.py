"""The answer that a professional has begun in a conversation: kept for a day like a new message, one a conversation.

What it says is for nobody but who writes it; that it is begun, and when it was last kept, is shown to the team, so that
two do not answer the same person.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from carnet.domain.directory.traces import TraceAct
from carnet.domain.messaging.desk.access import find_thread
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.messaging.desk.draft_values import TEXT_LENGTH, AnswerContent
from carnet.domain.messaging.desk.drafts import MOST_DRAFTS, draft_name, drop_oldest, own_drafts
from carnet.domain.messaging.desk.heads import open_thread_head
from carnet.domain.messaging.desk.outgoing import Sent, one_at_a_time, sent_before
from carnet.domain.messaging.desk.team import names_of
from carnet.domain.messaging.desk.values import Correspondent, MessageKind
from carnet.domain.messaging.models import DeskDraft, DeskMessage, DeskThread
from carnet.domain.messaging.values import Direction
from carnet.domain.spaces.values import Decision, Refusal, refused
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import owner_key

MOST_ANSWERING = 5
"""Colleagues of whom the answer box says that they have begun an answer."""


@dataclass(frozen=True)
class Kept:
    """The answer is kept since ``at``; None when there was nothing to keep, and nothing is kept any more."""

    at: datetime | None


@dataclass(frozen=True)
class OtherPage:
    """Since this page was shown, the same person kept ``content`` on another one; None: they have answered from there.

    ``version`` and ``seen`` (the message that they sent) are what the page is to know to go on all the same.
    """

    content: AnswerContent | None
    version: str
    seen: UUID | None


@dataclass(frozen=True)
class BegunAnswer:
    """What this professional had typed, and when it was last kept."""

    content: AnswerContent
    saved_at: datetime


@dataclass(frozen=True)
class BegunAnswerRow:
    """An answer that was begun, by the conversation it is for."""

    thread_id: UUID
    correspondent: Correspondent
    subject: str
    saved_at: datetime


@dataclass(frozen=True)
class Answering:
    """A colleague who has begun an answer in the same conversation, and when it was last kept."""

    name: str
    at: datetime


def version_of(saved_at: datetime | None) -> str:
    """How a page names the kept answer that it knows; empty when nothing was kept."""
    return saved_at.isoformat() if saved_at else ""


def keep_answer(
    actor: DeskActor,
    thread_id: UUID,
    content: AnswerContent,
    *,
    token: UUID | None = None,
    version: str | None = None,
    seen: UUID | None = None,
) -> Kept | OtherPage | Sent | Decision:
    """Keep what was typed so far; an empty text keeps nothing. Leaves no trace, as a draft does, unless refused.

    ``token`` is the form's: what comes after the form was sent is not kept again, and what it sent is told. ``version``
    is the kept answer that the page knows, ``seen`` the newest message that it shows: what another page of the same
    person did since is told, and nothing is kept in its place. Without a version, nothing is compared.
    """
    with one_at_a_time(f"desk-thread:{thread_id}"):
        thread = find_thread(actor, thread_id, TraceAct.READ)
        if isinstance(thread, Decision):
            return thread
        if token is not None and (before := sent_before(actor, token)):
            return before[0]
        if len(content.text) > TEXT_LENGTH:
            return refused(Refusal.TOO_LARGE)
        row = _mine(actor, thread_id).first()
        empty = not content.text.strip()
        if row is None and empty:
            return Kept(None)
        page = str(token or "")
        if version is not None and (other := _other_page(actor, thread_id, row, page, version, seen)):
            return other
        if empty:
            forget_answer(actor, thread_id)
            return Kept(None)
        row = row or DeskDraft(mailbox_id=actor.mailbox.id, id=new_id(), thread_id=thread_id, author=actor.rpps)
        row.content = owner_key(actor.mailbox.id).seal(draft_name(row.id), replace(content, page=page).to_json())
        row.saved_at = now()
        row.save()
        drop_oldest(actor, own_drafts(actor).exclude(thread_id=None))
        return Kept(row.saved_at)


@transaction.atomic
def begun_answer(actor: DeskActor, thread_id: UUID) -> BegunAnswer | Decision | None:
    """The answer that this professional has begun in a conversation; None when there is none."""
    thread = find_thread(actor, thread_id, TraceAct.READ)
    if isinstance(thread, Decision):
        return thread
    row = _mine(actor, thread_id).first()
    if row is None:
        return None
    key = owner_key(actor.mailbox.id)
    return BegunAnswer(AnswerContent.from_json(key.open(draft_name(row.id), row.content)), row.saved_at)


@transaction.atomic
def discard_answer(actor: DeskActor, thread_id: UUID) -> bool | Decision:
    """Throw away what this professional has begun in a conversation. False when it was not there."""
    thread = find_thread(actor, thread_id, TraceAct.READ)
    return thread if isinstance(thread, Decision) else forget_answer(actor, thread_id)


def forget_answer(actor: DeskActor, thread_id: UUID) -> bool:
    """It was sent, or given up; part of the caller's transaction."""
    deleted, _ = _mine(actor, thread_id).delete()
    return bool(deleted)


def colleagues_answering(actor: DeskActor, thread_id: UUID) -> list[Answering]:
    """Who else of the team has begun an answer there, the latest first. Index: ``desk_draft_answer_once``."""
    others = DeskDraft.objects.filter(mailbox_id=actor.mailbox.id, thread_id=thread_id).exclude(author=actor.rpps)
    rows = list(others.order_by("-saved_at").values_list("author", "saved_at")[:MOST_ANSWERING])
    names = names_of(author for author, _ in rows)
    return [Answering(names.get(author, author), at) for author, at in rows]


def begun_answers(actor: DeskActor) -> list[BegunAnswerRow]:
    """The conversations of this mailbox in which this professional has begun an answer, the newest first."""
    begun = own_drafts(actor).exclude(thread_id=None).order_by("-saved_at")
    at = dict(begun.values_list("thread_id", "saved_at")[:MOST_DRAFTS])
    if not at:
        return []
    key = owner_key(actor.mailbox.id)
    threads = DeskThread.objects.filter(mailbox_id=actor.mailbox.id, id__in=list(at), messages__gt=0)
    heads = {thread_id: open_thread_head(key, thread_id, head) for thread_id, head in threads.values_list("id", "head")}
    return [
        BegunAnswerRow(one, heads[one].correspondent, heads[one].subject, saved_at)
        for one, saved_at in at.items()
        if one in heads
    ]


def _other_page(
    actor: DeskActor, thread_id: UUID, row: DeskDraft | None, page: str, version: str, seen: UUID | None
) -> OtherPage | None:
    if row is None:
        answered = _answered_since(actor, thread_id, seen)
        return OtherPage(None, "", answered) if answered else None
    kept = AnswerContent.from_json(owner_key(actor.mailbox.id).open(draft_name(row.id), row.content))
    if version == version_of(row.saved_at) or (page and page == kept.page):  # its own, told to it or lost on the way
        return None
    return OtherPage(kept, version_of(row.saved_at), None)


def _answered_since(actor: DeskActor, thread_id: UUID, seen: UUID | None) -> UUID | None:
    """The newest message that this professional sent there after ``seen``. Index: ``desk_message_of_thread``."""
    there = DeskMessage.objects.filter(mailbox_id=actor.mailbox.id, thread_id=thread_id, kind=MessageKind.MESSAGE)
    shown = there.filter(message_id=seen).values_list("at", flat=True).first() if seen else None
    if shown is None:
        return None
    sent = there.filter(direction=Direction.SENT, author=actor.rpps, at__gt=shown)
    return sent.order_by("-at", "-message_id").values_list("message_id", flat=True).first()


def _mine(actor: DeskActor, thread_id: UUID) -> QuerySet[DeskDraft]:
    return own_drafts(actor).filter(thread_id=thread_id)
