"""A PDF that somebody brings, made fit for archiving: as it is when it already is, else drawn anew page by page."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import typst

from carnet.domain.record.pdf.claims import PdfProblem, PdfRefused, check_pdf, claims_pdf_a1
from carnet.foundation.pdf_pages import PAGES, Pdf, in_memory, print_pages, read_pdf

_PICTURE_WIDTH: Final = 1240
# The text stands behind the picture of its page: not seen, but found, copied and read aloud.
_PAGES: Final = """
#let given = json(bytes(sys.inputs.given))
#set document(title: given.title)
#set text(lang: "fr", size: 6pt, fill: white)
#for page-given in given.pages {
  page(width: page-given.width * 1pt, height: page-given.height * 1pt, margin: 0pt)[
    #place(top + left, block(width: 100%, height: 100%, clip: true, page-given.text))
    #place(top + left, image(page-given.picture, format: "jpg", width: 100%, height: 100%))
  ]
}
"""


def archived_pdf(content: bytes, title: str = "") -> bytes:
    """The PDF as PDF/A-1b: its own bytes when it claims to be PDF/A-1, else its pages as pictures over their text.

    `title` is that of the new file. Raises `PdfRefused`: not a PDF, encrypted, with a program or files inside, damaged,
    or, when it must be drawn anew, of more than PAGES pages.
    """
    check_pdf(content)
    pdf = read_pdf(content)
    if pdf is None:
        raise PdfRefused(PdfProblem.UNREADABLE)
    if claims_pdf_a1(content):
        return content
    if pdf.count > PAGES:
        raise PdfRefused(PdfProblem.TOO_LONG)
    pictures = print_pages(content, _PICTURE_WIDTH)
    if pictures is None or len(pictures) != len(pdf.pages):
        raise PdfRefused(PdfProblem.UNREADABLE)
    return _bound(pdf, pictures, title)


def _bound(pdf: Pdf, pictures: list[bytes], title: str) -> bytes:
    """The pictures as pages of one file. They reach the compiler through memory: it sees these files and no other."""
    source: Any = _PAGES.encode()  # the library's types want its source and its folder to be of one type
    with ExitStack() as stack:
        pages = []
        for page, picture in zip(pdf.pages, pictures, strict=True):
            file = stack.enter_context(in_memory(picture))
            picture_path = f"/{file.fileno()}"
            pages.append({"width": page.width, "height": page.height, "text": page.text, "picture": picture_path})
        try:
            return typst.compile(
                source,
                root=Path("/proc/self/fd"),
                format="pdf",
                pdf_standards="a-1b",
                sys_inputs={"given": json.dumps({"title": title, "pages": pages})},
                ignore_system_fonts=True,
            )
        except typst.TypstError:
            raise PdfRefused(PdfProblem.UNREADABLE) from None
