"""CSV as hospitals' software and spreadsheets write it: its text, its separator, its records (RFC 4180)."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Final

from carnet.domain.pathways.spreadsheet.files import BadFile, FileProblem

SEPARATORS: Final = (";", ",", "\t")
_HINT = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)


def decode_text(content: bytes) -> str:
    """UTF-8 with or without its mark, UTF-16 with it ("Unicode text" of Excel), else cp1252. Raises `BadFile`."""
    encodings = ("utf-16",) if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise BadFile(FileProblem.NOT_TEXT)


def separator_hint(text: str) -> tuple[str, str]:
    """Spreadsheets may write the separator on a line of its own before the header (`sep=;`): the separator that it
    names ("" without one), and the line itself."""
    match = _HINT.match(text)
    return (match[1], match[0]) if match else ("", "")


def records(text: str, separator: str, *, strict: bool = True) -> Iterator[tuple[int, list[str]]]:
    """The records that hold something, each with the number of the line where it begins. Raises `BadFile`.

    Without `strict`, quotes that nothing closes are read as they come: to look for the header only.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=strict)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error:
        raise BadFile(FileProblem.NOT_CSV, line=reader.line_num) from None
