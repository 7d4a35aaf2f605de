"""A program of its own that draws a PDF: it may fall over a hostile file, and nothing else falls with it.

``python -I pdf_child.py read PAGES CHARACTERS`` writes JSON: ``{"count": 3, "pages": [{"width", "height", "text"}]}``
(points, at most ``PAGES`` pages with at most ``CHARACTERS`` each). ``python -I pdf_child.py draw NUMBER WIDTH`` writes
the page (from 1) as a WebP ``WIDTH`` pixels wide. ``python -I pdf_child.py print PAGES WIDTH`` writes every page as a
JPEG, each after its size in four octets. The PDF comes by standard input. Exit status 2: no such page, too many pages,
or a PDF that cannot be read.

Imports nothing of Carnet: this process must start fast and know nothing. Before it reads the first byte it gives up
what it could do harm with: memory and time beyond a bound, opening any file or socket, and, where it was started by
root, root itself.
"""

import codecs
import io
import json
import os
import resource
import sys

import pypdfium2
from PIL import Image

MEMORY = 1 << 30
CPU_SECONDS = 5
OUTPUT = 16 << 20
PIXELS = 6_000_000
_NOBODY = 65534


def rehearse() -> None:
    """Do the whole work on an empty page, so that every module and codec is loaded: later nothing can be."""
    codecs.lookup("utf-16-le")  # PDFium's text; an empty page has none
    empty = pypdfium2.PdfDocument.new()
    empty.new_page(10, 10).close()
    read(empty, 1, 1)
    draw(empty, 1, 1)
    print_all(empty, 1, 1)
    empty.close()


def give_up_powers() -> None:
    """Bound memory, time and output; open nothing any more (PDFium would otherwise look for fonts on the disk)."""
    for what, limit in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, OUTPUT),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(what, (limit, limit))
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)


def read(pdf: pypdfium2.PdfDocument, pages: int, characters: int) -> bytes:
    found = []
    for index in range(min(len(pdf), pages)):
        page = pdf[index]
        width, height = page.get_size()
        text = page.get_textpage().get_text_bounded()[:characters]
        found.append({"width": width, "height": height, "text": text})
        page.close()
    return json.dumps({"count": len(pdf), "pages": found}).encode("utf-8", "replace")


def draw(pdf: pypdfium2.PdfDocument, number: int, width: int) -> bytes:
    if not 1 <= number <= len(pdf):
        raise IndexError(number)
    drawn = io.BytesIO()
    render(pdf[number - 1], width).save(drawn, "WEBP", quality=80, method=2)
    return drawn.getvalue()


def render(page: pypdfium2.PdfPage, width: int) -> Image.Image:
    points_wide, points_high = page.get_size()
    scale = width / points_wide
    # A page a hundred times higher than wide is drawn smaller, not refused.
    scale = min(scale, (PIXELS / (points_wide * points_high)) ** 0.5)
    picture: Image.Image = page.render(scale=scale, may_draw_forms=True).to_pil().convert("RGB")
    page.close()
    return picture


def print_all(pdf: pypdfium2.PdfDocument, pages: int, width: int) -> bytes:
    """Every page on white, as a JPEG; all of them or none."""
    if not 1 <= len(pdf) <= pages:
        raise IndexError(pages)
    out = io.BytesIO()
    for index in range(len(pdf)):
        drawn = io.BytesIO()
        render(pdf[index], width).save(drawn, "JPEG", quality=85)
        out.write(drawn.tell().to_bytes(4, "big"))
        out.write(drawn.getvalue())
        if out.tell() > OUTPUT:
            raise MemoryError
    return out.getvalue()


ACTS = {"read": read, "draw": draw, "print": print_all}


def main(arguments: list[str]) -> int:
    what, first, second = arguments[0], int(arguments[1]), int(arguments[2])
    rehearse()
    give_up_powers()
    try:
        pdf = pypdfium2.PdfDocument(sys.stdin.buffer.read())
        done = ACTS[what](pdf, first, second)
    except (pypdfium2.PdfiumError, IndexError, MemoryError, ValueError, ZeroDivisionError, OSError):
        return 2
    sys.stdout.buffer.write(done)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(status)  # nothing is left to tidy, and tidying after a hostile file is one more risk
