"""The pages of a PDF: drawn and read by a process that a hostile file cannot use."""

import io
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pikepdf
import pytest
import typst
from PIL import Image

from carnet.foundation import pdf_child, pdf_pages
from carnet.foundation.pdf_pages import PAGES, WIDTH, draw_page, read_pdf

LETTER = typst.compile('#set page(paper: "a4")\n= Élan\nDeuxième ligne.\n#pagebreak()\nLa fin.'.encode(), format="pdf")


def made(pages: int = 1, size: tuple[float, float] = (595, 842), content: bytes = b"") -> bytes:
    pdf = pikepdf.new()
    for _ in range(pages):
        page = pdf.add_blank_page(page_size=size)
        if content:
            page.Contents = pdf.make_stream(content)
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


def test_a_letter_is_read_page_by_page() -> None:
    pdf = read_pdf(LETTER)
    assert pdf is not None
    assert pdf.count == 2
    assert [page.text for page in pdf.pages] == ["Élan\nDeuxième ligne.", "La fin."]
    assert pdf.pages[0].height / pdf.pages[0].width == pytest.approx(2**0.5, rel=0.001)


def test_a_page_is_drawn_at_the_width_that_the_portal_announces() -> None:
    picture = Image.open(io.BytesIO(draw_page(LETTER, 1) or b""))
    assert (picture.format, picture.width) == ("WEBP", WIDTH)
    assert picture.convert("L").getextrema()[0] < 60, "it is written on"
    assert draw_page(LETTER, 2) is not None


@pytest.mark.parametrize("number", [0, -1, 3, PAGES + 1, 10**12])
def test_a_page_that_is_not_there_is_not_drawn(number: int) -> None:
    assert draw_page(LETTER, number) is None


def test_a_long_document_is_read_up_to_a_bound() -> None:
    pdf = read_pdf(made(pages=300))
    assert pdf is not None
    assert (pdf.count, len(pdf.pages)) == (300, PAGES)


def _locked() -> bytes:
    pdf, out = pikepdf.new(), io.BytesIO()
    pdf.add_blank_page()
    pdf.save(out, encryption=pikepdf.Encryption(owner="maitre", user="secret"))
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", b"%PDF-1.7", LETTER[:400], b"\x00" * 100_000, b"%PDF-1.7\n" + b"[" * 200_000, _locked()],
    ids=["empty", "only-a-head", "cut-short", "zeros", "nested", "locked"],
)
def test_what_cannot_be_read_is_no_document_and_no_accident(content: bytes) -> None:
    assert read_pdf(content) is None
    assert draw_page(content, 1) is None


def test_a_page_of_any_shape_stays_within_bounds() -> None:
    for size in ((10, 14_000), (14_000, 10), (3, 3), (14_000, 14_000)):
        picture = draw_page(made(size=size), 1)
        if picture is not None:
            drawn = Image.open(io.BytesIO(picture))
            assert drawn.width * drawn.height <= pdf_child.PIXELS * 1.01


def test_a_bomb_is_put_out_in_time() -> None:
    """A page that unpacks to more than all the memory there is for it, and one that draws too many shapes."""
    packed = zlib.compressobj(1)
    zeros = b"".join(
        [packed.compress(b" " * (1 << 20)) for _ in range((pdf_child.MEMORY >> 20) + 100)] + [packed.flush()]
    )
    pdf = pikepdf.new()
    page = pdf.add_blank_page()
    page.Contents = pikepdf.Stream(pdf, zeros, Filter=pikepdf.Name.FlateDecode)
    out = io.BytesIO()
    pdf.save(out, compress_streams=False)
    for content in (out.getvalue(), made(content=b"0 0 m 595 842 l 300 0 l f\n" * 300_000)):
        began = time.monotonic()
        draw_page(content, 1)
        assert time.monotonic() - began < pdf_pages.SECONDS + 5


def test_a_drawing_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_pages, "SECONDS", 0.01)
    assert draw_page(LETTER, 1) is None


POWERS = """
import os, resource, socket, sys
sys.path.insert(0, {folder!r})
import pdf_child
pdf_child.rehearse()
pdf_child.give_up_powers()
for what in (lambda: open("/etc/passwd"), lambda: socket.socket(), lambda: os.pipe(), lambda: bytearray(2 << 30),
             lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (9, 9)), lambda: os.seteuid(0)):
    try:
        what()
    except (OSError, MemoryError, ValueError):
        continue
    if what.__code__.co_names[:1] == ("os",) and os.geteuid() != 0:
        continue
    os._exit(9)
os._exit(0)
"""


def test_the_process_that_draws_can_open_and_reach_nothing() -> None:
    """Were it taken over: no file, no socket, no pipe, no more memory, and not root any more."""
    folder = str(Path(pdf_child.__file__).parent)
    done = subprocess.run(
        [sys.executable, "-I", "-c", POWERS.format(folder=folder)], capture_output=True, text=True, check=False, env={}
    )
    assert done.returncode == 0, done.stderr


def test_the_process_that_draws_knows_nothing_of_carnet() -> None:
    source = Path(pdf_child.__file__).read_text("utf-8")
    assert "import carnet" not in source
    assert "from carnet" not in source
    assert "django" not in source.lower()
