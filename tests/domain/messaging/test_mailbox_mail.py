"""What is sent from a mailbox at the desk, on a real database."""

import pytest
from django.conf import settings
from django.db import transaction

from carnet.domain.directory.commands.oppositions import record_opposition
from carnet.domain.directory.queries import mailboxes_by_id
from carnet.domain.identity.values import Ins
from carnet.domain.messaging.commands.mailbox_mail import send_from_mailbox
from carnet.domain.messaging.compose import compose_message, make_message_id
from carnet.domain.messaging.mime.addresses import Address
from carnet.domain.messaging.models import ConversationEntry, Dispatch, Folder, FolderEntry, Message, OutboundMail
from carnet.domain.messaging.queries.conversations import conversations
from carnet.domain.messaging.values import DeliveryOutcome
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def box():
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.clinic()
    return mailboxes_by_id([cast.orthopaedics()]).popitem()[1]


def patient_address(person):
    return f"{person.ins}@{settings.CARNET_PATIENT_DOMAIN}"


def mail(box, *to, subject="Votre rendez-vous", mss=None):
    return compose_message(
        sender_name=box.label,
        sender_address=box.address,
        recipients=[Address("", one) for one in to],
        subject=subject,
        text="Bonjour.",
        message_id=make_message_id(cast.HOSPITAL_DOMAIN, str(new_id())),
        date=now(),
        mss_fields=mss,
    )


def entries(box, folder):
    folder_id = Folder.objects.get(mailbox_id=box.id, name=folder).id
    return FolderEntry.objects.filter(mailbox_id=box.id, folder_id=folder_id)


def test_a_message_reaches_the_patient_and_the_box_keeps_a_read_copy(box):
    space_id = cast.patient()
    [sent] = send_from_mailbox(box, [mail(box, patient_address(cast.DOMINIQUE))], author="99700218938")
    [handed] = sent.handed
    assert handed.outcome is DeliveryOutcome.DELIVERED
    assert handed.space_id == space_id
    assert ConversationEntry.objects.filter(space_id=space_id, message_id=handed.message_id).exists()
    assert conversations(space_id).rows[0].subject == "Votre rendez-vous"
    assert Dispatch.objects.get().message_id == handed.message_id
    [copy] = entries(box, "Sent")
    assert copy.message_id == sent.message_id
    assert copy.flags == ["\\Seen"]
    assert not entries(box, "INBOX").exists()


def test_who_cannot_be_reached_is_told_at_once_and_by_no_report(box):
    cast.patient()
    number = 2991275123456
    nobody = f"{number}{97 - number % 97:02d}"
    [sent] = send_from_mailbox(box, [mail(box, f"{nobody}@{settings.CARNET_PATIENT_DOMAIN}")])
    assert [one.outcome for one in sent.handed] == [DeliveryOutcome.REFUSED_RECIPIENT]
    assert not entries(box, "INBOX").exists()


def test_mail_for_another_operator_waits_in_the_queue(box):
    [sent] = send_from_mailbox(box, [mail(box, f"cardiologie@{cast.OTHER_OPERATOR_DOMAIN}")])
    assert [one.outcome for one in sent.handed] == [DeliveryOutcome.DELIVERED]
    assert OutboundMail.objects.get().owner_id == box.id


def test_each_of_many_is_delivered_once_and_told_apart(box):
    cast.patient()
    people = [cast.DOMINIQUE, cast.DOMINIQUE]
    mails = [mail(box, patient_address(one), subject=f"Lettre {n}") for n, one in enumerate(people)]
    sent = send_from_mailbox(box, mails)
    assert len({one.handed[0].message_id for one in sent}) == 2
    assert Message.objects.filter(owner_id=box.id).count() == 2


class Undone(Exception):
    pass


def test_nothing_is_sent_when_the_transaction_that_asks_is_undone(box):
    cast.patient()

    def send_and_fail():
        with transaction.atomic():
            send_from_mailbox(box, [mail(box, patient_address(cast.DOMINIQUE))])
            raise Undone

    with pytest.raises(Undone):
        send_and_fail()
    assert not Message.objects.exists()
    assert not Dispatch.objects.exists()


def test_an_opposed_patient_is_not_written_to(box):
    cast.patient()
    record_opposition(box.id, Ins.parse(cast.DOMINIQUE.ins), whole_establishment=False, by="Dr Hélène Vasseur")
    [sent] = send_from_mailbox(box, [mail(box, patient_address(cast.DOMINIQUE))])
    assert sent.handed[0].outcome is DeliveryOutcome.REFUSED_OPPOSITION
