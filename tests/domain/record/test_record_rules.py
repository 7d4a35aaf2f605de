import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from record_documents import PDF, PNG, cda_document, narrative_document, sample_parameters

from carnet.domain.record.file_names import safe_file_name
from carnet.domain.record.media_types import sniff_media_type, viewable_inline
from carnet.domain.record.rules import (
    holder_deposit_refusal,
    plain_unique_id,
    professional_document_refusal,
)
from carnet.domain.spaces.values import Refusal

LIMIT = 5_000_000
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"
TIFF = b"II*\x00\x08\x00\x00\x00"


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (PDF, "application/pdf"),
        (b"\xef\xbb\xbf\r\n%PDF-1.4", "application/pdf"),
        (JPEG, "image/jpeg"),
        (PNG, "image/png"),
        (b"GIF89a\x01", "image/gif"),
        (TIFF, "image/tiff"),
        (b"MM\x00*\x00", "image/tiff"),
        (b"{\\rtf1\\ansi", "text/rtf"),
        (b"PK\x03\x04", "application/zip"),
        (cda_document(), "text/xml"),
        (b'<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform"/>', "application/xslt+xml"),
        (b"<?xml version='1.0'?><svg/>", "text/xml"),
        (b" <!DOCTYPE html><html>", "text/html"),
        (b"<script>alert(1)</script>", "text/html"),
        ("Voilà l’été\n".encode(), "text/plain"),
        ("Voilà l'été, à bientôt\r\n".encode("cp1252"), "text/plain"),
        ("texte".encode("utf-16"), "text/plain"),
        (b"", None),
        (b"\x00\x01\x02", None),
        (b"MZ\x90\x00\x03", None),
        (b"\x7fELF\x02", None),
        (bytes(range(160, 255)), None),
    ],
)
def test_content_tells_its_type(data: bytes, media_type: str | None):
    assert sniff_media_type(data) == media_type


@given(st.binary(max_size=200))
def test_any_bytes_have_a_type_or_none(data: bytes):
    assert sniff_media_type(data) is None or "/" in str(sniff_media_type(data))


def test_only_harmless_types_are_shown_in_place():
    assert all(map(viewable_inline, ["application/pdf", "image/jpeg", "IMAGE/PNG; x=y", "text/plain"]))
    assert not any(map(viewable_inline, ["text/html", "text/xml", "image/svg+xml", "image/tiff", "text/rtf", ""]))


@pytest.mark.parametrize(
    ("name", "data", "refusal"),
    [
        ("a.pdf", PDF, None),
        ("A.PDF", PDF, None),
        ("b.JPEG", JPEG, None),
        ("b.tif", TIFF, None),
        ("n.txt", "été".encode(), None),
        ("n.rtf", b"{\\rtf1}", None),
        ("p.png", PNG, None),
        ("a.pdf", b"", Refusal.EMPTY_FILE),
        ("a.pdf", PDF + b" " * 5_000_000, Refusal.TOO_LARGE),
        ("ordonnance", PDF, Refusal.TYPE_NOT_ACCEPTED),
        ("a.docx", b"PK\x03\x04", Refusal.TYPE_NOT_ACCEPTED),
        ("a.exe", PDF, Refusal.TYPE_NOT_ACCEPTED),
        ("a.pdf.exe", PDF, Refusal.TYPE_NOT_ACCEPTED),
        ("a.pdf", b"\x00\x01", Refusal.CONTENT_MISMATCH),
        ("a.txt", b"<html><script>", Refusal.TYPE_NOT_ACCEPTED),
        ("a.txt", b"<?xml version='1.0'?><a/>", Refusal.TYPE_NOT_ACCEPTED),
        ("a.pdf", PNG, Refusal.CONTENT_MISMATCH),
        ("a.png", PDF, Refusal.CONTENT_MISMATCH),
    ],
)
def test_a_holder_deposits_what_the_field_accepts(name: str, data: bytes, refusal: Refusal | None):
    assert holder_deposit_refusal(name, data, LIMIT) is refusal


def test_a_file_is_as_large_as_the_limit_at_most():
    assert holder_deposit_refusal("a.pdf", PDF.ljust(LIMIT), LIMIT) is None
    assert holder_deposit_refusal("a.pdf", PDF.ljust(LIMIT + 1), LIMIT) is Refusal.TOO_LARGE


@pytest.mark.parametrize("path", sample_parameters("cda", "*.xml"))
def test_a_published_document_is_taken_from_a_professional(path: Path):
    assert professional_document_refusal(path.read_bytes()) is None


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (narrative_document("x"), None),
        (b"", Refusal.EMPTY_FILE),
        (PDF, Refusal.UNREADABLE),
        (b"<!DOCTYPE a><a/>", Refusal.UNREADABLE),
        (b"<a/>", Refusal.UNREADABLE),
        (cda_document('<nonXMLBody><text mediaType="application/pdf" representation="B64">AAAA</text></nonXMLBody>'),
         Refusal.UNREADABLE),
    ],
)  # fmt: skip
def test_a_professional_deposits_clinical_documents(data: bytes, refusal: Refusal | None):
    assert professional_document_refusal(data) is refusal


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("1.2.3", "1.2.3", True),
        ("1.2.3", "urn:oid:1.2.3", True),
        ("1.2.3^", "1.2.3", True),
        ("9ED10155-A2AA-459C-8351-A61AD25FC78D", "urn:uuid:9ed10155-a2aa-459c-8351-a61ad25fc78d", True),
        ("1.2.3^a", "1.2.3^A", False),
        ("1.2.3", "1.2.3^a", False),
    ],
)
def test_a_document_is_the_same_by_its_unique_id(first: str, second: str, same: bool):
    assert (plain_unique_id(first) == plain_unique_id(second)) is same


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ordonnance d’été.pdf", "Ordonnance d’été.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\scan.pdf", "scan.pdf"),
        ("a\r\nb\x00c\u202egnp.exe", "a bcgnp.exe"),
        ("e\u0301te\u0301.txt", "été.txt"),
        ("CON.txt", "_CON.txt"),
        ("lpt1", "_lpt1"),
        (".htaccess", "htaccess"),
        ("..", "document"),
        ("", "document"),
        ('a<b>"c|d?e*f', "abcdef"),
        ("scan. . ", "scan"),
    ],
)
def test_a_file_name_is_made_safe(text: str, name: str):
    assert safe_file_name(text) == name


@given(st.text(max_size=400))
def test_a_safe_name_is_safe_and_stays_so(text: str):
    name = safe_file_name(text)
    assert 1 <= len(name) <= 120
    assert len(name.encode()) <= 255
    assert not set(name) & set('<>:"/\\|?*\x00')
    assert all(unicodedata.category(character) not in ("Cc", "Cf", "Cs") for character in name)
    assert not name.startswith(".")
    assert safe_file_name(name) == name


def test_a_long_name_keeps_its_extension():
    name = safe_file_name("é" * 500 + ".pdf")
    assert name.endswith(".pdf")
    assert len(name) <= 120
