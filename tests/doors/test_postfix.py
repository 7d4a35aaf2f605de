"""A real Postfix as the other operator, both ways, each side with a certificate that the trust list names."""

import os
import shutil
import smtplib
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from doors_clients import Attached, eventually, fetch_all, message_options, swaks
from doors_demo import POSTFIX, Demo, free_ports
from doors_portal import Portal
from doors_postfix import POSTFIX as PROGRAM
from doors_postfix import Postfix, running_postfix
from test_mailboxes import inbox

pytestmark = pytest.mark.skipif(
    not os.path.exists(PROGRAM) or os.geteuid() != 0, reason="needs Postfix and to be root (tools/test-programs)"
)
RUTH = "277076322082910"
LARGE = bytes(range(256)) * 600

_TRUST = """
import sys
from carnet.cli.installation import installation
with installation():
    from carnet.domain.directory.commands import distrust_domain, trust_domain
    from carnet.domain.directory.subjects import Subject
    from carnet.domain.directory.values import Domain
    distrust_domain(Domain(sys.argv[1]))
    trust_domain(Domain(sys.argv[1]), operator="Horizon", subjects=[(Subject.parse(sys.argv[2]), sys.argv[2])])
"""


def let_speak(demo: Demo, domain: str, subject: str) -> None:
    """Trust a domain by hand, for the certificate of this subject alone."""
    subprocess.run([sys.executable, "-c", _TRUST, domain, subject], env=demo.environment, check=True, timeout=120)


@pytest.fixture(scope="module")
def postfix(demo: Demo) -> Iterator[Postfix]:
    """Postfix with the other operator's certificate, in whose name it takes and sends the mail of a domain."""
    other = demo.ready["operators"][0]
    let_speak(demo, POSTFIX, other["subject"])
    root = Path(tempfile.mkdtemp(prefix="carnet-postfix-"))
    try:
        with running_postfix(
            root,
            POSTFIX,
            (demo.postfix_port, *free_ports(1)),
            carnet=demo.ready["smtp_mutual"]["port"],
            carnet_name="carnet.mssante.test",
            authority=demo.ca_file,
            certificate=other["cert_file"],
            key=other["key_file"],
        ) as running:
            yield running
    finally:
        shutil.rmtree(root, ignore_errors=True)


def hand_in(postfix: Postfix, demo: Demo, to: str, subject: str, text: str, *attached: Attached) -> None:
    """One of Postfix's own people sends a message."""
    options = message_options(demo.work, subject, text, attached, ())
    sent = swaks(postfix.inside, demo.work, postfix.IMAGING, [to], *options)
    assert sent.sent, sent.transcript


def test_mail_of_all_kinds_goes_to_postfix_over_mutual_tls_and_arrives_as_it_was(demo: Demo, postfix: Postfix) -> None:
    sent = demo.send(
        "submission",
        postfix.IMAGING,
        "Irm demandée",
        "Été : « à voir » – 8 bits\n.\n..point seul",
        [Attached("coupe.png", "image/png", b"\x89PNG\r\n\x1a\n" + LARGE)],
    )
    assert sent.sent, sent.transcript
    message = postfix.one("imagerie", "Irm demandée")
    body = message.get_body(("plain",))
    assert body is not None
    assert "« à voir » – 8 bits\n.\n..point seul" in body.get_content().replace("\r\n", "\n")
    (picture,) = message.iter_attachments()
    assert picture.get_payload(decode=True) == b"\x89PNG\r\n\x1a\n" + LARGE
    assert message.get_all("Return-Path") == [f"<{demo.HOSPITAL}>"]
    received = " ".join(str(message.get_all("Received")[0]).split())
    assert 'Client CN "carnet.mssante.test"' in received
    assert "(verified OK)" in received


def test_many_messages_go_to_postfix_over_few_connections(demo: Demo, postfix: Postfix) -> None:
    before = postfix.log().count(": connect from")
    for number in range(12):
        assert demo.send("submission", postfix.IMAGING, f"Série {number}", "Une image.").sent
    eventually(lambda: len(postfix.received("imagerie", "Série ")) == 12, "twelve messages", 60)
    assert postfix.log().count(": connect from") - before <= 8


def test_mail_of_postfix_reaches_a_mailbox_and_a_holder(demo: Demo, postfix: Postfix, ruth: Portal) -> None:
    hand_in(postfix, demo, demo.ARCHIVES, "Compte rendu", "Reçu, très bien.", Attached("a.bin", "image/png", LARGE))
    message = inbox(demo, demo.ARCHIVES, "Compte rendu")
    (picture,) = message.iter_attachments()
    assert picture.get_payload(decode=True) == LARGE
    hand_in(postfix, demo, demo.address(RUTH), "Votre échographie", "À bientôt.")
    ruth.open_conversation("Votre échographie")
    ruth.send_files("/reponse/", {"text": "Merci, à lundi."}, [])
    answer = postfix.one("imagerie", "Re: Votre échographie")
    assert "Merci" in answer.get_body(("plain",)).get_content()
    assert answer["In-Reply-To"]


def test_what_postfix_refuses_at_once_comes_back_to_the_mailbox(demo: Demo, postfix: Postfix) -> None:
    assert demo.send("submission", f"personne@{POSTFIX}", "À personne", "Secret médical.").sent
    report = report_about(demo, f"personne@{POSTFIX}")
    assert "Action: failed" in report
    assert "Status: 5.1.1" in report
    assert "Secret" not in report


def test_what_postfix_sends_back_later_reaches_the_mailbox_and_the_holder_sees_it(demo: Demo, postfix: Postfix) -> None:
    assert demo.send("submission", f"gone@{POSTFIX}", "À qui est parti", "Bonjour.").sent
    report = report_about(demo, f"gone@{POSTFIX}")
    assert "5.1.6" in report


def test_what_postfix_puts_off_waits_and_is_taken_at_the_next_try(demo: Demo, postfix: Postfix) -> None:
    assert demo.send("submission", f"grey@{POSTFIX}", "Pour plus tard", "Un peu de patience.").sent
    eventually(lambda: "answered 450 4.2.1" in " ".join(demo.command("queue", "list").split()), "it waits", 60)
    # Nothing else of this operator's waits for it.
    assert demo.send("submission", postfix.IMAGING, "Pas plus tard", "Tout de suite.").sent
    postfix.one("imagerie", "Pas plus tard")
    postfix.welcome()

    def taken() -> bool:
        # A try may come upon the connection that ended with the Postfix of before.
        demo.command("queue", "retry", "--domain", POSTFIX)
        return bool(postfix.received("grey", "Pour plus tard"))

    eventually(taken, "it is taken", 60)


def test_success_is_told_by_postfix_when_the_sender_asked_for_it(demo: Demo, postfix: Postfix) -> None:
    submit_asking(demo, postfix.IMAGING, "Avec accusé")
    report = report_about(demo, postfix.IMAGING, "delivered")
    assert "Original-Envelope-Id: E-42" in report


def test_postfix_is_told_that_a_message_was_delivered_here_when_it_asks(demo: Demo, postfix: Postfix) -> None:
    with smtplib.SMTP("127.0.0.1", postfix.inside, timeout=30) as client:
        client.sendmail(
            postfix.IMAGING,
            [demo.ARCHIVES],
            f"From: {postfix.IMAGING}\r\nSubject: Bien remis ?\r\nMessage-ID: <remis@{POSTFIX}>\r\n\r\nBonjour.\r\n",
            rcpt_options=["NOTIFY=SUCCESS"],
        )
    report = postfix.one("imagerie", "Action: delivered")
    assert f"Final-Recipient: rfc822; {demo.ARCHIVES}" in report.as_string()


def test_mail_waits_while_the_trust_list_names_another_certificate(demo: Demo, postfix: Postfix) -> None:
    subject = demo.ready["operators"][0]["subject"]
    let_speak(demo, POSTFIX, subject.replace("CN=", "CN=not-"))
    try:
        assert demo.send("submission", postfix.IMAGING, "Pour le bon opérateur", "Bonjour.").sent

        def waits() -> bool:
            said = " ".join(demo.command("queue", "list").split())
            return "the trust list does not name" in said

        eventually(waits, "the mail waits", 60)
        assert not postfix.received("imagerie", "Pour le bon opérateur")
    finally:
        let_speak(demo, POSTFIX, subject)
    demo.command("queue", "retry", "--domain", POSTFIX)
    postfix.one("imagerie", "Pour le bon opérateur")


def submit_asking(demo: Demo, to: str, subject: str) -> None:
    """Submit with what RFC 3461 offers, which swaks does not."""
    with smtplib.SMTP("127.0.0.1", demo.submission_port, timeout=30) as client:
        client.starttls(context=ssl.create_default_context(cafile=demo.ca_file))
        client.login(demo.HOSPITAL, demo.password)
        client.sendmail(
            demo.HOSPITAL,
            [to],
            f"From: {demo.HOSPITAL}\r\nTo: {to}\r\nSubject: {subject}\r\n\r\nBonjour.\r\n".encode(),
            mail_options=["RET=HDRS", "ENVID=E-42"],
            rcpt_options=["NOTIFY=SUCCESS,FAILURE", f"ORCPT=rfc822;{to}"],
        )


def report_about(demo: Demo, recipient: str, action: str = "failed") -> str:
    """The report in the hospital's mailbox about one recipient."""

    def there() -> str:
        with demo.mailbox(demo.HOSPITAL) as client:
            reports = [one.as_string() for one in fetch_all(client) if one.get_content_type() == "multipart/report"]
        return next((one for one in reports if recipient in one and f"Action: {action}" in one), "")

    return str(eventually(there, f"a report about {recipient}", 60))
