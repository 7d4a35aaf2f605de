"""The other way to refuse (CARNET_RECIPIENT_REFUSAL=mail-back): all is accepted alike, and the sender told by mail."""

import asyncio
import email
from collections.abc import Callable
from dataclasses import replace
from email import policy
from uuid import UUID

import pytest

from carnet.domain.directory.queries import TrustSpace, trust_space
from carnet.domain.messaging.commands.accept import RefusedRecipient
from carnet.domain.messaging.commands.deliver import deliver
from carnet.domain.messaging.delivery.incoming import read_incoming
from carnet.domain.messaging.envelopes import SpooledEnvelope
from carnet.domain.messaging.models import ConversationEntry, Dispatch, FolderEntry, Message, OutboundMail
from carnet.domain.messaging.queries.recipients import Recipient, look_up
from carnet.foundation.bodies import get_body
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import owner_key
from carnet.foundation.spool import Accepted
from carnet.interfaces.sign_in import SignedIn
from carnet.interfaces.smtp.events import Rcpt
from carnet.interfaces.smtp.operators_door import OperatorsDoor
from carnet.interfaces.smtp.reply import Reply
from carnet.interfaces.smtp.session import Session
from carnet.interfaces.smtp.submission_door import SubmissionDoor
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db
CLINIC = f"cardiologie@{cast.OTHER_OPERATOR_DOMAIN}"
HOSPITAL = f"orthopedie@{cast.HOSPITAL_DOMAIN}"
UNKNOWN, CLOSED, OPPOSED = ("250029935018829", "186116912345688", "266047511223336")
SECRET = "Le diagnostic est confirmé."


class Answers:
    """What the doors ask, answered from what was looked up before: the event loop must not wait for the database."""

    def __init__(self, addresses: list[str]) -> None:
        self.found = look_up(addresses)
        self.trusted: TrustSpace = trust_space()
        self.noted: list[RefusedRecipient] = []

    async def recipient(self, address: str) -> Recipient:
        return self.found[address]

    async def check(self, question: Callable[..., object], *arguments: object) -> object:
        return question(*arguments)

    async def is_opposed(self, mailbox_id: UUID, ins: str) -> bool:
        return False

    def note_refusal(self, refusal: RefusedRecipient) -> None:
        self.noted.append(refusal)


def address(ins: str) -> str:
    return f"{ins}@patient.mssante.fr"


@pytest.fixture
def mailbox(settings):
    settings.CARNET_REFUSE_AT_RCPT = False
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.clinic()
    cast.colleague_elsewhere()
    cast.patient()
    cast.closed_patient()
    cast.opposed_person()
    return cast.orthopaedics()


def answers_at_rcpt(door: str, recipients: list[str], mailbox) -> list[Reply | None]:
    asked = Answers(recipients)
    session = Session("127.0.0.1", 1)
    session.sender = CLINIC
    session.identity = SignedIn(mailbox, HOSPITAL)
    there = (OperatorsDoor if door == "operators" else SubmissionDoor)(asked, None)

    async def all_of_them() -> list[Reply | None]:
        return [await there.on_rcpt(session, Rcpt(one)) for one in recipients]

    replies = asyncio.run(all_of_them())
    assert asked.noted == []  # the evidence is left by the drain, once
    return replies


@pytest.mark.parametrize("door", ["operators", "submission"])
def test_every_space_that_takes_no_mail_is_accepted_at_rcpt_but_not_a_number_that_is_no_ins(mailbox, door):
    accepted = [address(one) for one in (UNKNOWN, CLOSED, OPPOSED, "279035121518989")]
    assert answers_at_rcpt(door, accepted, mailbox) == [None, None, None, None]
    (wrong,) = answers_at_rcpt(door, [address("279035121518980")], mailbox)
    assert (wrong.code, wrong.enhanced) == (553, "5.1.3")


def hand_in(door: str, sender: str, recipients: list[str]) -> None:
    raw = f"From: {sender}\r\nSubject: Votre bilan\r\nMessage-ID: <b@x.test>\r\n\r\n{SECRET}\r\n".encode()
    envelope = SpooledEnvelope(door=door, sender=sender, recipients=tuple(recipients), accepted_at=now())
    deliver([read_incoming(Accepted(new_id(), 0, envelope.to_json(), raw))])


def check(report, ins: str) -> str:
    """The report's words, with the number that differs taken out."""
    fields = "\n".join(str(one) for one in list(report.iter_parts())[1].get_payload())
    assert f"Final-Recipient: rfc822; {address(ins)}" in fields
    assert "Status: 5.1.1" in fields
    assert SECRET not in report.as_string()
    assert "Votre bilan" in report.as_string()
    return "\n".join(line for line in fields.replace(ins, "INS").splitlines() if not line.startswith("Arrival-Date"))


def test_the_sender_at_another_operator_is_told_by_one_mail_that_does_not_tell_them_apart(mailbox):
    told = set()
    for ins in (UNKNOWN, CLOSED, OPPOSED):
        hand_in("operators", CLINIC, [address(ins), address("279035121518989")])
        mail = OutboundMail.objects.latest("created_at", "id")
        key = owner_key(mail.owner_id)
        assert key.open_text(f"outbound:{mail.id}", mail.addresses).split("\n")[:2] == ["", CLINIC]
        report = email.message_from_bytes(get_body(mail.owner_id, mail.body), policy=policy.default)
        told.add(check(report, ins))
    assert len(told) == 1
    assert OutboundMail.objects.count() == 3
    assert ConversationEntry.objects.count() == 3  # what had a reader reached her
    assert set(Dispatch.objects.values_list("outcome", flat=True)) == {"refused-recipient", "delivered"}


def test_the_sender_at_a_hosted_mailbox_finds_the_report_in_the_inbox(mailbox):
    hand_in("submission", HOSPITAL, [address(CLOSED)])
    entry = FolderEntry.objects.get(mailbox_id=mailbox)
    message = Message.objects.get(owner_id=mailbox, id=entry.message_id)
    check(email.message_from_bytes(get_body(mailbox, message.body), policy=policy.default), CLOSED)
    assert not OutboundMail.objects.exists()


def test_no_report_leaves_the_trust_list(mailbox):
    raw = Accepted(new_id(), 0, b"", f"From: x@example.com\r\n\r\n{SECRET}\r\n".encode())
    envelope = SpooledEnvelope("operators", "x@example.com", (address(CLOSED),), now())
    deliver([read_incoming(replace(raw, envelope=envelope.to_json()))])
    assert not OutboundMail.objects.exists()
