"""A sending starts, is held up, goes on, is called off. A group that is leaving leaves first."""

from uuid import UUID

from django.db import transaction

from carnet.domain.directory.queries import mailboxes_by_id
from carnet.domain.directory.traces import TraceAct
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.pathways import rules
from carnet.domain.pathways.access import find_sending, trace
from carnet.domain.pathways.jobs import leave_soon
from carnet.domain.pathways.models import Sending, SendingLine
from carnet.domain.pathways.queries.sendings import SendingShown, sending_shown, timing_of
from carnet.domain.pathways.queries.templates import usable_today, version_of
from carnet.domain.pathways.values import (
    LineReason,
    LineState,
    PastDue,
    PathwayRefusal,
    Refused,
    SendingAct,
    SendingState,
    When,
)
from carnet.foundation.clock import now


@transaction.atomic
def start_sending(actor: DeskActor, sending_id: UUID, *, lines: int) -> SendingShown | Refused:
    """Confirm a sending: from now on each line leaves when it is due.

    ``lines`` is how many the person was told would leave (with ``PastDue.SKIP``, those that are not past due): nothing
    else starts. The template must be valid today; lines that are past due need a choice.
    """
    sending = find_sending(actor, sending_id, lock=True)
    if isinstance(sending, Refused):
        return sending
    if SendingAct.START not in rules.acts_on(sending.state):
        return Refused(PathwayRefusal.WRONG_STATE)
    mailbox = mailboxes_by_id([sending.mailbox_id]).get(sending.mailbox_id)
    if mailbox is None or not mailbox.active:
        return Refused(PathwayRefusal.MAILBOX_CLOSED)
    if not usable_today(sending.template, version_of(sending.template, sending.template_version)):
        return Refused(PathwayRefusal.TEMPLATE_NOT_VALID)
    at = now()
    timing = timing_of(sending)
    waiting = SendingLine.objects.filter(sending=sending, state=LineState.WAITING.value)
    total = waiting.count()
    past = waiting.filter(due_at__lt=at)
    late = past.count() if timing.when is When.RELATIVE else 0
    if late and timing.past_due is None:
        return Refused(PathwayRefusal.PAST_DUE_CHOICE)
    skipped = late if timing.past_due is PastDue.SKIP else 0
    if not total - skipped:
        return Refused(PathwayRefusal.NO_LINE)
    if lines != total - skipped:
        return Refused(PathwayRefusal.COUNT_CHANGED)
    if skipped:
        past.update(state=LineState.SKIPPED.value, reason=LineReason.PAST_DUE.value)
    if timing.when is When.NOW:
        waiting.update(due_at=at)
    sending.state = SendingState.RUNNING.value
    sending.started_at, sending.started_by = at, actor.rpps
    sending.save(update_fields=["state", "started_at", "started_by"])
    trace(actor, TraceAct.SENDING_STARTED, count=lines)
    leave_soon([sending.id])
    return sending_shown(sending)


def pause_sending(actor: DeskActor, sending_id: UUID) -> SendingShown | Refused:
    """Hold a sending up: nothing more leaves until it is resumed."""
    return _become(actor, sending_id, SendingAct.PAUSE, SendingState.PAUSED, TraceAct.SENDING_PAUSED)


def resume_sending(actor: DeskActor, sending_id: UUID) -> SendingShown | Refused:
    """Let a sending go on: what came due meanwhile leaves now, unless the day that it was to precede has passed."""
    return _become(actor, sending_id, SendingAct.RESUME, SendingState.RUNNING, TraceAct.SENDING_RESUMED)


def cancel_sending(actor: DeskActor, sending_id: UUID) -> SendingShown | Refused:
    """Call a sending off: what has not left never does."""
    return _become(actor, sending_id, SendingAct.CANCEL, SendingState.CANCELLED, TraceAct.SENDING_CANCELLED)


@transaction.atomic
def _become(
    actor: DeskActor, sending_id: UUID, act: SendingAct, state: SendingState, traced: TraceAct
) -> SendingShown | Refused:
    sending = find_sending(actor, sending_id, lock=True)
    if isinstance(sending, Refused):
        return sending
    if act not in rules.acts_on(sending.state):
        return Refused(PathwayRefusal.WRONG_STATE)
    sending.state = state.value
    if state is SendingState.CANCELLED:
        sending.ended_at = now()
        waiting = SendingLine.objects.filter(sending=sending, state=LineState.WAITING.value)
        waiting.update(state=LineState.CANCELLED.value)
    sending.save(update_fields=["state", "ended_at"])
    trace(actor, traced)
    if state is SendingState.RUNNING:
        leave_soon([sending.id])
    return sending_shown(sending)


def finish(sending_id: UUID) -> bool:
    """End a running sending of which no line waits any more. Whether it ended now."""
    with transaction.atomic():
        sending = Sending.objects.select_for_update().filter(id=sending_id, state=SendingState.RUNNING.value).first()
        if sending is None or SendingLine.objects.filter(sending=sending, state=LineState.WAITING.value).exists():
            return False
        sending.state, sending.ended_at = SendingState.DONE.value, now()
        sending.save(update_fields=["state", "ended_at"])
    return True
