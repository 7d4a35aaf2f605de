"""What an indicator is asked about and what it answers: month, cohort, window, target, figures."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Self

from carnet.domain.identity.values import Ins

MOST_DAYS = 366
# The rule for what may leave the national health data system (SNDS): no count of 1 to 10 people, lest one be known.
SMALL_CELL = 11


class InvalidMonth(ValueError):
    """A text that is not a month."""


class InvalidWindow(ValueError):
    """A number of days that makes no window; the message names which."""


class StayKind(StrEnum):
    """What brought the patient: a stay, a consultation, or a passage in the emergency department."""

    STAY = "stay"
    CONSULTATION = "consultation"
    EMERGENCY = "emergency"


@dataclass(frozen=True, order=True, slots=True)
class Month:
    """The reference month of an indicator, in days of the calendar of Europe/Paris."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2026-10`; raises `InvalidMonth`."""
        match = re.fullmatch(r"((?:19|20)[0-9]{2})-(0[1-9]|1[0-2])", text.strip())
        if match is None:
            raise InvalidMonth("a month is written year-month, as 2026-10")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def last_day(self) -> date:
        after = date(self.year + 1, 1, 1) if self.month == 12 else date(self.year, self.month + 1, 1)
        return after - timedelta(days=1)

    def holds(self, day: date) -> bool:
        return (day.year, day.month) == (self.year, self.month)


@dataclass(frozen=True, slots=True)
class Window:
    """The whole days around a stay in which a message counts; both ends included."""

    days_before: int
    days_after: int

    def __post_init__(self) -> None:
        for name, days in (("days before", self.days_before), ("days after", self.days_after)):
            if not 0 <= days <= MOST_DAYS:
                raise InvalidWindow(f"{name} a stay: from 0 to {MOST_DAYS} are possible, {days} is not")


@dataclass(frozen=True, slots=True)
class Target:
    """The share to reach, in per cent: 70 for an establishment financed by SUN-ES, else 50 (HOP'EN 2, P1.08)."""

    percent: int

    @classmethod
    def of(cls, *, funded: bool) -> Self:
        return cls(70 if funded else 50)


@dataclass(frozen=True, slots=True)
class CohortLine:
    """One line of the establishment's list: somebody came, for this pathway. `end` is None while a stay is open."""

    number: int
    ins: Ins
    pathway: str
    kind: StayKind
    start: date
    end: date | None

    @property
    def last_day(self) -> date:
        """The last day of what is over; of a consultation, its day."""
        return self.start if self.end is None else self.end


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line of the list that cannot be used: its number in the file, and why, without quoting it."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Cohort:
    """The establishment's list: the lines that can be used, the bad ones, and how many said the same twice."""

    lines: tuple[CohortLine, ...]
    bad: tuple[BadLine, ...] = ()
    duplicates: int = 0

    @property
    def pathways(self) -> tuple[str, ...]:
        """Each pathway once, in the order of the file; emergencies have none."""
        return tuple(dict.fromkeys(line.pathway for line in self.lines if line.pathway))


class Standing(StrEnum):
    """Whether a line of the list makes its patient eligible in the month, and if not, why."""

    ELIGIBLE = "eligible"
    EMERGENCY = "emergency"
    OPEN = "open"
    OTHER_MONTH = "other-month"


@dataclass(frozen=True, slots=True)
class CohortCounts:
    """What became of the lines of the list. `patients`: distinct patients eligible in the month."""

    lines: int
    eligible: int
    emergencies: int
    open_stays: int
    other_months: int
    duplicates: int
    bad: int
    patients: int


class Scope(StrEnum):
    """What the FINESS number names: one site, or the juridical entity with all its sites."""

    GEOGRAPHIC = "geographic"
    JURIDICAL = "juridical"


@dataclass(frozen=True, slots=True)
class Site:
    """A geographic establishment and the number of mailboxes attached to it, whatever their state."""

    finess: str
    name: str
    mailboxes: int


@dataclass(frozen=True, slots=True)
class Establishment:
    finess: str
    scope: Scope
    sites: tuple[Site, ...]

    @property
    def mailboxes(self) -> int:
        return sum(site.mailboxes for site in self.sites)


class Notice(StrEnum):
    """What the reader of a figure must know; each has a sentence where the figures are shown."""

    PROVISIONAL = "provisional"
    NO_MAILBOX = "no-mailbox"
    NO_ELIGIBLE_PATIENT = "no-eligible-patient"
    BAD_LINES_SKIPPED = "bad-lines-skipped"
    DUPLICATES_IGNORED = "duplicates-ignored"
    UNKNOWN_PATIENTS = "unknown-patients"
    SMALL_CELLS = "small-cells"


@dataclass(frozen=True, slots=True)
class Basis:
    """What the figures of a report rest on. `complete_on`: the first day when every window of the month is over."""

    establishment: Establishment
    month: Month
    window: Window
    computed_at: datetime
    complete_on: date
    cohort: CohortCounts
    unknown_patients: int
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """Patients of one pathway, or of all (`pathway` None).

    `sent`: at least one message of substance was written to them, whatever became of it. `delivered`: at least one
    arrived in their space. `refused_only`: all of them were refused. `double_only`: nothing but automatic doubles of
    documents. The rates are shares of `eligible`, None where that is 0.
    """

    pathway: str | None
    eligible: int
    sent: int
    delivered: int
    refused_only: int
    double_only: int
    rate_sent: float | None
    rate_delivered: float | None
    rate_with_doubles: float | None
    target_reached: bool | None
    target_reached_delivered: bool | None

    def counts(self) -> Iterator[int]:
        yield from (self.eligible, self.sent, self.delivered, self.refused_only, self.double_only)


@dataclass(frozen=True, slots=True)
class P108Report:
    """P1.08 of HOP'EN 2: patients written to, by pathway and in all."""

    basis: Basis
    target: Target
    pathways: tuple[Reach, ...]
    all: Reach


@dataclass(frozen=True, slots=True)
class Contacted:
    """Patients with a closed stay, of one pathway or of all (`pathway` None), and those written to before it began."""

    pathway: str | None
    eligible: int
    sent: int
    delivered: int
    double_only: int
    rate_sent: float | None
    rate_delivered: float | None

    def counts(self) -> Iterator[int]:
        yield from (self.eligible, self.sent, self.delivered, self.double_only)


@dataclass(frozen=True, slots=True)
class Exchange:
    """Messages of one direction: how many arrived, were opened, were answered, and after how long.

    `observable` are the arrived ones whose reading leaves evidence here: the rate of opening is a share of these, that
    of answers a share of the arrived. Delays in seconds, from the sending to the first answer; None without answers.
    """

    sent: int
    arrived: int
    observable: int
    opened: int
    answered: int
    rate_opened: float | None
    rate_answered: float | None
    median_answer_seconds: float | None
    p90_answer_seconds: float | None

    def counts(self) -> Iterator[int]:
        yield from (self.sent, self.arrived, self.observable, self.opened, self.answered)


@dataclass(frozen=True, slots=True)
class PilotReport:
    """The figures of the 2021 pilot. Automatic doubles of documents are counted apart from messages of substance."""

    basis: Basis
    contacted_before: tuple[Contacted, ...]
    contacted_before_all: Contacted
    to_patients: Exchange
    automatic_doubles: Exchange
    from_patients: Exchange
