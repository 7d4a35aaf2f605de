"""The pages of a PDF as pictures and text: for people whose browser shows no PDF in a page (phones), or who listen.

A PDF comes from a stranger: a short-lived process without powers draws it (``pdf_child``), never the portal itself.
"""

import io
import json
import os
import subprocess
import sys
import threading
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PAGES: Final = 20
"""Pages shown in place; a longer document is opened or downloaded for the rest."""
CHARACTERS: Final = 20_000
WIDTH: Final = 1240
"""Pixels: an A4 page at 150 dots per inch, three times the width of a phone."""
SECONDS: Final = 15.0
MEDIA_TYPE: Final = "image/webp"

_CHILD = Path(__file__).with_name("pdf_child.py")
_MOST_OUTPUT = 16 << 20
# Two at a time in one process of the portal: more would only make each other wait.
_PLACES = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class PdfPage:
    """A page: its size in points, and the text in it (empty for a scan)."""

    number: int
    width: float
    height: float
    text: str


@dataclass(frozen=True)
class Pdf:
    """How many pages a PDF has, and the first of them."""

    count: int
    pages: tuple[PdfPage, ...]


def read_pdf(content: bytes) -> Pdf | None:
    """The pages of a PDF; ``None`` when it is damaged, locked with a password, or asks for too much."""
    answer = _run(content, "read", PAGES, CHARACTERS)
    if answer is None:
        return None
    try:
        found = json.loads(answer)
        pages = tuple(
            PdfPage(number, float(page["width"]), float(page["height"]), _tidy(str(page["text"])))
            for number, page in enumerate(found["pages"][:PAGES], 1)
        )
        return Pdf(int(found["count"]), pages) if pages and all(p.width > 0 < p.height for p in pages) else None
    except (ValueError, KeyError, TypeError):  # the child may have been taken over: its answer is not believed blindly
        return None


def draw_page(content: bytes, number: int) -> bytes | None:
    """Page ``number`` (from 1) as a WebP picture; ``None`` when there is none, or it cannot be drawn."""
    if not 1 <= number <= PAGES:
        return None
    picture = _run(content, "draw", number, WIDTH)
    return picture if picture and picture[:4] == b"RIFF" and picture[8:12] == b"WEBP" else None


def print_pages(content: bytes, width: int = WIDTH) -> list[bytes] | None:
    """Every page as a JPEG picture, ``width`` pixels wide.

    ``None`` when there are more than ``PAGES``, or they cannot be drawn within the bounds of ``pdf_child``.
    """
    answer = _run(content, "print", PAGES, width)
    pictures: list[bytes] = []
    while answer:
        size = int.from_bytes(answer[:4], "big")
        picture, answer = answer[4 : 4 + size], answer[4 + size :]
        if len(picture) != size or not picture.startswith(b"\xff\xd8\xff"):
            return None
        pictures.append(picture)
    return pictures or None


def _run(content: bytes, *arguments: object) -> bytes | None:
    """What the child answers to ``content``; ``None`` when it fails, takes too long, or says too much.

    Both ways go through memory: nothing of a document is ever written to a disk in clear.
    """
    if not _PLACES.acquire(timeout=SECONDS):
        return None
    try:
        with in_memory(content) as given, in_memory() as answer:
            child = subprocess.Popen(
                [sys.executable, "-I", str(_CHILD), *map(str, arguments)],
                stdin=given,
                stdout=answer,
                stderr=subprocess.DEVNULL,
                env={},
                cwd="/",
            )
            try:
                status = child.wait(timeout=SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
                return None
            if status:
                return None
            answer.seek(0)
            return answer.read(_MOST_OUTPUT)
    finally:
        _PLACES.release()


def in_memory(content: bytes = b"") -> io.FileIO:
    """A file that exists in memory only, at its beginning."""
    file = os.fdopen(os.memfd_create("carnet-pdf"), "w+b", buffering=0)
    view = memoryview(content)
    while view:
        view = view[file.write(view) :]
    file.seek(0)
    return file


def _tidy(text: str) -> str:
    """Text without control characters, lone surrogates and trailing blanks, one line a line."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = ("".join(c for c in line if unicodedata.category(c) not in ("Cc", "Cs", "Cn")).strip() for line in lines)
    return "\n".join(kept).strip()
