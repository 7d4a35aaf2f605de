"""The first sheet of an XLSX workbook (ECMA-376 part 1, SpreadsheetML), read line by line within bounds.

A zip from a stranger and XML from a stranger: both are read by the doors that the record has for them. Formulas are
never computed: the value that the spreadsheet kept is read. Macros, links, pictures and other sheets are not opened.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from carnet.domain.pathways.spreadsheet.cells import Shown, leading_zeros, number_text, shown_as, unescaped
from carnet.domain.pathways.spreadsheet.files import MAX_BYTES, MAX_COLUMNS, BadFile, FileProblem, RawRow
from carnet.domain.pathways.values import LineReason
from carnet.domain.record.xdm.safe_zip import SafeZip, XdmLimits, ZipRefused
from carnet.domain.record.xml_safety import XmlRefused, each_element, parse_xml

_LIMITS: Final = XdmLimits(
    max_archive=MAX_BYTES, max_files=2_000, max_file=60_000_000, max_total=120_000_000, max_ratio=400
)
_MAX_MARKUP: Final = 3_000_000
_MAX_TEXTS: Final = 500_000
_MAX_SHEETS: Final = 200
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_TRUE: Final = ("1", "true")


@dataclass(frozen=True, slots=True)
class Workbook:
    """The sheet that is read: its name, how many others there are, and its lines."""

    sheet: str
    other_sheets: int
    rows: Iterator[RawRow]


@dataclass(frozen=True, slots=True)
class _Style:
    shown: Shown = Shown.NUMBER
    zeros: int = 0


@dataclass(frozen=True, slots=True)
class _Book:
    texts: list[str]
    styles: list[_Style]
    from_1904: bool


def open_workbook(content: bytes) -> Workbook:
    """The first sheet that is not hidden. Raises `BadFile`, here or while its lines are read."""
    try:
        files = SafeZip(content, _LIMITS)
        main = _main_part(files)
        parts = _related(files, main)
        root = parse_xml(files.read(main))
        properties = root.find("{*}workbookPr")
        from_1904 = properties is not None and properties.get("date1904", "").lower() in _TRUE
        sheets = [sheet for sheet in root.iterfind("{*}sheets/{*}sheet")][:_MAX_SHEETS]
        for sheet in sheets:
            part = parts.get(_relation_id(sheet), ("", ""))
            if sheet.get("state", "visible") == "visible" and part[0] == "worksheet":
                texts, styles = _first(parts, "sharedStrings"), _first(parts, "styles")
                book = _Book(
                    _texts(files.read(texts)) if texts in files.files else [],
                    _styles(files.read(styles)) if styles in files.files else [],
                    from_1904,
                )
                return Workbook(sheet.get("name", ""), len(sheets) - 1, _rows(files.read(part[1]), book))
    except (ZipRefused, XmlRefused, KeyError):
        raise BadFile(FileProblem.DAMAGED) from None
    raise BadFile(FileProblem.NO_SHEET)


def _main_part(files: SafeZip) -> str:
    if "_rels/.rels" not in files.files:
        raise BadFile(FileProblem.OTHER_FORMAT)
    main = _first(_related(files, ""), "officeDocument")
    content_types = files.read("[Content_Types].xml") if "[Content_Types].xml" in files.files else b""
    if main not in files.files or b"spreadsheetml" not in content_types:
        raise BadFile(FileProblem.OTHER_FORMAT)
    return main


def _related(files: SafeZip, part: str) -> dict[str, tuple[str, str]]:
    """What a part refers to inside the file: by the number of the relation, its kind and the part's name."""
    folder, name = posixpath.split(part)
    where = posixpath.join(folder, "_rels", f"{name}.rels")
    found: dict[str, tuple[str, str]] = {}
    for relation in parse_xml(files.read(where)).iterfind("{*}Relationship"):
        if relation.get("TargetMode") == "External":
            continue
        target = relation.get("Target", "")
        path = posixpath.normpath(target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target))
        found[relation.get("Id", "")] = (relation.get("Type", "").rpartition("/")[2], path)
    return found


def _first(parts: dict[str, tuple[str, str]], kind: str) -> str:
    return next((path for found, path in parts.values() if found == kind), "")


def _relation_id(sheet: etree._Element) -> str:
    return next((str(value) for name, value in sheet.items() if str(name).endswith("}id")), "")


def _texts(content: bytes) -> list[str]:
    """The table of texts that cells refer to."""
    found: list[str] = []
    for entry in each_element(content, "si", _LIMITS.max_file, _MAX_MARKUP):
        if len(found) >= _MAX_TEXTS:
            raise BadFile(FileProblem.DAMAGED)
        found.append(_written(entry))
    return found


def _written(entry: etree._Element) -> str:
    """The text of an entry, plain or in pieces; readings for Asian scripts (`rPh`) are left out."""
    pieces: list[str] = []
    for part in entry:
        name = _name(part)
        if name == "t":
            pieces.append(part.text or "")
        elif name == "r":
            pieces += [piece.text or "" for piece in part if _name(piece) == "t"]
    return unescaped("".join(pieces))


def _name(element: etree._Element) -> str:
    """The local name. `find` with a wildcard namespace takes several times as long, and sheets have many cells."""
    return str(element.tag).rpartition("}")[2]


def _styles(content: bytes) -> list[_Style]:
    root = parse_xml(content)
    codes = {one.get("numFmtId", ""): one.get("formatCode", "") for one in root.iterfind("{*}numFmts/{*}numFmt")}
    found = []
    for one in root.iterfind("{*}cellXfs/{*}xf"):
        number = one.get("numFmtId", "0")
        code = codes.get(number, "")
        found.append(_Style(shown_as(int(number) if number.isdecimal() else 0, code), leading_zeros(code)))
    return found


def _rows(content: bytes, book: _Book) -> Iterator[RawRow]:
    try:
        number = 0
        for row in each_element(content, "row", _LIMITS.max_file, _MAX_MARKUP):
            written = row.get("r", "")
            number = int(written) if written.isdecimal() and len(written) <= 7 else number + 1
            read = RawRow(number, [], hidden=row.get("hidden", "").lower() in _TRUE)
            place = 0
            for cell in row:
                if _name(cell) != "c":
                    continue
                match = _REFERENCE.fullmatch(cell.get("r", ""))
                place = _place(match[1]) if match else place
                _put(read, place, _cell(cell, book))
                place += 1
            if read.faults or any(text.strip() for text in read.cells):
                yield read
    except XmlRefused:
        raise BadFile(FileProblem.DAMAGED) from None


def _put(row: RawRow, place: int, value: str | LineReason) -> None:
    if not value:
        return
    if place >= MAX_COLUMNS:
        raise BadFile(FileProblem.TOO_MANY_COLUMNS, line=row.number)
    row.cells.extend([""] * (place + 1 - len(row.cells)))
    if isinstance(value, LineReason):
        row.faults[place] = value
    else:
        row.cells[place] = value


def _place(letters: str) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1


def _cell(cell: etree._Element, book: _Book) -> str | LineReason:
    kind = cell.get("t", "n")
    parts = {_name(part): part for part in cell}
    if kind == "inlineStr":
        return _written(parts["is"]) if "is" in parts else ""
    written = (parts["v"].text or "") if "v" in parts else ""
    if not written:
        # A formula whose value nobody computed: what a program wrote and no spreadsheet has opened since.
        return LineReason.NO_VALUE if "f" in parts and kind != "str" else ""
    if kind == "s":
        known = written.isdecimal() and len(written) < 8 and int(written) < len(book.texts)
        return book.texts[int(written)] if known else LineReason.NO_VALUE
    if kind == "str":
        return unescaped(written)
    if kind == "b":
        return "oui" if written in _TRUE else "non"
    if kind == "d":
        return written
    if kind == "e":
        return LineReason.NO_VALUE
    return _number(written, cell.get("s", ""), book)


def _number(written: str, style: str, book: _Book) -> str | LineReason:
    known = style.isdecimal() and len(style) < 8 and int(style) < len(book.styles)
    chosen = book.styles[int(style)] if known else _Style()
    text = number_text(written, chosen.shown, zeros=chosen.zeros, from_1904=book.from_1904)
    return LineReason.NO_VALUE if text is None else text
