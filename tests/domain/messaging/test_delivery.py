"""What the drain makes of accepted messages, on a real database."""

from email.message import EmailMessage
from email.utils import make_msgid
from uuid import UUID

import pytest
from django.conf import settings

from carnet.domain.audit.models import AccessEvent
from carnet.domain.audit.queries import verify
from carnet.domain.messaging.commands.deliver import deliver
from carnet.domain.messaging.commands.read import mark_displayed
from carnet.domain.messaging.commands.write import NewFile, answer, write_new
from carnet.domain.messaging.delivery.incoming import read_incoming
from carnet.domain.messaging.envelopes import SpooledEnvelope
from carnet.domain.messaging.models import (
    Contact,
    Conversation,
    ConversationEntry,
    Dispatch,
    FolderEntry,
    Message,
    PatientLetter,
)
from carnet.domain.messaging.queries.contacts import contact_list
from carnet.domain.messaging.queries.conversations import Correspondent, conversations, count_unread
from carnet.domain.notifications.models import Notification
from carnet.domain.spaces.commands import holder
from carnet.domain.spaces.models import HealthSpace
from carnet.domain.spaces.values import Decision, Refusal
from carnet.foundation.bodies import get_body
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.spool import Accepted
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db
ORTHO = f"orthopedie@{cast.HOSPITAL_DOMAIN}"


def contacts(space_id: UUID) -> list[Correspondent]:
    """Whom the holder may write to."""
    return [row.correspondent for row in contact_list(space_id) if row.standing.may_write]


@pytest.fixture
def hospital():
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.clinic()
    return cast.orthopaedics()


@pytest.fixture
def patient(hospital):
    return cast.patient()


def address(person=cast.DOMINIQUE):
    return f"{person.ins}@{settings.CARNET_PATIENT_DOMAIN}"


def mail(sender=ORTHO, to=None, subject="Votre sortie", text="Bonjour,\nvoici votre lettre.", **headers):
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to or address()
    message["Subject"] = subject
    message["Message-ID"] = headers.pop("message_id", None) or make_msgid(domain="x.test")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def arrive(*messages, sender=ORTHO, to=None):
    """Deliver messages as the drain would."""
    incoming = []
    for position, message in enumerate(messages):
        envelope = SpooledEnvelope(
            door="submission", sender=sender, recipients=tuple(to or [address()]), accepted_at=now()
        )
        raw = message if isinstance(message, bytes) else message.as_bytes().replace(b"\n", b"\r\n")
        incoming.append(read_incoming(Accepted(new_id(), position, envelope.to_json(), raw)))
    deliver(incoming)


def actor_of(space_id):
    return holder(HealthSpace.objects.get(id=space_id))


def only_conversation(space_id):
    return conversations(space_id).rows[0]


def inbox(mailbox_id):
    return FolderEntry.objects.filter(mailbox_id=mailbox_id).count()


def test_a_message_opens_a_conversation_under_the_directory_name(patient):
    arrive(mail(sender=f'"Le Président" <{ORTHO}>'))
    row = only_conversation(patient)
    assert row.correspondent.name == "Centre hospitalier Saint-Aubin – Chirurgie orthopédique"
    assert row.correspondent.verified
    assert (row.subject, row.unread) == ("Votre sortie", True)
    assert count_unread(patient) == 1
    assert Notification.objects.get(space_id=patient).kind == "NOTIF_MESSAGE"
    assert Dispatch.objects.get().outcome == "delivered"
    assert verify(patient) is None


def test_a_sender_that_the_directory_does_not_know_is_shown_unverified_with_its_domain(patient):
    sender = f"inconnu@{cast.OTHER_OPERATOR_DOMAIN}"
    arrive(mail(sender=f"Dr House <{sender}>"), sender=sender)
    shown = only_conversation(patient).correspondent
    assert (shown.verified, shown.domain) == (False, cast.OTHER_OPERATOR_DOMAIN)
    assert "House" not in shown.name


def test_a_holder_who_writes_to_another_holder_is_refused(patient):
    stranger = address(cast.STEPHANE)
    arrive(mail(sender=stranger), sender=stranger)
    assert conversations(patient).rows == []
    assert not Notification.objects.filter(space_id=patient).exists()


def test_an_answer_by_references_joins_and_a_subject_alone_does_not(patient):
    first = mail(message_id="<first@x.test>")
    arrive(first, mail(subject="Re: Votre sortie", In_Reply_To="<first@x.test>"), mail(subject="Re: Votre sortie"))
    assert Conversation.objects.filter(space_id=patient).count() == 2


def test_references_learnt_elsewhere_let_nobody_in(patient):
    arrive(mail(message_id="<first@x.test>"))
    stranger = f"inconnu@{cast.OTHER_OPERATOR_DOMAIN}"
    arrive(mail(sender=stranger, In_Reply_To="<first@x.test>"), sender=stranger)
    assert Conversation.objects.filter(space_id=patient).count() == 2


def test_the_holder_answers_and_the_mailbox_gets_it(hospital, patient):
    arrive(mail(message_id="<first@x.test>"))
    row = only_conversation(patient)
    done = answer(actor_of(patient), patient, row.id, "Merci, à demain.", [NewFile("photo.txt", b"une note")])
    assert done.conversation_id == row.id
    assert inbox(hospital) == 1
    assert ConversationEntry.objects.get(space_id=patient, direction="out").delivery == "sent"
    arrive(mail(In_Reply_To="<first@x.test>", subject="Re: Votre sortie"))
    assert PatientLetter.objects.get().first_answer_at is not None
    assert Conversation.objects.filter(space_id=patient).count() == 1


def test_the_holder_may_write_anew_to_who_wrote_and_to_nobody_else(patient):
    stranger = cast.curious_stranger()
    assert contacts(patient) == []
    arrive(mail())
    contact = contacts(patient)[0]
    assert write_new(actor_of(patient), patient, contact.contact_id, "Question", "Bonjour").message_id
    refused = write_new(actor_of(stranger), stranger, contact.contact_id, "Question", "Bonjour")
    assert refused == Decision(False, Refusal.CANNOT_WRITE_FIRST)
    assert write_new(actor_of(stranger), patient, contact.contact_id, "x", "y").reason is Refusal.NOT_YOURS


def test_a_header_ends_its_conversation_and_a_later_message_reopens_it(patient):
    arrive(mail(message_id="<a@x.test>"))
    arrive(mail(message_id="<b@x.test>", In_Reply_To="<a@x.test>", X_MSS_MES="FIN"))
    row = only_conversation(patient)
    assert row.ended
    assert answer(actor_of(patient), patient, row.id, "Encore ?").reason is Refusal.NO_REPLY
    arrive(mail(In_Reply_To="<b@x.test>"))
    assert not only_conversation(patient).ended
    assert answer(actor_of(patient), patient, row.id, "Merci").message_id


def test_a_fin_subject_ends_all_exchanges_with_that_sender_and_removes_the_contact(patient):
    arrive(mail(message_id="<a@x.test>"), mail(message_id="<b@x.test>", subject="Autre sujet"))
    arrive(mail(subject="[FIN]", text="x"))
    assert {one.ended for one in Conversation.objects.filter(space_id=patient)} == {"subject-fin"}
    assert contacts(patient) == []
    row = only_conversation(patient)
    assert answer(actor_of(patient), patient, row.id, "Encore ?").reason is Refusal.EXCHANGE_ENDED
    arrive(mail(subject="Nouveau"))
    assert len(contacts(patient)) == 1


def test_a_fin_of_who_took_no_part_ends_nothing(patient):
    arrive(mail(message_id="<a@x.test>"))
    stranger = f"inconnu@{cast.OTHER_OPERATOR_DOMAIN}"
    arrive(mail(sender=stranger, subject="[FIN]"), sender=stranger)
    assert not Conversation.objects.filter(space_id=patient).exclude(ended="").exists()


def test_a_reply_to_inside_the_trust_space_becomes_the_contact_and_one_outside_does_not(patient):
    arrive(mail(Reply_To=f"cardiologie@{cast.OTHER_OPERATOR_DOMAIN}"), mail(Reply_To="x@evil.example"))
    domains = sorted(one.domain for one in contacts(patient))
    assert domains == sorted([cast.OTHER_OPERATOR_DOMAIN, cast.HOSPITAL_DOMAIN])


def test_a_receipt_is_sent_at_the_first_display_and_never_on_prefetch(hospital, patient):
    arrive(mail(Disposition_Notification_To=ORTHO))
    row = only_conversation(patient)
    from carnet.domain.messaging.jobs import send_receipt

    assert mark_displayed(actor_of(patient), patient, row.id, is_prefetch=True) == 0
    assert mark_displayed(actor_of(patient), patient, row.id, is_prefetch=False) == 1
    assert mark_displayed(actor_of(patient), patient, row.id, is_prefetch=False) == 0
    entry = ConversationEntry.objects.get(space_id=patient)
    send_receipt(str(patient), str(entry.message_id))
    send_receipt(str(patient), str(entry.message_id))
    assert inbox(hospital) == 1
    receipt = get_body(hospital, Message.objects.get(owner_id=hospital).body)
    assert cast.DOMINIQUE.ins.encode() in receipt
    assert b"PAT" not in receipt
    assert b"Dominique" not in receipt


def test_an_unreadable_message_goes_back_to_its_sender_with_headers_alone(hospital, patient):
    arrive(
        b"From: %s\r\nSubject: secret\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" % ORTHO.encode()
        + b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" * 400
    )
    assert Conversation.objects.filter(space_id=patient).count() == 0
    assert inbox(hospital) == 1
    assert Dispatch.objects.get().outcome == "refused-malformed"


def test_a_report_of_failure_shows_under_the_letter_it_is_about_and_nowhere_else(patient):
    arrive(mail(message_id="<first@x.test>"))
    row = only_conversation(patient)
    sent = answer(actor_of(patient), patient, row.id, "Merci")
    identifier = f"<{sent.message_id}@{settings.CARNET_PATIENT_DOMAIN}>"
    report = (
        f"From: mailer-daemon@{cast.OTHER_OPERATOR_DOMAIN}\r\nSubject: Undelivered\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {identifier}\r\n--b--\r\n"
    ).encode()
    arrive(report, sender="")
    assert ConversationEntry.objects.get(space_id=patient, direction="out").delivery == "failed"
    assert ConversationEntry.objects.filter(space_id=patient).count() == 2


def test_what_is_no_report_never_comes_without_a_return_path(patient):
    arrive(mail(), sender="")
    assert Conversation.objects.filter(space_id=patient).count() == 0


def test_nothing_goes_back_to_a_null_or_an_unlisted_sender(hospital, patient):
    arrive(b"\r\n", sender="")
    arrive(b"\r\n", sender="x@evil.example")
    assert inbox(hospital) == 0


def test_each_message_of_a_batch_is_placed_once(patient):
    arrive(*[mail(subject=f"Message {n}") for n in range(30)])
    assert ConversationEntry.objects.filter(space_id=patient).count() == 30
    assert AccessEvent.objects.filter(space_id=patient, act="receive-message").count() == 30
    assert Contact.objects.filter(space_id=patient).count() == 1
    assert verify(patient) is None


def test_nothing_in_the_database_shows_what_was_written(patient):
    arrive(mail(subject="coxarthrose", text="prothèse de hanche"))
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text ~* %s', ["coxarthrose|hanche|Vasseur"])
            assert cursor.fetchone()[0] == 0 or table == "directory_mailbox", table
