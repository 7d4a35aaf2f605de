"""Answers that a team gives often."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from carnet.domain.directory.commands.traces import leave_traces
from carnet.domain.directory.traces import TraceAct
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.messaging.desk.team import names_of
from carnet.domain.messaging.models import SavedReply
from carnet.domain.spaces.values import ALLOWED, Decision, Refusal, refused
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id

MOST = 200
TITLE_LENGTH = 100
TEXT_LENGTH = 10_000


@dataclass(frozen=True)
class Reply:
    """An answer that the team keeps, and who wrote it last."""

    id: UUID
    title: str
    text: str
    updated_by_name: str
    updated_at: datetime


def saved_replies(actor: DeskActor) -> list[Reply]:
    """The answers that the team of the mailbox keeps, by title."""
    rows = list(SavedReply.objects.filter(mailbox_id=actor.mailbox.id).order_by("title")[:MOST])
    names = names_of(row.updated_by for row in rows)
    return [
        Reply(row.id, row.title, row.text, names.get(row.updated_by, row.updated_by), row.updated_at) for row in rows
    ]


@transaction.atomic
def save_reply(actor: DeskActor, title: str, text: str, reply_id: UUID | None = None) -> UUID | Decision:
    """Keep an answer, or change the one of this id; its title is the team's only one of that name."""
    title, text = title.strip(), text.strip()
    if not title or not text:
        return refused(Refusal.EMPTY_MESSAGE)
    if len(title) > TITLE_LENGTH or len(text) > TEXT_LENGTH:
        return refused(Refusal.TOO_LARGE)
    theirs = SavedReply.objects.select_for_update().filter(mailbox_id=actor.mailbox.id)
    values = {"title": title, "text": text, "updated_by": actor.rpps, "updated_at": now()}
    kept = reply_id or new_id()
    try:
        with transaction.atomic():
            if reply_id is not None:
                if not theirs.filter(id=reply_id).update(**values):
                    return refused(Refusal.NOT_FOUND)
            elif theirs.count() >= MOST:
                return refused(Refusal.TOO_LARGE)
            else:
                SavedReply.objects.create(id=kept, mailbox_id=actor.mailbox.id, **values)
    except IntegrityError:
        return refused(Refusal.ALREADY_THERE)
    leave_traces([actor.trace(TraceAct.REPLY_SAVED)])
    return kept


@transaction.atomic
def delete_reply(actor: DeskActor, reply_id: UUID) -> Decision:
    """Keep an answer no longer."""
    deleted, _ = SavedReply.objects.filter(mailbox_id=actor.mailbox.id, id=reply_id).delete()
    if not deleted:
        return refused(Refusal.NOT_FOUND)
    leave_traces([actor.trace(TraceAct.REPLY_DELETED)])
    return ALLOWED
