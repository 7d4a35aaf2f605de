"""A benchmark's result: a table for a person, JSON for a program, and the statistics behind both."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One measured quantity: the median of the rounds, and percentiles of single operations where they were timed."""

    value: float
    unit: str
    p50_ms: float | None = None
    p99_ms: float | None = None


@dataclass(frozen=True)
class Report:
    """``ratios`` compare two figures of the same run; a ratio whose peer did not run is left out."""

    bench: str
    machine: Mapping[str, Any]
    figures: Mapping[str, Figure] = field(default_factory=dict)
    ratios: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> bytes:
        """``{"bench", "machine", "figures": {name: {"value", "unit", "p50_ms", "p99_ms"}}, "ratios": {name: n}}``."""
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    def write(self, path: Path) -> None:
        path.write_bytes(self.to_json())

    def show(self, console: Console) -> None:
        """Print the machine, the figures and the ratios."""
        console.print("  ".join(f"{name.replace('_', ' ')} {value}" for name, value in self.machine.items()))
        table = Table("figure", "value", "unit", "p50 ms", "p99 ms", title=f"carnet bench {self.bench}")
        for column in table.columns[1:]:
            column.justify = "right"
        for name, figure in self.figures.items():
            table.add_row(name, _number(figure.value), figure.unit, _number(figure.p50_ms), _number(figure.p99_ms))
        console.print(table)
        for name, ratio in self.ratios.items():
            console.print(f"{name}: {ratio:.2f}×", style="bold", highlight=False)


def figure(values: Sequence[float], unit: str, milliseconds: Sequence[float] = ()) -> Figure:
    """The median of the rounds' ``values``, with percentiles of all the operations that were timed one by one."""
    return Figure(
        round(statistics.median(values), 2),
        unit,
        round(percentile(milliseconds, 50), 2) if milliseconds else None,
        round(percentile(milliseconds, 99), 2) if milliseconds else None,
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that ``percent`` of the values do not exceed, between two neighbours in proportion.

    Raises ``ValueError`` when there is none.
    """
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def ratio(ours: Figure, theirs: Figure) -> float:
    """How many times the peer's figure ours is."""
    return round(ours.value / theirs.value, 2)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"
