"""TIFF (Adobe, TIFF revision 6.0): written anew from the fields that drawing needs, the picture data copied."""

import struct
from dataclasses import dataclass

from carnet.domain.record.photo_places.broken import BrokenPhoto, number, take
from carnet.domain.record.photo_places.jpeg import jpeg_without_place

_MOST_PAGES = 1_000
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_OFFSETS = {273: 279, 324: 325}  # StripOffsets with StripByteCounts, TileOffsets with TileByteCounts
_COMPRESSION = 259
_OLD_JPEG, _JPEG = 6, 7
_LONG = 4
# TIFF 6.0 parts 1 to 3 and their supplements: size, colours, coding, orientation, resolution, page, colour profile.
_DRAWN = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283, 284, 290, 291}
    | {292, 293, 296, 297, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 326, 327, 328, 332, 334, 336, 338, 339}
    | {340, 341, 342, 347, 512, 529, 530, 531, 532, 34675}
)


@dataclass(frozen=True)
class _Field:
    tag: int
    kind: int
    count: int
    value: bytes


def tiff_without_place(content: bytes) -> bytes:
    """The pages with what drawing needs; Exif, GPS, XMP, IPTC, names, reduced pictures and what nothing names go."""
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(content[:4])
    if order is None:
        raise BrokenPhoto("a TIFF begins with its byte order")
    out = bytearray(content[:4] + bytes(4))
    link = 4
    start = number(content, 4, f"{order}I")
    pages: set[int] = set()
    while start:
        if start in pages or len(pages) >= _MOST_PAGES:
            raise BrokenPhoto("the pages of a TIFF go round, or are too many")
        pages.add(start)
        fields, following = _page(content, order, start)
        link = _write_page(out, link, order, _with_data(content, order, fields, out))
        if len(out) > 2 * len(content) + 1024:
            raise BrokenPhoto("pages of this TIFF share their data")
        start = following
    if not pages:
        raise BrokenPhoto("a TIFF holds a page")
    return bytes(out)


def _page(content: bytes, order: str, start: int) -> tuple[list[_Field], int]:
    """The fields of a page that drawing needs, with their values, and where the next page is (0 after the last)."""
    count = number(content, start, f"{order}H")
    fields = []
    for place in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind, amount = struct.unpack(f"{order}HHI", take(content, place, 8))
        if tag not in _DRAWN or kind not in _SIZES:
            continue
        length = amount * _SIZES[kind]
        where = place + 8 if length <= 4 else number(content, place + 8, f"{order}I")
        fields.append(_Field(tag, kind, amount, take(content, where, length)))
    return fields, number(content, start + 2 + 12 * count, f"{order}I")


def _numbers(field: _Field, order: str) -> list[int]:
    if field.kind not in (3, 4):
        raise BrokenPhoto(f"field {field.tag} holds whole numbers")
    return list(struct.unpack(f"{order}{field.count}{'H' if field.kind == 3 else 'I'}", field.value))


def _with_data(content: bytes, order: str, fields: list[_Field], out: bytearray) -> list[_Field]:
    """Copy the page's picture data to ``out``; the fields, with where it is now."""
    by_tag = {field.tag: field for field in fields}
    coding = _numbers(by_tag[_COMPRESSION], order)[:1] if _COMPRESSION in by_tag else []
    if coding == [_OLD_JPEG]:
        raise BrokenPhoto("this TIFF is coded in a way that was withdrawn")
    moved: dict[int, _Field] = {}
    for offsets_tag, lengths_tag in _OFFSETS.items():
        if offsets_tag not in by_tag:
            continue
        if lengths_tag not in by_tag:
            raise BrokenPhoto("the lengths of the picture data are missing")
        offsets, lengths = _numbers(by_tag[offsets_tag], order), _numbers(by_tag[lengths_tag], order)
        if len(offsets) != len(lengths) or sum(lengths) > len(content):
            raise BrokenPhoto("the lengths of the picture data do not fit")
        data = [take(content, where, length) for where, length in zip(offsets, lengths, strict=True)]
        if coding == [_JPEG]:
            data = [jpeg_without_place(one) for one in data]
        places = [_append(out, one) for one in data]
        moved[offsets_tag] = _longs(offsets_tag, places, order)
        moved[lengths_tag] = _longs(lengths_tag, [len(one) for one in data], order)
    if not moved:
        raise BrokenPhoto("a page of a TIFF holds picture data")
    return [moved.get(field.tag, field) for field in fields]


def _longs(tag: int, values: list[int], order: str) -> _Field:
    return _Field(tag, _LONG, len(values), struct.pack(f"{order}{len(values)}I", *values))


def _append(out: bytearray, data: bytes) -> int:
    """Put data at the next even place (TIFF 6.0 §2: offsets are even)."""
    if len(out) % 2:
        out.append(0)
    place = len(out)
    out += data
    return place


def _write_page(out: bytearray, link: int, order: str, fields: list[_Field]) -> int:
    """Write a page and the link to it, in ``link``; where the link to the next one goes."""
    entries = []
    for field in sorted(fields, key=lambda one: one.tag):
        value = field.value.ljust(4, b"\x00")
        if len(field.value) > 4:
            value = struct.pack(f"{order}I", _append(out, field.value))
        entries.append(struct.pack(f"{order}HHI", field.tag, field.kind, field.count) + value)
    place = _append(out, struct.pack(f"{order}H", len(entries)) + b"".join(entries) + bytes(4))
    struct.pack_into(f"{order}I", out, link, place)
    return len(out) - 4
