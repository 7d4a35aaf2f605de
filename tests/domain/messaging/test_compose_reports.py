"""Reports that machines write: in the form that software reads, in words that people read, and answered by nothing."""

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage, Message
from typing import Any

import pytest

from carnet.domain.messaging.compose import (
    ComposeProblem,
    ComposeRefused,
    FailedRecipient,
    compose_dsn,
    compose_mdn,
)
from carnet.domain.messaging.compose.reports import DsnAction
from carnet.domain.messaging.mime.read import read_message
from carnet.domain.messaging.rules import receipt_wanted
from carnet.domain.messaging.values import SmtpError

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PATIENT = "279035121518989@patient.mssante.fr"
ORIGINAL = (
    "From: a@hopital-a.mssante.fr\r\nSubject: résultat\r\nMessage-ID: <o1@hopital-a.mssante.fr>\r\n"
    "\r\nsecret of the body\r\n"
).encode()


def dsn(**changes: Any) -> bytes:
    given: dict[str, Any] = {
        "reporting_domain": "patient.mssante.fr",
        "return_path": "a@hopital-a.mssante.fr",
        "failures": [
            FailedRecipient(PATIENT, "5.1.1", SmtpError.MAILBOX_NOT_FOUND, "550 5.1.1 no\r\nInjected: é", "rfc@x"),
            FailedRecipient("b@c.fr", "5.3.4", SmtpError.TOO_LARGE),
        ],
        "original": ORIGINAL,
        "message_id": "<r1@patient.mssante.fr>",
        "date": NOON,
        "arrival": NOON,
        "envelope_id": "QQ314159",
    }
    sent = compose_dsn(**{**given, **changes})
    assert sent.return_path == ""
    assert sent.recipients == ("a@hopital-a.mssante.fr",)
    return sent.content


def parts_of(content: bytes) -> list[Message]:
    found = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return list(found.iter_parts())


def test_a_failure_report_has_the_three_parts_of_rfc_6522() -> None:
    content = dsn()
    words, status, headers = parts_of(content)
    assert [one.get_content_type() for one in (words, status, headers)] == [
        "text/plain",
        "message/delivery-status",
        "text/rfc822-headers",
    ]
    groups: Any = status.get_payload()
    per_message, first, second = (dict(group.items()) for group in groups)
    assert per_message["Original-Envelope-Id"] == "QQ314159"
    assert per_message["Reporting-MTA"] == "dns; patient.mssante.fr"
    assert first == {
        "Original-Recipient": "rfc822; rfc@x",
        "Final-Recipient": f"rfc822; {PATIENT}",
        "Action": "failed",
        "Status": "5.1.1",
        "Diagnostic-Code": "smtp; 550 5.1.1 no??Injected: ?",
    }
    assert (second["Final-Recipient"], second["Status"]) == ("rfc822; b@c.fr", "5.3.4")


def test_a_failure_report_speaks_french_and_english_and_holds_nothing_of_the_body() -> None:
    content = dsn()
    parsed = read_message(content)
    assert SmtpError.MAILBOX_NOT_FOUND.french in parsed.text
    assert SmtpError.TOO_LARGE.english in parsed.text
    assert b"secret" not in content
    headers = parts_of(content)[2].get_payload(decode=True)
    assert isinstance(headers, bytes)
    assert headers.replace(b"\r\n", b"\n") == ORIGINAL.partition(b"\r\n\r\n")[0].replace(b"\r\n", b"\n") + b"\n"


def test_nothing_automatic_answers_a_report() -> None:
    parsed = read_message(dsn())
    assert parsed.report_type == "delivery-status"
    assert not receipt_wanted(parsed, "a@b.fr", {"patient.mssante.fr"})


def test_a_delay_is_not_told_as_a_failure() -> None:
    content = dsn(failures=[FailedRecipient("b@c.fr", "4.4.1", SmtpError.NO_RESPONSE, action=DsnAction.DELAYED)])
    assert "retardé" in read_message(content).subject
    assert "de nouveaux essais" in read_message(content).text


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"return_path": ""}, ComposeProblem.BAD_ADDRESS),
        ({"return_path": "a@b.fr\r\nBcc: c@d.fr"}, ComposeProblem.LINE_BREAK),
        ({"failures": []}, ComposeProblem.NO_RECIPIENT),
        ({"failures": [FailedRecipient("a@b", "nonsense", SmtpError.SYNTAX)]}, ComposeProblem.BAD_FIELD),
    ],
)
def test_a_report_that_would_be_wrong_is_not_written(changes: dict[str, Any], problem: ComposeProblem) -> None:
    with pytest.raises(ComposeRefused) as refused:
        dsn(**changes)
    assert refused.value.code is problem


def test_an_original_without_an_end_to_its_headers_is_cut() -> None:
    assert len(dsn(original=b"A: b\r\n" * 100_000)) < 100_000


def test_a_receipt_of_reading_is_that_of_rfc_8098() -> None:
    sent = compose_mdn(
        reader_address=PATIENT,
        notify="robot@hopital-a.mssante.fr",
        original_message_id="<o1@hopital-a.mssante.fr>",
        original_subject="XDM/1.0/DDM+Lettre",
        original_recipient=PATIENT,
        message_id="<n1@patient.mssante.fr>",
        date=NOON,
        reporting_agent="patient.mssante.fr; Carnet",
    )
    assert (sent.return_path, sent.recipients) == ("", ("robot@hopital-a.mssante.fr",))
    parsed = read_message(sent.content)
    assert parsed.report_type == "disposition-notification"
    assert parsed.from_[0].address == PATIENT
    assert parsed.in_reply_to == "<o1@hopital-a.mssante.fr>"
    assert parsed.subject == "Lu : XDM/1.0/DDM+Lettre"
    words, notification = parts_of(sent.content)
    assert words.get_content_type() == "text/plain"
    text = str(notification)
    assert "Original-Message-ID: <o1@hopital-a.mssante.fr>" in text
    assert "Disposition: automatic-action/MDN-sent-automatically; displayed" in text
    assert f"Final-Recipient: rfc822; {PATIENT}" in text


@pytest.mark.parametrize("error", SmtpError)
def test_every_code_has_its_two_sentences(error: SmtpError) -> None:
    assert error.french.endswith(".")
    assert error.english.endswith(".")
    assert SmtpError.of_reply(int(error.value)) is error


@pytest.mark.parametrize(
    ("code", "enhanced", "expected"),
    [(552, "5.3.4", "523"), (552, "5.2.2", "552"), (459, "", "451"), (571, "5.7.1", "554"), (999, "", "554")],
)
def test_a_reply_outside_the_table_falls_back_on_its_class(code: int, enhanced: str, expected: str) -> None:
    assert SmtpError.of_reply(code, enhanced).value == expected
