"""The reports of the indicators as JSON, CSV and tables; `docs/indicators.md` describes each field."""

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from carnet.domain.indicators.values import (
    SMALL_CELL,
    Basis,
    Contacted,
    Exchange,
    Notice,
    P108Report,
    PilotReport,
    Reach,
    Scope,
)

SCHEMA_VERSION = 1
_WIDTH = 130  # of a table written to a file or through a pipe
_DECIMALS = 6

_SENTENCES = {
    Notice.PROVISIONAL: "Provisional: the last window closes as {complete_on} begins; answers may come later.",
    Notice.NO_MAILBOX: "No mailbox is attached to this FINESS in the directory: no message can be counted.",
    Notice.NO_ELIGIBLE_PATIENT: "The list holds no closed stay and no consultation of this month.",
    Notice.BAD_LINES_SKIPPED: "{bad} lines of the list could not be used and are left out.",
    Notice.DUPLICATES_IGNORED: "{duplicates} lines of the list repeat another one and are counted once.",
    Notice.UNKNOWN_PATIENTS: "{unknown} patients of the list are not known here; they count among the eligible.",
    Notice.SMALL_CELLS: "Some counts are of 1 to {most_small}: not to be published as they are.",
}


def as_json(report: P108Report | PilotReport) -> str:
    """The whole report; rates are shares from 0 to 1, delays are in seconds."""
    return json.dumps(as_data(report), ensure_ascii=False, indent=2) + "\n"


def as_data(report: P108Report | PilotReport) -> dict[str, Any]:
    """The report as plain values, in the shape that `as_json` writes."""
    if isinstance(report, P108Report):
        return {
            "indicator": "p1-08",
            **_basis(report.basis),
            "target_percent": report.target.percent,
            "pathways": [_figures(figure) for figure in report.pathways],
            "all": _figures(report.all),
        }
    return {
        "indicator": "pilot",
        **_basis(report.basis),
        "contacted_before": {
            "pathways": [_figures(figure) for figure in report.contacted_before],
            "all": _figures(report.contacted_before_all),
        },
        "to_patients": _figures(report.to_patients),
        "automatic_doubles": _figures(report.automatic_doubles),
        "from_patients": _figures(report.from_patients),
    }


def as_csv(report: P108Report | PilotReport) -> str:
    """One line a figure: comma between, point in decimals, `yes` and `no`, nothing where there is no value."""
    basis = report.basis
    common = {
        "finess": basis.establishment.finess,
        "scope": basis.establishment.scope.value,
        "month": str(basis.month),
        "days_before": basis.window.days_before,
        "days_after": basis.window.days_after,
    }
    if isinstance(report, P108Report):
        common = {"indicator": "p1-08", **common, "target_percent": report.target.percent}
        lines = [{**common, **_levelled(figure)} for figure in (*report.pathways, report.all)]
    else:
        common = {"indicator": "pilot", **common}
        lines = [{**common, "figure": name, **_levelled(figure)} for name, figure in _pilot_figures(report)]
    columns = list(dict.fromkeys(name for line in lines for name in line))
    written = io.StringIO()
    writer = csv.DictWriter(written, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in line.items()} for line in lines)
    return written.getvalue()


def print_table(report: P108Report | PilotReport) -> None:
    """The report on the terminal."""
    console = Console()
    _show(console if console.is_terminal else Console(width=_WIDTH), report)


def as_plain_table(report: P108Report | PilotReport) -> str:
    """The report as a table of plain text."""
    written = io.StringIO()
    _show(Console(file=written, width=_WIDTH, no_color=True, force_terminal=False), report)
    return written.getvalue()


def sentences(basis: Basis) -> Iterator[str]:
    """What the reader must know, in words."""
    for notice in basis.notices:
        yield _SENTENCES[notice].format(
            complete_on=basis.complete_on.isoformat(),
            bad=basis.cohort.bad,
            duplicates=basis.cohort.duplicates,
            unknown=basis.unknown_patients,
            most_small=SMALL_CELL - 1,
        )


def _basis(basis: Basis) -> dict[str, Any]:
    return {
        "schema": SCHEMA_VERSION,
        "establishment": {
            "finess": basis.establishment.finess,
            "scope": basis.establishment.scope.value,
            "sites": [asdict(site) for site in basis.establishment.sites],
        },
        "month": str(basis.month),
        "window": asdict(basis.window),
        "computed_at": basis.computed_at.isoformat(timespec="seconds"),
        "complete_on": basis.complete_on.isoformat(),
        "cohort": {**asdict(basis.cohort), "unknown_patients": basis.unknown_patients},
        "notices": [
            {"code": notice.value, "text": text} for notice, text in zip(basis.notices, sentences(basis), strict=True)
        ],
    }


def _figures(figure: Reach | Contacted | Exchange) -> dict[str, Any]:
    return {
        field.name: round(value, _DECIMALS) if isinstance(value := getattr(figure, field.name), float) else value
        for field in fields(figure)
    }


def _levelled(figure: Reach | Contacted | Exchange) -> dict[str, Any]:
    named = _figures(figure)
    pathway = named.pop("pathway", None)
    return {"level": "all" if pathway is None else "pathway", "pathway": pathway or "", **named}


def _pilot_figures(report: PilotReport) -> Iterator[tuple[str, Contacted | Exchange]]:
    for figure in (*report.contacted_before, report.contacted_before_all):
        yield "contacted-before", figure
    yield "to-patients", report.to_patients
    yield "automatic-doubles", report.automatic_doubles
    yield "from-patients", report.from_patients


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@")):
        return f"'{value}"  # a spreadsheet would compute it
    return value


def _show(console: Console, report: P108Report | PilotReport) -> None:
    basis = report.basis
    where, window = basis.establishment, basis.window
    juridical = where.scope is Scope.JURIDICAL
    sites = f", {len(where.sites)} sites" if juridical else ""
    title = "P1.08, messages to patients" if isinstance(report, P108Report) else "Pilot of the mail with patients"
    lines = [
        f"{title}: {basis.month}",
        f"FINESS {where.finess} ({where.scope.value}{sites}), {where.mailboxes} mailboxes",
        f"Window: {window.days_before} days before a stay to {window.days_after} after",
        f"{basis.cohort.patients} eligible patients ({basis.cohort.eligible} of {basis.cohort.lines} lines)",
    ]
    for line in lines:
        console.print(Text(line))
    if isinstance(report, P108Report):
        console.print(_reach_table(report))
    else:
        console.print(_contacted_table(report))
        console.print(_exchange_table(report))
    for sentence in sentences(basis):
        console.print(Text(f"* {sentence}"))


def _reach_table(report: P108Report) -> Table:
    percent = report.target.percent
    table = _table(
        "Pathway", "Eligible", "Sent", "Delivered", "Only refused", "Only doubles", "Sent %", "Delivered %",
        "Sent or double %", f"Target {percent} %",
    )  # fmt: skip
    for figure in (*report.pathways, report.all):
        table.add_row(
            *_texts(
                _pathway(figure), figure.eligible, figure.sent, figure.delivered, figure.refused_only,
                figure.double_only, _percent(figure.rate_sent), _percent(figure.rate_delivered),
                _percent(figure.rate_with_doubles), _mark(figure.target_reached),
            ),
        )  # fmt: skip
    return table


def _contacted_table(report: PilotReport) -> Table:
    table = _table(
        "Contacted before the stay", "Stays: patients", "Sent", "Delivered", "Only doubles", "Sent %", "Delivered %"
    )
    for figure in (*report.contacted_before, report.contacted_before_all):
        table.add_row(
            *_texts(
                _pathway(figure), figure.eligible, figure.sent, figure.delivered, figure.double_only,
                _percent(figure.rate_sent), _percent(figure.rate_delivered),
            )
        )  # fmt: skip
    return table


def _exchange_table(report: PilotReport) -> Table:
    table = _table(
        "Messages", "Sent", "Arrived", "Opened", "Opened %", "Answered", "Answered %", "Median answer", "90 % within"
    )
    named = {
        "To patients": report.to_patients,
        "Automatic doubles": report.automatic_doubles,
        "From patients": report.from_patients,
    }
    for name, figure in named.items():
        table.add_row(
            *_texts(
                name, figure.sent, figure.arrived, figure.opened, _percent(figure.rate_opened), figure.answered,
                _percent(figure.rate_answered), _delay(figure.median_answer_seconds),
                _delay(figure.p90_answer_seconds),
            )
        )  # fmt: skip
    return table


def _table(first: str, *others: str) -> Table:
    table = Table()
    table.add_column(first, overflow="fold")
    for name in others:
        table.add_column(name, justify="right")
    return table


def _texts(*values: Any) -> Iterable[Text]:
    """Plain texts: the name of a pathway is somebody's words, never markup."""
    return (Text(str(value)) for value in values)


def _pathway(figure: Reach | Contacted) -> str:
    return "All" if figure.pathway is None else figure.pathway


def _percent(rate: float | None) -> str:
    """To one decimal, cut and not rounded: what is shown as 70.0 % is 70 %."""
    return "–" if rate is None else f"{math.floor(round(1000 * rate, _DECIMALS)) / 10:.1f} %"


def _mark(reached: bool | None) -> str:
    return "–" if reached is None else "✓ reached" if reached else "✗ not reached"


def _delay(seconds: float | None) -> str:
    """A delay in its two largest units."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s"
