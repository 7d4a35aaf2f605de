"""Tables for people's spreadsheets: CSV that no spreadsheet computes, and XLSX (ECMA-376 part 1, SpreadsheetML).

Cells that others filled may begin like a formula (OWASP, CSV Injection): in CSV these get an apostrophe in front, in
XLSX every text is written as text. Days and times are written as they stand: a moment with a zone is the caller's to
bring into the reader's.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Final, TypeAlias
from xml.sax.saxutils import escape, quoteattr

from carnet.domain.pathways.spreadsheet.cells import day_text
from carnet.domain.pathways.spreadsheet.files import column_letter

Cell: TypeAlias = str | int | date | datetime | None

_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_AFTER_SEPARATOR = re.compile(r"([,;\t\r\n][\s\"']{0,50})(?=[=+\-@＝＋－＠])")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_NOT_IN_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_LONGEST_NAME: Final = 31
_LONGEST_TEXT: Final = 32_767
_EPOCH: Final = datetime(1899, 12, 30, tzinfo=UTC)
_FIRST_SURE: Final = datetime(1900, 3, 1, tzinfo=UTC)
_WIDTH: Final = 18


def csv_of(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A table as CSV that French spreadsheets open well: UTF-8 with its mark, semicolons, CRLF (RFC 4180)."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([harmless(column) for column in columns])
    writer.writerows([_csv_cell(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8", "replace")


def harmless(text: str) -> str:
    """The text with an apostrophe in front where a spreadsheet would take it for a formula.

    Also behind what parts cells or lines elsewhere: a spreadsheet of another country takes the comma, not the
    semicolon, and then a quote within a cell keeps nothing together.
    """
    text = _AFTER_SEPARATOR.sub(r"\1'", text.replace("\x00", ""))
    return f"'{text}" if text.startswith(_DANGEROUS) or text.lstrip().startswith(_DANGEROUS) else text


def _csv_cell(cell: Cell) -> str | int:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return f"{day_text(cell)} {cell:%H:%M}"
    if isinstance(cell, date):
        return day_text(cell)
    return harmless(cell) if isinstance(cell, str) else cell


def xlsx_of(columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, name: str) -> bytes:
    """A table as an XLSX workbook of one sheet, its header bold and kept in view; `name` is the sheet's."""
    sheet = "".join(_sheet(columns, rows))
    title = _NOT_IN_NAME.sub(" ", _xml_text(name)).strip(" '")[:_LONGEST_NAME] or "1"
    parts = {
        "[Content_Types].xml": _CONTENT_TYPES,
        "_rels/.rels": _ROOT_RELATIONS,
        "xl/workbook.xml": _WORKBOOK.replace("{name}", quoteattr(title)),
        "xl/_rels/workbook.xml.rels": _RELATIONS,
        "xl/styles.xml": _STYLES,
        "xl/worksheets/sheet1.xml": sheet,
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in parts.items():
            archive.writestr(path, text.encode("utf-8"))
    return out.getvalue()


def _sheet(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterable[str]:
    yield _SHEET_START
    yield f'<cols><col min="1" max="{max(len(columns), 1)}" width="{_WIDTH}" customWidth="1"/></cols><sheetData>'
    yield _row(1, columns, header=True)
    for number, row in enumerate(rows, 2):
        yield _row(number, row)
    yield "</sheetData></worksheet>"


def _row(number: int, cells: Sequence[Cell], *, header: bool = False) -> str:
    written = (_cell(f"{column_letter(place)}{number}", cell, header) for place, cell in enumerate(cells))
    return f'<row r="{number}">{"".join(written)}</row>'


def _cell(where: str, cell: Cell, header: bool) -> str:
    if cell is None or cell == "":
        return ""
    if isinstance(cell, date):
        at = cell if isinstance(cell, datetime) else datetime(cell.year, cell.month, cell.day, tzinfo=UTC)
        at = at.replace(tzinfo=UTC)
        if at >= _FIRST_SURE:
            style = 3 if isinstance(cell, datetime) else 2
            return f'<c r="{where}" s="{style}"><v>{(at - _EPOCH).total_seconds() / 86_400:.15g}</v></c>'
        cell = day_text(at)
    if isinstance(cell, int):
        return f'<c r="{where}"><v>{int(cell)}</v></c>'
    # Style 4 says that the text was meant as one: it stays text when somebody edits the cell.
    style = 1 if header else 4 if cell.startswith(_DANGEROUS) else 0
    text = escape(_ESCAPE.sub("_x005F_", _xml_text(cell)[:_LONGEST_TEXT]))
    return f'<c r="{where}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _xml_text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_START = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_CONTENT_TYPES = (
    f'{_START}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>'
)
_ROOT_RELATIONS = (
    f'{_START}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_DOCUMENT}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
_RELATIONS = (
    f'{_START}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_DOCUMENT}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_DOCUMENT}/styles" Target="styles.xml"/></Relationships>'
)
_WORKBOOK = (
    f'{_START}<workbook xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}"><sheets>'
    '<sheet name={name} sheetId="1" r:id="rId1"/></sheets></workbook>'
)
# Cells: 0 plain, 1 header, 2 day, 3 day and time, 4 text that looks like a formula.
_STYLES = (
    f'{_START}<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="2"><numFmt numFmtId="164" formatCode="dd/mm/yyyy"/>'
    '<numFmt numFmtId="165" formatCode="dd/mm/yyyy\\ hh:mm"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="5"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)
_SHEET_START = (
    f'{_START}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
)
