"""Mail that Carnet writes: read back unchanged, by itself and by another library, and never with a header too many."""

import email
import email.policy
import re
from datetime import UTC, date, datetime, timedelta, timezone
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from carnet.domain.messaging.compose import (
    ComposeProblem,
    ComposeRefused,
    OutgoingMail,
    answer_references,
    answer_subject,
    compose_answer,
    compose_document_message,
    compose_message,
    document_subject,
    make_message_id,
)
from carnet.domain.messaging.mime.addresses import Address
from carnet.domain.messaging.mime.charsets import clean_line, clean_text
from carnet.domain.messaging.mime.read import part_content, read_message
from carnet.domain.messaging.mime.words import clean_file_name

PATIENT = "279035121518989@patient.mssante.fr"
WARD = Address("Hôpital A – Service Cardiologie", "cardio@hopital-a.mssante.fr")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=timezone(timedelta(hours=1)))


def compose(**changes: Any) -> OutgoingMail:
    given_: dict[str, Any] = {
        "sender_name": "Élodie Ferrand",
        "sender_address": PATIENT,
        "recipients": [WARD],
        "subject": "Mon rendez-vous",
        "text": "Bonjour",
        "message_id": "<m1@patient.mssante.fr>",
        "date": NOON,
    }
    return compose_message(**{**given_, **changes})


def stdlib(content: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


# Everything a person can type; a line break in a header is refused, and tested apart.
LINE = st.text(st.characters(exclude_characters="\r\n\0"), max_size=120)


@settings(max_examples=300, deadline=None)
@given(
    subject=LINE,
    name=LINE,
    text=st.text(max_size=300),
    files=st.lists(st.tuples(LINE, st.binary(max_size=80)), max_size=3),
)
@example(subject="a  b   é  ", name='"x" <y@z>', text="From me\n.\n--\n=\n", files=[("a\u0301/b.pdf", b"")])
@example(subject="x" * 1_200, name="=?utf-8?Q?a?=", text="\t \n x ", files=[("", b"\r\n--")])
@example(subject="XDM/1.0/DDM+ é =?", name="a  b", text="é" * 200, files=[("%41'*0*=.txt", b"a")])
def test_what_is_written_is_read_back(subject: str, name: str, text: str, files: list[tuple[str, bytes]]) -> None:
    sent = compose(
        subject=subject,
        sender_name=name,
        text=text,
        attachments=[(file_name, "application/pdf", content) for file_name, content in files],
    )
    parsed = read_message(sent.content)
    assert parsed.subject == clean_line(subject)
    assert parsed.from_ == (Address(clean_line(name), PATIENT),)
    assert parsed.to == (WARD,)
    assert parsed.text == clean_text(text)
    assert parsed.date == NOON
    assert parsed.message_id == "<m1@patient.mssante.fr>"
    assert parsed.defects == ()
    assert [one.file_name for one in parsed.attachments] == [clean_file_name(file_name) for file_name, _ in files]
    assert [part_content(sent.content, one.path) for one in parsed.attachments] == [content for _, content in files]
    assert sent.content.isascii()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", sent.content)
    assert max(map(len, sent.content.split(b"\r\n"))) <= 998
    assert not re.search(rb"\r\n[ \t]+\r\n", sent.content.partition(b"\r\n\r\n")[0] + b"\r\n")


@settings(max_examples=100, deadline=None)
@given(subject=st.text(st.characters(min_codepoint=32, max_codepoint=0x24F, exclude_categories=["Cc"]), max_size=100))
def test_another_library_reads_the_same_subject(subject: str) -> None:
    content = compose(subject=subject).content
    found = stdlib(content)
    # The library brings folded white space to its own taste.
    assert " ".join(str(found["Subject"]).split()) == " ".join(clean_line(subject).split())
    assert str(found["From"].addresses[0].display_name) == "Élodie Ferrand"


def test_another_library_reads_the_same_attachments() -> None:
    long = "Compte rendu d’hospitalisation du service de cardiologie – été 2026 (version définitive).pdf"
    content = compose(
        text="été\n" * 3, attachments=[(long, "application/pdf", b"%PDF"), ("a.txt", "text/plain", b"x")]
    ).content
    found = stdlib(content)
    assert [one.get_filename() for one in found.iter_attachments()] == [long, "a.txt"]
    assert [one.get_payload(decode=True) for one in found.iter_attachments()] == [b"%PDF", b"x"]
    body = found.get_body()
    assert body is not None
    assert body.get_content().replace("\r\n", "\n").rstrip("\n") == "été\nété\nété"


@pytest.mark.parametrize("inserted", ["\r\nBcc: x@y.fr", "\nX: y", "\r", "\r\n\r\n<html>", "\0"])
@pytest.mark.parametrize(
    "field",
    [
        *("subject", "sender_name", "sender_address", "message_id", "in_reply_to", "references", "receipt_to"),
        *("to", "to name", "cc", "reply_to", "file name", "media type", "mss name", "mss value"),
    ],
)
def test_no_value_can_start_another_header(field: str, inserted: str) -> None:
    value = f"a@b.fr{inserted}"
    by_field: dict[str, dict[str, Any]] = {
        "references": {"references": [f"<a@b>{inserted}"]},
        "message_id": {"message_id": f"<a@b{inserted}>"},
        "in_reply_to": {"in_reply_to": f"<a@b{inserted}>"},
        "to": {"recipients": [Address("", value)]},
        "to name": {"recipients": [Address(value, "a@b.fr")]},
        "cc": {"cc": [Address("", value)]},
        "file name": {"attachments": [(value, "text/plain", b"")]},
        "media type": {"attachments": [("x", f"text/plain{inserted}", b"")]},
        "reply_to": {"reply_to": Address("x", value)},
        "mss name": {"mss_fields": {f"X-MSS-NIL{inserted}": "1"}},
        "mss value": {"mss_fields": {"X-MSS-NIL": f"1{inserted}"}},
    }
    changes = by_field.get(field, {field: value})
    with pytest.raises(ComposeRefused) as refused:
        compose(**changes)
    assert refused.value.code is ComposeProblem.LINE_BREAK
    assert "b.fr" not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"sender_address": "not an address"}, ComposeProblem.BAD_ADDRESS),
        ({"sender_address": '"a b"@c.fr'}, ComposeProblem.BAD_ADDRESS),
        ({"sender_address": "é@b.fr"}, ComposeProblem.BAD_ADDRESS),
        ({"sender_address": "a@-b.fr"}, ComposeProblem.BAD_ADDRESS),
        ({"sender_address": "a..b@c.fr"}, ComposeProblem.BAD_ADDRESS),
        ({"recipients": [Address("", "a@b.fr, c@d.fr")]}, ComposeProblem.BAD_ADDRESS),
        ({"recipients": []}, ComposeProblem.NO_RECIPIENT),
        ({"message_id": "a@b"}, ComposeProblem.BAD_MESSAGE_ID),
        ({"references": ["<a b@c>"]}, ComposeProblem.BAD_MESSAGE_ID),
        ({"date": datetime(2026, 3, 2)}, ComposeProblem.NAIVE_DATE),  # noqa: DTZ001
        ({"mss_fields": {"Bcc": "x"}}, ComposeProblem.BAD_FIELD),
        ({"mss_fields": {"X-MSS-NIL": ""}}, ComposeProblem.BAD_FIELD),
    ],
)
def test_what_cannot_be_written_well_is_refused(changes: dict[str, Any], problem: ComposeProblem) -> None:
    with pytest.raises(ComposeRefused) as refused:
        compose(**changes)
    assert refused.value.code is problem


def test_the_envelope_names_each_recipient_once() -> None:
    sent = compose(recipients=[WARD, Address("", "x@Bücher.example")], cc=[WARD])
    assert sent.return_path == PATIENT
    assert sent.recipients == ("cardio@hopital-a.mssante.fr", "x@xn--bcher-kva.example")


def test_the_sender_is_written_as_a_name_and_the_address_of_the_space() -> None:
    head = compose(sender_name="Jean Dupont").content.partition(b"\r\n\r\n")[0].decode("ascii")
    assert f"From: Jean Dupont <{PATIENT}>" in head.replace("\r\n ", " ")


def test_a_type_that_may_not_travel_in_base64_goes_as_bytes() -> None:
    content = compose(attachments=[("a.eml", "message/rfc822", b"Subject: x\r\n\r\ny"), ("b", "no type", b"z")]).content
    assert [one.media_type for one in read_message(content).attachments] == ["application/octet-stream"] * 2


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("x", "Re: x"),
        ("Re: x", "Re: x"),
        ("RE : x", "RE : x"),
        ("Rép: x", "Rép: x"),
        ("", "Re:"),
        ("Retour", "Re: Retour"),
    ],
)
def test_the_subject_of_an_answer(subject: str, expected: str) -> None:
    assert answer_subject(subject) == expected


def test_an_answer_joins_the_thread() -> None:
    sent = compose_answer(
        sender_name="Jean",
        sender_address=PATIENT,
        recipients=[WARD],
        answered_id="<m2@a.fr>",
        answered_references=["<m0@a.fr>", "<odd one>", "<m1@a.fr>"],
        answered_subject="Rendez-vous",
        text="Oui",
        message_id=make_message_id("patient.mssante.fr", "0198c0de"),
        date=NOON,
    )
    parsed = read_message(sent.content)
    assert parsed.in_reply_to == "<m2@a.fr>"
    assert parsed.references == ("<m0@a.fr>", "<m1@a.fr>", "<m2@a.fr>")
    assert (parsed.subject, parsed.message_id) == ("Re: Rendez-vous", "<0198c0de@patient.mssante.fr>")


def test_a_long_thread_keeps_its_first_and_last_references() -> None:
    kept = answer_references([f"<{n}@a>" for n in range(500)], "<500@a>")
    assert (kept[0], kept[1], kept[-1], len(kept)) == ("<0@a>", "<451@a>", "<500@a>", 51)


@given(st.text(), st.text(), st.text())
def test_a_subject_never_breaks_a_line(label: str, family: str, given_name: str) -> None:
    subject = document_subject([label], family, given_name, date(2020, 1, 1))
    assert subject.splitlines() == [subject]


def test_a_mail_of_documents_carries_the_archive_the_copies_and_the_headers_of_the_trust_space() -> None:
    subject = document_subject(
        ["Lettre de liaison à la sortie d'un établissement de soins"], "Lefèvre", "Anaïs", date(1979, 3, 5)
    )
    assert subject == "XDM/1.0/DDM+Lettre de liaison à la sortie d'un établ LEFEVRE Anaïs [05/03/1979]"
    assert document_subject(["a", "b"], "Corse", "Jo", None) == "XDM/1.0/DDM+2 documents CORSE Jo"
    assert document_subject(["CR"], "Nuñez-Œuvray", "Ève", None) == "XDM/1.0/DDM+CR NUNEZ-OEUVRAY Ève"
    sent = compose_document_message(
        sender_name="Hopital A – Robot",
        sender_address="robot@hopital-a.mssante.fr",
        recipients=[Address("", PATIENT)],
        subject=subject,
        text="Voici vos documents.",
        xdm=b"PK",
        pdfs=[("20260302_Lettre_LEFEVRE_Anaïs.pdf", b"%PDF")],
        message_id="<d1@hopital-a.mssante.fr>",
        date=NOON,
        loinc_codes=["34105-7", "34105-7"],
        ins_is_qualified=True,
        product="DEV935997",
        reply_to=WARD,
        receipt_to="robot@hopital-a.mssante.fr",
        ends_exchange=True,
    )
    parsed = read_message(sent.content)
    assert parsed.subject == subject
    # Operators sort on the prefix without decoding.
    assert b"\r\nSubject: XDM/1.0/DDM+Lettre de liaison" in sent.content
    assert [(one.file_name, one.media_type) for one in parsed.attachments] == [
        ("IHE_XDM.zip", "application/zip"),
        ("20260302_Lettre_LEFEVRE_Anaïs.pdf", "application/pdf"),
    ]
    assert parsed.x_mss == {
        "X-MSS-CODECDA": "34105-7,34105-7",
        "X-MSS-INS": "O",
        "X-MSS-NIL": "DEV935997",
        "X-MSS-MES": "FIN",
    }
    assert parsed.reply_to == (WARD,)
    assert parsed.disposition_notification_to[0].address == "robot@hopital-a.mssante.fr"


def test_dates_do_not_depend_on_the_locale() -> None:
    assert b"Date: Mon, 2 Mar 2026 12:00:00 +0100\r\n" in compose().content
    assert b"Date: Sun, 1 Feb 2026 00:00:00 +0000\r\n" in compose(date=datetime(2026, 2, 1, tzinfo=UTC)).content
