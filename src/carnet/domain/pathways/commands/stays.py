"""A later file of stays: what has not left moves with its stay, or is called off."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from carnet.domain.directory.traces import TraceAct
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.pathways import rules
from carnet.domain.pathways.access import establishment, trace
from carnet.domain.pathways.commands.marking import Mark, mark
from carnet.domain.pathways.contents import open_line, seal_line, stay_digest
from carnet.domain.pathways.jobs import leave_soon
from carnet.domain.pathways.models import SendingLine
from carnet.domain.pathways.queries.sendings import timing_of
from carnet.domain.pathways.values import (
    MAX_LINES,
    LineReason,
    LineState,
    PastDue,
    PathwayRefusal,
    Refused,
    SendingState,
    SheetRow,
    When,
)
from carnet.foundation.clock import now
from carnet.foundation.owner_keys import owner_key, owner_keys

_ALIVE = (SendingState.DRAFT.value, SendingState.CHECKED.value, SendingState.RUNNING.value, SendingState.PAUSED.value)


@dataclass(frozen=True)
class BadRow:
    """A row of stays that cannot be read, and why."""

    number: int
    reason: LineReason
    column: str


@dataclass(frozen=True)
class StaysReport:
    """What a file of stays changed: ``moved``, ``cancelled`` and ``unchanged`` count lines that wait.

    ``unknown`` are the rows whose stay no waiting line is about.
    """

    moved: int
    cancelled: int
    unchanged: int
    unknown: tuple[int, ...]
    bad: tuple[BadRow, ...]


@transaction.atomic
def update_stays(actor: DeskActor, rows: Sequence[SheetRow]) -> StaysReport | Refused:
    """Move or call off the waiting lines of all sendings of the mailbox, by the number of the stay.

    A stay that moves so that its line is past due follows the choice of its sending; without one it is skipped. What
    has left stays as it is. The last row about a stay counts.
    """
    finess = establishment(actor)
    if isinstance(finess, Refused):
        return finess
    if len(rows) > MAX_LINES:
        return Refused(PathwayRefusal.TOO_MANY_LINES)
    mailbox_key = owner_key(actor.mailbox.id)
    changes: dict[bytes, rules.StayChange] = {}
    bad = []
    for row in rows:
        read = rules.read_stay(row)
        if isinstance(read, rules.StayChange):
            changes[stay_digest(mailbox_key, read.stay)] = read
        else:
            bad.append(BadRow(row.number, read.reason, read.column))
    lines = list(
        SendingLine.objects.select_for_update(of=("self",))
        .select_related("sending")
        .filter(
            state=LineState.WAITING.value,
            stay_digest__in=list(changes),
            sending__mailbox_id=actor.mailbox.id,
            sending__state__in=_ALIVE,
        )
        .order_by("id")
    )
    counts = _apply(lines, changes)
    known = {bytes(line.stay_digest) for line in lines if line.stay_digest}
    trace(actor, TraceAct.STAYS_UPDATED, count=max(1, counts["moved"] + counts["cancelled"]))
    leave_soon(sorted({line.sending_id for line in lines if line.sending.state == SendingState.RUNNING.value}))
    unknown = tuple(sorted(change.number for digest, change in changes.items() if digest not in known))
    return StaysReport(counts["moved"], counts["cancelled"], counts["unchanged"], unknown, tuple(bad))


def _apply(lines: Sequence[SendingLine], changes: dict[bytes, rules.StayChange]) -> dict[str, int]:
    keys = owner_keys({line.sending_id for line in lines})
    counts = {"moved": 0, "cancelled": 0, "unchanged": 0}
    marks: list[Mark] = []
    resealed: list[SendingLine] = []
    at = now()
    for line in lines:
        change = changes[bytes(line.stay_digest or b"")]
        if change.cancelled:
            marks.append(Mark(line.id, LineState.SKIPPED, LineReason.STAY_CANCELLED, due_at=line.due_at))
            counts["cancelled"] += 1
            continue
        key = keys[line.sending_id]
        content = open_line(key, line)
        moved = rules.moved(content, change)
        if moved is content:
            counts["unchanged"] += 1
            continue
        counts["moved"] += 1
        line.content = seal_line(key, line.id, moved)
        resealed.append(line)
        timing = timing_of(line.sending)
        if timing.when is When.RELATIVE:
            due_at = rules.due(timing, moved, at)
            started = line.sending.state in (SendingState.RUNNING.value, SendingState.PAUSED.value)
            late = started and due_at is not None and due_at < at and timing.past_due is not PastDue.SEND
            state = LineState.SKIPPED if late else LineState.WAITING
            marks.append(Mark(line.id, state, LineReason.PAST_DUE if late else LineReason.NONE, due_at=due_at))
    SendingLine.objects.bulk_update(resealed, ["content"], batch_size=500)
    mark(marks)
    return counts
