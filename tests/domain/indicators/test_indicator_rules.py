"""Who counts in a month, in which window, and what a rate says."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from indicator_evidence import ins
from indicator_recount import PARIS

from carnet.domain.indicators.rules import (
    complete_on,
    count_lines,
    day_starts,
    eligible_lines,
    has_small_cells,
    microseconds,
    rate,
    reached,
    span,
    standing,
)
from carnet.domain.indicators.values import (
    BadLine,
    Cohort,
    CohortLine,
    InvalidMonth,
    InvalidWindow,
    Month,
    Standing,
    StayKind,
    Target,
    Window,
)

OCTOBER = Month(2026, 10)
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))


def line(kind: str, start: str, end: str | None, number: int = 1, pathway: str = "A") -> CohortLine:
    last = date.fromisoformat(end) if end else None
    return CohortLine(2, ins(number), pathway, StayKind(kind), date.fromisoformat(start), last)


@pytest.mark.parametrize(
    ("passage", "expected"),
    [
        (line("stay", "2026-10-03", "2026-10-07"), Standing.ELIGIBLE),
        (line("stay", "2026-09-28", "2026-10-01"), Standing.ELIGIBLE),
        (line("stay", "2026-10-30", "2026-10-31"), Standing.ELIGIBLE),
        (line("stay", "2026-10-30", "2026-11-01"), Standing.OTHER_MONTH),
        (line("stay", "2026-09-20", "2026-09-30"), Standing.OTHER_MONTH),
        (line("stay", "2025-10-03", "2025-10-07"), Standing.OTHER_MONTH),
        (line("stay", "2026-10-03", None), Standing.OPEN),
        (line("consultation", "2026-10-31", None), Standing.ELIGIBLE),
        (line("consultation", "2026-10-01", "2026-10-01"), Standing.ELIGIBLE),
        (line("consultation", "2026-11-01", None), Standing.OTHER_MONTH),
        (line("emergency", "2026-10-03", "2026-10-03"), Standing.EMERGENCY),
    ],
)
def test_a_stay_counts_in_the_month_of_its_end_and_a_consultation_in_that_of_its_day(passage, expected):
    assert standing(passage, OCTOBER) is expected


def test_lines_are_counted_by_what_became_of_them_and_patients_once():
    cohort = Cohort(
        (
            line("stay", "2026-10-03", "2026-10-07"),
            line("consultation", "2026-10-20", None, pathway="B"),
            line("stay", "2026-10-03", None, 2),
            line("emergency", "2026-10-03", None, 3),
            line("stay", "2026-11-03", "2026-11-04", 4),
        ),
        (BadLine(9, "ins: empty"),),
        duplicates=2,
    )
    counts = count_lines(cohort, OCTOBER)
    assert len(eligible_lines(cohort, OCTOBER)) == counts.eligible == 2
    assert (counts.patients, counts.open_stays, counts.emergencies, counts.other_months) == (1, 1, 1, 1)
    assert (counts.lines, counts.bad, counts.duplicates) == (8, 1, 2)


def test_a_window_holds_whole_days_of_paris_across_the_change_of_clock():
    found = span(line("stay", "2026-10-20", "2026-10-26"), Window(5, 2))
    assert found.opens == microseconds(datetime(2026, 10, 14, 22, tzinfo=UTC))  # summer time
    assert found.begins == microseconds(datetime(2026, 10, 19, 22, tzinfo=UTC))
    assert found.closes == microseconds(datetime(2026, 10, 28, 23, tzinfo=UTC))  # winter time


def test_a_consultation_has_its_day_for_a_window_of_no_days():
    found = span(line("consultation", "2026-10-25", None), Window(0, 0))
    assert found.opens == found.begins
    assert found.closes - found.opens == 25 * 3600 * 1_000_000  # the clock is set back on that day


@given(DAYS)
def test_a_day_starts_at_midnight_of_paris_and_the_moment_before_is_of_another_day(day):
    start = day_starts(day)
    assert start.astimezone(PARIS).date() == day
    assert (start - timedelta(microseconds=1)).astimezone(PARIS).date() == day - timedelta(days=1)


@given(st.integers(-(10**15), 4 * 10**15))
def test_microseconds_keep_a_moment_exactly(count):
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=count)
    assert microseconds(moment) == microseconds(moment.astimezone(PARIS)) == count


@given(DAYS)
def test_a_month_holds_its_own_days_and_no_other(day):
    month = Month(day.year, day.month)
    assert month.holds(day)
    assert month.holds(month.first_day)
    assert month.holds(month.last_day)
    assert not month.holds(month.last_day + timedelta(days=1))
    assert not month.holds(month.first_day - timedelta(days=1))
    assert Month.parse(str(month)) == month


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-00", "10-2026", "2026-1", "9999-10", "２０２６-10"])
def test_what_is_no_month_is_refused(text):
    with pytest.raises(InvalidMonth, match="2026-10"):
        Month.parse(text)


@pytest.mark.parametrize("days", [(-1, 0), (0, -1), (367, 0), (0, 10_000)])
def test_a_window_has_no_negative_and_no_endless_days(days):
    with pytest.raises(InvalidWindow):
        Window(*days)


def test_a_month_is_complete_when_the_last_window_is_over():
    assert complete_on(OCTOBER, Window(60, 15)) == date(2026, 11, 16)


def test_the_target_is_70_per_cent_when_financed_and_50_otherwise():
    assert (Target.of(funded=True).percent, Target.of(funded=False).percent) == (70, 50)


@pytest.mark.parametrize(("numerator", "expected"), [(69, False), (70, True), (71, True)])
def test_a_target_is_reached_at_its_exact_share(numerator, expected):
    assert reached(numerator, 100, Target(70)) is expected
    assert reached(numerator * 10**15, 10**17, Target(70)) is expected


def test_nobody_has_no_rate_and_reaches_nothing():
    assert rate(0, 0) is None
    assert reached(0, 0, Target(50)) is None
    assert rate(0, 3) == 0.0


@pytest.mark.parametrize(("counts", "small"), [([0, 11, 200], False), ([0, 1], True), ([200, 10], True), ([], False)])
def test_counts_of_one_to_ten_people_are_small_cells(counts, small):
    assert has_small_cells(counts) is small
