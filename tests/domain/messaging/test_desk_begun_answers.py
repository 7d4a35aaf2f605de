"""Answers that a professional has begun at the desk: kept for them alone, seen as begun by the team, gone when sent."""

from datetime import timedelta

import pytest
import time_machine
from desk_world import GP, HELENE, ORTHO, address, arrive, desk, listed, mail, team

from carnet.domain.directory.models import Mailbox, MailboxTrace
from carnet.domain.messaging.desk import drafts
from carnet.domain.messaging.desk.answering import AnsweredMeanwhile, Sent, answer
from carnet.domain.messaging.desk.begun_answers import (
    Kept,
    begun_answer,
    begun_answers,
    colleagues_answering,
    discard_answer,
    keep_answer,
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


def test_the_oldest_goes_when_there_are_too_many(julie, thread, monkeypatch):
    monkeypatch.setattr(drafts, "MOST_DRAFTS", 2)
    keep_answer(julie, thread, TYPED)
    messages = [begin_draft(julie, DraftContent(subject=str(n))) for n in range(2)]
    assert begun_answer(julie, thread) is None
    keep_answer(julie, thread, TYPED)
    assert [one.id for one in drafts_of(julie)] == [messages[1]]
    assert discard_draft(julie, messages[1])
    assert begun_answer(julie, thread) is not None


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
