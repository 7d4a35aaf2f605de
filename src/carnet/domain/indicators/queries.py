"""The indicators, asked by an establishment about one month and its own list of patients.

Aggregates only: no figure says anything about one patient, and what is read of a space never leaves this room.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q

from carnet.domain.directory.models import Mailbox
from carnet.domain.identity.models import Organization, Person
from carnet.domain.identity.values import Finess, Ins, InsOid
from carnet.domain.indicators import engine, rules
from carnet.domain.indicators.values import (
    BadLine,
    Basis,
    Cohort,
    CohortLine,
    Contacted,
    Establishment,
    Exchange,
    Month,
    Notice,
    P108Report,
    PilotReport,
    Reach,
    Scope,
    Site,
    Target,
    Window,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from carnet.domain.indicators.extracts import Bounds

_AT_ONCE = 5_000
_NOBODY = {"eligible": 0, "sent": 0, "delivered": 0, "refused_only": 0, "double_only": 0}


class UnknownFiness(Exception):
    """The directory knows no establishment of this number; the message names it."""


class RefusedIdentities(Exception):
    """The list holds identities that this mode of Carnet refuses; `lines` says which."""

    def __init__(self, lines: tuple[BadLine, ...]) -> None:
        super().__init__(f"{len(lines)} lines hold identities that this mode refuses")
        self.lines = lines


@dataclass(frozen=True, slots=True)
class Question:
    """What an indicator is asked: whose mailboxes, which month, about whom, in which window.

    `production`: real identities only; without it, test and demonstration ones only. `now`: when it is asked, UTC.
    """

    finess: Finess
    month: Month
    cohort: Cohort
    window: Window
    production: bool
    now: datetime


def p1_08(question: Question, target: Target, *, backend: Any = None) -> P108Report:
    """P1.08: the eligible patients of the month and those to whom the establishment wrote, by pathway and in all.

    `backend`: an ibis backend; DuckDB in memory by default. Raises `AnalyticsMissing`, `UnknownFiness`,
    `RefusedIdentities`.
    """
    engine.require()
    from carnet.domain.indicators import extracts, p108

    asked = _Asked(question)
    expression = p108.figures(asked.stays(), extracts.dispatches(asked.bounds()))
    found = _by_pathway(asked, engine.rows(backend or engine.duckdb(), expression))
    figures = {name: rules.reach(name, target, **counts) for name, counts in found.items()}
    pathways = tuple(figure for name, figure in figures.items() if name is not None)
    return P108Report(asked.basis(figures.values()), target, pathways, figures[None])


def pilot(question: Question, *, backend: Any = None) -> PilotReport:
    """The pilot's figures: patients contacted before their stay, opening and delay to answer in both directions.

    About the messages in the window of an eligible stay or consultation. `backend` and errors as in `p1_08`.
    """
    engine.require()
    from carnet.domain.indicators import extracts
    from carnet.domain.indicators import pilot as expressions

    asked = _Asked(question)
    stays, bounds, computing = asked.stays(), asked.bounds(), backend or engine.duckdb()
    dispatches = extracts.dispatches(bounds)
    counted = _by_pathway(asked, engine.rows(computing, expressions.contacted_before(stays, dispatches)))
    before = {
        name: rules.contacted(
            name,
            eligible=counts["eligible"],
            sent=counts["sent"],
            delivered=counts["delivered"],
            double_only=counts["double_only"],
        )
        for name, counts in counted.items()
    }
    rows = engine.rows(computing, expressions.to_patients(stays, dispatches, extracts.answers(bounds)))
    written = {row.pop("double"): _exchange(row) for row in rows}
    (letters,) = engine.rows(computing, expressions.from_patients(stays, extracts.letters(bounds)))
    to_patients, doubles = written.get(False) or _exchange({}), written.get(True) or _exchange({})
    from_patients = _exchange(letters)
    return PilotReport(
        basis=asked.basis([*before.values(), to_patients, doubles, from_patients]),
        contacted_before=tuple(figure for name, figure in before.items() if name is not None),
        contacted_before_all=before[None],
        to_patients=to_patients,
        automatic_doubles=doubles,
        from_patients=from_patients,
    )


def establishment(finess: Finess) -> Establishment:
    """The sites that this number covers: its own, and those of which it is the juridical entity.

    Raises `UnknownFiness`.
    """
    found = (
        Organization.objects.filter(Q(finess=finess) | Q(finess_ej=finess))
        .annotate(mailboxes=Count("mailbox"))
        .order_by("finess")
    )
    sites, scope = [], Scope.GEOGRAPHIC
    for organization in found:
        sites.append(Site(organization.finess, organization.name, organization.mailboxes))
        if organization.finess_ej == finess:
            scope = Scope.JURIDICAL
    if not sites:
        raise UnknownFiness(f"FINESS {finess}: no establishment of this number in the directory")
    return Establishment(str(finess), scope, tuple(sites))


class _Asked:
    """A question with what it finds in the directory: checked once, then asked for its tables."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.establishment = establishment(question.finess)
        self.unknown_patients = _count_unknown(question)
        self.lines: tuple[CohortLine, ...] = rules.eligible_lines(question.cohort, question.month)
        self.patients: tuple[Ins, ...] = tuple(dict.fromkeys(line.ins for line in self.lines))
        self.pathways: tuple[str, ...] = question.cohort.pathways

    def stays(self) -> "pa.Table":
        from carnet.domain.indicators import extracts

        return extracts.stays(self.lines, self.question.window, self.patients, self.pathways)

    def bounds(self) -> "Bounds":
        """From the first window's opening to the last one's closing."""
        from carnet.domain.indicators.extracts import Bounds

        window = self.question.window
        first = min((line.start for line in self.lines), default=self.question.month.first_day)
        last = max((line.last_day for line in self.lines), default=self.question.month.first_day)
        sites = [site.finess for site in self.establishment.sites]
        return Bounds(
            mailboxes=list(Mailbox.objects.filter(organization_id__in=sites).values_list("id", flat=True)),
            since=rules.day_starts(first - timedelta(days=window.days_before)),
            until=rules.day_starts(last + timedelta(days=window.days_after + 1)),
            patients=self.patients,
        )

    def basis(self, figures: Iterable[Reach | Contacted | Exchange]) -> Basis:
        question = self.question
        counts = rules.count_lines(question.cohort, question.month)
        complete_on = rules.complete_on(question.month, question.window)
        known = {
            Notice.PROVISIONAL: question.now < rules.day_starts(complete_on),
            Notice.NO_MAILBOX: not self.establishment.mailboxes,
            Notice.NO_ELIGIBLE_PATIENT: not self.patients,
            Notice.BAD_LINES_SKIPPED: bool(counts.bad),
            Notice.DUPLICATES_IGNORED: bool(counts.duplicates),
            Notice.UNKNOWN_PATIENTS: bool(self.unknown_patients),
            Notice.SMALL_CELLS: any(rules.has_small_cells(figure.counts()) for figure in figures),
        }
        return Basis(
            establishment=self.establishment,
            month=question.month,
            window=question.window,
            computed_at=question.now.astimezone(UTC),
            complete_on=complete_on,
            cohort=counts,
            unknown_patients=self.unknown_patients,
            notices=tuple(notice for notice, holds in known.items() if holds),
        )


def _count_unknown(question: Question) -> int:
    """How many patients of the list Carnet has never heard of; raises `RefusedIdentities`.

    A number alone does not tell whether it names somebody: the authority does, when Carnet knows the person.
    """
    listed = sorted({line.ins for line in question.cohort.lines})
    authorities: dict[str, str] = {}
    for start in range(0, len(listed), _AT_ONCE):
        known = Person.objects.filter(ins__in=listed[start : start + _AT_ONCE])
        authorities.update(known.values_list("ins", "oid"))
    allowed = {oid.value for oid in InsOid if oid.is_test is not question.production}
    kind = "a test identity, refused in production" if question.production else "a real identity, refused here"
    refused = tuple(
        BadLine(line.number, f"ins: {kind}")
        for line in question.cohort.lines
        if line.ins in authorities and authorities[line.ins] not in allowed
    )
    if refused:
        raise RefusedIdentities(refused)
    return len(listed) - len(authorities)


def _by_pathway(asked: _Asked, rows: list[dict[str, Any]]) -> dict[str | None, dict[str, int]]:
    """The counts of each pathway of the list, zero where nobody is eligible, then of all (None)."""
    found = {row.pop("pathway"): row for row in rows}
    by_name: dict[str | None, dict[str, int]] = {
        name: found.get(number, dict(_NOBODY)) for number, name in enumerate(asked.pathways)
    }
    by_name[None] = found.get(None, dict(_NOBODY))
    return by_name


def _exchange(row: dict[str, Any]) -> Exchange:
    """An aggregate over no message at all gives nulls, or no row."""
    return rules.exchange(
        sent=row.get("sent") or 0,
        arrived=row.get("arrived") or 0,
        observable=row.get("observable") or 0,
        opened=row.get("opened") or 0,
        answered=row.get("answered") or 0,
        median_answer=row.get("median_answer"),
        p90_answer=row.get("p90_answer"),
    )
