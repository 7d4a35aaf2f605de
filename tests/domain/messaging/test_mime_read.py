"""What is read of the messages that mail software really sends, and of those that nobody should send."""

import base64
import time
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from carnet.domain.messaging.mime.addresses import Address
from carnet.domain.messaging.mime.charsets import clean_line
from carnet.domain.messaging.mime.limits import MalformedCode, MalformedMessage, MimeLimits
from carnet.domain.messaging.mime.message import Defect, FromProblem, ParsedMessage
from carnet.domain.messaging.mime.read import part_content, read_message
from carnet.domain.messaging.mime.words import base64_bytes, base64_size, clean_file_name, decode_words, parse_date

HEAD = "From: Service <cardio@hopital-a.mssante.fr>\nMIME-Version: 1.0\n"


def mail(text: str, encoding: str = "utf-8") -> bytes:
    return text.replace("\n", "\r\n").encode(encoding)


def read(text: str, encoding: str = "utf-8") -> ParsedMessage:
    return read_message(mail(text, encoding))


def test_the_fields_of_an_ordinary_message() -> None:
    parsed = read(
        "From: =?iso-8859-1?Q?=C9lodie?= Ferrand <e.ferrand@hopital-a.mssante.fr>\n"
        "Sender: bot@hopital-a.mssante.fr\nReply-To: Cardio <cardio@hopital-a.mssante.fr>\n"
        "To: 279035121518989@patient.mssante.fr\nCc: a@b.fr, Grp: c@d.fr;\n"
        "Subject: R=?utf-8?B?w6k=?= =?utf-8?Q?union_?=\n =?utf-8?Q?=C3=A0_8h?=\n"
        "Date: Mon, 2 Mar 2026 09:12:00 +0100 (CET)\nMessage-ID: <m1@a.fr>\nIn-Reply-To: <m0@a.fr> (x)\n"
        "References: <r1@a.fr>\n <m0@a.fr> junk <r1@a.fr>\n"
        "X-MSS-CODECDA: 11490-0,11490-0\nX-MSS-INS: O\nx-mss-nil: DEV935997\nX-MSS-NIL: second\n"
        "Disposition-Notification-To: <bot@hopital-a.mssante.fr>\nAuto-Submitted: auto-generated; x=y\n"
        "Precedence: Bulk\nReceived: from a\nReceived: from b\n\nBonjour,\n\n\u00e0 lundi.\n\n"
    )
    assert parsed.from_ == (Address("Élodie Ferrand", "e.ferrand@hopital-a.mssante.fr"),)
    assert parsed.from_problem is None
    assert [one.address for one in parsed.sender] == ["bot@hopital-a.mssante.fr"]
    assert [one.domain for one in parsed.reply_to] == ["hopital-a.mssante.fr"]
    assert [one.address for one in (*parsed.to, *parsed.cc)] == [
        "279035121518989@patient.mssante.fr",
        "a@b.fr",
        "c@d.fr",
    ]
    assert parsed.subject == "Réunion à 8h"
    assert parsed.date == datetime(2026, 3, 2, 8, 12, tzinfo=UTC)
    assert (parsed.message_id, parsed.in_reply_to) == ("<m1@a.fr>", "<m0@a.fr>")
    assert parsed.references == ("<r1@a.fr>", "<m0@a.fr>")
    assert parsed.x_mss == {"X-MSS-CODECDA": "11490-0,11490-0", "X-MSS-INS": "O", "X-MSS-NIL": "DEV935997"}
    assert parsed.auto_submitted == "auto-generated"
    assert parsed.precedence == "bulk"
    assert parsed.is_automatic
    assert parsed.received_count == 2
    assert parsed.text == "Bonjour,\n\nà lundi."
    assert parsed.html == ""
    assert parsed.defects == ()


def test_a_message_built_by_another_library_is_read() -> None:
    built = EmailMessage()
    built["From"] = "a@b.fr"
    built["Subject"] = "Compte rendu d’imagerie — été"
    built.set_content("Voici.\n")
    built.add_alternative("<p>Voici.</p>", subtype="html")
    built.add_attachment(
        b"%PDF-1.4", maintype="application", subtype="pdf", filename="20220531_CR d'imagerie médicale.pdf"
    )
    built.add_attachment(b"PK", maintype="application", subtype="zip", filename="IHE_XDM.zip")
    raw = built.as_bytes()
    parsed = read_message(raw)
    assert (parsed.subject, parsed.text, parsed.html.strip()) == (
        "Compte rendu d’imagerie — été",
        "Voici.",
        "<p>Voici.</p>",
    )
    assert [(one.path, one.media_type, one.file_name, one.size) for one in parsed.attachments] == [
        ("2", "application/pdf", "20220531_CR d'imagerie médicale.pdf", 8),
        ("3", "application/zip", "IHE_XDM.zip", 2),
    ]
    assert [part_content(raw, one.path) for one in parsed.attachments] == [b"%PDF-1.4", b"PK"]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ('attachment; filename="a b.pdf"', "a b.pdf"),
        ("attachment; filename=a b.pdf; size=3", "a b.pdf"),
        ('attachment; filename="=?utf-8?Q?r=C3=A9sum=C3=A9=2Epdf?="', "résumé.pdf"),
        ("attachment; filename*=utf-8''r%C3%A9sum%C3%A9.pdf", "résumé.pdf"),
        ("attachment; filename=\"r.pdf\"; filename*=iso-8859-1'fr'r%E9sum%E9.pdf", "résumé.pdf"),
        ("attachment; filename*0*=utf-8''r%C3%A9; filename*1=\"sum%.pdf\"", "résum%.pdf"),
        ('attachment; filename*1="b.pdf"; filename*0="a"', "ab.pdf"),
        ('attachment; filename="résumé.pdf"', "résumé.pdf"),
        ("attachment;filename='x.pdf'", "'x.pdf'"),
        (r'attachment; filename="C:\\fakepath\\x.pdf"', "x.pdf"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="facture\u202efdp.exe"', "facturefdp.exe"),
        ('attachment; filename="' + "a" * 300 + '.pdf"', "a" * 196 + ".pdf"),
        ("attachment", "from-type.pdf"),
        ('attachment; filename="\u00a0.. "', "from-type.pdf"),
    ],
)
def test_file_names_are_read_as_software_writes_them(written: str, name: str) -> None:
    parsed = read(f"{HEAD}Content-Type: application/pdf; name=from-type.pdf\nContent-Disposition: {written}\n\nx")
    assert parsed.attachments[0].file_name == name


@pytest.mark.parametrize(
    ("label", "content", "text"),
    [
        ("utf-8", "é".encode(), "é"),
        ("UTF8", "é".encode(), "é"),
        ("iso-8859-1", "l’été : 5 €".encode("cp1252"), "l’été : 5 €"),
        ("iso-8859-15", "5 €".encode("iso8859-15"), "5 €"),
        ("windows-1252", b"\x81\xe9", "é"),
        ("us-ascii", "é".encode(), "é"),
        ("", "é".encode("latin-1"), "é"),
        ("utf-8", "é".encode("latin-1"), "é"),
        ("punycode", b"abc", "abc"),
        ("no-such-charset", "é".encode(), "é"),
        ("utf-16", "é".encode("utf-16"), "é"),
    ],
)
def test_text_is_decoded_whatever_the_charset_says(label: str, content: bytes, text: str) -> None:
    raw = mail(f"{HEAD}Content-Type: text/plain; charset={label}\nContent-Transfer-Encoding: base64\n\n")
    parsed = read_message(raw + base64.b64encode(content))
    assert parsed.text == text
    broken = label in ("punycode", "no-such-charset") or (label, content) == ("utf-8", b"\xe9")
    assert (Defect.UNKNOWN_CHARSET in parsed.defects) == broken


def test_the_body_is_what_a_reader_of_mail_shows() -> None:
    parsed = read(
        HEAD + "Content-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: multipart/alternative; boundary=a\n\n"
        "--a\n\nplain\n--a\nContent-Type: multipart/related; boundary=r\n\n--r\n"
        "Content-Type: text/html\n\n<b>html</b>\n"
        "--r\nContent-Type: image/png\nContent-ID: <logo@a>\n\nPNG\n--r--\n--a--\n"
        "--m\nContent-Type: application/pdf\n\nPDF\n--m\n\nfooter <\n"
        "--m\nContent-Type: text/plain\nContent-Disposition: attachment\n\nnot shown\n"
        "--m\nContent-Type: text/plain; name=notes.txt\n\nnot shown either\n"
        "--m\nContent-Type: message/rfc822\n\nSubject: x\n\nnor this\n--m--\n"
    )
    assert parsed.text == "plain\n\nfooter <"
    assert parsed.html == "<b>html</b>\n<p>footer &lt;</p>"
    assert [(one.path, one.media_type, one.file_name, one.is_inline, one.content_id) for one in parsed.attachments] == [
        ("1.2.2", "image/png", "", True, "logo@a"),
        ("2", "application/pdf", "", False, None),
        ("4", "text/plain", "", False, None),
        ("5", "text/plain", "notes.txt", False, None),
        ("6", "message/rfc822", "message.eml", False, None),
    ]


def test_an_attached_message_comes_out_whole() -> None:
    inner = "Subject: x\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\nnor this\n--i--"
    raw = mail(
        f"{HEAD}Content-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: message/rfc822\n\n{inner}\n--m--\n"
    )
    assert part_content(raw, "1") == mail(inner)
    assert part_content(raw, "1.1") == b"nor this"
    packed = base64.b64encode(mail(inner)).decode()
    encoded = mail(f"{HEAD}Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{packed}\n")
    assert read_message(encoded).attachments[0].size == len(mail(inner))
    assert part_content(encoded, "1") == mail(inner)


def test_a_report_says_its_kind() -> None:
    parsed = read(
        HEAD + 'Content-Type: multipart/report; report-type="Delivery-Status"; boundary=q\n\n--q\n\nwords\n'
        "--q\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a.fr\n--q--\n"
    )
    assert parsed.is_report
    assert parsed.is_automatic
    assert parsed.report_type == "delivery-status"
    assert [one.media_type for one in parsed.attachments] == ["message/delivery-status"]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ("From: Jean <a@b.fr>\n", None),
        ('From: "a@b.fr" <a@b.fr>\n', None),
        ("", FromProblem.MISSING),
        ("From: a@b.fr\nFrom: a@b.fr\n", FromProblem.SEVERAL_HEADERS),
        ("From: a@b.fr, c@d.fr\n", FromProblem.SEVERAL_ADDRESSES),
        ("From:\n", FromProblem.UNREADABLE),
        ("From: Jean\n", FromProblem.UNREADABLE),
        ("From: a@b.fr@c.fr\n", FromProblem.UNREADABLE),
        ("From: Jean a@b.fr\n", FromProblem.UNREADABLE),
        ("From: <a@b.fr> <c@d.fr>\n", FromProblem.UNREADABLE),
        ("From: c@d.fr <a@b.fr>\n", FromProblem.UNREADABLE),
        ("From: <a@b.fr\n", FromProblem.UNREADABLE),
        ("From: a@b.fr, junk\n", FromProblem.UNREADABLE),
        ("From: =?utf-8?Q?a=40b.fr?=@c.fr\n", FromProblem.ENCODED_ADDRESS),
        ("From: =?utf-8?Q?medecin=40hopital.fr?= <a@b.fr>\n", FromProblem.NAME_SHOWS_ANOTHER_ADDRESS),
        ('From: "medecin@hopital.fr" <a@b.fr>\n', FromProblem.NAME_SHOWS_ANOTHER_ADDRESS),
        ("From: a@b.fr\0.c.fr\n", FromProblem.UNREADABLE),
    ],
)
def test_a_doubtful_author_is_named_as_such(fields: str, problem: FromProblem | None) -> None:
    assert read(f"{fields}Subject: x\n\nx").from_problem is problem


def test_control_characters_never_reach_what_is_shown() -> None:
    parsed = read(
        "From: =?utf-8?Q?Jean=0D=0ABcc=3A_x=40y?= <a@b.fr>\nSubject: =?utf-8?B?YQBiCmPigK5k?=\n"
        "\na\0b\x1b[31m\u0085\ufeff\n"
    )
    assert parsed.subject == "ab cd"
    assert parsed.from_[0].name == "Jean  Bcc: x@y"
    assert parsed.text == "ab[31m\ufeff"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (b"=?utf-8?Q?a_b?= =?utf-8?Q?c?=", "a bc"),
        (b"=?utf-8?B?ww==?= =?utf-8?B?qQ==?=", "é"),
        (b"=?utf-8?Q?=C3?= =?utf-8?Q?=A9?=", "é"),
        (b"x =?utf-8?Q?a?= y", "x a y"),
        (b"=?x?Z?a?=", "=?x?Z?a?="),
        (b"=?utf-8*fr?Q?a?=", "a"),
        (b"=?unknown?Q?=E9?=", "é"),
        (b"=?utf-8?Q?=", "=?utf-8?Q?="),
        (b"caf\xc3\xa9 caf\xe9", "cafÃ© café"),
        (b"caf\xe9", "café"),
    ],
)
def test_encoded_words(written: bytes, expected: str) -> None:
    assert decode_words(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Mon, 2 Mar 2026 09:12:00 +0100", "2026-03-02T09:12:00+01:00"),
        ("2 Mar 26 9:12 GMT", "2026-03-02T09:12:00+00:00"),
        ("Mon,  2 Mar 2026 09:12:60 EST", "2026-03-02T09:12:59-05:00"),
        ("2 Mar 2026 09:12:00 -0000", "2026-03-02T09:12:00+00:00"),
        ("2 Mar 2026 09:12:00 +9999", "2026-03-02T09:12:00+00:00"),
        ("31 Feb 2026 09:12:00 +0000", None),
        ("2 Mar 0001 09:12:00 +0000", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates(written: str, expected: str | None) -> None:
    found = parse_date(written.encode())
    assert (found.isoformat() if found else None) == expected
    assert found is None or isinstance(found.utcoffset(), timedelta)


def test_line_feeds_alone_are_read_like_crlf() -> None:
    text = HEAD + "Subject: x\nContent-Type: multipart/mixed; boundary=q\n\n--q\n\nhello\n--q\n\nagain\n--q--\n"
    assert read_message(text.encode()) == read_message(mail(text))


def nested(depth: int) -> bytes:
    return b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", MalformedCode.EMPTY),
        (b" \r\n\r\n", MalformedCode.EMPTY),
        (b"From: a@b\r\n\r\n" + b"x" * 2_000_000, MalformedCode.TOO_LARGE),
        (b"A: " + b"x" * 70_000 + b"\r\n\r\n", MalformedCode.HEADER_TOO_LONG),
        (b"A: x\r\n" * 50_000 + b"\r\n", MalformedCode.HEADER_BLOCK_TOO_LARGE),
        (b"A: x\r\n" * 3_000 + b"\r\n", MalformedCode.TOO_MANY_HEADERS),
        (
            b"Content-Type: multipart/mixed; boundary=q\r\n\r\n" + b"--q\r\n\r\nx\r\n" * 300,
            MalformedCode.TOO_MANY_PARTS,
        ),
        (b"Content-Type: multipart/mixed; boundary=q\r\n\r\n" + b"--qx\n" * 20_000, MalformedCode.BOUNDARY_FLOOD),
        (nested(25), MalformedCode.TOO_DEEP),
        (b"Content-Type: message/rfc822\r\n\r\n" * 30, MalformedCode.TOO_DEEP),
    ],
)
def test_hostile_messages_are_refused_by_the_bound_they_break(raw: bytes, code: MalformedCode) -> None:
    with pytest.raises(MalformedMessage) as refused:
        read_message(raw, MimeLimits(total=1_000_000))
    assert refused.value.code is code
    assert refused.value.sentence


def test_twenty_levels_and_two_hundred_parts_are_read() -> None:
    assert read_message(nested(20) + b"Content-Type: text/plain\r\n\r\ndeep").text == "deep"
    wide = b"Content-Type: multipart/mixed; boundary=q\r\n\r\n" + b"--q\r\n\r\nx\r\n" * 199
    assert read_message(wide).text.count("x") == 199


def test_a_part_that_is_not_there_is_said() -> None:
    with pytest.raises(MalformedMessage) as refused:
        part_content(b"From: a@b.fr\r\n\r\nx", "2")
    assert refused.value.code is MalformedCode.NO_SUCH_PART


def test_a_long_text_is_cut_and_said_to_be() -> None:
    parsed = read_message(mail(HEAD) + b"\r\n" + "é".encode() * 2_000, MimeLimits(text=1_000))
    assert parsed.text == "é" * 1_000
    assert Defect.TEXT_CUT in parsed.defects


@pytest.mark.parametrize(
    "field",
    [
        b"To: " + b"(" * 60_000,
        b"To: " + b"a," * 30_000,
        b'To: "' + b"\\" * 60_000,
        b"To: " + b"<" * 60_000,
        b"To: " + b"a " * 30_000,
        b"To: " + b'"a"' * 20_000,
        b"Subject: " + b"=?" * 30_000,
        b"Subject: " + b"=?a?q?" * 10_000,
        b"Subject: " + b"=?utf-8?B?YQ?= " * 4_000,
        b"Content-Type: text/plain" + b"; a=b" * 12_000,
        b"Content-Type: text/plain; a=" + b" " * 60_000 + b"(x",
        b"Content-Type: text/plain; a=" + b"a(" * 30_000,
        b"Content-Type: " + b'"\\' * 30_000,
        b"References: " + b"<a" * 30_000,
        b"References: " + b"".join(b"<%d@a>" % n for n in range(7_000)),
        b"Date: " + b" " * 60_000,
        b"Date: Mon" + b" " * 60_000 + b"1",
    ],
)
def test_no_header_takes_long_to_read(field: bytes) -> None:
    started = time.perf_counter()
    read_message(b"From: a@b.fr\r\n" + field + b"\r\n\r\nx")
    assert time.perf_counter() - started < 1.5


SEED = mail(
    HEAD
    + 'Subject: =?utf-8?Q?=C3=A9?=\nDate: Mon, 2 Mar 2026 09:12:00 +0100\nMessage-ID: <a@b>\nTo: G: "a" <a@b.fr>;\n'
    'Content-Type: multipart/mixed; boundary="q"\n\n--q\nContent-Type: text/html; charset=utf-16\n\n<p>\n'
    "--q\nContent-Type: message/rfc822\n\nSubject: x\n\ny\n"
    "--q\nContent-Disposition: attachment; filename*0*=utf-8''a%C3; filename*1=b\nContent-Transfer-Encoding: base64\n\n"
    "AAAA=\n--q\nContent-Transfer-Encoding: quoted-printable\n\n=C3=A9=\n\n--q--\n"
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    raw = bytearray(SEED)
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(raw)))
        width = draw(st.integers(0, 12))
        raw[at : at + width] = draw(
            st.binary(max_size=8) | st.sampled_from([b"--q\r\n", b"\r\n\r\n", b"=?", b'"', b"*0*="])
        )
    return bytes(raw)


@settings(max_examples=400, deadline=None)
@given(mutated() | st.binary(max_size=400))
@example(b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n")
def test_reading_never_raises_anything_but_malformed_message(raw: bytes) -> None:
    try:
        parsed = read_message(raw)
    except MalformedMessage:
        return
    shown = [parsed.subject, parsed.text, parsed.html, *(one.file_name for one in parsed.attachments)]
    shown += [one.name + one.address for one in (*parsed.from_, *parsed.to)]
    for text in shown:
        assert "\0" not in text
        text.encode("utf-8")  # no lone surrogate: a database refuses it
    for part in parsed.attachments:
        assert len(part_content(raw, part.path)) == part.size
        assert "/" not in part.file_name


@given(st.binary(max_size=200) | st.text("ABab+/=\n -", max_size=80).map(str.encode))
def test_the_size_of_base64_is_told_without_decoding(text: bytes) -> None:
    assert base64_size(text) == len(base64_bytes(text))


@given(st.binary(max_size=200))
def test_base64_is_read_back(content: bytes) -> None:
    assert base64_bytes(base64.encodebytes(content)) == content


@given(st.text(max_size=300))
def test_a_clean_file_name_stays_as_it_is(name: str) -> None:
    clean = clean_file_name(name)
    assert clean_file_name(clean) == clean == clean_line(clean)
    assert len(clean) <= 200
    assert not set(clean) & set('/\\:"<>|?*')
    assert not clean.startswith(".")
