"""What is downloaded of a sending: every line with what became of it, and those whom it did not reach."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from carnet.domain.directory.traces import TraceAct
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.pathways.access import find_sending, trace
from carnet.domain.pathways.models import Sending, SendingLine
from carnet.domain.pathways.queries.lines import LineShown, in_pieces, shown_lines
from carnet.domain.pathways.queries.templates import version_of
from carnet.domain.pathways.values import LineState, Refused
from carnet.foundation.clock import now

_MOST = 1_000

Cell = str | int | datetime | bool | None

REPORT_COLUMNS = (
    "line", "state", "reason", "column", "due_at", "sent_at", "outcome", "activated", "opened_at", "answered_at",
)  # fmt: skip


_UNREACHED_COLUMNS = ("line", "reason", "sent_at")


@dataclass(frozen=True)
class Table:
    """Rows to download. The first ``codes`` columns are codes, which the page names; the others are the file's own."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Cell, ...]]
    codes: int


@dataclass(frozen=True)
class Unreached:
    """A patient whom a sending did not reach.

    ``reason``: ``refused`` (no space, or it was not taken), ``not-activated`` (it lies in a space whose holder has not
    signed in yet), ``not-opened`` (a receipt was asked for, and none has come for so many days).
    """

    reason: str
    line: LineShown


def report(actor: DeskActor, sending_id: UUID) -> Table | Refused:
    """Every line of a sending with what became of it, and the cells as they were given."""
    sending = _opened(actor, sending_id)
    if isinstance(sending, Refused):
        return sending
    rows = SendingLine.objects.filter(sending=sending).order_by("number")
    return Table((*REPORT_COLUMNS, *sending.columns), _report_rows(sending, list(rows)), len(REPORT_COLUMNS))


def _report_rows(sending: Sending, rows: list[SendingLine]) -> Iterator[tuple[Cell, ...]]:
    for piece in in_pieces(rows):
        for line in shown_lines(sending, piece):
            yield (
                line.number,
                line.state.value,
                line.reason.value,
                line.column,
                line.due_at,
                line.sent_at,
                line.outcome,
                line.activated,
                line.opened_at,
                line.answered_at,
                *(line.cells.get(name, "") for name in sending.columns),
            )


@transaction.atomic
def _opened(actor: DeskActor, sending_id: UUID) -> Sending | Refused:
    sending = find_sending(actor, sending_id)
    if not isinstance(sending, Refused):
        trace(actor, TraceAct.SENDING_READ, count=max(1, SendingLine.objects.filter(sending=sending).count()))
    return sending


def list_unreached(
    actor: DeskActor, sending_id: UUID, *, after_days: int = 3, after: int = 0, limit: int = _MOST
) -> list[Unreached] | Refused:
    """Those whom a sending did not reach, for post or telephone, by number from the one after ``after``.

    Who answered was reached, whatever else is known.
    """
    sending = _opened(actor, sending_id)
    if isinstance(sending, Refused):
        return sending
    return _unreached(sending, after_days, after, min(limit, _MOST))


def _unreached(sending: Sending, after_days: int, after: int, limit: int) -> list[Unreached]:
    receipts = version_of(sending.template, sending.template_version).receipt_wanted
    long_ago = now() - timedelta(days=max(0, after_days))
    rows = SendingLine.objects.filter(
        Q(state=LineState.REFUSED.value) | Q(state=LineState.SENT.value), sending=sending, number__gt=after
    ).order_by("number")
    found: list[Unreached] = []
    for piece in in_pieces(rows):
        for line in shown_lines(sending, piece):
            reason = _why(line, receipts, long_ago)
            if reason:
                found.append(Unreached(reason, line))
                if len(found) == limit:
                    return found
    return found


def _why(line: LineShown, receipts: bool, long_ago: datetime) -> str:
    if line.state is LineState.REFUSED:
        return "refused"
    if line.answered_at is not None:
        return ""
    if line.activated is False:
        return "not-activated"
    late = line.sent_at is not None and line.sent_at <= long_ago
    return "not-opened" if receipts and line.opened_at is None and late else ""


def unreached_table(actor: DeskActor, sending_id: UUID, *, after_days: int = 3) -> Table | Refused:
    """The same as rows to download: the line, why, and the cells as they were given."""
    sending = _opened(actor, sending_id)
    if isinstance(sending, Refused):
        return sending
    columns = (*_UNREACHED_COLUMNS, *sending.columns)
    return Table(columns, _unreached_rows(sending, after_days), len(_UNREACHED_COLUMNS))


def _unreached_rows(sending: Sending, after_days: int) -> Iterator[tuple[Cell, ...]]:
    after = 0
    while piece := _unreached(sending, after_days, after, _MOST):
        for one in piece:
            cells = (one.line.cells.get(name, "") for name in sending.columns)
            yield (one.line.number, one.reason, one.line.sent_at, *cells)
        after = piece[-1].line.number
