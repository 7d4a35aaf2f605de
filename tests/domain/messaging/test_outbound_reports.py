"""Reports and receipts: asked for at a door, told here or by the next operator, and what comes back from others."""

from email import message_from_bytes, policy

import pytest
from django.conf import settings
from outbound_queue import ORTHO, content, inbox

from carnet.domain.directory.queries import mailboxes_by_address
from carnet.domain.messaging.commands.deliver import deliver
from carnet.domain.messaging.commands.write import write_new
from carnet.domain.messaging.delivery.incoming import read_incoming
from carnet.domain.messaging.envelopes import SpooledEnvelope
from carnet.domain.messaging.models import Contact, ConversationEntry, OutboundMail
from carnet.domain.messaging.outbound.claims import claim
from carnet.domain.messaging.outbound.settling import Tried, settle
from carnet.domain.messaging.outbound.values import Answer, Phase
from carnet.domain.spaces.commands import holder
from carnet.domain.spaces.models import HealthSpace
from carnet.foundation.bodies import get_body
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import owner_key
from carnet.foundation.spool import Accepted
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db
CLINIC = f"cardiologie@{cast.OTHER_OPERATOR_DOMAIN}"


@pytest.fixture
def patient():
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.clinic()
    cast.orthopaedics()
    return cast.patient()


def patient_address() -> str:
    return f"{cast.DOMINIQUE.ins}@{settings.CARNET_PATIENT_DOMAIN}"


def arrive(sender: str, to: list[str], raw: bytes, *, door: str = "operators", **asked: object) -> None:
    """Deliver a message as the drain would."""
    mailbox = str(mailboxes_by_address([sender])[sender].id) if door == "submission" else ""
    envelope = SpooledEnvelope(
        door=door, sender=sender, recipients=tuple(to), accepted_at=now(), mailbox=mailbox, **asked
    )
    deliver([read_incoming(Accepted(new_id(), 0, envelope.to_json(), raw))])


def letter(sender: str, subject: str = "Bonjour") -> bytes:
    return f"From: {sender}\r\nSubject: {subject}\r\nMessage-ID: <{new_id()}@x.test>\r\n\r\nBonjour.\r\n".encode()


def outgoing() -> list[tuple[str, str, bytes]]:
    """Sender, recipient and content of what waits for other operators."""
    found = []
    for row in OutboundMail.objects.order_by("id"):
        lines = owner_key(row.owner_id).open_text(f"outbound:{row.id}", bytes(row.addresses)).split("\n")
        found.append((lines[0], lines[1], get_body(row.owner_id, row.body)))
    return found


def report(kind: str, fields: str, *, about: str = "<x@x.test>") -> bytes:
    return (
        f"From: mailer-daemon@{cast.OTHER_OPERATOR_DOMAIN}\r\nSubject: report\r\nMessage-ID: <{new_id()}@x.test>\r\n"
        f"Content-Type: multipart/report; report-type={kind}; boundary=b\r\nMIME-Version: 1.0\r\n\r\n"
        f"--b\r\n\r\nWords.\r\n--b\r\nContent-Type: message/{kind}\r\n\r\n{fields}\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {about}\r\n\r\n--b--\r\n"
    ).encode()


def test_delivery_here_is_told_to_who_asked_and_to_nobody_else(patient) -> None:
    arrive(
        CLINIC,
        [ORTHO, patient_address()],
        letter(CLINIC),
        envelope_id="E-7",
        reports={ORTHO: ("SUCCESS", "rfc822;ortho@old.test"), patient_address(): ("FAILURE", "")},
    )
    arrive(CLINIC, [ORTHO], letter(CLINIC))
    ((sender, recipient, told),) = outgoing()
    assert (sender, recipient) == ("", CLINIC)
    assert b"Action: delivered" in told
    assert f"Final-Recipient: rfc822; {ORTHO}".encode() in told
    assert b"Original-Recipient: rfc822; ortho@old.test" in told
    assert b"Original-Envelope-Id: E-7" in told
    assert patient_address().encode() not in told
    author = message_from_bytes(told, policy=policy.default)["From"].addresses[0]
    assert author.domain == cast.HOSPITAL_DOMAIN  # which the trust list gives us, unlike the server's own name


def test_who_wants_to_hear_nothing_of_failures_hears_nothing(patient) -> None:
    unknown = f"277076322082910@{settings.CARNET_PATIENT_DOMAIN}"
    arrive(CLINIC, [unknown], letter(CLINIC), reports={unknown: ("NEVER", "")})
    assert outgoing() == []
    arrive(CLINIC, [unknown], letter(CLINIC), reports={unknown: ("FAILURE", "")})
    assert len(outgoing()) == 1


def test_what_was_asked_at_submission_goes_on_with_the_mail(patient) -> None:
    arrive(
        ORTHO,
        [CLINIC],
        letter(ORTHO),
        door="submission",
        ret="HDRS",
        envelope_id="E-8",
        reports={CLINIC: ("DELAY,FAILURE", "rfc822;c@old.test")},
        tracing=f"Return-Path: <{ORTHO}>\r\nReceived: from here\r\n",
    )
    (mail,), _ = claim(cast.OTHER_OPERATOR_DOMAIN, new_id(), 10, [])
    assert (mail.sender, mail.recipient, mail.notify) == (ORTHO, CLINIC, ("DELAY", "FAILURE"))
    assert (mail.orcpt, mail.envid, mail.ret) == ("rfc822;c@old.test", "E-8", "HDRS")
    assert get_body(mail.owner_id, mail.body).startswith(
        b"Received: from here\r\nFrom:"
    )  # only the last hop's is there


# --- what comes back to a holder ------------------------------------------------------------------------------------


@pytest.fixture
def written(patient) -> tuple[object, str]:
    """A letter of Dominique's to the clinic, on its way: her space, and the letter's Message-ID."""
    arrive(CLINIC, [patient_address()], letter(CLINIC))
    contact = Contact.objects.get(space_id=patient)
    write_new(holder(HealthSpace.objects.get(id=patient)), patient, contact.id, "Question", "Bonjour ?")
    ((_, _, raw),) = outgoing()
    return patient, str(message_from_bytes(raw)["Message-ID"])


def state_of(space) -> str:
    return ConversationEntry.objects.get(space_id=space, direction="out").delivery


@pytest.mark.parametrize(
    ("kind", "fields", "shown"),
    [
        ("delivery-status", "Reporting-MTA: dns; x\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n", "failed"),
        ("delivery-status", "Reporting-MTA: dns; x\r\n\r\nAction: delayed\r\nStatus: 4.4.1\r\n", "queued"),
        ("delivery-status", "Reporting-MTA: dns; x\r\n\r\nAction: delivered\r\nStatus: 2.0.0\r\n", "queued"),
        ("disposition-notification", "Disposition: manual-action/MDN-sent-manually; displayed\r\n", "queued"),
    ],
)
def test_only_a_failure_that_another_operator_reports_is_shown_under_the_letter(written, kind, fields, shown) -> None:
    space, message_id = written
    arrive("", [patient_address()], report(kind, fields, about=message_id))
    assert state_of(space) == shown
    assert ConversationEntry.objects.filter(space_id=space).count() == 2  # the report itself is no letter


def test_a_holder_sees_what_became_of_a_letter(written) -> None:
    space, _ = written
    worker = new_id()
    (mail,), _ = claim(cast.OTHER_OPERATOR_DOMAIN, worker, 10, [])
    settle(worker, [Tried(mail, Answer.read(450, "4.2.1 later", Phase.RECIPIENT))])
    assert state_of(space) == "queued"
    settle(worker, [Tried(mail, Answer.read(550, "5.1.1 nobody", Phase.RECIPIENT))])
    assert state_of(space) == "failed"
    settle(worker, [Tried(mail, Answer.read(250, "ok", Phase.CONTENT))])
    assert state_of(space) == "sent"
    assert len(outgoing()) == 1  # no report: she reads it in the portal


def test_reports_and_receipts_of_others_reach_a_hosted_mailbox_as_mail(patient) -> None:
    arrive("", [ORTHO], report("disposition-notification", "Disposition: x; displayed\r\n"))
    arrive("", [ORTHO], report("delivery-status", "Action: failed\r\n"))
    assert len(inbox()) == 2
    assert content() not in inbox()
