"""The expressions, computed by DuckDB, against the same figures counted again by plain loops."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from indicator_evidence import ins
from indicator_recount import (
    PARIS,
    Passage,
    Sent,
    Written,
    around,
    before_stay,
    closed_in,
    count_letters,
    count_messages,
    count_patients,
)

from carnet.domain.indicators import engine, extracts, p108, pilot
from carnet.domain.indicators.rules import eligible_lines, microseconds
from carnet.domain.indicators.values import Cohort, CohortLine, Month, StayKind, Window

OCTOBER = Month(2026, 10)
PEOPLE = [ins(number) for number in range(1, 4)]
PATHWAYS = ("A", "B")
# Around both ends of the month, and the night when the clock is set back (25 October).
DAYS = st.sampled_from([date(2026, 9, 30), *(date(2026, 10, day) for day in (1, 24, 25, 31)), date(2026, 11, 1)])
WINDOWS = st.builds(Window, st.integers(0, 3), st.integers(0, 3))
CONVERSATIONS = st.sampled_from(["k1", "k2"])
OUTCOMES = st.sampled_from(["delivered", "refused-recipient", "withheld-infected", "queued"])


@st.composite
def passages(draw):
    kind = draw(st.sampled_from(["stay", "stay", "stay", "consultation", "emergency"]))
    start = draw(DAYS)
    end = draw(st.sampled_from([None, start, start + timedelta(days=1), start + timedelta(days=4)]))
    if kind == "consultation":
        end = draw(st.sampled_from([None, start]))
    return Passage(draw(st.sampled_from(PEOPLE)), draw(st.sampled_from(PATHWAYS)), kind, start, end)


def moments(found: list[Passage], window: Window):
    """Moments that matter: the midnights at which the windows of these passages open and close, and just before."""
    days = {date(2026, 10, 15)}
    for passage in found:
        last = passage.end or passage.start
        days |= {passage.start - timedelta(days=window.days_before), passage.start}
        days |= {last + timedelta(days=window.days_after), last + timedelta(days=window.days_after + 1)}
    return st.builds(
        lambda day, shift: datetime.combine(day, time(), PARIS).astimezone(UTC) + shift,
        st.sampled_from(sorted(days)),
        st.sampled_from([timedelta(), timedelta(microseconds=-1), timedelta(hours=12)]),
    )


@st.composite
def situations(draw):
    """Passages, a window, what was written both ways around it, and what holders wrote in their conversations."""
    found, window = draw(st.lists(passages(), min_size=0, max_size=6)), draw(WINDOWS)
    times, people = moments(found, window), st.sampled_from(PEOPLE)
    sent = st.builds(Sent, people, times, OUTCOMES, st.booleans(), st.none() | CONVERSATIONS, st.none() | times)
    written = st.builds(
        lambda patient, at, hosted, failed, seen, delay: Written(
            patient, at, hosted, failed, hosted and seen, at + timedelta(seconds=delay) if delay else None
        ),
        people, times, st.booleans(), st.booleans(), st.booleans(), st.none() | st.integers(1, 10**6),
    )  # fmt: skip
    answers = st.tuples(CONVERSATIONS, times)
    drawn = (draw(st.lists(kind, max_size=8)) for kind in (sent, written, answers))
    return Situation(found, window, *drawn)


@dataclass(frozen=True)
class Situation:
    passages: list[Passage]
    window: Window
    sent: list[Sent]
    written: list[Written]
    answers: list[tuple[str, datetime]]

    @property
    def days(self) -> tuple[int, int]:
        return self.window.days_before, self.window.days_after


@pytest.fixture(scope="module")
def duckdb():
    return engine.duckdb()


def stays_of(found: list[Passage], window: Window) -> pa.Table:
    lines = tuple(
        CohortLine(number, passage.patient, passage.pathway, StayKind(passage.kind), passage.start, passage.end)
        for number, passage in enumerate(found)
    )
    return extracts.stays(eligible_lines(Cohort(lines), OCTOBER), window, PEOPLE, PATHWAYS)


def instant(moment: datetime | None) -> int | None:
    return None if moment is None else microseconds(moment)


def dispatches_of(found: list[Sent]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "patient": PEOPLE.index(sent.patient), "dispatch": number, "sent_at": instant(sent.at),
                "delivered": sent.outcome == "delivered", "refused": sent.outcome.startswith("refused-"),
                "double": sent.double, "conversation": sent.conversation, "read_at": instant(sent.read_at),
            }
            for number, sent in enumerate(found)
        ],
        schema=extracts.DISPATCHES,
    )  # fmt: skip


def patients_counted(backend, expression) -> dict[str | None, tuple[int, ...]]:
    return {
        None if row["pathway"] is None else PATHWAYS[row["pathway"]]: (
            row["eligible"], row["sent"], row["delivered"], row["refused_only"], row["double_only"],
        )
        for row in engine.rows(backend, expression)
    }  # fmt: skip


def messages_counted(row) -> tuple:
    counts = [row.get(name) or 0 for name in ("sent", "arrived", "observable", "opened", "answered")]
    delays = [row.get(name) for name in ("median_answer", "p90_answer")]
    return (*counts, *(None if delay is None else pytest.approx(delay / 1_000_000, abs=0.001) for delay in delays))


def eligible(found: list[Passage]) -> list[Passage]:
    return [passage for passage in found if closed_in(passage, 2026, 10)]


def without_empty(figures):
    return {pathway: counts for pathway, counts in figures.items() if counts[0]}


@settings(max_examples=60, deadline=None)
@given(situations())
def test_patients_written_to_are_those_that_a_recount_finds(duckdb, case):
    def counts_for(passage, moment):
        return around(passage, moment, *case.days)

    counted = patients_counted(duckdb, p108.figures(stays_of(case.passages, case.window), dispatches_of(case.sent)))
    assert counted == without_empty(count_patients(eligible(case.passages), case.sent, counts_for))


@settings(max_examples=40, deadline=None)
@given(situations())
def test_patients_contacted_before_their_stay_are_those_that_a_recount_finds(duckdb, case):
    def counts_for(passage, moment):
        return before_stay(passage, moment, case.window.days_before)

    stays = [passage for passage in eligible(case.passages) if passage.kind == "stay"]
    expression = pilot.contacted_before(stays_of(case.passages, case.window), dispatches_of(case.sent))
    assert patients_counted(duckdb, expression) == without_empty(count_patients(stays, case.sent, counts_for))


@settings(max_examples=60, deadline=None)
@given(situations())
def test_opening_and_answers_of_patients_are_those_that_a_recount_finds(duckdb, case):
    table = pa.Table.from_pylist(
        [{"conversation": conversation, "answered_at": instant(at)} for conversation, at in case.answers],
        schema=extracts.ANSWERS,
    )
    expression = pilot.to_patients(stays_of(case.passages, case.window), dispatches_of(case.sent), table)
    rows = {row["double"]: row for row in engine.rows(duckdb, expression)}
    for double in (False, True):
        recount = count_messages(eligible(case.passages), case.sent, case.answers, *case.days, double=double)
        assert recount == messages_counted(rows.get(double, {}))


@settings(max_examples=40, deadline=None)
@given(situations())
def test_opening_and_answers_of_the_establishment_are_those_that_a_recount_finds(duckdb, case):
    table = pa.Table.from_pylist(
        [
            {
                "patient": PEOPLE.index(letter.patient), "letter": number, "sent_at": instant(letter.at),
                "arrived": not letter.failed, "observable": letter.hosted, "seen": letter.seen,
                "answered_at": instant(letter.answered_at),
            }
            for number, letter in enumerate(case.written)
        ],
        schema=extracts.LETTERS,
    )  # fmt: skip
    (row,) = engine.rows(duckdb, pilot.from_patients(stays_of(case.passages, case.window), table))
    assert count_letters(eligible(case.passages), case.written, *case.days) == messages_counted(row)


def test_duckdb_writes_nothing_to_disk_and_fetches_nothing(duckdb):
    kept = {
        name: duckdb.raw_sql(f"SELECT current_setting('{name}')").fetchone()[0]
        for name in ("temp_directory", "autoinstall_known_extensions", "autoload_known_extensions")
    }
    assert kept == {
        "temp_directory": "", "autoinstall_known_extensions": False, "autoload_known_extensions": False,
    }  # fmt: skip
