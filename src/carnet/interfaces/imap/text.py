"""What the server writes: strings, flags, dates, sets of numbers (RFC 3501 §9)."""

from collections.abc import Iterable
from datetime import UTC, datetime

from carnet.interfaces.imap.parser import MONTHS
from carnet.interfaces.imap.utf7 import encode_utf7


def quoted(value: bytes) -> bytes:
    """A quoted string; `value` holds neither CR, LF nor NUL."""
    return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def folder_text(name: str) -> bytes:
    """A folder's name as it goes over the wire."""
    return quoted(encode_utf7(name))


def flags_text(flags: Iterable[str]) -> bytes:
    return b"(%s)" % " ".join(flags).encode("ascii", "replace")


def date_time_text(moment: datetime) -> bytes:
    """A moment in UTC, quoted (RFC 3501 §9, date-time)."""
    utc = moment.astimezone(UTC)
    return f'"{utc.day:2d}-{MONTHS[utc.month - 1]}-{utc.year:04d} {utc:%H:%M:%S} +0000"'.encode("ascii")


def set_text(numbers: Iterable[int]) -> bytes:
    """Numbers as a set, in the order given, runs shortened: `1:3,7`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return b",".join(b"%d" % low if low == high else b"%d:%d" % (low, high) for low, high in runs)
