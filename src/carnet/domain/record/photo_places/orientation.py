"""How a picture is turned, read from its Exif and written alone (CIPA DC-008, Exif 2.32 §4.6.5, tag 0x0112)."""

import struct

from carnet.domain.record.photo_places.broken import BrokenPhoto, number

UPRIGHT = 1
_TAG = 0x0112
_SHORT = 3
_MOST_ENTRIES = 1_000


def orientation_of(exif: bytes) -> int:
    """The orientation, 1 to 8, that a TIFF block of Exif names; upright when it names none or cannot be read."""
    try:
        order = {b"II": "<", b"MM": ">"}.get(exif[:2])
        if order is None:
            return UPRIGHT
        start = number(exif, 4, f"{order}I")
        count = min(number(exif, start, f"{order}H"), _MOST_ENTRIES)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            if number(exif, entry, f"{order}H") == _TAG and number(exif, entry + 2, f"{order}H") == _SHORT:
                turned = number(exif, entry + 8, f"{order}H")
                return turned if 1 <= turned <= 8 else UPRIGHT
    except BrokenPhoto:
        pass
    return UPRIGHT


def exif_with(orientation: int) -> bytes:
    """A TIFF block that says how the picture is turned, and nothing else."""
    entry = struct.pack(">HHIHH", _TAG, _SHORT, 1, orientation, 0)
    return b"MM\x00*\x00\x00\x00\x08" + struct.pack(">H", 1) + entry + bytes(4)
