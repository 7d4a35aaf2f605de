# ruff: noqa: E501, SIM905 - tables of words read best one kind a line
"""Structure-aware fuzzing: inputs that are nearly right, since what is plainly wrong is refused at the first look."""

import io
import zipfile

import fuzz_targets as targets
import orjson
import pytest
from fuzz_seeds import CDA, FHIR, HEAD, IMAP, LEVEL_1, LEVEL_3, METADATA, PAGE, PATCH, SEEDS, SMTP, TRUST_LIST, XDM
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.timeout(0)
relaxed = settings(deadline=None)

EOL = st.sampled_from([b"\r\n"] * 8 + [b"\n", b"\r", b"\r\n\r\n", b"\r\n "])
NAMES = st.sampled_from(
    b"From To Cc Subject Date Message-ID References In-Reply-To Reply-To Sender Received Content-Type Content-ID "
    b"Content-Transfer-Encoding Content-Disposition MIME-Version X-MSS-MES Auto-Submitted Disposition-Notification-To"
    b" content-TYPE X-MSS-INS".split()
)
PIECES = st.sampled_from(
    [b"a@b.fr", b"<a@b.fr>", b'"a', b'b"', b"(", b")", b"\\", b",", b";", b":", b"=?utf-8?Q?=C3=A9?=", b"=?utf-8?B?w6k=?=",
     b"=?x?q?", b"?=", b"<1@x>", b"Mon, 2 Mar 2026 09:12:00 +0100", b"text/html", b"multipart/mixed", b"message/rfc822",
     b"; boundary=q", b'; boundary="q q"', b"; charset=utf-16", b"; charset=utf-7", b"; charset*=''x", b"; name*0*=utf-8''%C3",
     b"; name*1=x.pdf", b'; filename="IHE_XDM.zip"', b"base64", b"quoted-printable", b"attachment", b"\xe9", b"\xc3\xa9",
     b"\0", b"\xe2\x80\xae", b" ", b"\t", b"FIN", b"auto-replied"]
)  # fmt: skip
VALUES = st.lists(PIECES | st.binary(max_size=6), max_size=8).map(b"".join)
FIELDS = st.lists(st.tuples(NAMES | st.binary(max_size=6), VALUES, EOL), max_size=8).map(
    lambda found: b"".join(name + b": " + value + end for name, value, end in found)
)
TYPES = st.sampled_from(
    [b"text/plain", b"text/html; charset=utf-8", b"application/zip", b"text/xml", b"application/pdf", b"message/rfc822",
     b"message/delivery-status", b"image/png", b"text/html; charset=utf-16"]
)  # fmt: skip
ENCODINGS = st.sampled_from([b"", b"base64", b"quoted-printable", b"8bit", b"x-uuencode"])
CONTENTS = (
    st.sampled_from([b"words", PAGE, XDM, LEVEL_1, LEVEL_3, b"%PDF-1.7", b"PK\x03\x04", b"From: a@b\r\n\r\nx", b"--q", b"--q--"])
    | st.binary(max_size=60)
    | st.text("ABCab+/= \n", max_size=60).map(str.encode)
)  # fmt: skip


def leaf(media_type: bytes, encoding: bytes, fields: bytes, content: bytes) -> bytes:
    head = b"Content-Type: " + media_type + b"\r\n" + fields
    return head + (b"Content-Transfer-Encoding: " + encoding + b"\r\n" if encoding else b"") + b"\r\n" + content


def joined(kind: bytes, boundary: bytes, parts: list[bytes], close: bytes) -> bytes:
    inside = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    return (
        b"Content-Type: multipart/" + kind + b"; boundary=" + boundary + b"\r\n\r\n" + inside + b"--" + boundary + close
    )


entities = st.recursive(
    st.builds(leaf, TYPES, ENCODINGS, FIELDS, CONTENTS),
    lambda inner: (
        st.builds(
            joined,
            st.sampled_from([b"mixed", b"alternative", b"related", b"digest", b"report"]),
            st.sampled_from([b"q", b"qq", b"q q", b"-", b"a" * 71]),
            st.lists(inner, max_size=4),
            st.sampled_from([b"--\r\n", b"--", b"\r\n", b""]),
        )
        | inner.map(lambda one: b"Content-Type: message/rfc822\r\n\r\n" + one)
    ),
    max_leaves=12,
)
mails = st.builds(lambda head, fields, entity: head + fields + entity, st.sampled_from([HEAD, b""]), FIELDS, entities)


@st.composite
def damaged(draw: st.DrawFn, seeds: list[bytes], words: list[bytes]) -> bytes:
    """A seed with some of its bytes replaced, removed or doubled."""
    raw = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(raw)))
        width = draw(st.integers(0, 16))
        what = draw(st.sampled_from(words) | st.binary(max_size=6) | st.just(bytes(raw[at : at + 40]) * 2))
        raw[at : at + width] = what
    return bytes(raw)


@relaxed
@given(mails | damaged(SEEDS["mail"], [b"\r\n\r\n", b"--q\r\n", b"--q--", b"=?", b'"', b"\0", b"*0*="]))
def test_mail(raw: bytes) -> None:
    targets.mail(raw)


@relaxed
@given(mails | damaged(SEEDS["letter"], [b"\r\n\r\n", b"--q\r\n", b"<", b"base64", b"message/rfc822"]))
def test_letters(raw: bytes) -> None:
    targets.letter(raw)


@relaxed
@given(mails | damaged(SEEDS["report"], [b"\r", b"\n", b"\0", b"\r\n\r\n", b"x" * 1200, b"\xe9"]))
def test_reports(raw: bytes) -> None:
    targets.report(raw)


@st.composite
def archives(draw: st.DrawFn) -> bytes:
    """Archives whose files, names and index are each a little wrong."""
    names = st.sampled_from(
        ["IHE_XDM/SUBSET01/METADATA.XML", "IHE_XDM/SUBSET01/DOC0001.XML", "IHE_XDM/SUBSET02/METADATA.XML", "INDEX.HTM",
         "README.TXT", "../x", "/x", "a\\b", "IHE_XDM/", "METADATA.XML", "x.exe", "\u202ex.xml"]
    )  # fmt: skip
    contents = st.sampled_from([METADATA, LEVEL_1, LEVEL_3, b"", b"x", CDA]) | damaged(
        [METADATA, LEVEL_1], [b"<", b">", b"&"]
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in draw(st.dictionaries(names, contents, max_size=6)).items():
            archive.writestr(name, content, draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])))
    return out.getvalue()


@relaxed
@given(archives() | damaged([XDM], [b"PK\x01\x02", b"PK\x05\x06", b"\xff\xff\xff\xff", b"\x00\x00"]))
def test_archives(raw: bytes) -> None:
    targets.archive(raw)


@relaxed
@given(
    damaged(SEEDS["pdf"], [b"%PDF-1.4", b"/", b"#", b"#6", b"/JS(", b"/Encrypt<<", b"pdfaid:part='1'", b"PK\x05\x06"])
)
def test_printed_documents(raw: bytes) -> None:
    targets.pdf(raw)


@relaxed
@given(
    damaged(
        SEEDS["photo"], [b"\xff\xd9", b"\xff\xda", b"\xff\xe1\x00\x02", b"Exif\0\0", b"IEND", b"II*\0", b"\x21\xff"]
    )
)
def test_photographs(raw: bytes) -> None:
    targets.photo(raw)


@relaxed
@given(damaged(SEEDS["clinical"], [b"<", b">", b"&#x", b"<!DOCTYPE a>", b"]]>", b"<!--", b"xmlns=''", b"\xff\xfe"]))
def test_clinical_documents(raw: bytes) -> None:
    targets.clinical(raw)


@relaxed
@given(
    damaged(SEEDS["spreadsheet"], [b";", b'"', b"\n", b"<", b"</row>", b'r="XFD9"', b"<v>1E400</v>", b"_x0000_", b"\0"])
)
def test_spreadsheets(raw: bytes) -> None:
    targets.spreadsheet(raw)


@relaxed
@given(
    damaged([PAGE], [b"<", b">", b"'", b"&lt;", b"<svg>", b"<math><mi>", b"<style>", b"</", b"<!--", b"javascript:"])
    | st.lists(
        st.sampled_from(
            "<div style=position:fixed> </div> <svg><a href=x> <math> <mtext> <table> <mglyph> <style> </style> <!-- --> "
            '<img src=x onerror=y> <template> <noscript> <p title="</noscript><img src=x>"> <select> <a href=http://b> '
            "&#x3c; &lt; \0 \u202e x".split(" ")
        ),
        max_size=30,
    ).map(lambda tags: "".join(tags).encode())
)
def test_pages(raw: bytes) -> None:
    targets.page(raw.decode("utf-8", "replace"))


@relaxed
@given(st.lists(damaged(SEEDS["sasl"], [b"=", b"\n", b"AQ", b"AA=="]) | st.binary(max_size=20), max_size=3))
def test_answers_of_authentication(lines: list[bytes]) -> None:
    targets.sasl(lines)


@relaxed
@given(damaged(SEEDS["insi"], [b"<", b">", b"</Individu>", b"00", b"&#x0;", b"<!DOCTYPE a>", b"\xff\xfe", b"<!--"]))
def test_answers_of_insi(raw: bytes) -> None:
    targets.insi(raw)


@relaxed
@given(damaged(SEEDS["barcode"], [b"S1", b"S4", b"\x1d", b"<GS>", b"^]", b"00", "é".encode(), b"-", b"'", b"]d2"]))
def test_barcodes_of_the_ins(raw: bytes) -> None:
    targets.barcode(raw.decode("utf-8", "replace"))


@relaxed
@given(damaged([TRUST_LIST], [b"<", b">", b"</Domaine>", b"\\", b",", b"+", b"&#x0;", b"<!DOCTYPE a>", b"2026"]))
def test_trust_lists(raw: bytes) -> None:
    targets.trust_list(raw)


@relaxed
@given(
    damaged(
        [FHIR],
        [
            b"&",
            b"=",
            b"%",
            b"%00",
            b"%FF",
            b":",
            b"|",
            b",",
            b"\\",
            b"0001-01-01",
            b"+14:00",
            b"_lastUpdated=",
            b"9999",
        ],
    )
)
def test_queries_of_the_directory(raw: bytes) -> None:
    targets.fhir(raw.decode("utf-8", "replace"))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.text(max_size=8)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "part",
                    "valueString",
                    "valueCode",
                    "value",
                    "parameter",
                    "resourceType",
                    "valueContactPoint",
                    "extension",
                    "url",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@relaxed
@given(
    damaged([PATCH], [b'"', b"{", b"}", b"[", b"]", b"null", b"1e9", b"'", b"where(", b".", b"\\u0000"])
    | st.lists(st.fixed_dictionaries({"name": st.just("operation"), "part": JSON}), max_size=3).map(
        lambda found: orjson.dumps({"resourceType": "Parameters", "parameter": found})
    )
)
def test_patches_of_the_directory(raw: bytes) -> None:
    targets.fhir_patch(raw)


SMTP_WORDS = [
    b"\r\n", b"\n", b"\r", b".", b"..", b"\r\n.\r\n", b"\n.\n", b"\r.\r", b"\0", b"EHLO me\r\n", b"RSET\r\n", b"DATA\r\n",
    b"MAIL FROM:<a@b>\r\n", b"RCPT TO:<c@d>\r\n", b"RCPT TO:<no@d>\r\n", b"QUIT\r\n", b"x" * 2100, b"STARTTLS\r\n",
]  # fmt: skip


@relaxed
@given(
    st.lists(st.sampled_from(SMTP_WORDS) | st.binary(max_size=6), max_size=30).map(b"".join)
    | damaged([SMTP[1:]], SMTP_WORDS),
    st.lists(st.integers(0, 400), max_size=20),
)
def test_the_smtp_engine(stream: bytes, cuts: list[int]) -> None:
    targets.smtp(stream, cuts)


IMAP_WORDS = [
    b"\r\n", b"\n", b"{3}\r\n", b"{3+}\r\n", b"{99999}\r\n", b'"', b"\\", b"(", b")", b"[", b"]", b"*", b"%", b" ", b"\0",
    b"a FETCH ", b"UID ", b"BODY[", b"OR NOT ", b"1:*", b"4294967296", b"&AOk-", b"APPEND x ",
]  # fmt: skip


@relaxed
@given(
    st.lists(st.sampled_from(IMAP_WORDS) | st.binary(max_size=6), max_size=30).map(b"".join)
    | damaged([IMAP[1:]], IMAP_WORDS),
    st.lists(st.integers(0, 400), max_size=20),
)
def test_the_imap_engine(stream: bytes, cuts: list[int]) -> None:
    targets.imap(stream, cuts)
