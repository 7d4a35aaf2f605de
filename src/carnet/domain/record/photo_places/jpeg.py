"""JPEG (ITU-T T.81 annex B): segments are kept or dropped, coded data is copied."""

import re
import struct

from carnet.domain.record.photo_places.broken import BrokenPhoto, number, take
from carnet.domain.record.photo_places.orientation import UPRIGHT, exif_with, orientation_of

_SOI = b"\xff\xd8"
_EOI = 0xD9
_SOS = 0xDA
_EXIF = b"Exif\x00\x00"
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
# Tables, frames, restart interval, line count, hierarchical progression: what decoding needs (T.81 table B.1).
_CODING = frozenset({*range(0xC0, 0xD0), 0xDB, 0xDC, 0xDD, 0xDE, 0xDF})
# In coded data FF00 is a plain FF, FFD0 to FFD7 are restart marks: any other mark ends it.
_NEXT_MARK = re.compile(rb"\xff(?=[^\x00\xd0-\xd7\xff])")


def jpeg_without_place(content: bytes) -> bytes:
    """The picture with its coding segments, its colour profile and its orientation, up to its end mark."""
    if content[:2] != _SOI:
        raise BrokenPhoto("a JPEG begins with FFD8")
    kept: list[bytes] = []
    orientation = UPRIGHT
    has_frame = has_scan = False
    place = 2
    while True:
        mark, place = _mark(content, place)
        if mark == _EOI:
            break
        length = number(content, place, ">H")
        body = take(content, place + 2, length - 2)
        place += length
        if mark == 0xE1 and body.startswith(_EXIF) and orientation == UPRIGHT:
            orientation = orientation_of(body[len(_EXIF) :])
        wanted = _wanted(mark, body)
        if wanted is not None:
            kept.append(_segment(mark, wanted))
        has_frame = has_frame or mark in _FRAMES
        if mark == _SOS:
            has_scan = True
            found = _NEXT_MARK.search(content, place)
            if found is None:
                raise BrokenPhoto("the picture ends in its coded data")
            kept.append(content[place : found.start()])
            place = found.start()
    if not has_frame or not has_scan:
        raise BrokenPhoto("a JPEG holds a frame and a scan")
    return _SOI + _turned(kept, orientation) + bytes((0xFF, _EOI))


def _mark(content: bytes, place: int) -> tuple[int, int]:
    """The mark at ``place``, after any number of fill bytes, and what follows it (T.81 §B.1.1.2)."""
    if take(content, place, 1) != b"\xff":
        raise BrokenPhoto(f"a mark is expected at {place}")
    while take(content, place, 1) == b"\xff":
        place += 1
    mark = content[place]
    if mark < 0xC0 or mark == 0xD8 or 0xD0 <= mark <= 0xD7:
        raise BrokenPhoto(f"no segment has the mark {mark:02X}, at {place}")
    return mark, place + 1


def _wanted(mark: int, body: bytes) -> bytes | None:
    """What is kept of a segment: all of it, part of it, or nothing."""
    if mark in _CODING or mark == _SOS:
        return body
    if mark == 0xE0 and body.startswith(b"JFIF\x00") and len(body) >= 14:
        return body[:12] + b"\x00\x00"  # without its thumbnail
    if mark == 0xE2 and body.startswith(b"ICC_PROFILE\x00"):
        return body
    if mark == 0xEE and body.startswith(b"Adobe"):
        return body[:12]  # how colours are coded
    return None


def _segment(mark: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, mark, len(body) + 2) + body


def _turned(kept: list[bytes], orientation: int) -> bytes:
    """The segments, with the orientation where readers look for it: after JFIF, before the rest."""
    if orientation == UPRIGHT:
        return b"".join(kept)
    place = 1 if kept[0].startswith(b"\xff\xe0") else 0
    turned = _segment(0xE1, _EXIF + exif_with(orientation))
    return b"".join([*kept[:place], turned, *kept[place:]])
