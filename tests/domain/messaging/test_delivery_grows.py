"""What delivering a message costs does not grow with what its sender has written before."""

from email.message import EmailMessage
from email.utils import make_msgid

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carnet.domain.messaging.commands.deliver import deliver
from carnet.domain.messaging.delivery.incoming import read_incoming
from carnet.domain.messaging.delivery.situation import load
from carnet.domain.messaging.envelopes import SpooledEnvelope
from carnet.domain.messaging.models import Conversation, ConversationEntry
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.spool import Accepted
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db
ORTHO = f"orthopedie@{cast.HOSPITAL_DOMAIN}"


@pytest.fixture
def patient():
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.orthopaedics()
    return cast.patient()


def mails(count, subject="Votre sortie", **headers):
    """Accepted messages of the orthopaedics team to Dominique, each with a Message-ID of its own."""
    found = []
    address = f"{cast.DOMINIQUE.ins}@{settings.CARNET_PATIENT_DOMAIN}"
    for position in range(count):
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = ORTHO, address, subject
        message["Message-ID"] = headers.get("message_id") or make_msgid(domain="x.test")
        if "references" in headers:
            message["References"] = headers["references"]
        message.set_content("Bonjour")
        envelope = SpooledEnvelope(door="submission", sender=ORTHO, recipients=(address,), accepted_at=now())
        raw = message.as_bytes().replace(b"\n", b"\r\n")
        found.append(read_incoming(Accepted(new_id(), position, envelope.to_json(), raw)))
    return found


def test_an_ordinary_message_loads_none_of_the_older_conversations(patient):
    deliver(mails(30))
    assert load(mails(1)).conversations == {}


def test_an_answer_loads_the_conversation_that_it_joins_alone(patient):
    deliver(mails(30))
    deliver(mails(1, message_id="<first@x.test>"))
    assert len(load(mails(1, references="<first@x.test>")).conversations) == 1


def test_fin_as_a_subject_still_finds_and_ends_them_all(patient):
    deliver(mails(30))
    deliver(mails(1, subject="[FIN]"))
    assert set(Conversation.objects.values_list("ended", flat=True)) == {"subject-fin"}
    assert Conversation.objects.count() == 30  # [FIN] opens none


def test_several_conversations_of_a_batch_keep_their_own_participants(patient):
    deliver(mails(1, message_id="<a@x.test>") + mails(1, message_id="<b@x.test>"))
    before = {one.id: [bytes(who) for who in one.participants] for one in Conversation.objects.all()}
    deliver(mails(1, references="<a@x.test>") + mails(1, references="<b@x.test>"))
    after = {one.id: [bytes(who) for who in one.participants] for one in Conversation.objects.all()}
    assert after == before
    assert all(after.values())
    assert ConversationEntry.objects.count() == 4


def test_a_batch_asks_as_many_questions_as_one_message(patient):
    deliver(mails(1))
    with CaptureQueriesContext(connection) as one:
        deliver(mails(1))
    with CaptureQueriesContext(connection) as many:
        deliver(mails(50))
    assert len(many) == len(one)
