"""Mail between mailboxes: inside Carnet, from another operator, and to one, who may be closed for a while."""

import re
from collections.abc import Iterator

import pytest
from doors_clients import Attached, eventually, fetch_all
from doors_demo import Demo, OtherOperator
from doors_portal import Portal
from test_answers import text_of

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(255, -1, -1)) * 200


def inbox(demo: Demo, mailbox: str, subject: str):
    def there():
        with demo.mailbox(mailbox) as client:
            return [one for one in fetch_all(client) if str(one["Subject"]) == subject]

    (message,) = eventually(there, f"« {subject} » in {mailbox}")
    return message


@pytest.mark.parametrize("door", ["submission", "operators"])
def test_a_hosted_mailbox_receives_what_was_sent(demo: Demo, door: str) -> None:
    subject = f"Avis demandé par {door}"
    identifier = f"<avis.{door}@poste.test>"
    sent = demo.send(
        door,
        demo.DOCTOR,
        subject,
        "Cher confrère, qu’en pensez-vous ?",
        [Attached("lésion.png", "image/png", PICTURE)],
        [f"Message-Id: {identifier}"],
    )
    assert sent.sent, sent.transcript
    message = inbox(demo, demo.DOCTOR, subject)
    assert message["Message-ID"] == identifier
    assert text_of(message) == "Cher confrère, qu’en pensez-vous ?"
    (picture,) = message.iter_attachments()
    assert picture.get_payload(decode=True) == PICTURE
    sender = demo.CLINIC if door == "operators" else demo.HOSPITAL
    assert message["Return-Path"] == f"<{sender}>"
    received = re.sub(r"\s+", " ", str(message["Received"]))
    assert "by carnet.mssante.test with " + ("ESMTP " if door == "operators" else "ESMTPSA ") in received


@pytest.fixture
def closed_operator(demo: Demo) -> Iterator[OtherOperator]:
    """The other operator answers 451 until it is opened."""
    demo.operator.is_closed = True
    yield demo.operator
    demo.operator.is_closed = False


def test_mail_for_an_operator_who_is_closed_waits_and_then_arrives_as_it_was(
    demo: Demo, closed_operator: OtherOperator
) -> None:
    subject, identifier = "Pour la cardiologie", "<attente@poste.test>"
    sent = demo.send("submission", demo.CLINIC, subject, "À lire à l’ouverture.", (), [f"Message-Id: {identifier}"])
    assert sent.sent, sent.transcript

    def waits() -> str:
        said = " ".join(demo.command("queue", "list").split())
        return said if "answered 451" in said else ""

    said = eventually(waits, "the message in the queue", 60)
    assert "To other operators: 1 waiting" in said
    assert re.search(r"clinique-horizon.mssante.test 1 waiting oldest \S+ answered 451 4.3.2 next try", said), said
    for secret in (subject, demo.CLINIC, demo.HOSPITAL):
        assert secret not in said
    assert not closed_operator.holding(subject)

    closed_operator.is_closed = False
    demo.command("queue", "retry", "--domain", "clinique-horizon.mssante.test")  # the next try is in a minute
    ((sender, recipients, message),) = eventually(lambda: closed_operator.holding(subject), "the message", 60)
    assert (sender, recipients) == (demo.HOSPITAL, (demo.CLINIC,))
    assert message["Message-ID"] == identifier
    assert text_of(message) == "À lire à l’ouverture."
    eventually(lambda: "To other operators: 0 waiting" in demo.command("queue", "list"), "an empty queue", 60)


def test_what_another_operator_refuses_comes_back_to_the_mailbox(demo: Demo) -> None:
    sent = demo.send("submission", "personne@clinique-horizon.mssante.test", "À personne", "Secret médical.")
    assert sent.sent, sent.transcript

    def back():
        with demo.mailbox(demo.HOSPITAL) as client:
            reports = [one for one in fetch_all(client) if one.get_content_type() == "multipart/report"]
        return [one for one in reports if "personne@clinique-horizon.mssante.test" in one.as_string()]

    (report,) = eventually(back, "a report", 60)
    fields = "\n".join(str(one) for one in list(report.iter_parts())[1].get_payload())
    assert "Action: failed" in fields
    assert "Nobody of that name" in fields
    assert "Secret" not in report.as_string()


def test_one_message_to_all_kinds_of_recipients_reaches_each(demo: Demo, ruth: Portal) -> None:
    subject = "À tous à la fois"
    recipients = [demo.address("277076322082910"), demo.ARCHIVES, demo.DOCTOR, demo.CLINIC]
    sent = demo.submit(recipients, "--header", "Subject: =?utf-8?q?=C3=80_tous_=C3=A0_la_fois?=", "--body", "Bonjour.")
    assert sent.sent, sent.transcript
    ruth.open_conversation(subject)
    assert inbox(demo, demo.ARCHIVES, subject)["Message-ID"] == inbox(demo, demo.DOCTOR, subject)["Message-ID"]
    assert len(eventually(lambda: demo.operator.holding(subject), "the message at the other operator", 60)) == 1
