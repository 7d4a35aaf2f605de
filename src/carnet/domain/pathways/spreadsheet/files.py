"""What is wrong with a spreadsheet file as a whole, the bounds it is read within, and a line as it was found."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from carnet.domain.pathways.values import LineReason

MAX_BYTES: Final = 10_000_000
MAX_COLUMNS: Final = 100
MAX_CELL: Final = 4_000
"""The longest text of a cell, in characters."""
MAX_CHARACTERS: Final = 20_000_000
"""Of all cells together: a workbook writes a text once, and any number of its cells may refer to it."""


class FileProblem(StrEnum):
    """Why a file was not read."""

    EMPTY = "empty"
    TOO_BIG = "too-big"
    NOT_TEXT = "not-text"
    NOT_CSV = "not-csv"
    OLD_EXCEL = "old-excel"
    OTHER_FORMAT = "other-format"
    DAMAGED = "damaged"
    NO_SHEET = "no-sheet"
    TOO_MANY_LINES = "too-many-lines"
    TOO_MANY_COLUMNS = "too-many-columns"
    COLUMN_MISSING = "column-missing"
    COLUMN_TWICE = "column-twice"


_SENTENCES: Final = {
    FileProblem.EMPTY: "the file holds nothing",
    FileProblem.TOO_BIG: "the file is too large",
    FileProblem.NOT_TEXT: "the file is neither UTF-8, UTF-16 nor cp1252 text",
    FileProblem.NOT_CSV: "not CSV",
    FileProblem.OLD_EXCEL: "an old Excel file (.xls) or one with a password",
    FileProblem.OTHER_FORMAT: "neither CSV nor XLSX",
    FileProblem.DAMAGED: "the spreadsheet is damaged or holds more than is accepted",
    FileProblem.NO_SHEET: "no sheet that can be read",
    FileProblem.TOO_MANY_LINES: "too many lines",
    FileProblem.TOO_MANY_COLUMNS: "too many columns",
    FileProblem.COLUMN_MISSING: "no line names the columns that are needed",
    FileProblem.COLUMN_TWICE: "two columns have the same name",
}


class BadFile(ValueError):
    """A file that cannot be read as a table. `line` is 0 when it is not about one; `columns` are canonical names
    (missing) or letters (twice). Nothing that a cell holds is in the message."""

    def __init__(self, problem: FileProblem, line: int = 0, columns: tuple[str, ...] = ()) -> None:
        self.problem = problem
        self.line = line
        self.columns = columns
        where = f"line {line}: " if line else ""
        which = f" ({', '.join(columns)})" if columns else ""
        super().__init__(f"{where}{_SENTENCES[problem]}{which}")


@dataclass(slots=True)
class RawRow:
    """One line that holds something: its number as a person sees it, its cells, and the faults by place."""

    number: int
    cells: list[str]
    faults: dict[int, LineReason] = field(default_factory=dict)
    hidden: bool = False


def column_letter(place: int) -> str:
    """The letter that a spreadsheet gives to a column: A for 0, AA for 26."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
