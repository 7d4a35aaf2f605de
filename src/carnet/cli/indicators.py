"""`carnet indicators`: an establishment's usage indicators, from its list of patients and the evidence kept here."""

import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

from carnet.cli import indicator_reports
from carnet.domain.identity.values import Finess, InvalidNumber
from carnet.domain.indicators.cohort import BadCohort, read_cohort_file
from carnet.domain.indicators.engine import AnalyticsMissing
from carnet.domain.indicators.values import (
    BadLine,
    InvalidMonth,
    InvalidWindow,
    Month,
    P108Report,
    PilotReport,
    Target,
    Window,
)

if TYPE_CHECKING:
    from carnet.domain.indicators.queries import Question

_SHOWN_BAD_LINES = 20
Report = TypeVar("Report", P108Report, PilotReport)

app = typer.Typer(
    name="indicators",
    help="Usage indicators of an establishment, computed from the evidence of what was sent, opened and answered.",
    no_args_is_help=True,
)


class Funded(StrEnum):
    """Whether SUN-ES finances the establishment."""

    YES = "yes"
    NO = "no"


class Format(StrEnum):
    """How a report is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


FinessOption = Annotated[
    str, typer.Option("--finess", help="FINESS of the establishment; a juridical one covers all its sites.")
]
MonthOption = Annotated[str, typer.Option("--month", help="Reference month, as 2026-10.")]
CohortOption = Annotated[
    Path, typer.Option("--cohort", help="CSV of the month's passages: ins, pathway, kind, stay_start, stay_end.")
]
FormatOption = Annotated[Format, typer.Option("--format", help="How the report is written.")]
OutputOption = Annotated[Path | None, typer.Option("--output", help="File to write; by default the terminal.")]
SkipOption = Annotated[
    bool, typer.Option("--skip-bad-lines", help="Compute without the lines that cannot be used, and say how many.")
]


@app.command("p1-08")
def p1_08(
    finess: FinessOption,
    funded: Annotated[Funded, typer.Option("--funded", help="Financed by SUN-ES: target of 70 %, else 50 %.")],
    month: MonthOption,
    cohort: CohortOption,
    form: FormatOption = Format.TABLE,
    output: OutputOption = None,
    skip_bad_lines: SkipOption = False,
) -> None:
    """P1.08 of HOP'EN 2: eligible patients of the month to whom the establishment sent a message, by pathway."""
    target = Target.of(funded=funded is Funded.YES)

    def ask(question: "Question") -> P108Report:
        from carnet.domain.indicators import queries

        return queries.p1_08(question, target)

    report = _ask(ask, finess, month, cohort, skip_bad_lines)
    _write(form, output, cohort, report)


@app.command("pilot")
def pilot(
    finess: FinessOption,
    month: MonthOption,
    cohort: CohortOption,
    form: FormatOption = Format.TABLE,
    output: OutputOption = None,
    skip_bad_lines: SkipOption = False,
) -> None:
    """Figures of the 2021 pilot: patients contacted before their stay, opening and delay to answer, both ways."""

    def ask(question: "Question") -> PilotReport:
        from carnet.domain.indicators import queries

        return queries.pilot(question)

    report = _ask(ask, finess, month, cohort, skip_bad_lines)
    _write(form, output, cohort, report)


def _ask(
    ask: Callable[["Question"], Report], finess: str, month: str, cohort_file: Path, skip_bad_lines: bool
) -> Report:
    """Read the options and the list, then ask. Each problem ends the command with one clear sentence."""
    number, reference = _finess(finess), _month(month)
    with _database():
        from django.conf import settings
        from django.db import OperationalError

        from carnet.domain.indicators.queries import Question, RefusedIdentities, UnknownFiness
        from carnet.foundation.clock import now

        try:
            window = Window(settings.CARNET_INDICATOR_DAYS_BEFORE, settings.CARNET_INDICATOR_DAYS_AFTER)
            listed = read_cohort_file(cohort_file, production=settings.CARNET_PRODUCTION)
            if listed.bad and not skip_bad_lines:
                _fail_on_lines(listed.bad, "Correct them, or leave them out with --skip-bad-lines.")
            return ask(Question(number, reference, listed, window, settings.CARNET_PRODUCTION, now()))
        except InvalidWindow as error:
            _fail(f"CARNET_INDICATOR_DAYS_BEFORE, CARNET_INDICATOR_DAYS_AFTER: {error}")
        except BadCohort as error:
            _fail(f"The list of patients cannot be read: {error}.")
        except RefusedIdentities as error:
            _fail_on_lines(error.lines, "Nothing was computed.")
        except (AnalyticsMissing, UnknownFiness) as error:
            _fail(f"{error}.")
        except OperationalError:
            _fail("The database does not answer: start Carnet, or name a running one in CARNET_DATABASE_URL.")


def _database() -> AbstractContextManager[None]:
    """The installation's database, unless the caller has set Django up already."""
    from django.apps import apps

    if apps.ready:
        return nullcontext()
    from carnet.cli.installation import installation

    return installation()


def _finess(text: str) -> Finess:
    try:
        return Finess.parse(text)
    except InvalidNumber as error:
        raise typer.BadParameter(str(error), param_hint="--finess") from None


def _month(text: str) -> Month:
    try:
        return Month.parse(text)
    except InvalidMonth as error:
        raise typer.BadParameter(str(error), param_hint="--month") from None


def _write(form: Format, output: Path | None, cohort: Path, report: P108Report | PilotReport) -> None:
    """Render to the terminal, or to a file that only its owner reads."""
    if output is None:
        if form is Format.TABLE:
            indicator_reports.print_table(report)
            return
        typer.echo(_text(form, report), nl=False)
        if form is Format.CSV:
            for sentence in indicator_reports.sentences(report.basis):
                typer.echo(sentence, err=True)
        return
    try:
        if output.exists() and output.samefile(cohort):
            _fail("--output names the list of patients itself: choose another file.")
        handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(handle, "w", encoding="utf-8", newline="") as file:
            file.write(_text(form, report))
    except OSError as error:
        _fail(f"{output}: {error.strerror}.")


def _text(form: Format, report: P108Report | PilotReport) -> str:
    if form is Format.JSON:
        return indicator_reports.as_json(report)
    if form is Format.CSV:
        return indicator_reports.as_csv(report)
    return indicator_reports.as_plain_table(report)


def _fail_on_lines(lines: Iterable[BadLine], ending: str) -> NoReturn:
    found = list(lines)
    for line in found[:_SHOWN_BAD_LINES]:
        typer.echo(f"line {line.number}: {line.reason}", err=True)
    if len(found) > _SHOWN_BAD_LINES:
        typer.echo(f"… and {len(found) - _SHOWN_BAD_LINES} more", err=True)
    _fail(f"{len(found)} line{'s' if len(found) > 1 else ''} of the list cannot be used. {ending}")


def _fail(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)
