"""GIF (CompuServe, GIF89a specification §§17 to 27): blocks are kept or dropped."""

from carnet.domain.record.photo_places.broken import BrokenPhoto, number, take

_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")


def gif_without_place(content: bytes) -> bytes:
    """The picture with its images and how they follow each other, without comments and XMP, up to its trailer."""
    if content[:6] not in (b"GIF87a", b"GIF89a"):
        raise BrokenPhoto("a GIF begins with its signature")
    place = 13 + _table(number(content, 10, "B"))
    kept = [take(content, 0, place)]
    has_image = False
    while (kind := take(content, place, 1)) != b";":
        if kind == b",":
            has_image = True
            end = place + 10 + _table(number(content, place + 9, "B")) + 1
        elif kind == b"!":
            end = place + 2
        else:
            raise BrokenPhoto(f"a block is expected at {place}")
        first = content[end + 1 : end + 12]
        end = _after_sub_blocks(content, end)
        if kind == b"," or _extension_wanted(content[place + 1], first):
            kept.append(content[place:end])
        place = end
    if not has_image:
        raise BrokenPhoto("a GIF holds an image")
    return b"".join(kept) + b";"


def _table(packed: int) -> int:
    """How many bytes the colour table takes that these packed fields announce."""
    return 3 * 2 ** ((packed & 0x07) + 1) if packed & 0x80 else 0


def _after_sub_blocks(content: bytes, place: int) -> int:
    while length := number(content, place, "B"):
        place += 1 + length
    return place + 1


def _extension_wanted(label: int, first: bytes) -> bool:
    """Graphic control and plain text are drawn, a loop count is played; comments and other applications are not."""
    return label in (0xF9, 0x01) or (label == 0xFF and first in _LOOPS)
