"""Files that act when they are opened, told from their content."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.record.harmful_files import Harm, harm_of

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00" + b"\x00" * 60 + b"PE\x00\x00"
OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return out.getvalue()


JAR = zipped(META_INF__MANIFEST_dot_MF=b"x", a_dot_class=b"y").replace(b"META_INF", b"META-INF")


@pytest.mark.parametrize(
    ("content", "name", "harm"),
    [
        (PROGRAM, "resultats.pdf", Harm.EXECUTABLE),
        (b"\x7fELF\x02", "photo.jpg", Harm.EXECUTABLE),
        (b"\xca\xfe\xba\xbe\x00", "", Harm.EXECUTABLE),
        (b"words", "facture.pdf.exe", Harm.EXECUTABLE),
        (b"words", "facture.PIF ", Harm.EXECUTABLE),
        (JAR, "a.zip", Harm.EXECUTABLE),
        (zipped(a_dot_pdf=PROGRAM), "courrier.zip", Harm.EXECUTABLE),
        (b"#!/bin/sh\nrm -rf x", "notes.txt", Harm.SCRIPT),
        (b"\xef\xbb\xbf <?PHP echo", "a.txt", Harm.SCRIPT),
        (b"\xff\xfe<\x00j\x00o\x00b\x00", "a.txt", Harm.SCRIPT),
        (b"\x4c\x00\x00\x00\x01\x14\x02\x00x", "a.pdf", Harm.SCRIPT),
        (b"[InternetShortcut]\nURL=x", "a.txt", Harm.SCRIPT),
        (b"var a = 1;", "ordonnance.js", Harm.SCRIPT),
        (zipped(a_dot_vbs=b"x"), "a.zip", Harm.SCRIPT),
        (zipped(word__vbaProject_dot_bin=b"x", word__document_dot_xml=b"<x/>"), "lettre.docx", Harm.MACRO),
        (zipped(xl__macrosheets__a_dot_xml=b"x"), "tableau.xlsx", Harm.MACRO),
        (OFFICE + "_VBA_PROJECT".encode("utf-16-le"), "lettre.doc", Harm.MACRO),
        (b"words", "modele.docm", Harm.MACRO),
        (PNG + zipped(a=b"x"), "image.png", Harm.POLYGLOT),
        (PDF + zipped(a=b"x"), "a.pdf", Harm.POLYGLOT),
        (PDF, "a.pdf", None),
        (PNG, "a.png", None),
        (OFFICE, "lettre.doc", None),
        (zipped(word__document_dot_xml=b"<x/>"), "lettre.docx", None),
        (zipped(a_dot_pdf=PDF, b_dot_txt=b"x"), "a.zip", None),
        (b"MZ is how my name begins", "a.txt", None),
        (b"Bonjour", "a.txt", None),
        (b"PK\x05\x06 in a text", "a.txt", None),
        (b"", "", None),
    ],
)  # fmt: skip
def test_what_a_file_could_do_is_told_from_what_it_is(content: bytes, name: str, harm: Harm | None) -> None:
    assert harm_of(content, name) is harm


@given(
    st.binary(max_size=300) | st.binary(max_size=80).map(lambda end: zipped(a=b"x")[:-4] + end), st.text(max_size=20)
)
def test_any_file_is_judged(content: bytes, name: str) -> None:
    assert harm_of(content, name) is harm_of(content, name)
