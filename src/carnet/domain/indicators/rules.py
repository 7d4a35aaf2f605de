"""Who counts, in which window, and what a rate says: pure functions.

Sources: HOP'EN 2, P1.08 (patients of the month, closed stays and consultations, no emergencies; at least one message
sent; 70 or 50 %); pilot of the secure mail with patients, 2021 (contacted before a stay, opening, delay to answer).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from carnet.domain.indicators.values import (
    SMALL_CELL,
    Cohort,
    CohortCounts,
    CohortLine,
    Contacted,
    Exchange,
    Month,
    Reach,
    Standing,
    StayKind,
    Target,
    Window,
)

PARIS = ZoneInfo("Europe/Paris")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def standing(line: CohortLine, month: Month) -> Standing:
    """Whether this line makes its patient eligible in the month.

    Emergencies never count; a stay counts in the month of its end, so an open one in none yet; a consultation in the
    month of its day.
    """
    if line.kind is StayKind.EMERGENCY:
        return Standing.EMERGENCY
    if line.kind is StayKind.STAY and line.end is None:
        return Standing.OPEN
    return Standing.ELIGIBLE if month.holds(line.last_day) else Standing.OTHER_MONTH


def eligible_lines(cohort: Cohort, month: Month) -> tuple[CohortLine, ...]:
    """The lines that make a patient eligible in the month, in the order of the file."""
    return tuple(line for line in cohort.lines if standing(line, month) is Standing.ELIGIBLE)


def count_lines(cohort: Cohort, month: Month) -> CohortCounts:
    """What becomes of each line of the list. Eligible patients are counted once, whatever their lines."""
    found = Counter(standing(line, month) for line in cohort.lines)
    return CohortCounts(
        lines=len(cohort.lines) + len(cohort.bad) + cohort.duplicates,
        eligible=found[Standing.ELIGIBLE],
        emergencies=found[Standing.EMERGENCY],
        open_stays=found[Standing.OPEN],
        other_months=found[Standing.OTHER_MONTH],
        duplicates=cohort.duplicates,
        bad=len(cohort.bad),
        patients=len({line.ins for line in eligible_lines(cohort, month)}),
    )


def day_starts(day: date) -> datetime:
    """The first moment of a day in Paris, in UTC. A day there has 23 or 25 hours when the clock changes."""
    return datetime.combine(day, time(), PARIS).astimezone(UTC)


def microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970 in UTC: exact, and the same in every engine that may compute on them."""
    return (moment - _EPOCH) // _MICROSECOND


@dataclass(frozen=True, slots=True)
class Span:
    """When a message counts for a stay: from `opens`, before `closes`; `begins` is when the day of the stay starts.

    Microseconds since 1970, UTC.
    """

    opens: int
    begins: int
    closes: int


def span(line: CohortLine, window: Window) -> Span:
    """The moments of the window around one line: whole days of Paris, from the first to the last, both included."""
    opens = day_starts(line.start - timedelta(days=window.days_before))
    closes = day_starts(line.last_day + timedelta(days=window.days_after + 1))
    return Span(microseconds(opens), microseconds(day_starts(line.start)), microseconds(closes))


def complete_on(month: Month, window: Window) -> date:
    """The first day when the window of every stay closed in the month is over."""
    return month.last_day + timedelta(days=window.days_after + 1)


def rate(numerator: int, denominator: int) -> float | None:
    """The share, from 0 to 1; None when there is nobody to have a share of."""
    return numerator / denominator if denominator else None


def reached(numerator: int, denominator: int, target: Target) -> bool | None:
    """Whether the target is reached, in whole numbers: 7 of 10 is 70 %. None when there is nobody."""
    return 100 * numerator >= target.percent * denominator if denominator else None


def reach(
    pathway: str | None,
    target: Target,
    *,
    eligible: int,
    sent: int,
    delivered: int,
    refused_only: int,
    double_only: int,
) -> Reach:
    """The figures of P1.08 for these patients. The target is held against the messages sent, as P1.08 is worded."""
    return Reach(
        pathway=pathway,
        eligible=eligible,
        sent=sent,
        delivered=delivered,
        refused_only=refused_only,
        double_only=double_only,
        rate_sent=rate(sent, eligible),
        rate_delivered=rate(delivered, eligible),
        rate_with_doubles=rate(sent + double_only, eligible),
        target_reached=reached(sent, eligible, target),
        target_reached_delivered=reached(delivered, eligible, target),
    )


def contacted(pathway: str | None, *, eligible: int, sent: int, delivered: int, double_only: int) -> Contacted:
    """The pilot's share of patients written to before their stay."""
    return Contacted(
        pathway=pathway,
        eligible=eligible,
        sent=sent,
        delivered=delivered,
        double_only=double_only,
        rate_sent=rate(sent, eligible),
        rate_delivered=rate(delivered, eligible),
    )


def exchange(
    *,
    sent: int,
    arrived: int,
    observable: int,
    opened: int,
    answered: int,
    median_answer: float | None,
    p90_answer: float | None,
) -> Exchange:
    """The pilot's figures of one direction; the delays come in microseconds."""
    return Exchange(
        sent=sent,
        arrived=arrived,
        observable=observable,
        opened=opened,
        answered=answered,
        rate_opened=rate(opened, observable),
        rate_answered=rate(answered, arrived),
        median_answer_seconds=None if median_answer is None else median_answer / 1_000_000,
        p90_answer_seconds=None if p90_answer is None else p90_answer / 1_000_000,
    )


def has_small_cells(counts: Iterable[int]) -> bool:
    """True when one of these counts is of so few people that it must not be published."""
    return any(0 < count < SMALL_CELL for count in counts)
