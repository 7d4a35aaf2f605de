"""Cells of a spreadsheet as text: numbers, days and times as a person sees them, or what keeps one from being read.

Formats of numbers and the two calendars: ECMA-376 part 1, §18.8.30 and §18.17.4.1.
"""

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum, auto
from typing import Final

from carnet.domain.pathways.spreadsheet.files import MAX_CELL
from carnet.domain.pathways.values import LineReason

_EXACT: Final = 10**15
"""Spreadsheets keep fifteen figures of a number: from here on the last ones are lost."""
_LAST_DAY: Final = 2_958_466
_EPOCH_1900: Final = datetime(1899, 12, 30, tzinfo=UTC)
_EPOCH_1904: Final = datetime(1904, 1, 1, tzinfo=UTC)
_NOT_THE_CODE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE | re.DOTALL)
_MONTHS = re.compile(r"(?<![hs:m])m+(?!m|[:.]?s)|d|y", re.IGNORECASE)
_CLOCK = re.compile(r"h|s", re.IGNORECASE)
_LONGEST_CODE: Final = 255
"""The longest format of numbers that spreadsheets write; a longer one would take long to read."""
_ZEROS = re.compile(r"0{2,15}")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class Shown(Enum):
    """How a spreadsheet shows the number of a cell."""

    NUMBER = auto()
    DAY = auto()
    MOMENT = auto()
    CLOCK = auto()


_BUILT_IN: Final = {
    **dict.fromkeys((*range(14, 18), *range(27, 37), *range(50, 59)), Shown.DAY),
    **dict.fromkeys((*range(18, 22), *range(45, 48)), Shown.CLOCK),
    22: Shown.MOMENT,
}


def shown_as(format_id: int, code: str) -> Shown:
    """How a format shows numbers: by its number where the standard defines it, else by its code."""
    if not code:
        return _BUILT_IN.get(format_id, Shown.NUMBER)
    bare = _NOT_THE_CODE.sub("", code[:_LONGEST_CODE].partition(";")[0])
    if "general" in bare.lower() or "standard" in bare.lower():
        return Shown.NUMBER
    clock, day = bool(_CLOCK.search(bare)), bool(_MONTHS.search(bare))
    return Shown.MOMENT if clock and day else Shown.CLOCK if clock else Shown.DAY if day else Shown.NUMBER


def leading_zeros(code: str) -> int:
    """How many figures a format such as `00000` shows at least; 0 for any other."""
    return len(code) if _ZEROS.fullmatch(code) else 0


def number_text(written: str, shown: Shown, *, zeros: int = 0, from_1904: bool = False) -> str | None:
    """A number of the file as a person reads it: `279036712345678`, `12,5`, `31/10/2026`, `31/10/2026 08:30`, `08:30`.

    A number that the spreadsheet has rounded is written so that this is seen: `2,79E+15`. None when it is no number,
    or no day of the calendar.
    """
    try:
        number = Decimal(written[:64])
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number.adjusted()) > 300:
        return None
    if shown is not Shown.NUMBER:
        return _moment_text(number, shown, _EPOCH_1904 if from_1904 else _EPOCH_1900)
    if abs(number) >= _EXACT:
        return f"{number:.5E}".replace(".", ",")
    # What is stored is binary: 12.1 is 12.1000000000000005; fifteen figures are what the person typed.
    text = f"{float(number):.15g}"
    if "e" in text:
        text = f"{Decimal(text):f}"
    if zeros and text.isdigit():
        return text.zfill(zeros)
    return text.replace(".", ",")


def _moment_text(number: Decimal, shown: Shown, epoch: datetime) -> str | None:
    if not 0 <= number < _LAST_DAY:
        return None
    try:
        at = epoch + timedelta(seconds=round(number * 86_400))
    except OverflowError:
        return None
    if shown is Shown.CLOCK:
        return f"{at:%H:%M}"
    if shown is Shown.DAY or (at.hour, at.minute) == (0, 0):
        return day_text(at)
    return f"{day_text(at)} {at:%H:%M}"


def day_text(day: date) -> str:
    """`31/10/2026`."""
    return f"{day.day:02}/{day.month:02}/{day.year:04}"


def unescaped(text: str) -> str:
    """Characters that XML cannot hold, written `_x000D_` (ECMA-376 part 1, §22.9.2.19)."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def clean(text: str) -> str | LineReason:
    """The text without what surrounds it, lines ended by `\\n`; or why it cannot be used."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip(" \t\n\u00a0\u202f\ufeff")
    if len(text) > MAX_CELL:
        return LineReason.TOO_LONG
    if _UNPRINTABLE.search(text):
        return LineReason.UNPRINTABLE
    return text
