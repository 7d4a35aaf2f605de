"""What a damaged picture raises, and reading bytes that may end too early."""

import struct


class BrokenPhoto(ValueError):
    """A picture that cannot be read to its end; the message says what and where, never what it shows."""


def take(data: bytes, start: int, length: int) -> bytes:
    """``length`` bytes from ``start``. Raises ``BrokenPhoto`` when there are fewer."""
    if start < 0 or length < 0 or start + length > len(data):
        raise BrokenPhoto(f"{length} bytes are expected at {start}, the file has {len(data)}")
    return data[start : start + length]


def number(data: bytes, start: int, layout: str) -> int:
    """One whole number of the ``struct`` layout, at ``start``."""
    (found,) = struct.unpack(layout, take(data, start, struct.calcsize(layout)))
    return int(found)
