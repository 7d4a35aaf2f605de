"""Whose names the desk shows: of who wrote to it, and as its own people wrote them; never the register's for a mere
number."""

import pytest
from desk_world import ORTHO, address, arrive, listed, mail, team

from carnet.domain.messaging.commands.mailbox_mail import send_from_mailbox
from carnet.domain.messaging.commands.write import write_new
from carnet.domain.messaging.compose import compose_message, make_message_id
from carnet.domain.messaging.desk.drafts import patient_of_thread
from carnet.domain.messaging.mime.addresses import Address
from carnet.domain.messaging.models import Contact
from carnet.domain.spaces.commands import holder
from carnet.domain.spaces.models import HealthSpace
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db


def write_to_a_number(actor, name=""):
    composed = compose_message(
        sender_name=actor.mailbox.label,
        sender_address=ORTHO,
        recipients=[Address(name, address())],
        subject="Bonjour",
        text="Bonjour.",
        message_id=make_message_id(cast.HOSPITAL_DOMAIN, str(new_id())),
        date=now(),
    )
    send_from_mailbox(actor.mailbox, [composed])


def test_writing_to_a_number_tells_nothing_of_whose_it_is():
    actor = team()
    cast.patient()
    write_to_a_number(actor)
    [row] = listed(actor, view="sent")
    known = patient_of_thread(actor, row.id)
    assert known.ins == cast.DOMINIQUE.ins
    assert [known.birth_name, known.given_names, known.sex, known.birth_place] == [""] * 4
    assert known.birth_date is None
    assert not known.insi_agrees
    assert "TROIS" not in f"{row.correspondent}".upper()


def test_who_wrote_is_known_by_their_names():
    actor = team()
    space = cast.patient()
    arrive(mail(ORTHO, address()), to=address())
    contact = Contact.objects.get(space_id=space)
    write_new(holder(HealthSpace.objects.get(id=space)), space, contact.id, "Une question", "Puis-je marcher ?")
    [row] = [one for one in listed(actor) if one.subject == "Une question"]
    known = patient_of_thread(actor, row.id)
    assert known.birth_name == "PAT-TROIS"
    assert known.birth_date is not None
