"""Mail for mailboxes that are absent, closing, suspended, closed; oppositions; traces and statistics of the drain."""

from collections import Counter
from datetime import date, timedelta
from email.message import EmailMessage
from email.utils import make_msgid

import pytest
from django.conf import settings as configured
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from carnet.domain.directory.access import authenticate_mailbox
from carnet.domain.directory.commands import (
    announce_closing,
    close_mailbox,
    lift_opposition,
    record_opposition,
    set_absence,
    suspend_mailbox,
)
from carnet.domain.directory.commands.traces import forget_old_traces, leave_traces, make_trace_partitions
from carnet.domain.directory.models import Mailbox, MailboxTrace
from carnet.domain.directory.queries.oppositions import mailboxes_that_hold_oppositions, opposed, oppositions_of
from carnet.domain.directory.queries.traces import traces_of
from carnet.domain.directory.traces import NewTrace, TraceAct
from carnet.domain.identity.values import Ins
from carnet.domain.messaging.commands import entries
from carnet.domain.messaging.commands.deliver import deliver
from carnet.domain.messaging.commands.write import answer, write_new
from carnet.domain.messaging.counted import Measure
from carnet.domain.messaging.delivery.incoming import read_incoming
from carnet.domain.messaging.envelopes import SpooledEnvelope
from carnet.domain.messaging.folder_values import StoreMode
from carnet.domain.messaging.mailbox_jobs import answer_by_themselves, look_after_mailboxes
from carnet.domain.messaging.models import (
    Contact,
    Conversation,
    ConversationEntry,
    Dispatch,
    Folder,
    FolderEntry,
    Message,
    OutboundMail,
    PatientLetter,
)
from carnet.domain.messaging.queries.conversations import conversations
from carnet.domain.messaging.queries.recipients import look_up
from carnet.domain.messaging.queries.statistics import month_statistics
from carnet.domain.messaging.values import RecipientState
from carnet.domain.record.values import PatientId
from carnet.domain.record.xdm import xdm_for_cda
from carnet.domain.spaces.commands import holder
from carnet.domain.spaces.models import HealthSpace
from carnet.domain.spaces.values import Refusal
from carnet.foundation.bodies import get_body
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.keys import KeyProblem
from carnet.foundation.models import Body
from carnet.foundation.owner_keys import forget_cached_keys, owner_key
from carnet.foundation.spool import Accepted
from carnet.sandbox import cast
from carnet.sandbox.letter import discharge_letter

pytestmark = pytest.mark.django_db

ORTHO = f"orthopedie@{cast.HOSPITAL_DOMAIN}"
GP = f"claire.morvan@{cast.CITY_DOMAIN}"
SURGEON = f"helene.vasseur@{cast.HOSPITAL_DOMAIN}"
ELSEWHERE = f"cardiologie@{cast.OTHER_OPERATOR_DOMAIN}"
WHO = "operator:test"


@pytest.fixture
def ortho():
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.clinic()
    cast.general_practitioner()
    cast.surgeon()
    return cast.orthopaedics()


@pytest.fixture
def patient(ortho):
    return cast.patient()


def day(number):
    return timezone.localdate(now()) + timedelta(days=number)


def box(address):
    return Mailbox.objects.get(address=address)


def address(person=cast.DOMINIQUE):
    return f"{person.ins}@{configured.CARNET_PATIENT_DOMAIN}"


def mail(sender, *to, subject="Question", **headers):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, ", ".join(to), subject
    message["Message-ID"] = headers.pop("message_id", None) or make_msgid(domain="x.test")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("Bonjour.")
    return message


def arrive(*messages, sender=None, to=None):
    """Deliver messages as the drain would: those of hosted mailboxes came by submission."""
    incoming = []
    for position, message in enumerate(messages):
        author = sender if sender is not None else str(message["From"])
        mailbox = Mailbox.objects.filter(address=str(message["From"]), hosted=True).first()
        envelope = SpooledEnvelope(
            door="submission" if mailbox else "operators",
            sender=author,
            recipients=tuple(to or str(message["To"]).split(", ")),
            accepted_at=now(),
            tracing=f"Return-Path: <{author}>\r\n",
            mailbox=str(mailbox.id) if mailbox else "",
            author="899700218912" if mailbox else "",
            session="s1",
        )
        raw = message.as_bytes().replace(b"\n", b"\r\n")
        incoming.append(read_incoming(Accepted(new_id(), position, envelope.to_json(), raw)))
    deliver(incoming)


def run_answers():
    """What the worker would do with the answers that were asked for."""
    for job in ProcrastinateJob.objects.filter(task_name__endswith="answer_by_themselves"):
        answer_by_themselves(**job.args)


def bodies_in(mailbox):
    """The messages of a mailbox, the oldest first."""
    rows = Message.objects.filter(owner_id=mailbox.id).order_by("received_at", "id")
    return [get_body(mailbox.id, row.body).decode() for row in rows]


def answers_in(mailbox):
    return [one for one in bodies_in(mailbox) if "Auto-Submitted: auto-replied" in one]


# --- absences ---------------------------------------------------------------------------------------------------


def test_a_colleague_is_told_once_of_an_absence(ortho):
    set_absence(ortho, day(0), day(3), "Le service est fermé jusqu'à lundi.", WHO)
    arrive(mail(GP, ORTHO, subject="Avis"), mail(GP, ORTHO), mail(SURGEON, ORTHO))
    run_answers()
    run_answers()
    [told] = answers_in(box(GP))
    assert f"<{ORTHO}>" in told
    assert "Return-Path: <>" in told
    assert "In-Reply-To: <" in told
    assert len(answers_in(box(SURGEON))) == 1
    assert [one.act for one in traces_of(ortho)].count("answered-by-itself") == 2
    set_absence(ortho, day(0), day(9), "Une semaine de plus.", WHO)  # another absence: told again
    arrive(mail(GP, ORTHO))
    run_answers()
    assert len(answers_in(box(GP))) == 2


def test_nobody_is_told_outside_the_dates(ortho):
    set_absence(ortho, day(1), day(3), "Fermé.", WHO)
    arrive(mail(GP, ORTHO))
    assert not ProcrastinateJob.objects.filter(task_name__endswith="answer_by_themselves").exists()
    assert not answers_in(box(GP))


@pytest.mark.parametrize(
    ("headers", "sender"),
    [
        ({"Auto_Submitted": "auto-generated"}, None),
        ({"Auto_Submitted": "auto-replied"}, None),
        ({"Precedence": "bulk"}, None),
        ({"List_Id": "<équipe.test>"}, None),
        ({"List_Unsubscribe": "<mailto:x@y.test>"}, None),
        ({}, ""),
        ({}, f"owner-liste@{cast.CITY_DOMAIN}"),
        ({}, f"liste-request@{cast.CITY_DOMAIN}"),
        ({}, f"MAILER-DAEMON@{cast.CITY_DOMAIN}"),
        ({}, "quelquun@ailleurs.test"),
    ],
)
def test_machines_lists_and_strangers_get_no_automatic_answer(ortho, headers, sender):
    set_absence(ortho, day(0), day(3), "Fermé.", WHO)
    arrive(mail(GP, ORTHO, **headers), sender=sender)
    run_answers()
    assert len(bodies_in(box(ORTHO))) == 1
    assert not answers_in(box(GP))
    assert not OutboundMail.objects.exists()
    arrive(mail(GP, ORTHO))  # the same set-up, an ordinary letter
    run_answers()
    assert len(answers_in(box(GP))) == 1


def test_who_was_only_in_blind_copy_is_not_given_away(ortho):
    set_absence(ortho, day(0), day(3), "Fermé.", WHO)
    arrive(mail(GP, SURGEON), to=[ORTHO])
    run_answers()
    assert not answers_in(box(GP))


def test_two_absent_mailboxes_do_not_write_to_each_other_for_ever(ortho):
    set_absence(ortho, day(0), day(3), "Fermé.", WHO)
    set_absence(box(GP).id, day(0), day(3), "En congé.", WHO)
    arrive(mail(GP, ORTHO))
    for _ in range(3):
        run_answers()
    assert len(answers_in(box(GP))) == 1
    assert not answers_in(box(ORTHO))


def test_a_correspondent_elsewhere_is_told_through_the_queue_without_a_return_path(ortho):
    cast.colleague_elsewhere()
    set_absence(ortho, day(0), day(3), "Fermé.", WHO)
    arrive(mail(ELSEWHERE, ORTHO))
    run_answers()
    [queued] = OutboundMail.objects.all()
    sealed = owner_key(ortho).open_text(f"outbound:{queued.id}", queued.addresses)
    assert sealed.split("\n")[:2] == ["", ELSEWHERE]


def test_a_patient_is_told_in_the_conversation_and_nothing_else_changes(patient, ortho):
    arrive(mail(ORTHO, address(), subject="Votre sortie"))
    set_absence(ortho, day(0), day(3), "Le secrétariat est fermé jusqu'à lundi.", WHO)
    space = HealthSpace.objects.get(id=patient)
    conversation = Conversation.objects.get()
    evidence = Dispatch.objects.count()
    written = answer(holder(space), patient, conversation.id, "Merci, une question.")
    run_answers()
    entries = list(ConversationEntry.objects.filter(conversation_id=written.conversation_id).order_by("at"))
    assert [one.direction for one in entries] == ["in", "out", "in"]
    assert Dispatch.objects.count() == evidence  # a machine wrote it: no message to a patient in the indicators
    assert PatientLetter.objects.get().first_answer_at is None
    assert Contact.objects.get().has_written
    [shown] = conversations(patient).rows
    assert shown.subject == "Votre sortie"


def test_an_automatic_answer_reopens_nothing_and_joins_only_what_it_answers(patient, ortho):
    first = mail(ORTHO, address(), subject="Votre sortie")
    arrive(first)
    space = HealthSpace.objects.get(id=patient)
    written = answer(holder(space), patient, Conversation.objects.get().id, "Une question.")
    arrive(mail(ORTHO, address(), subject="[FIN]", In_Reply_To=first["Message-ID"]))
    assert Contact.objects.get().ended_at is not None
    letter_id = f"<{written.message_id}@{configured.CARNET_PATIENT_DOMAIN}>"
    away = {"Auto_Submitted": "auto-replied", "In_Reply_To": letter_id}
    arrive(mail(ORTHO, address(), subject="Absent", **away), sender="")
    assert Contact.objects.get().ended_at is not None
    assert Conversation.objects.get().ended == "subject-fin"
    assert ConversationEntry.objects.count() == 4
    arrive(mail(ORTHO, address(), subject="Absent", Auto_Submitted="auto-replied"), sender="")  # answers nothing
    assert ConversationEntry.objects.count() == 4


# --- suspended and closed ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "state"),
    [("refuse", RecipientState.SUSPENDED), ("later", RecipientState.SUSPENDED), ("keep", RecipientState.OPEN)],
)
def test_mail_for_a_suspended_mailbox_is_as_set(ortho, settings, setting, state):
    settings.CARNET_SUSPENDED_MAIL = setting
    assert look_up([ORTHO])[ORTHO].state is RecipientState.OPEN
    suspend_mailbox(ortho, WHO)
    assert look_up([ORTHO])[ORTHO].state is state
    arrive(mail(GP, ORTHO))  # it was accepted before the suspension
    assert len(bodies_in(box(ORTHO))) == (setting == "keep")
    [report] = bodies_in(box(GP)) or [""]
    assert ("5.2.1" in report) is (setting != "keep")


def test_a_holder_cannot_write_to_a_mailbox_that_takes_no_mail(patient, ortho, settings):
    arrive(mail(ORTHO, address(), subject="Votre sortie"))
    space, conversation = HealthSpace.objects.get(id=patient), Conversation.objects.get()
    contact = Contact.objects.get()
    suspend_mailbox(ortho, WHO)
    assert answer(holder(space), patient, conversation.id, "Bonjour").reason is Refusal.MAILBOX_SUSPENDED
    settings.CARNET_SUSPENDED_MAIL = "keep"
    assert answer(holder(space), patient, conversation.id, "Bonjour").conversation_id == conversation.id
    close_mailbox(ortho, WHO)
    assert answer(holder(space), patient, conversation.id, "Bonjour").reason is Refusal.MAILBOX_CLOSED
    assert write_new(holder(space), patient, contact.id, "Sujet", "Bonjour").reason is Refusal.MAILBOX_CLOSED


def test_senders_and_holders_learn_of_a_closing_and_then_it_is_closed(ortho):
    announce_closing(ortho, day(40), WHO)
    arrive(mail(GP, ORTHO))
    run_answers()
    look_after_mailboxes()
    look_after_mailboxes()
    told = [one for one in bodies_in(box(ORTHO)) if f"{day(40):%d/%m/%Y}" in one]
    assert len(told) == 1
    [answered] = answers_in(box(GP))
    assert ORTHO in answered
    Mailbox.objects.filter(id=ortho).update(closes_on=day(0))
    assert look_up([ORTHO])[ORTHO].state is RecipientState.CLOSED
    look_after_mailboxes()
    assert box(ORTHO).state == "closed"


def test_the_content_of_a_closed_mailbox_goes_with_its_key_and_the_evidence_stays(patient, ortho, settings):
    settings.CARNET_MAILBOX_KEEP_DAYS = 5
    arrive(mail(ORTHO, address(), subject="Votre sortie"))
    space = HealthSpace.objects.get(id=patient)
    answer(holder(space), patient, Conversation.objects.get().id, "Une question.")
    FolderEntry.objects.filter(mailbox_id=ortho).update(seen_at=now())
    arrive(mail(GP, ORTHO))
    close_mailbox(ortho, WHO)
    look_after_mailboxes()
    assert Message.objects.filter(owner_id=ortho).count() == 2
    look_after_mailboxes(now() + timedelta(days=6))
    forget_cached_keys()
    for model in (Message, Body):
        assert not model.objects.filter(owner_id=ortho).exists()
    for model in (FolderEntry, Folder):
        assert not model.objects.filter(mailbox_id=ortho).exists()
    with pytest.raises(KeyProblem):
        owner_key(ortho)
    assert Dispatch.objects.filter(mailbox_id=ortho).count() == 1
    assert PatientLetter.objects.get().seen_at is not None
    assert ConversationEntry.objects.filter(space_id=patient).count() == 2  # the holder's own copies are hers
    assert box(ORTHO).emptied_at is not None
    arrive(mail(GP, ORTHO))  # the drain is not stopped by a mailbox without a key
    assert "5.2.1" in bodies_in(box(GP))[-1]
    arrive(mail(GP, SURGEON, Reply_To=ORTHO))
    assert len(bodies_in(box(SURGEON))) == 1


def test_a_report_for_an_emptied_mailbox_goes_nowhere(ortho):
    close_mailbox(ortho, WHO)
    look_after_mailboxes(now() + timedelta(days=configured.CARNET_MAILBOX_KEEP_DAYS + 1))
    forget_cached_keys()
    arrive(mail(ORTHO, f"nulle-part@{cast.HOSPITAL_DOMAIN}"))
    assert not OutboundMail.objects.exists()


def test_a_dormant_mailbox_is_told_and_emptied_only_if_so_set(ortho, settings):
    settings.CARNET_MAILBOX_DORMANT_DAYS, settings.CARNET_MAILBOX_DORMANT_NOTICE_DAYS = 100, 10
    arrive(mail(GP, ORTHO))
    Mailbox.objects.filter(id=ortho).update(last_access_on=day(-101))
    look_after_mailboxes()
    look_after_mailboxes()
    assert len(bodies_in(box(ORTHO))) == 2
    assert box(ORTHO).dormancy_told_on == day(0)
    look_after_mailboxes(now() + timedelta(days=11))
    assert len(bodies_in(box(ORTHO))) == 2
    settings.CARNET_MAILBOX_DORMANT_ACTION = "empty"
    look_after_mailboxes(now() + timedelta(days=9))
    assert len(bodies_in(box(ORTHO))) == 2
    authenticate_mailbox(ORTHO, cast.PASSWORD)
    look_after_mailboxes(now() + timedelta(days=11))
    assert len(bodies_in(box(ORTHO))) == 2  # somebody came
    Mailbox.objects.filter(id=ortho).update(last_access_on=day(-101), dormancy_told_on=day(0))
    look_after_mailboxes(now() + timedelta(days=11))
    assert bodies_in(box(ORTHO)) == []
    assert box(ORTHO).state == "active"
    arrive(mail(GP, ORTHO))  # and it goes on
    assert len(bodies_in(box(ORTHO))) == 1
    inbox = Folder.objects.get(mailbox_id=ortho, name="INBOX")
    assert (inbox.messages, inbox.uid_next > 2) == (1, True)


# --- oppositions ------------------------------------------------------------------------------------------------


def test_an_establishment_that_was_asked_not_to_write_does_not(patient, ortho):
    arrive(mail(ORTHO, address()))
    evidence = Dispatch.objects.count()
    record_opposition(ortho, Ins(cast.DOMINIQUE.ins), whole_establishment=True, by="Accueil")
    arrive(mail(ORTHO, address()), mail(SURGEON, address()), mail(GP, address()))
    entries = ConversationEntry.objects.filter(space_id=patient, direction="in")
    assert entries.count() == 2  # the first one, and that of a GP who was not asked
    assert Dispatch.objects.count() == evidence + 1
    for refused in (ORTHO, SURGEON):
        assert "asked your establishment not to be written to" in bodies_in(box(refused))[-1].replace("=\r\n", "")
    lift_opposition(ortho, Ins(cast.DOMINIQUE.ins), whole_establishment=True, by="Accueil")
    arrive(mail(ORTHO, address()))
    assert entries.count() == 3


def test_one_mailbox_may_be_asked_alone_and_the_list_is_its_own(patient, ortho):
    ins, surgeon, gp = Ins(cast.DOMINIQUE.ins), box(SURGEON).id, box(GP).id
    record_opposition(ortho, ins, whole_establishment=False, by="Infirmière")
    pairs = [(ortho, str(ins)), (surgeon, str(ins)), (ortho, cast.RUTH.ins), (gp, str(ins))]
    assert opposed(pairs) == {(ortho, str(ins))}
    assert mailboxes_that_hold_oppositions() == {ortho}
    assert [(one.ins, one.recorded_by, one.mailbox) for one in oppositions_of(ortho)] == [
        (str(ins), "Infirmière", ORTHO)
    ]
    assert oppositions_of(surgeon) == []
    assert [one.act for one in traces_of(ortho)][-1] == "opposition-recorded"
    lift_opposition(ortho, ins, whole_establishment=False, by="Infirmière")
    assert opposed(pairs) == set()
    assert oppositions_of(ortho) == []
    assert len(oppositions_of(ortho, lifted=True)) == 1


# --- traces -----------------------------------------------------------------------------------------------------


def test_what_is_sent_received_and_refused_leaves_traces_with_who_was_signed_in(ortho):
    arrive(mail(GP, ORTHO, SURGEON), mail(GP, ORTHO), mail(GP, f"personne@{cast.HOSPITAL_DOMAIN}"))
    sent = [(one.act, one.author, one.session, one.outcome, one.count) for one in traces_of(box(GP).id)]
    assert sorted(one for one in sent if one[0] == "sent") == [
        ("sent", "899700218912", "s1", "", 1),
        ("sent", "899700218912", "s1", "", 2),
        ("sent", "899700218912", "s1", "refused-recipient", 1),
    ]
    [received] = [one for one in traces_of(ortho) if one.act == "received"]
    assert received.count == 2
    assert set(received.messages) == set(Message.objects.filter(owner_id=ortho).values_list("id", flat=True))


def test_traces_go_by_whole_months_after_their_time(ortho, settings):
    settings.CARNET_MAILBOX_TRACE_DAYS = 60
    leave_traces([NewTrace(ortho, TraceAct.READ, "imap", at=now() - timedelta(days=1))])  # before there are months
    assert make_trace_partitions(2) == 2
    assert make_trace_partitions(2) == 0
    leave_traces([NewTrace(ortho, TraceAct.READ, "imap", at=now() - timedelta(days=days)) for days in (0, 59, 61, 400)])
    forget_old_traces()
    kept = MailboxTrace.objects.filter(act="read").order_by("-at").values_list("at", flat=True)
    assert [(now() - at).days for at in kept] == [0, 1, 59]


# --- statistics -------------------------------------------------------------------------------------------------


def test_the_statistics_are_what_a_recount_by_hand_gives(patient, ortho):
    ruth = cast.second_patient()
    cast.hospital_software()
    document = discharge_letter(cast.DOMINIQUE, now() - timedelta(days=4), now())
    report = EmailMessage()
    report["From"], report["To"] = f"dpi@{cast.HOSPITAL_DOMAIN}", address()
    report["Subject"], report["Message-ID"] = "XDM/1.0/DDM+CR", make_msgid(domain="x.test")
    report["X-MSS-INS"], report["X-MSS-NIL"], report["X-MSS-CODECDA"] = "O", "DEV935997", "11488-4"  # not what it holds
    report.set_content("Compte rendu.")
    archive = xdm_for_cda(document.cda, PatientId(cast.DOMINIQUE.ins, cast.DOMINIQUE.oid.value))
    report.add_attachment(archive, maintype="application", subtype="zip", filename="IHE_XDM.zip")
    announced = {"X_MSS_CODECDA": "11488-4, 11488-4,<script>", "X_MSS_INS": "N", "X_MSS_NIL": "3734"}
    arrive(
        report,
        mail(ORTHO, address(), address(cast.RUTH), GP, X_MSS_NIL="3734"),
        mail(GP, ORTHO, **announced),
        mail(GP, f"personne@{cast.HOSPITAL_DOMAIN}"),
    )
    cast.colleague_elsewhere()
    arrive(mail(ELSEWHERE, ORTHO, X_MSS_NIL="ailleurs"), mail(ELSEWHERE, address()))
    conversation = Conversation.objects.filter(space_id=ruth).get()
    answer(holder(HealthSpace.objects.get(id=ruth)), ruth, conversation.id, "Merci.")
    authenticate_mailbox(ORTHO, cast.PASSWORD)
    authenticate_mailbox(GP, cast.PASSWORD)
    found = month_statistics(day(0).replace(day=1))
    by_kind = {one.kind: one for one in found.kinds}
    kinds = {kind: Counter(dict(one.counts)) for kind, one in by_kind.items()}
    assert kinds["APP"] == Counter({"sent": 1, "sent-to-patients": 1, "sent-with-cda": 1, "ins-qualified": 1})
    assert kinds["ORG"] == Counter(
        {"sent": 1, "sent-to-patients": 1, "received": 3, "received-from-patients": 1, "received-with-cda": 1}
    )
    assert kinds["PER"] == Counter(
        {"sent": 1, "sent-with-cda": 1, "ins-not-qualified": 1, "received": 1}
    )  # the mail to nobody was not sent; the report about it is Carnet's own
    assert by_kind["PER"].documents == {"11488-4": 2, "other": 1}
    assert by_kind["APP"].documents == {document.code: 1}
    assert by_kind["APP"].products == {"DEV935997": 1}
    assert found.total.products == {"3734": 2, "DEV935997": 1}
    assert (by_kind["ORG"].mailboxes, by_kind["ORG"].active) == (1, 1)
    assert (found.total.mailboxes, found.total.active) == (4, 2)
    assert found.total.count(Measure.SENT) == 3
    rows = {(kind, what, code): number for _, kind, what, code, _, number in found.rows()}
    assert rows["ALL", "document", "11488-4"] >= 2
    assert rows["CAB", "sent", ""] == 0
    before = month_statistics(date(2020, 1, 1))
    assert not before.total.counts
    assert before.total.mailboxes == 0


@pytest.mark.parametrize("was_seen", [True, False])
def test_a_team_that_empties_its_folder_keeps_the_evidence_of_what_it_read(patient, ortho, was_seen):
    arrive(mail(ORTHO, address(), subject="Votre sortie"))
    answer(holder(HealthSpace.objects.get(id=patient)), patient, Conversation.objects.get().id, "Une question.")
    inbox = Folder.objects.get(mailbox_id=ortho, name="INBOX")
    [uid] = FolderEntry.objects.filter(folder_id=inbox.id).values_list("uid", flat=True)
    seen = ["\\Seen"] if was_seen else []
    entries.store_flags(ortho, inbox.id, [uid], StoreMode.ADD, [*seen, "\\Deleted"])
    assert entries.expunge(ortho, inbox.id).uids == [uid]
    assert (PatientLetter.objects.get().seen_at is not None) is was_seen
