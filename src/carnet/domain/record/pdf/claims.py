"""What the bytes of a PDF say of it, without opening it."""

import re
from enum import StrEnum
from typing import Final

from carnet.domain.record.harmful_files import harm_of
from carnet.domain.record.media_types import PDF, sniff_media_type


class PdfProblem(StrEnum):
    """Why a file is not taken as a document in PDF."""

    NOT_PDF = "not-pdf"
    ENCRYPTED = "encrypted"
    ACTIVE = "active"
    UNREADABLE = "unreadable"
    TOO_LONG = "too-long"


_SENTENCES: Final = {
    PdfProblem.NOT_PDF: "The file is not a PDF.",
    PdfProblem.ENCRYPTED: "The PDF is locked or encrypted.",
    PdfProblem.ACTIVE: "The PDF holds a program, a form of another kind or other files.",
    PdfProblem.UNREADABLE: "The PDF is damaged or asks for too much.",
    PdfProblem.TOO_LONG: "The PDF has too many pages to be made fit for archiving here.",
}


class PdfRefused(ValueError):
    """A PDF that is not taken; `problem` says why."""

    def __init__(self, problem: PdfProblem) -> None:
        self.problem = problem
        super().__init__(_SENTENCES[problem])


_ESCAPED_NAME: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
_REFERENCE: Final = rb"\s*\d+\s+\d+\s+R"
_ENCRYPTED: Final = re.compile(rb"/Encrypt(?:\s*<<|" + _REFERENCE + rb")")
# A name alone may be two letters of a compressed picture: it counts with the value that follows it.
_ACTIVE: Final = re.compile(
    rb"/JavaScript\b|/JS(?:\s*[(<]|" + _REFERENCE + rb")|/Launch\b|/EmbeddedFiles?\b|/RichMedia\b"
    rb"|/XFA(?:\s*\[|" + _REFERENCE + rb")"
)
_NOT_OF_PDF_A1: Final = re.compile(rb"/(?:Type\s*/)?ObjStm\b|/Type\s*/XRef\b")
_VERSION: Final = re.compile(rb"%PDF-1\.[0-4]\b")
_PART_1: Final = re.compile(rb"pdfaid:part\s*(?:=\s*[\"']1[\"']|>\s*1\s*<)")


def check_pdf(content: bytes) -> None:
    """Raise `PdfRefused` for a file that is no PDF, is encrypted, or holds what acts when it is opened.

    What hides in compressed parts is not seen: it is gone once the pages are drawn, and PDF/A-1 has no such parts.
    """
    if sniff_media_type(content) != PDF:
        raise PdfRefused(PdfProblem.NOT_PDF)
    plain = _names_unescaped(content)
    if _ENCRYPTED.search(plain):
        raise PdfRefused(PdfProblem.ENCRYPTED)
    if _ACTIVE.search(plain) or harm_of(content, "document.pdf"):
        raise PdfRefused(PdfProblem.ACTIVE)


def claims_pdf_a1(content: bytes) -> bool:
    """Whether a PDF says that it is PDF/A-1 (ISO 19005-1 §6.7.11), and nothing that it shows speaks against it.

    Its metadata stand in clear, for the standard forbids to compress them (§6.7.2); it is PDF 1.4 without compressed
    objects (§6.1.4).
    """
    plain = _names_unescaped(content)
    return bool(_VERSION.match(content) and _PART_1.search(content)) and not _NOT_OF_PDF_A1.search(plain)


def _names_unescaped(content: bytes) -> bytes:
    """The same with `#4a` of a name written as its letter (ISO 32000-1 §7.3.5)."""
    return _ESCAPED_NAME.sub(lambda found: bytes([int(found[1], 16)]), content)
