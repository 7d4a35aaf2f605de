"""PDF/A-1b: of a typed letter and of a file that somebody brings, judged by another library."""

import io
from datetime import UTC, date, datetime
from typing import Any

import pikepdf
import pytest
import typst
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pikepdf import Name

from carnet.domain.record.pdf import LetterToPrint, PdfProblem, PdfRefused, archived_pdf, claims_pdf_a1, letter_pdf
from carnet.foundation.pdf_pages import read_pdf

AT = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)
MODERN = typst.compile(
    "#set text(fill: rgb(10%, 20%, 30%, 60%))\n= Élan\nDeuxième ligne.\n#pagebreak()\nLa fin.".encode(), format="pdf"
)


def letter(text: str = "Bonjour,\n\nvous marchez bien.", **changed: Any) -> LetterToPrint:
    fields: dict[str, Any] = {
        "title": "Lettre de liaison",
        "structure": "Centre hospitalier Saint-Aubin",
        "service": "Chirurgie orthopédique",
        "place": "Saint-Aubin",
        "written_on": date(2026, 3, 4),
        "patient": ("Dominique PAT-TROIS", "Née le 28/03/1979", "INS 2 79 03 51 215 189 89"),
        "signer": "Dr Hélène VASSEUR",
        "signature": ("Dr Hélène VASSEUR", "Chirurgie orthopédique"),
    }
    return LetterToPrint(text=text, **{**fields, **changed})


def assert_is_pdf_a1(content: bytes) -> None:
    """The marks of PDF/A-1b that can be told without its validator (ISO 19005-1 §6)."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert not pdf.is_encrypted
        assert pdf.pdf_version <= "1.4"
        with pdf.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("1", "B")
        assert Name.OutputIntents in pdf.Root
        assert Name.Names not in pdf.Root or Name.EmbeddedFiles not in pdf.Root.Names
        for found in pdf.objects:
            if not isinstance(found, pikepdf.Dictionary | pikepdf.Stream):
                continue
            assert found.get(Name.S) not in (Name.JavaScript, Name.Launch, Name.Transparency)
            assert Name.SMask not in found or found.SMask == Name("/None")
            if found.get(Name.Type) == Name.FontDescriptor:
                assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(found.keys())


def test_a_typed_letter_is_pdf_a_with_its_fonts_and_its_words() -> None:
    content = letter_pdf(letter(), AT)
    assert_is_pdf_a1(content)
    assert claims_pdf_a1(content)
    assert content == letter_pdf(letter(), AT), "the same letter is the same file"
    pdf = read_pdf(content)
    assert pdf is not None
    words = pdf.pages[0].text
    for expected in ("Saint-Aubin, le 04/03/2026", "Dominique PAT-TROIS", "vous marchez bien.", "Dr Hélène VASSEUR"):
        assert expected in words


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=200))
def test_whatever_is_typed_is_text_and_never_code(typed: str) -> None:
    content = letter_pdf(letter(typed, title=typed[:80], structure=typed[:80]), AT)
    assert claims_pdf_a1(content)


def test_typed_markup_stands_on_the_page_as_it_was_typed() -> None:
    pdf = read_pdf(letter_pdf(letter('#panic("x") #read("/etc/passwd") *gras* $x$ \\ <b>'), AT))
    assert pdf is not None
    assert '#panic("x") #read("/etc/passwd") *gras* $x$ \\ <b>' in pdf.pages[0].text.replace("”", '"').replace("“", '"')


def test_a_file_that_is_pdf_a_keeps_its_bytes() -> None:
    content = letter_pdf(letter(), AT)
    assert archived_pdf(content) == content


def test_another_pdf_is_drawn_anew_with_its_text_behind_its_pages() -> None:
    content = archived_pdf(MODERN, "Un courrier")
    assert not claims_pdf_a1(MODERN)
    assert_is_pdf_a1(content)
    before, after = read_pdf(MODERN), read_pdf(content)
    assert before is not None
    assert after is not None
    assert [page.text for page in after.pages] == [page.text for page in before.pages]
    assert (after.pages[0].width, after.pages[0].height) == (
        pytest.approx(before.pages[0].width, abs=0.1),
        pytest.approx(before.pages[0].height, abs=0.1),
    )
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert len(pdf.pages[0].get_images()) == 1


def made(change: Any = None, *, pages: int = 1, **saved: Any) -> bytes:
    pdf, out = pikepdf.new(), io.BytesIO()
    for _ in range(pages):
        pdf.add_blank_page()
    if change is not None:
        change(pdf)
    pdf.save(out, **saved)
    return out.getvalue()


def _script(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = pikepdf.Dictionary(S=Name.JavaScript, JS="app.alert(1)")


def _attachment(pdf: pikepdf.Pdf) -> None:
    pdf.attachments["virus.txt"] = b"text"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"GIF89a not a pdf", PdfProblem.NOT_PDF),
        (made(encryption=pikepdf.Encryption(owner="secret", user="secret")), PdfProblem.ENCRYPTED),
        (made(encryption=pikepdf.Encryption(owner="secret", user="")), PdfProblem.ENCRYPTED),
        (made(_script), PdfProblem.ACTIVE),
        (made(_script).replace(b"/JavaScript", b"/J#61vaScript"), PdfProblem.ACTIVE),
        (made(_attachment), PdfProblem.ACTIVE),
        (MODERN[: len(MODERN) // 3], PdfProblem.UNREADABLE),
        (made(pages=21), PdfProblem.TOO_LONG),
    ],
    ids=["gif", "password", "permissions", "script", "script spelled otherwise", "files inside", "cut", "long"],
)
def test_a_file_that_is_refused_says_why(content: bytes, problem: PdfProblem) -> None:
    with pytest.raises(PdfRefused) as refused:
        archived_pdf(content)
    assert refused.value.problem is problem


def test_a_claim_that_its_own_bytes_deny_is_not_believed() -> None:
    """Metadata may say anything: compressed objects, which PDF/A-1 forbids, hide what nobody has looked at."""
    with pikepdf.open(io.BytesIO(letter_pdf(letter(), AT))) as pdf:
        out = io.BytesIO()
        pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert b"pdfaid:part" in out.getvalue()
    assert not claims_pdf_a1(out.getvalue())
