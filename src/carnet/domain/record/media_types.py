"""What a file is, told from its content and never from its name."""

import unicodedata
from typing import Final

from carnet.domain.record.xml_safety import root_name

PDF: Final = "application/pdf"
JPEG: Final = "image/jpeg"
PNG: Final = "image/png"
GIF: Final = "image/gif"
TIFF: Final = "image/tiff"
RTF: Final = "text/rtf"
TEXT: Final = "text/plain"
HTML: Final = "text/html"
XML: Final = "text/xml"
STYLED_XML: Final = "application/xslt+xml"
ZIP: Final = "application/zip"

# Mon espace santé, public application: what a holder may deposit; png is Carnet's own addition.
HOLDER_EXTENSIONS: Final = {
    "pdf": PDF,
    "txt": TEXT,
    "rtf": RTF,
    "jpg": JPEG,
    "jpeg": JPEG,
    "tif": TIFF,
    "tiff": TIFF,
    "png": PNG,
}

_MAGIC: Final = (
    (b"%PDF-", PDF),
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"{\\rtf", RTF),
    (b"PK\x03\x04", ZIP),
    (b"PK\x05\x06", ZIP),
)
_ALIASES: Final = {
    "application/rtf": RTF,
    "text/richtext": RTF,
    "image/jpg": JPEG,
    "image/pjpeg": JPEG,
    "image/tif": TIFF,
    "application/xml": XML,
    "application/x-pdf": PDF,
}
_ASCII: Final = bytes(range(0x80))
_INLINE: Final = frozenset({PDF, JPEG, PNG, GIF, TEXT})
_HTML_ROOTS: Final = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<iframe", b"<svg", b"<img")


def canonical_media_type(declared: str) -> str:
    """A media type without parameters, in lower case, with the field's aliases resolved."""
    plain = declared.partition(";")[0].strip().lower()
    return _ALIASES.get(plain, plain)


def sniff_media_type(data: bytes) -> str | None:
    """The media type of `data` by its first bytes: pdf, jpeg, png, gif, tiff, rtf, zip, xml, html or text.

    XML with an xsl:stylesheet root (a self-presenting CDA) is `application/xslt+xml`; text is UTF-8, UTF-16 with
    its mark, or Windows-1252 without control characters. None when it is none of these.
    """
    # Some producers put a byte order mark or a newline before the signature of a PDF.
    head = data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    for signature, media_type in _MAGIC:
        where = head if media_type in (PDF, RTF) else data
        if where.startswith(signature):
            return media_type
    if head.startswith(b"<?xml") or data.startswith((b"\xff\xfe<\x00", b"\xfe\xff\x00<")):
        return STYLED_XML if root_name(data) == "stylesheet" else XML
    if head.lower().startswith(_HTML_ROOTS):
        return HTML
    if head.startswith(b"<") and root_name(data) in ("ClinicalDocument", "stylesheet"):
        return STYLED_XML if root_name(data) == "stylesheet" else XML
    return TEXT if decode_text(data) is not None else None


def decode_text(data: bytes) -> str | None:
    """`data` as text, or None when it does not look like text: see sniff_media_type for the encodings."""
    if not data:
        return None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _clean(data, "utf-16")
    return _clean(data, "utf-8-sig") or _clean_western(data)


def _clean(data: bytes, encoding: str) -> str | None:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if _has_controls(text) else text


def _clean_western(data: bytes) -> str | None:
    """Windows-1252 takes almost any bytes for letters: believe it only when letters of ASCII prevail."""
    if len(data.translate(None, _ASCII)) > len(data) * 0.3:
        return None
    return _clean(data, "cp1252")


def _has_controls(text: str) -> bool:
    controls = {c for c in set(text) if unicodedata.category(c) in ("Cc", "Cs", "Cn")}
    return not controls <= {"\t", "\n", "\r", "\f"}


def viewable_inline(media_type: str) -> bool:
    """Whether a browser may show this type in place; the others are offered for download."""
    return canonical_media_type(media_type) in _INLINE
