"""Answers that a professional has begun at the desk: kept for them alone, seen as begun by the team, gone when sent."""

from datetime import timedelta

import pytest
import time_machine
from desk_world import GP, HELENE, ORTHO, address, arrive, desk, listed, mail, team
from django.db import connection

from carnet.domain.directory.models import Mailbox, MailboxTrace
from carnet.domain.messaging.desk import drafts
from carnet.domain.messaging.desk.access import open_thread
from carnet.domain.messaging.desk.answering import AnsweredMeanwhile, Sent, answer
from carnet.domain.messaging.desk.begun_answers import (
    Kept,
    OtherPage,
    begun_answer,
    begun_answers,
    colleagues_answering,
    discard_answer,
    keep_answer,
    version_of,
)
from carnet.domain.messaging.desk.draft_values import TEXT_LENGTH, AnswerContent, DraftContent
from carnet.domain.messaging.desk.drafts import begin_draft, discard_draft, drafts_of, forget_desk_drafts, open_draft
from carnet.domain.messaging.desk.sending_drafts import send_draft
from carnet.domain.messaging.desk_jobs import forget_drafts
from carnet.domain.messaging.models import DeskDraft
from carnet.domain.spaces.values import Decision, Refusal
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db
NOT_FOUND = Decision(False, Refusal.NOT_FOUND)
TYPED = AnswerContent("Venez demain à jeun.", receipt=True, end=True)


@pytest.fixture
def julie():
    julie = team()
    cast.patient()
    return julie


@pytest.fixture
def helene(julie):
    return desk(julie.mailbox.id, HELENE, "Dr Hélène VASSEUR")


@pytest.fixture
def thread(julie):
    """The conversation of a patient who waits."""
    arrive(mail(address(), ORTHO, "Ma cicatrice"))
    [row] = listed(julie)
    return row.id


def traces(actor):
    return MailboxTrace.objects.filter(mailbox_id=actor.mailbox.id).count()


def test_what_is_typed_and_ticked_is_there_again_and_only_its_author_reads_it(julie, helene, thread):
    before = traces(julie)
    assert isinstance(keep_answer(julie, thread, AnswerContent("Ven")), Kept)
    kept = keep_answer(julie, thread, TYPED)
    begun = begun_answer(julie, thread)
    assert (begun.content, begun.saved_at) == (TYPED, kept.at)
    row = DeskDraft.objects.get()
    assert b"demain" not in bytes(row.content)
    assert traces(julie) == before, "a draft leaves no trace each two seconds"
    assert begun_answer(helene, thread) is None
    assert begun_answers(helene) == []
    [shown] = colleagues_answering(helene, thread)
    assert (shown.name, shown.at) == ("Mme Julie LEMAIRE", kept.at)
    assert colleagues_answering(julie, thread) == []
    assert discard_answer(helene, thread) is False
    keep_answer(helene, thread, AnswerContent("Moi aussi."))
    assert begun_answer(julie, thread).content == TYPED


def test_it_is_found_among_what_was_begun_and_is_no_message(julie, thread):
    keep_answer(julie, thread, TYPED)
    message = begin_draft(julie, DraftContent(subject="Autre chose"))
    [row] = begun_answers(julie)
    assert (row.thread_id, row.subject, row.correspondent.patient) == (thread, "Ma cicatrice", True)
    assert [one.id for one in drafts_of(julie)] == [message]
    kept = DeskDraft.objects.exclude(thread_id=None).get()
    assert open_draft(julie, kept.id) is None
    assert send_draft(julie, kept.id) == NOT_FOUND


def test_an_emptied_box_keeps_nothing_and_too_long_a_text_changes_nothing(julie, thread):
    keep_answer(julie, thread, TYPED)
    assert keep_answer(julie, thread, AnswerContent("x" * (TEXT_LENGTH + 1))).reason is Refusal.TOO_LARGE
    assert begun_answer(julie, thread).content == TYPED
    assert keep_answer(julie, thread, AnswerContent(" \n", end=True)) == Kept(None)
    assert begun_answer(julie, thread) is None


def test_it_goes_with_the_answer_that_is_sent_and_stays_with_one_that_is_not(julie, helene, thread):
    keep_answer(julie, thread, TYPED)
    keep_answer(helene, thread, AnswerContent("Moi aussi."))
    assert answer(julie, thread, " ", token=new_id()).reason is Refusal.EMPTY_MESSAGE
    assert begun_answer(julie, thread) is not None
    form = new_id()
    sent = answer(julie, thread, TYPED.text, token=form)
    assert isinstance(sent, Sent)
    assert begun_answer(julie, thread) is None
    late = keep_answer(julie, thread, TYPED, token=form)
    assert (late.message_id, late.again) == (sent.message_id, True), "words on their way while the form was sent"
    assert begun_answer(julie, thread) is None
    assert isinstance(answer(helene, thread, "Moi aussi.", token=new_id(), seen=new_id()), AnsweredMeanwhile)
    assert begun_answer(helene, thread).content.text == "Moi aussi."


def test_it_goes_after_a_day_like_every_draft(julie, thread):
    keep_answer(julie, thread, TYPED)
    assert forget_desk_drafts(now() - timedelta(hours=24)) == 0
    with time_machine.travel(now() + timedelta(hours=23)):
        keep_answer(julie, thread, TYPED)
    with time_machine.travel(now() + timedelta(hours=25)):
        forget_drafts(0)
        assert begun_answer(julie, thread) is not None, "its last change counts"
    with time_machine.travel(now() + timedelta(hours=48)):
        forget_drafts(0)
        assert begun_answer(julie, thread) is None


def test_what_is_kept_while_the_old_is_cleared_away_stays(julie, thread):
    with time_machine.travel(now() - timedelta(hours=25)):
        keep_answer(julie, thread, TYPED)
    kept = []

    def keep_in_between(execute, sql, params, many, context):
        done = execute(sql, params, many, context)
        if not kept and sql.startswith("SELECT") and "messaging_desk_draft" in sql:
            kept.append(None)
            kept[0] = keep_answer(julie, thread, AnswerContent("Plutôt mardi."))
        return done

    with connection.execute_wrapper(keep_in_between):
        assert forget_desk_drafts(now() - timedelta(hours=24)) == 0
    assert isinstance(kept[0], Kept)
    assert begun_answer(julie, thread).content.text == "Plutôt mardi."


def test_the_oldest_of_its_kind_goes_when_there_are_too_many(julie, thread, monkeypatch):
    monkeypatch.setattr(drafts, "MOST_DRAFTS", 1)
    arrive(mail(address(), ORTHO, "Autre question"))
    [other] = {row.id for row in listed(julie)} - {thread}
    first, second = (begin_draft(julie, DraftContent(subject=str(n))) for n in range(2))
    assert open_draft(julie, first) is None
    keep_answer(julie, thread, TYPED)
    keep_answer(julie, other, TYPED)
    assert begun_answer(julie, thread) is None
    assert [row.thread_id for row in begun_answers(julie)] == [other]
    assert [one.id for one in drafts_of(julie)] == [second], "answers that keep themselves push no message out"
    assert discard_draft(julie, second)


def test_a_page_that_knows_an_older_answer_takes_nothing_from_a_newer_one(julie, thread):
    one, two = new_id(), new_id()
    old = keep_answer(julie, thread, TYPED, token=one, version="")
    known = version_of(old.at)
    newer = keep_answer(julie, thread, AnswerContent("Plutôt mardi."), token=two, version=known)
    told = keep_answer(julie, thread, AnswerContent("Venez à 9 h."), token=one, version=known)
    assert told == OtherPage(AnswerContent("Plutôt mardi."), version_of(newer.at), None)
    emptied = keep_answer(julie, thread, AnswerContent(""), token=one, version=known)
    assert isinstance(emptied, OtherPage)
    assert begun_answer(julie, thread).content.text == "Plutôt mardi."
    lost = keep_answer(julie, thread, AnswerContent("Plutôt mardi matin."), token=two, version=known)
    assert isinstance(lost, Kept), "a page whose answer from here was lost on the way goes on"
    chosen = keep_answer(julie, thread, AnswerContent("Venez à 9 h."), token=one, version=version_of(lost.at))
    assert isinstance(chosen, Kept)


def test_what_was_answered_from_another_page_is_not_kept_again(julie, helene, thread):
    seen = open_thread(julie, thread, mark_read=False).last_message
    keep_answer(julie, thread, TYPED, token=new_id(), version="")
    answer(helene, thread, "Moi d’abord.", token=new_id(), seen=seen)
    page = {"token": new_id(), "version": "", "seen": seen}
    discard_answer(julie, thread)
    assert isinstance(keep_answer(julie, thread, TYPED, **page), Kept), "a colleague's answer takes no text away"
    sent = answer(julie, thread, TYPED.text, token=new_id())
    assert keep_answer(julie, thread, TYPED, **page) == OtherPage(None, "", sent.message_id)
    assert not DeskDraft.objects.exists()
    assert keep_answer(julie, thread, AnswerContent(" "), **page) == Kept(None)
    assert isinstance(keep_answer(julie, thread, TYPED, **{**page, "seen": sent.message_id}), Kept)


def test_a_conversation_of_another_mailbox_is_refused_and_traced(julie, thread):
    theirs = desk(Mailbox.objects.get(address=GP).id, "99700218912", "Dr Claire MORVAN")
    for reach in (lambda: keep_answer(theirs, thread, TYPED), lambda: begun_answer(theirs, thread),
                  lambda: discard_answer(theirs, thread)):  # fmt: skip
        before = traces(theirs)
        assert reach() == NOT_FOUND
        assert traces(theirs) == before + 1
    assert MailboxTrace.objects.filter(mailbox_id=theirs.mailbox.id).latest("at").outcome == "not-found"
    assert not DeskDraft.objects.exists()
    keep_answer(julie, thread, TYPED)
    assert colleagues_answering(theirs, thread) == []
    assert begun_answers(theirs) == []
