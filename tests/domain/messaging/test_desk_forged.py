"""What strangers forge towards the desk, and what a mere number tells of a person there."""

import pytest
from desk_world import GP, ORTHO, address, arrive, listed, mail, team

from carnet.domain.messaging.commands.write import answer as holder_answers
from carnet.domain.messaging.desk.listing import search
from carnet.domain.messaging.desk.values import View
from carnet.domain.messaging.desk.writing import NewDeskMail, check_recipients, write_new
from carnet.domain.messaging.envelopes import MessageHead, envelope_name
from carnet.domain.messaging.models import Message
from carnet.domain.messaging.queries.conversations import conversations
from carnet.domain.spaces.commands import holder
from carnet.domain.spaces.models import HealthSpace
from carnet.domain.spaces.values import Refusal
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import owner_key
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def julie():
    return team()


def _receipt(about):
    """What a patient's space returns once a message of foreign software was opened (RFC 8098)."""
    raw = (
        f"From: {cast.DOMINIQUE.birth_name} <{address()}>\r\nTo: {ORTHO}\r\nSubject: Lu\r\nMessage-ID: <r@x.test>\r\n"
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nLu.\r\n--b\r\nContent-Type: message/disposition-notification\r\n\r\n"
        f"Original-Message-ID: {about}\r\nDisposition: automatic-action/MDN-sent-automatically; displayed\r\n\r\n"
        "--b--\r\n"
    )
    return raw.encode()


def test_a_receipt_for_a_message_to_a_mere_number_does_not_tell_whose_it_is(julie):
    cast.patient()
    arrive(_receipt("<nobody-knows@x.test>"), sender=address())
    for row in listed(julie, view=View.ALL):
        assert "TROIS" not in f"{row.correspondent}".upper()
        assert row.correspondent.birth_date is None
    assert search(julie, "pat-trois").rows == []


def test_who_is_unknown_has_closed_or_did_not_want_their_space_looks_the_same_at_the_desk(julie):
    cast.closed_patient()
    cast.opposed_person()
    numbers = [cast.MEHDI.ins, "266047511223336", cast.RUTH.ins]
    told = {(one.refusal, one.warning) for ins in numbers for one in check_recipients(julie, patient_ins=ins)}
    assert told == {(Refusal.BAD_RECIPIENT, "")}


def test_who_takes_the_identifier_of_a_teams_message_keeps_no_answer_from_its_conversation(julie):
    space = cast.patient()
    [sent] = write_new(
        julie, NewDeskMail("Votre opération", "Bonjour.", patient_ins=cast.DOMINIQUE.ins), token=new_id()
    )
    key = owner_key(julie.mailbox.id)
    row = Message.objects.get(owner_id=julie.mailbox.id, id=sent.message_id)
    identifier = MessageHead.from_json(key.open(envelope_name(row.id), row.envelope)).message_id
    arrive(mail(GP, ORTHO, "Autre chose", message_id=identifier))
    assert len(listed(julie, view=View.ALL)) == 2
    actor = holder(HealthSpace.objects.get(id=space))
    holder_answers(actor, space, conversations(space).rows[0].id, "Dois-je être à jeun ?")
    assert {(row.id == sent.thread_id, row.messages) for row in listed(julie, view=View.ALL)} == {(True, 2), (False, 1)}
