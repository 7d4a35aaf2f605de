"""PNG (W3C, Portable Network Graphics, third edition §5 and §11): chunks are kept or dropped."""

import struct
import zlib

from carnet.domain.record.photo_places.broken import BrokenPhoto, number, take
from carnet.domain.record.photo_places.orientation import UPRIGHT, exif_with, orientation_of

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_NEEDED = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})
# Colours, transparency, size of a pixel, animation: what is drawn.
_DRAWN = frozenset(b"tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT bKGD hIST sPLT pHYs acTL fcTL fdAT".split())


def png_without_place(content: bytes) -> bytes:
    """The picture with the chunks that are drawn and its orientation, up to its end chunk."""
    if not content.startswith(_SIGNATURE):
        raise BrokenPhoto("a PNG begins with its signature")
    kept = [_SIGNATURE]
    place = len(_SIGNATURE)
    kind = b""
    seen: set[bytes] = set()
    while kind != b"IEND":
        length = number(content, place, ">I")
        kind = take(content, place + 4, 4)
        body = take(content, place + 8, length)
        if number(content, place + 8 + length, ">I") != zlib.crc32(kind + body):
            raise BrokenPhoto(f"the chunk at {place} is damaged")
        if not seen and kind != b"IHDR":
            raise BrokenPhoto("a PNG begins with its header")
        if kind in _NEEDED or kind in _DRAWN:
            kept.append(content[place : place + 12 + length])
        elif kind == b"eXIf":
            kept.append(_turned(body))
        elif kind[:1].isupper():
            raise BrokenPhoto(f"the chunk at {place} is of an unknown kind that drawing needs")
        seen.add(kind)
        place += 12 + length
    if b"IDAT" not in seen:
        raise BrokenPhoto("a PNG holds picture data")
    return b"".join(kept)


def _turned(exif: bytes) -> bytes:
    """The chunk that says how the picture is turned, or nothing when it is upright."""
    orientation = orientation_of(exif)
    if orientation == UPRIGHT:
        return b""
    body = b"eXIf" + exif_with(orientation)
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
