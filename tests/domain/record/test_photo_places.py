"""Photographs lose the place where they were taken, and not a pixel; exiftool looks for what may be left."""

import io
import json
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageCms, PngImagePlugin

from carnet.domain.record.media_types import GIF, JPEG, PDF, PNG, TIFF
from carnet.domain.record.photo_places import BrokenPhoto, without_place

EXIFTOOL = shutil.which("exiftool")
SECRET = "Rue des Lilas, Saint-Aubin"
TYPES = {"JPEG": JPEG, "PNG": PNG, "TIFF": TIFF, "GIF": GIF}
TURNED = 6


def _exif(orientation: int = TURNED) -> Image.Exif:
    """What a telephone writes: how it was held, who made it, when, and where."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F], exif[0x0110] = "Marque", "Modèle 7"
    exif[0x010E] = SECRET
    exif.get_ifd(0x8769).update({0x9003: "2026:03:12 08:15:00", 0x927C: b"maker " + SECRET.encode(), 0xA431: "SN-42"})
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.6), 3: "E", 4: (2.0, 17.0, 40.2), 29: "2026:03:12"})
    return exif


_XMP = (
    '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF'
    ' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    ' xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="48,51.49N" exif:GPSLongitude="2,17.67E"/>'
    "</rdf:RDF></x:xmpmeta>"
)


def _drawn(mode: str = "RGB") -> Image.Image:
    picture = Image.effect_noise((67, 41), 60).convert("RGB")
    picture.putpixel((0, 0), (255, 0, 0))
    return picture.convert(mode)


def photo(kind: str, *, mode: str = "RGB", orientation: int = TURNED, **options: object) -> bytes:
    out = io.BytesIO()
    if kind == "PNG":
        told = PngImagePlugin.PngInfo()
        told.add_text("Comment", SECRET)
        told.add_itxt("XML:com.adobe.xmp", _XMP)
        options |= {"pnginfo": told, "exif": _exif(orientation)}
    elif kind == "GIF":
        options |= {"comment": SECRET, "xmp": _XMP.encode()}
    elif kind == "TIFF":
        exif = _exif(orientation)
        exif[700], exif[33723] = _XMP.encode(), SECRET.encode()
        options |= {"exif": exif}
    else:
        options |= {"exif": _exif(orientation), "comment": SECRET, "xmp": _XMP.encode()}
    _drawn(mode).save(out, kind, **options)
    return out.getvalue()


def _pixels(content: bytes) -> list[Image.Image]:
    picture = Image.open(io.BytesIO(content))
    frames = []
    for number in range(getattr(picture, "n_frames", 1)):
        picture.seek(number)
        frames.append(picture.convert("RGBA"))
    return frames


def same_pixels(before: bytes, after: bytes) -> bool:
    old, new = _pixels(before), _pixels(after)
    return len(old) == len(new) and all(
        ImageChops.difference(a, b).getbbox() is None for a, b in zip(old, new, strict=True)
    )


def _tags(content: bytes, folder: Path) -> dict[str, object]:
    """Everything that exiftool finds in a file, by group and name."""
    path = folder / "photo"
    path.write_bytes(content)
    command = [str(EXIFTOOL), "-json", "-G1", "-a", "-u", "-ee", "-n", str(path)]
    found = subprocess.run(command, capture_output=True, check=True, timeout=30)
    (tags,) = json.loads(found.stdout)
    return dict(tags)


CASES = [
    ("JPEG", {"quality": 80}),
    ("JPEG", {"progressive": True, "icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()}),
    ("PNG", {}),
    ("PNG", {"mode": "RGBA"}),
    ("PNG", {"mode": "P"}),
    ("TIFF", {}),
    ("TIFF", {"compression": "tiff_lzw"}),
    ("TIFF", {"compression": "jpeg"}),
    ("TIFF", {"compression": "group4", "mode": "1"}),
    ("GIF", {"mode": "P"}),
]


@pytest.mark.skipif(EXIFTOOL is None, reason="exiftool is not installed")
@pytest.mark.parametrize(("kind", "options"), CASES)
def test_no_place_no_maker_and_no_words_are_left_and_every_pixel_is(
    kind: str, options: dict[str, object], tmp_path: Path
) -> None:
    before = photo(kind, **options)  # type: ignore[arg-type]
    after = without_place(before, TYPES[kind])
    assert same_pixels(before, after)
    told_before, told = _tags(before, tmp_path), _tags(after, tmp_path)
    assert any("GPS" in name or SECRET in str(value) for name, value in told_before.items()), "nothing was to remove"
    left = {
        name
        for name in told
        if not name.startswith(("SourceFile", "ExifTool:", "File:", "System:", "Composite:", "ICC"))
    }
    for word in ("GPS", "XMP", "IPTC", "Photoshop", "MakerNote", "Thumbnail", "DateTime", "Make", "Model", "Comment"):
        assert not [name for name in left if word in name], word
    assert SECRET.encode() not in after
    assert not [name for name, value in told.items() if SECRET in str(value)]
    if kind != "GIF":
        assert told.get("IFD0:Orientation") == TURNED
    assert "icc_profile" not in options or any(name.startswith("ICC") for name in told)


@pytest.mark.parametrize(("kind", "options"), CASES)
def test_cleaning_again_changes_nothing(kind: str, options: dict[str, object]) -> None:
    once = without_place(photo(kind, **options), TYPES[kind])  # type: ignore[arg-type]
    assert without_place(once, TYPES[kind]) == once


def test_what_follows_the_picture_goes_with_it() -> None:
    """The second picture that telephones append (CIPA DC-007) has a place of its own."""
    hidden = b"a second picture, with its place"
    for kind, media_type in TYPES.items():
        assert hidden not in without_place(photo(kind, mode="P" if kind == "GIF" else "RGB") + hidden, media_type)


def test_a_thumbnail_in_the_first_segment_goes() -> None:
    thumbnail = b"JFIF\x00\x01\x02\x00\x00\x01\x00\x01\x02\x01" + b"\xaa" * 6
    plain = photo("JPEG")
    made = b"\xff\xd8\xff\xe0" + struct.pack(">H", len(thumbnail) + 2) + thumbnail + plain[2:]
    assert b"\xaa" * 6 in made
    cleaned = without_place(made, JPEG)
    assert b"\xaa" * 6 not in cleaned
    assert same_pixels(plain, cleaned)


def test_every_page_and_every_image_of_many_is_kept() -> None:
    frames = [_drawn(), _drawn().rotate(90, expand=True), _drawn().convert("L").convert("RGB")]
    for kind in ("TIFF", "GIF"):
        out = io.BytesIO()
        frames[0].save(out, kind, save_all=True, append_images=frames[1:])
        assert same_pixels(out.getvalue(), without_place(out.getvalue(), TYPES[kind]))
        assert len(_pixels(out.getvalue())) == 3


def test_both_byte_orders_of_a_tiff_are_read() -> None:
    pixels = bytes(range(12))
    entries = [(256, 3, 1, 4), (257, 3, 1, 3), (258, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 8), (274, 3, 1, 1),
               (277, 3, 1, 1), (278, 3, 1, 3), (279, 4, 1, 12), (34853, 4, 1, 9_999)]  # fmt: skip
    for order, mark in (("<", b"II*\x00"), (">", b"MM\x00*")):
        body = b"".join(
            struct.pack(f"{order}HHI", tag, kind, n)
            + (struct.pack(f"{order}HH", value, 0) if kind == 3 else struct.pack(f"{order}I", value))
            for tag, kind, n, value in entries
        )
        made = mark + struct.pack(f"{order}I", 20) + pixels + struct.pack(f"{order}H", len(entries)) + body + bytes(4)
        cleaned = without_place(made, TIFF)
        picture = Image.open(io.BytesIO(cleaned))
        assert picture.tobytes() == pixels
        assert (picture.getexif().get(274), 34853 in picture.getexif()) == (1, False)


@pytest.mark.parametrize("kind", list(TYPES))
def test_a_picture_cut_short_is_refused(kind: str) -> None:
    whole = photo(kind, mode="P" if kind == "GIF" else "RGB")
    for length in (8, 20, len(whole) // 2):
        with pytest.raises(BrokenPhoto):
            without_place(whole[:length], TYPES[kind])


def test_a_damaged_chunk_is_refused() -> None:
    whole = bytearray(photo("PNG"))
    whole[whole.index(b"IDAT") + 20] ^= 1
    with pytest.raises(BrokenPhoto):
        without_place(bytes(whole), PNG)


def test_an_unknown_chunk_that_drawing_needs_is_refused() -> None:
    whole = photo("PNG")
    chunk = struct.pack(">I", 2) + b"CgBI" + b"ab" + struct.pack(">I", zlib.crc32(b"CgBIab"))
    place = whole.index(b"IDAT") - 4
    with pytest.raises(BrokenPhoto):
        without_place(whole[:place] + chunk + whole[place:], PNG)


def test_a_tiff_whose_pages_go_round_is_refused() -> None:
    page = struct.pack("<H", 1) + struct.pack("<HHII", 273, 4, 1, 8) + struct.pack("<I", 8)
    with pytest.raises(BrokenPhoto):
        without_place(b"II*\x00" + struct.pack("<I", 8) + page, TIFF)


def test_strips_that_share_their_data_do_not_grow_without_end() -> None:
    size = 20_000
    count = 400
    page_at = 8 + size
    strips = struct.pack(f"<{count}I", *[8] * count)
    lengths = struct.pack(f"<{count}I", *[size] * count)
    values_at = page_at + 2 + 24 + 4
    page = struct.pack("<H", 2) + struct.pack("<HHII", 273, 4, count, values_at)
    page += struct.pack("<HHII", 279, 4, count, values_at + len(strips)) + bytes(4)
    with pytest.raises(BrokenPhoto):
        without_place(b"II*\x00" + struct.pack("<I", page_at) + bytes(size) + page + strips + lengths, TIFF)


def test_what_is_no_picture_is_left_alone() -> None:
    assert without_place(b"%PDF-1.7", PDF) == b"%PDF-1.7"


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(sorted(TYPES)),
    spoilt=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_a_spoilt_picture_is_refused_or_comes_back_without_its_place(
    kind: str, spoilt: list[tuple[int, int]], samples: dict[str, bytes]
) -> None:
    content = bytearray(samples[kind])
    for place, value in spoilt:
        content[place % len(content)] = value
    try:
        cleaned = without_place(bytes(content), TYPES[kind])
    except BrokenPhoto:
        return
    assert len(cleaned) <= 2 * len(content) + 2_048


@pytest.fixture(scope="module")
def samples() -> dict[str, bytes]:
    return {kind: photo(kind, mode="P" if kind == "GIF" else "RGB") for kind in TYPES}
