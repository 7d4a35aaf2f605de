"""Which conversation of the desk a message joins, and what the lists show of it."""

from datetime import timedelta

import pytest
from desk_world import ELSEWHERE, GP, JULIE, ORTHO, address, arrive, desk, listed, mail, team

from carnet.domain.directory.models import MailboxTrace
from carnet.domain.messaging.commands import entries
from carnet.domain.messaging.commands.folder_tree import create_folder, delete_folder
from carnet.domain.messaging.commands.folders import append
from carnet.domain.messaging.commands.write import answer as holder_answers
from carnet.domain.messaging.desk import acts
from carnet.domain.messaging.desk.access import open_desk_attachment, open_thread
from carnet.domain.messaging.desk.acts import restore, settle, trash, unsettle
from carnet.domain.messaging.desk.answering import AnsweredMeanwhile, Sent, answer, end_exchanges
from carnet.domain.messaging.desk.catching_up import catch_up, prepare
from carnet.domain.messaging.desk.drafts import patient_of_thread
from carnet.domain.messaging.desk.values import View
from carnet.domain.messaging.desk.writing import NewDeskMail, write_new
from carnet.domain.messaging.envelopes import MessageHead, envelope_name
from carnet.domain.messaging.folder_values import SEEN, StoreMode
from carnet.domain.messaging.models import DeskMessage, DeskThread, Folder, FolderEntry, Message, PatientLetter
from carnet.domain.messaging.queries.conversations import conversations
from carnet.domain.spaces.commands import holder
from carnet.domain.spaces.models import HealthSpace
from carnet.domain.spaces.values import Decision, Refusal
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import owner_key
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db
NOT_FOUND = Decision(False, Refusal.NOT_FOUND)


@pytest.fixture
def julie():
    return team()


@pytest.fixture
def patient(julie):
    return cast.patient()


def write(actor, **what):
    done = write_new(actor, NewDeskMail(**{"subject": "Votre opération", "text": "Bonjour.", **what}), token=new_id())
    assert not isinstance(done, Decision), done
    return done


def patient_answers(space_id, text="Dois-je être à jeun ?"):
    actor = holder(HealthSpace.objects.get(id=space_id))
    done = holder_answers(actor, space_id, conversations(space_id).rows[0].id, text)
    assert not isinstance(done, Decision), done


def folder_id(actor, name):
    return Folder.objects.get(mailbox_id=actor.mailbox.id, name=name).id


def test_a_patients_answer_joins_the_conversation_and_waits(julie, patient):
    [sent] = write(julie, patient_ins=cast.DOMINIQUE.ins)
    [row] = listed(julie, view=View.SENT)
    assert (row.id, row.outgoing_last, row.waiting_since) == (sent.thread_id, True, None)
    assert row.correspondent.name == cast.DOMINIQUE.ins  # the box has learnt no name yet
    assert listed(julie) == []
    patient_answers(patient)
    [row] = listed(julie)
    assert (row.id, row.unread, row.messages, row.outgoing_last) == (sent.thread_id, 1, 2, False)
    assert row.waiting_since is not None
    assert row.correspondent.birth_name == "PAT-TROIS"
    assert (row.correspondent.verified, row.snippet) == (True, "Dois-je être à jeun ?")


def test_an_answer_goes_to_the_patient_in_their_own_conversation_and_nobody_waits_any_more(julie, patient):
    [first] = write(julie, patient_ins=cast.DOMINIQUE.ins)
    patient_answers(patient)
    catch_up(julie.mailbox.id)
    opened = open_thread(julie, first.thread_id)
    assert opened.answer_to == (address(),)
    done = answer(julie, first.thread_id, "Oui, depuis minuit.", token=new_id(), seen=opened.last_message)
    assert isinstance(done, Sent)
    assert [one.subject for one in conversations(patient).rows] == ["Votre opération"]
    [row] = listed(julie)
    assert (row.waiting_since, row.unread, row.outgoing_last) == (None, 0, True)
    assert PatientLetter.objects.get().first_answer_at is not None
    flags = FolderEntry.objects.get(mailbox_id=julie.mailbox.id, folder_id=folder_id(julie, "INBOX")).flags
    assert {"\\Answered", SEEN} <= set(flags)
    shown = open_thread(julie, first.thread_id)
    assert [one.author_name for one in shown.messages] == [
        "Mme Julie LEMAIRE",
        "Dominique PAT-TROIS",
        "Mme Julie LEMAIRE",
    ]
    assert [one.state for one in shown.messages] == ["sent", "", "sent"]


def test_a_form_sent_twice_sends_once(julie, patient):
    [first] = write(julie, patient_ins=cast.DOMINIQUE.ins)
    token = new_id()
    once = answer(julie, first.thread_id, "Bonjour.", token=token)
    again = answer(julie, first.thread_id, "Bonjour.", token=token)
    assert (once.again, again.again, once.message_id) == (False, True, again.message_id)
    assert DeskMessage.objects.filter(mailbox_id=julie.mailbox.id).count() == 2
    form = new_id()
    letter = NewDeskMail("Un", "Deux", patient_ins=cast.DOMINIQUE.ins)
    [one], [other] = write_new(julie, letter, token=form), write_new(julie, letter, token=form)
    assert (one.message_id, other.again) == (other.message_id, True)


def test_an_answer_written_while_a_colleague_answered_is_given_back_first(julie, patient):
    [first] = write(julie, patient_ins=cast.DOMINIQUE.ins)
    patient_answers(patient)
    catch_up(julie.mailbox.id)
    seen = open_thread(julie, first.thread_id).last_message
    helene = desk(julie.mailbox.id, "99700218920", "Dr Hélène VASSEUR")
    answer(helene, first.thread_id, "J'ai répondu.", token=new_id(), seen=seen)
    held = answer(julie, first.thread_id, "Moi aussi.", token=new_id(), seen=seen)
    assert isinstance(held, AnsweredMeanwhile)
    assert (held.author_name, held.text) == ("Dr Hélène VASSEUR", "J'ai répondu.")
    assert isinstance(answer(julie, first.thread_id, "Moi aussi.", token=new_id(), seen=held.message_id), Sent)


def test_a_forged_reference_of_another_sender_joins_nothing(julie, patient):
    write(julie, patient_ins=cast.DOMINIQUE.ins)
    identifier = _identifier(julie)
    arrive(mail(GP, ORTHO, "Re: Votre opération", References=identifier, In_Reply_To=identifier))
    rows = listed(julie, view=View.ALL)
    assert len(rows) == 2
    assert {row.correspondent.patient for row in rows} == {True, False}
    assert all(row.messages == 1 for row in rows)


def test_a_forged_receipt_or_report_tells_nothing(julie, patient):
    [sent] = write(julie, patient_ins=cast.DOMINIQUE.ins, receipt=True)
    identifier = _identifier(julie)
    arrive(receipt(ELSEWHERE, identifier), sender=ELSEWHERE)
    arrive(report(ELSEWHERE, identifier), sender="")
    assert open_thread(julie, sent.thread_id).messages[0].state == "sent"
    catch_up(julie.mailbox.id)
    assert open_thread(julie, sent.thread_id).messages[0].state == "sent"
    assert open_thread(julie, sent.thread_id).events == []
    arrive(receipt(address(), identifier), sender=address())
    catch_up(julie.mailbox.id)
    opened = open_thread(julie, sent.thread_id)
    assert opened.messages[0].state == "read"
    assert [(one.kind, one.outcome, one.about) for one in opened.events] == [("receipt", "displayed", sent.message_id)]
    assert opened.waiting_since is None


def test_a_receipt_alone_makes_nothing_new_to_read(julie, patient):
    [sent] = write(julie, patient_ins=cast.DOMINIQUE.ins, receipt=True)
    arrive(receipt(address(), _identifier(julie)), sender=address())
    catch_up(julie.mailbox.id)
    assert listed(julie) == []
    [row] = listed(julie, view=View.SENT)
    assert (row.id, row.unread, row.messages) == (sent.thread_id, 0, 1)
    patient_answers(patient)
    catch_up(julie.mailbox.id)
    [row] = listed(julie)
    assert (row.unread, row.messages) == (1, 2)


def test_a_report_of_this_server_says_that_a_message_failed(julie):
    [sent] = write(julie, colleagues=(ELSEWHERE,))
    arrive(report(f"mailer-daemon@{cast.OTHER_OPERATOR_DOMAIN}", _identifier(julie)), sender="")
    [row] = listed(julie)
    assert (row.id, row.failed) == (sent.thread_id, True)
    assert open_thread(julie, sent.thread_id).messages[0].state == "failed"


def test_patient_and_colleague_written_to_together_get_a_message_each(julie, patient):
    sent = write(julie, patient_ins=cast.DOMINIQUE.ins, colleagues=(GP,))
    assert len({one.thread_id for one in sent}) == 2
    people = [open_thread(julie, one.thread_id).answer_to for one in sent]
    assert people == [(address(),), (GP,)]


def test_a_reply_to_is_followed_inside_the_trust_space_only(julie):
    arrive(mail(GP, ORTHO, Reply_To="voleur@example.org"), mail(ELSEWHERE, ORTHO, Reply_To=GP))
    answers = {row.correspondent.address: open_thread(julie, row.id).answer_to for row in listed(julie)}
    assert answers == {GP: (GP,), ELSEWHERE: (GP,)}


def test_another_teams_conversation_is_not_found(julie, patient):
    [sent] = write(julie, patient_ins=cast.DOMINIQUE.ins)
    stranger = desk(cast.archives(), JULIE, "Mme Julie LEMAIRE")
    catch_up(stranger.mailbox.id)
    assert open_thread(stranger, sent.thread_id) == Decision(False, Refusal.NOT_FOUND)
    assert answer(stranger, sent.thread_id, "Bonjour.", token=new_id()) == Decision(False, Refusal.NOT_FOUND)
    assert (settle(stranger, [sent.thread_id]), trash(stranger, [sent.thread_id])) == (0, 0)
    assert open_thread(julie, sent.thread_id).messages


NOT_THEIRS = {
    "release": (lambda actor, one: acts.release(actor, [one]), "released", 0),
    "settle": (lambda actor, one: acts.settle(actor, [one]), "settled", 0),
    "unsettle": (lambda actor, one: acts.unsettle(actor, [one]), "settled", 0),
    "mark read": (lambda actor, one: acts.mark_read(actor, [one]), "marked", 0),
    "mark unread": (lambda actor, one: acts.mark_unread(actor, [one]), "marked", 0),
    "trash": (lambda actor, one: acts.trash(actor, [one]), "moved", 0),
    "restore": (lambda actor, one: acts.restore(actor, [one]), "restored", 0),
    "take": (lambda actor, one: acts.take(actor, [one]), "taken", NOT_FOUND),
    "hand over": (lambda actor, one: acts.hand_over(actor, one, JULIE), "handed-over", NOT_FOUND),
    "note": (lambda actor, one: acts.add_note(actor, one, "Rappeler."), "noted", NOT_FOUND),
    "answer": (lambda actor, one: answer(actor, one, "Bonjour.", token=new_id()), "sent", NOT_FOUND),
    "end": (lambda actor, one: end_exchanges(actor, one, token=new_id()), "sent", NOT_FOUND),
    "read": (open_thread, "read", NOT_FOUND),
    "write to its patient": (patient_of_thread, "read", None),
    "open a file": (lambda actor, one: open_desk_attachment(actor, one, new_id(), "2"), "read", NOT_FOUND),
}


def test_whoever_tries_anything_on_another_teams_conversation_leaves_a_trace_in_their_own_mailbox(julie, patient):
    [sent] = write(julie, patient_ins=cast.DOMINIQUE.ins)
    stranger = desk(cast.archives(), JULIE, "Mme Julie LEMAIRE")
    left = MailboxTrace.objects.filter(mailbox_id=stranger.mailbox.id)
    for thread_id in (sent.thread_id, new_id()):  # another team's, nobody's: no way to tell which
        for tried, (act, traced, given) in NOT_THEIRS.items():
            left.delete()
            assert act(stranger, thread_id) == given, tried
            traces = list(left.values_list("act", "outcome", "author", "session", "count"))
            assert traces == [(traced, "not-found", JULIE, "a-session", 1)], tried
    assert not MailboxTrace.objects.filter(mailbox_id=julie.mailbox.id, outcome="not-found").exists()


def test_of_several_conversations_those_of_others_are_traced_and_left_alone(julie, patient):
    [theirs] = write(julie, patient_ins=cast.DOMINIQUE.ins)
    assert acts.take(julie, [theirs.thread_id, new_id(), new_id()]) == 1
    traced = MailboxTrace.objects.filter(mailbox_id=julie.mailbox.id, act="taken").values_list("outcome", "count")
    assert set(traced) == {("", 1), ("not-found", 2)}


def test_an_end_closes_all_conversations_with_the_patient_and_an_ordinary_message_opens_again(julie, patient):
    [one] = write(julie, patient_ins=cast.DOMINIQUE.ins)
    [other] = write(julie, patient_ins=cast.DOMINIQUE.ins, subject="Autre chose")
    assert isinstance(end_exchanges(julie, one.thread_id, token=new_id()), Sent)
    assert all(row.ended for row in listed(julie, view=View.ALL))
    assert {row.ended for row in conversations(patient).rows} == {True}
    answer(julie, one.thread_id, "Finalement…", token=new_id())
    ended = {row.id: row.ended for row in listed(julie, view=View.ALL)}
    assert ended == {one.thread_id: False, other.thread_id: True}


def test_settled_waits_no_more_until_they_write_again(julie, patient):
    [one] = write(julie, patient_ins=cast.DOMINIQUE.ins)
    patient_answers(patient)
    [row] = listed(julie, waiting=True)
    assert settle(julie, [one.thread_id]) == 1
    assert listed(julie, waiting=True) == []
    assert unsettle(julie, [one.thread_id]) == 1
    assert listed(julie, waiting=True)[0].waiting_since == row.waiting_since
    settle(julie, [one.thread_id])
    patient_answers(patient, "Encore une question")
    [again] = listed(julie, waiting=True)
    assert again.waiting_since > row.waiting_since


def test_what_a_mail_client_does_shows_at_once(julie, patient):
    [one] = write(julie, patient_ins=cast.DOMINIQUE.ins)
    patient_answers(patient)
    [row] = listed(julie)
    box, inbox = julie.mailbox.id, folder_id(julie, "INBOX")
    entries.store_flags(box, inbox, [1], StoreMode.ADD, [SEEN])
    assert listed(julie)[0].unread == 0
    entries.store_flags(box, inbox, [1], StoreMode.REMOVE, [SEEN])
    assert listed(julie, unread=True)[0].unread == 1
    entries.move(box, inbox, folder_id(julie, "Trash"), [1])
    assert listed(julie) == []
    assert [row.waiting_since for row in listed(julie, view=View.SENT)] == [None]
    assert restore(julie, [one.thread_id]) == 1
    assert [row.id for row in listed(julie, waiting=True)] == [row.id]
    work = create_folder(box, "À traiter")
    entries.move(box, inbox, work, [2])
    assert (listed(julie), len(listed(julie, view=View.ALL))) == ([], 1)
    delete_folder(box, "À traiter")
    [left] = listed(julie, view=View.ALL)
    assert (left.messages, left.waiting_since) == (1, None)


def test_trash_and_restore_move_what_imap_sees(julie, patient):
    [one] = write(julie, patient_ins=cast.DOMINIQUE.ins)
    patient_answers(patient)
    catch_up(julie.mailbox.id)
    assert trash(julie, [one.thread_id]) == 1
    assert listed(julie, view=View.ALL) == []
    assert [row.id for row in listed(julie, view=View.TRASH)] == [one.thread_id]
    assert FolderEntry.objects.filter(folder_id=folder_id(julie, "Trash")).count() == 2
    restore(julie, [one.thread_id])
    [row] = listed(julie)
    assert (row.messages, FolderEntry.objects.filter(folder_id=folder_id(julie, "INBOX")).count()) == (2, 1)


def test_a_copy_that_a_mail_client_files_among_those_sent_answers_in_its_conversation(julie, patient):
    write(julie, patient_ins=cast.DOMINIQUE.ins)
    patient_answers(patient)
    [row] = listed(julie)
    answered = mail(ORTHO, address(), "Re: Votre opération", In_Reply_To=_identifier(julie, newest=True))
    append(julie.mailbox.id, "Sent", answered.as_bytes(), [SEEN], now() + timedelta(seconds=1))
    [after] = listed(julie)
    assert (after.id, after.messages, after.waiting_since) == (row.id, 3, None)


def test_old_mail_that_a_mail_client_imports_waits_for_nobody(julie):
    append(julie.mailbox.id, "INBOX", mail(GP, ORTHO).as_bytes(), [], now() - timedelta(days=900))
    assert [row.waiting_since for row in listed(julie)] == [None]


def test_a_draft_is_nobodys_mail(julie):
    append(julie.mailbox.id, "Drafts", mail(ORTHO, GP).as_bytes())
    assert listed(julie, view=View.ALL) == []
    assert prepare(julie.mailbox.id).ready


def test_catching_up_twice_at_once_doubles_nothing(julie):
    arrive(*[mail(GP, ORTHO, f"Lettre {n}") for n in range(7)])
    done = catch_up(julie.mailbox.id, most=3)
    assert not done.ready
    while not catch_up(julie.mailbox.id, most=3).ready:
        pass
    assert DeskThread.objects.filter(mailbox_id=julie.mailbox.id).count() == 7
    Folder.objects.filter(mailbox_id=julie.mailbox.id).update(threaded_uid=0)
    catch_up(julie.mailbox.id)
    assert DeskMessage.objects.filter(mailbox_id=julie.mailbox.id).count() == 7


def test_what_cannot_be_read_as_mail_is_there_all_the_same(julie):
    append(julie.mailbox.id, "INBOX", b"\xff\x00 no mail")
    [row] = listed(julie)
    [shown] = open_thread(julie, row.id).messages
    assert not shown.content.html


def _identifier(actor, *, newest=False):
    """The Message-ID of a message of the mailbox: its first one, or its newest."""
    rows = Message.objects.filter(owner_id=actor.mailbox.id).order_by("received_at")
    row = rows.last() if newest else rows.first()
    return MessageHead.from_json(owner_key(actor.mailbox.id).open(envelope_name(row.id), row.envelope)).message_id


def receipt(sender, identifier):
    return (
        f"From: {sender}\r\nTo: {ORTHO}\r\nSubject: Lu\r\nMessage-ID: <{new_id()}@x.test>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=disposition-notification; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nLu.\r\n--b\r\nContent-Type: message/disposition-notification\r\n\r\n"
        f"Reporting-UA: x\r\nFinal-Recipient: rfc822;{sender}\r\nOriginal-Message-ID: {identifier}\r\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\r\n\r\n--b--\r\n"
    ).encode()


def report(sender, identifier):
    return (
        f"From: {sender}\r\nTo: {ORTHO}\r\nSubject: Failed\r\nMessage-ID: <{new_id()}@x.test>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nNo.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns;x\r\n\r\nFinal-Recipient: rfc822;y\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {identifier}\r\n\r\n--b--\r\n"
    ).encode()
