"""The indicators counted again by plain loops, from their definitions: what the expressions are held against.

Works on calendar days of Paris where the expressions work on moments, and shares no code with them.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")


@dataclass(frozen=True)
class Passage:
    patient: str
    pathway: str
    kind: str
    start: date
    end: date | None


@dataclass(frozen=True)
class Sent:
    patient: str
    at: datetime
    outcome: str = "delivered"
    double: bool = False
    conversation: str | None = None
    read_at: datetime | None = None


@dataclass(frozen=True)
class Written:
    patient: str
    at: datetime
    hosted: bool = True
    failed: bool = False
    seen: bool = False
    answered_at: datetime | None = None


def paris_day(moment: datetime) -> date:
    return moment.astimezone(PARIS).date()


def closed_in(passage: Passage, year: int, month: int) -> bool:
    if passage.kind == "emergency":
        return False
    day = passage.start if passage.kind == "consultation" else passage.end
    return day is not None and day.year == year and day.month == month


def around(passage: Passage, moment: datetime, before: int, after: int) -> bool:
    last = passage.end or passage.start
    return passage.start - timedelta(days=before) <= paris_day(moment) <= last + timedelta(days=after)


def before_stay(passage: Passage, moment: datetime, before: int) -> bool:
    return passage.start - timedelta(days=before) <= paris_day(moment) < passage.start


def count_patients(passages, messages, counts_for):
    """By pathway, then None for all: (eligible, sent, delivered, refused only, double only)."""
    figures = {}
    for pathway in [*dict.fromkeys(passage.pathway for passage in passages), None]:
        mine = [passage for passage in passages if pathway in (None, passage.pathway)]
        totals = [0, 0, 0, 0, 0]
        for patient in {passage.patient for passage in mine}:
            received = [
                message
                for message in messages
                if message.patient == patient
                and any(counts_for(passage, message.at) for passage in mine if passage.patient == patient)
            ]
            real = [message for message in received if not message.double]
            totals[0] += 1
            totals[1] += bool(real)
            totals[2] += any(message.outcome == "delivered" for message in real)
            totals[3] += bool(real) and all(message.outcome.startswith("refused-") for message in real)
            totals[4] += bool(received) and not real
        figures[pathway] = tuple(totals)
    return figures


def percentile(values, share):
    """By linear interpolation between the two nearest ranks; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def count_messages(passages, messages, answers, before, after, *, double):
    """(sent, arrived, observable, opened, answered, median, p90), delays in seconds."""
    chosen = [
        message
        for message in messages
        if message.double is double
        and any(
            passage.patient == message.patient and around(passage, message.at, before, after) for passage in passages
        )
    ]
    arrived = [message for message in chosen if message.outcome == "delivered"]
    delays = []
    for message in arrived:
        later = [at for conversation, at in answers if conversation == message.conversation and at > message.at]
        if message.conversation is not None and later:
            delays.append((min(later) - message.at).total_seconds())
    opened = sum(message.read_at is not None for message in arrived)
    return (
        len(chosen), len(arrived), len(arrived), opened, len(delays), percentile(delays, 0.5), percentile(delays, 0.9),
    )  # fmt: skip


def count_letters(passages, letters, before, after):
    """The same seven figures for what patients wrote."""
    chosen = [
        letter
        for letter in letters
        if any(passage.patient == letter.patient and around(passage, letter.at, before, after) for passage in passages)
    ]
    arrived = [letter for letter in chosen if not letter.failed]
    hosted = [letter for letter in arrived if letter.hosted]
    delays = [(letter.answered_at - letter.at).total_seconds() for letter in arrived if letter.answered_at]
    opened = sum(letter.seen or letter.answered_at is not None for letter in hosted)
    return (
        len(chosen), len(arrived), len(hosted), opened, len(delays), percentile(delays, 0.5), percentile(delays, 0.9),
    )  # fmt: skip
