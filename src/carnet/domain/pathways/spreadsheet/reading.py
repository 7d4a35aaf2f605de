"""A spreadsheet file as rows of named cells: the kind of file, the header, the columns, the lines and their faults.

The header is the first line, within the first ten, that names every column that is needed: extracts often put a title
above. What is wrong with a cell stays with its line; only what concerns the whole file refuses it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from carnet.domain.pathways.merge import KNOWN_COLUMNS, column_name
from carnet.domain.pathways.spreadsheet.cells import clean
from carnet.domain.pathways.spreadsheet.csv_text import SEPARATORS, decode_text, records, separator_hint
from carnet.domain.pathways.spreadsheet.files import (
    MAX_BYTES,
    MAX_CHARACTERS,
    MAX_COLUMNS,
    BadFile,
    FileProblem,
    RawRow,
    column_letter,
)
from carnet.domain.pathways.spreadsheet.xlsx_reading import open_workbook
from carnet.domain.pathways.values import MAX_LINES, LineReason, SheetRow

_HEADER_WITHIN: Final = 10
_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file: its letter, its heading as written, the name of its cells, and whether Carnet knows it."""

    letter: str
    heading: str
    name: str
    known: bool


@dataclass(frozen=True, slots=True)
class SheetFile:
    """What was read. `unnamed`: letters of columns without a heading, which are left out. `hidden`: how many of the
    lines the spreadsheet does not show (filtered or hidden); they are read as the others."""

    columns: tuple[Column, ...]
    rows: tuple[SheetRow, ...]
    unnamed: tuple[str, ...] = ()
    hidden: int = 0
    sheet: str = ""
    other_sheets: int = 0


def read_sheet_file(content: bytes, required: Collection[str] = ("ins",), *, most: int = MAX_LINES) -> SheetFile:
    """Read CSV or XLSX, told apart by content. Raises `BadFile`.

    1. A zip is XLSX: the first sheet that is not hidden. Anything else is text: UTF-8, UTF-16 with its mark, cp1252.
    2. The separator is the one that a first line `sep=;` names, else the one among `;` `,` and tab that gives every
       column of `required` (canonical names), and most columns.
    3. Headings are matched without regard to case, accents and spaces: `N° de séjour` is `numero_sejour`.
    4. At most `most` lines; lines without any text are nothing, but count in the numbers.
    """
    if not content.strip():
        raise BadFile(FileProblem.EMPTY)
    if len(content) > MAX_BYTES:
        raise BadFile(FileProblem.TOO_BIG)
    if content.startswith(_OLE):
        raise BadFile(FileProblem.OLD_EXCEL)
    if content.startswith(b"%PDF"):
        raise BadFile(FileProblem.OTHER_FORMAT)
    if content.startswith(_ZIP):
        book = open_workbook(content)
        rows = _bounded(book.rows, most)
        start, columns = _header(rows, required)
        return _table(rows, start, columns, sheet=book.sheet, other_sheets=book.other_sheets)
    rows, start, columns = _csv(decode_text(content), required, most)
    return _table(rows, start, columns, every_cell=True)


def _bounded(rows: Iterable[RawRow], most: int) -> list[RawRow]:
    found = list(islice(rows, most + _HEADER_WITHIN + 1))
    if not found:
        raise BadFile(FileProblem.EMPTY)
    if len(found) > most + _HEADER_WITHIN:
        raise BadFile(FileProblem.TOO_MANY_LINES)
    return found


def _csv(text: str, required: Collection[str], most: int) -> tuple[list[RawRow], int, list[Column | None]]:
    hinted, line = separator_hint(text)
    shift = 1 if line else 0
    text = text[len(line) :]

    def raw(separator: str, strict: bool) -> Iterator[RawRow]:
        return (RawRow(number + shift, cells) for number, cells in records(text, separator, strict=strict))

    best: tuple[int, str] | None = None
    wrong: BadFile | None = None
    for separator in (hinted,) if hinted in SEPARATORS else SEPARATORS:
        try:
            _, columns = _header(list(islice(raw(separator, strict=False), _HEADER_WITHIN)), required)
        except BadFile as problem:
            if wrong is None or _tells_more(problem, wrong):
                wrong = problem
            continue
        if best is None or len(columns) > best[0]:
            best = (len(columns), separator)
    if best is None:
        raise wrong or BadFile(FileProblem.EMPTY)
    rows = _bounded(raw(best[1], strict=True), most)
    start, columns = _header(rows, required)
    return rows, start, columns


def _tells_more(one: BadFile, other: BadFile) -> bool:
    """Of two separators that both fail: the one that finds the columns, or more of them, is the file's."""
    missing = FileProblem.COLUMN_MISSING
    return other.problem is missing and (one.problem is not missing or len(one.columns) < len(other.columns))


def _header(rows: list[RawRow], required: Collection[str]) -> tuple[int, list[Column | None]]:
    """The place of the header among the lines, and its columns (None for one without a heading)."""
    fewest: tuple[str, ...] | None = None
    for place, row in enumerate(rows[:_HEADER_WITHIN]):
        if len(row.cells) > MAX_COLUMNS:
            raise BadFile(FileProblem.TOO_MANY_COLUMNS, line=row.number)
        columns = [_column(place, heading) for place, heading in enumerate(row.cells)]
        names = [column.name for column in columns if column]
        missing = tuple(name for name in required if name not in names)
        if not missing:
            _refuse_twice(columns, row.number)
            return place, columns
        if fewest is None or len(missing) < len(fewest):
            fewest = missing
    raise BadFile(FileProblem.COLUMN_MISSING, columns=fewest or tuple(required))


_SMALL_WORDS: Final = frozenset({"de", "du", "des", "d", "le", "la", "l", "patient"})
_SAID_AS: Final = {"n": "numero", "no": "numero", "num": "numero"}
_BY_HEADING: Mapping[str, str] = {
    heading: name for name, headings in KNOWN_COLUMNS.items() for heading in (name, *headings)
}


def _column(place: int, written: str) -> Column | None:
    heading = clean(written)
    plain = "" if isinstance(heading, LineReason) else column_name(heading)
    if not plain:
        return None
    # "N° du séjour", "numéro de séjour" and "numero sejour" are one heading.
    words = [_SAID_AS.get(word, word) for word in plain.split("_") if word not in _SMALL_WORDS]
    name = _BY_HEADING.get(plain) or _BY_HEADING.get("_".join(words))
    return Column(column_letter(place), " ".join(str(heading).split()), name or plain, name is not None)


def _refuse_twice(columns: list[Column | None], line: int) -> None:
    letters: dict[str, list[str]] = {}
    for column in columns:
        if column:
            letters.setdefault(column.name, []).append(column.letter)
    for twice in letters.values():
        if len(twice) > 1:
            raise BadFile(FileProblem.COLUMN_TWICE, line=line, columns=tuple(twice))


def _table(
    rows: list[RawRow],
    start: int,
    columns: list[Column | None],
    *,
    every_cell: bool = False,
    sheet: str = "",
    other_sheets: int = 0,
) -> SheetFile:
    body = rows[start + 1 :]
    if sum(len(cell) for row in body for cell in row.cells) > MAX_CHARACTERS:
        raise BadFile(FileProblem.TOO_BIG)
    widest = len(columns) if every_cell else MAX_COLUMNS
    used = {place for row in body for place, cell in enumerate(row.cells[:widest]) if cell.strip()}
    return SheetFile(
        columns=tuple(column for column in columns if column),
        rows=tuple(_named(row, columns, every_cell) for row in body),
        unnamed=tuple(
            column_letter(place) for place in sorted(used) if place >= len(columns) or columns[place] is None
        ),
        hidden=sum(row.hidden for row in body),
        sheet=sheet,
        other_sheets=other_sheets,
    )


def _named(row: RawRow, columns: list[Column | None], every_cell: bool) -> SheetRow:
    """The cells by the names of their columns. In CSV (`every_cell`) a line has as many as the header: another number
    says that a separator stands inside a text, and that what follows is in the wrong column."""
    faults: list[tuple[str, LineReason]] = []
    beyond = any(cell.strip() for cell in row.cells[len(columns) :])
    if every_cell and (beyond or len(row.cells) < len(columns)):
        faults.append(("", LineReason.WRONG_WIDTH))
    cells: dict[str, str] = {}
    for place, column in enumerate(columns):
        if column is None:
            continue
        fault = row.faults.get(place)
        read = fault or clean(row.cells[place] if place < len(row.cells) else "")
        if isinstance(read, LineReason):
            faults.append((column.name, read))
            read = ""
        cells[column.name] = read
    return SheetRow(row.number, cells, tuple(faults))
