"""Sendings before they start: the dry run, the moment, what a person confirms. Nothing leaves."""

from datetime import datetime, timedelta

import pytest
from sending_desk import actor_of, cells, checked, content, desk, elsewhere, rows, states

from carnet.domain.directory.commands.oppositions import record_opposition
from carnet.domain.directory.models import MailboxTrace
from carnet.domain.identity.values import Ins
from carnet.domain.messaging.models import Message
from carnet.domain.pathways import commands, queries
from carnet.domain.pathways.commands.forgetting import forget_old_lines
from carnet.domain.pathways.dates import PARIS
from carnet.domain.pathways.models import Sending, SendingLine
from carnet.domain.pathways.values import (
    Anchor,
    Conditions,
    LineReason,
    LineState,
    Opened,
    PastDue,
    PathwayRefusal,
    Refused,
    SendingState,
    SheetRow,
    Timing,
    When,
)
from carnet.domain.spaces.models import HealthSpace
from carnet.foundation.clock import now
from carnet.foundation.keys import KeyProblem
from carnet.foundation.owner_keys import owner_key
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db

WEEK_BEFORE = Timing(When.RELATIVE, anchor=Anchor.START, days=-7)


@pytest.fixture
def actor():
    return desk()


def in_days(days):
    return f"{now().astimezone(PARIS).date() + timedelta(days=days):%d/%m/%Y}"


def test_the_dry_run_names_each_bad_line_and_sends_nothing(actor):
    record_opposition(actor.mailbox.id, Ins.parse(cast.RUTH.ins), whole_establishment=True, by="Dr Hélène Vasseur")
    given = [
        cells(cast.DOMINIQUE),
        {"ins": "12"},
        cells(cast.RUTH),
        cells(cast.DOMINIQUE),
        cells(cast.LUCAS, prenom=""),
    ]
    sending = checked(actor, *given)
    assert sending.state is SendingState.CHECKED
    assert states(sending) == [
        (2, "waiting", ""),
        (3, "bad", "wrong-ins"),
        (4, "skipped", "opposed"),
        (5, "bad", "double"),
        (6, "bad", "missing"),
    ]
    assert sending.counts == {LineState.WAITING: 1, LineState.BAD: 3, LineState.SKIPPED: 1}
    lines = queries.list_lines(actor, sending.id, states=[LineState.BAD])
    found = [(one.number, one.column, one.other_line) for one in lines]
    assert found == [(3, "ins", None), (5, "ins", 2), (6, "prenom", None)]
    assert not Message.objects.exists()


def test_who_and_what_for_lies_sealed(actor):
    sending = checked(actor, cells(cast.DOMINIQUE, telephone="0600000000", numero_sejour="S-77"))
    row = SendingLine.objects.get(sending_id=sending.id)
    kept = b"".join(bytes(part) for part in (row.content, row.patient_digest, row.stay_digest))
    for secret in (cast.DOMINIQUE.ins, "PAT-TROIS", "0600000000", "S-77"):
        assert secret.encode() not in kept
    [line] = queries.list_lines(actor, sending.id)
    assert line.cells["telephone"] == "0600000000"


def test_a_sending_is_its_mailboxs_alone(actor):
    sending = checked(actor, cells(cast.DOMINIQUE))
    for other in (actor_of(cast.archives()), elsewhere()):
        nothing = Refused(PathwayRefusal.NOT_FOUND)
        assert queries.open_sending(other, sending.id) == nothing
        assert queries.list_lines(other, sending.id) == nothing
        assert queries.preview_line(other, sending.id) == nothing
        assert queries.report(other, sending.id) == nothing
        assert queries.unreached_table(other, sending.id) == nothing
        assert queries.sending_figures(other, sending.id) == nothing
        assert queries.sending_curves(other, sending.id) == nothing
        assert commands.check_lines(other, sending.id, rows(cells(cast.RUTH))) == nothing
        assert commands.plan_sending(other, sending.id, Timing(), Conditions()) == nothing
        assert commands.start_sending(other, sending.id, lines=1) == nothing
        assert commands.cancel_sending(other, sending.id) == nothing
        assert commands.delete_draft(other, sending.id) == Refused(PathwayRefusal.NOT_FOUND)
        assert queries.list_sendings(other) == []
    assert [one.id for one in queries.list_sendings(actor)] == [sending.id]


def test_a_preview_is_of_one_line_and_leaves_its_trace(actor):
    sending = checked(actor, {"ins": ""}, cells(cast.DOMINIQUE), cells(cast.RUTH))
    first = queries.preview_line(actor, sending.id)
    assert (first.line.number, first.previous, first.next) == (3, 2, 4)
    assert first.rendered.text == "Bonjour Dominique PAT-TROIS, à bientôt."
    assert queries.preview_line(actor, sending.id, 4).rendered.text == "Bonjour Ruth NESSI, à bientôt."
    assert queries.preview_line(actor, sending.id, 2).rendered is None
    assert queries.preview_line(actor, sending.id, 9) == Refused(PathwayRefusal.NOT_FOUND)
    assert MailboxTrace.objects.filter(mailbox_id=actor.mailbox.id, act="sending-read").count() == 3


def test_a_line_with_the_names_of_somebody_else_is_bad_if_the_person_can_be_written_to(actor):
    cast.second_patient()
    mixed = cells(cast.RUTH) | {"nom_naissance": "PAT-TROIS", "prenom": "Dominique"}
    [line] = SendingLine.objects.filter(sending=checked(actor, mixed).id)
    assert (line.state, line.reason, line.column) == ("bad", "other-person", "ins")
    HealthSpace.objects.filter(ins=cast.RUTH.ins).update(state="closed")  # that they had one is theirs alone
    [line] = SendingLine.objects.filter(sending=checked(actor, mixed).id)
    assert line.state == "waiting"


def test_another_file_takes_the_place_of_the_first(actor):
    sending = checked(actor, cells(cast.DOMINIQUE), cells(cast.RUTH))
    again = commands.check_lines(actor, sending.id, rows(cells(cast.LUCAS)))
    assert again.total == 1
    assert commands.check_lines(actor, sending.id, []) == Refused(PathwayRefusal.NO_LINE)
    too_many = [SheetRow(number, {}) for number in range(10_001)]
    assert commands.check_lines(actor, sending.id, too_many) == Refused(PathwayRefusal.TOO_MANY_LINES)


def test_a_moment_needs_its_day_and_lines_without_it_become_bad_until_the_moment_changes(actor):
    sending = checked(actor, cells(cast.DOMINIQUE, date_entree=in_days(20)), cells(cast.RUTH))
    planned = commands.plan_sending(actor, sending.id, WEEK_BEFORE, Conditions())
    assert states(sending) == [(2, "waiting", ""), (3, "bad", "missing")]
    due = SendingLine.objects.get(sending_id=sending.id, number=2).due_at.astimezone(PARIS)
    assert (f"{due:%d/%m/%Y %H:%M}", planned.past_due) == (f"{in_days(13)} 09:00", 0)
    commands.plan_sending(actor, sending.id, Timing(), Conditions())
    assert states(sending) == [(2, "waiting", ""), (3, "waiting", "")]


def test_what_the_reader_found_wrong_stays_wrong_when_the_moment_changes(actor):
    sending = checked(actor, cells(cast.DOMINIQUE))
    wrong = SheetRow(3, cells(cast.RUTH), (("", LineReason.WRONG_WIDTH),))
    commands.check_lines(actor, sending.id, [*rows(cells(cast.DOMINIQUE)), wrong])
    commands.plan_sending(actor, sending.id, Timing(), Conditions(unless_answered=True))
    assert states(sending) == [(2, "waiting", ""), (3, "bad", "wrong-width")]


def test_what_is_past_due_leaves_or_not_as_a_person_chose(actor):
    sending = checked(actor, cells(cast.DOMINIQUE, date_entree=in_days(2)), cells(cast.RUTH, date_entree=in_days(20)))
    planned = commands.plan_sending(actor, sending.id, WEEK_BEFORE, Conditions())
    assert planned.past_due == 1
    assert commands.start_sending(actor, sending.id, lines=2) == Refused(PathwayRefusal.PAST_DUE_CHOICE)
    skip = Timing(When.RELATIVE, anchor=Anchor.START, days=-7, past_due=PastDue.SKIP)
    commands.plan_sending(actor, sending.id, skip, Conditions())
    assert commands.start_sending(actor, sending.id, lines=2) == Refused(PathwayRefusal.COUNT_CHANGED)
    running = commands.start_sending(actor, sending.id, lines=1)
    assert (running.state, running.scheduled) == (SendingState.RUNNING, True)
    assert states(sending) == [(2, "skipped", "past-due"), (3, "waiting", "")]


def test_only_what_was_confirmed_starts_and_only_once(actor):
    sending = checked(actor, cells(cast.DOMINIQUE))
    assert commands.start_sending(actor, sending.id, lines=2) == Refused(PathwayRefusal.COUNT_CHANGED)
    assert commands.start_sending(actor, sending.id, lines=1).state is SendingState.RUNNING
    refused = Refused(PathwayRefusal.WRONG_STATE)
    assert commands.start_sending(actor, sending.id, lines=1) == refused
    assert commands.check_lines(actor, sending.id, rows(cells(cast.RUTH))) == refused
    assert commands.plan_sending(actor, sending.id, Timing(), Conditions()) == refused
    assert commands.delete_draft(actor, sending.id) == Refused(PathwayRefusal.WRONG_STATE)
    assert Sending.objects.get().started_by == actor.rpps


def test_wrong_moments_are_refused(actor):
    sending = checked(actor, cells(cast.DOMINIQUE))
    past = Timing(When.AT, at=now() - timedelta(minutes=1))
    assert commands.plan_sending(actor, sending.id, past, Conditions()) == Refused(PathwayRefusal.WRONG_TIMING, "at")
    tomorrow = Timing(When.AT, at=datetime.combine(now().date() + timedelta(days=2), WEEK_BEFORE.hour, PARIS))
    assert commands.plan_sending(actor, sending.id, tomorrow, Conditions()).timing == tomorrow


def test_who_opened_is_asked_only_of_messages_that_wanted_a_receipt(actor):
    before = checked(actor, cells(cast.DOMINIQUE))
    SendingLine.objects.update(state="sent")
    template = commands.save_template(actor, None, content(name="Relance"))
    reminder = commands.create_sending(actor, template.id, follows=before.id)
    assert (reminder.state, reminder.total, reminder.follows) == (SendingState.CHECKED, 1, before.id)
    condition = Conditions(opened=Opened.ONLY_NOT_OPENED)
    refused = commands.plan_sending(actor, reminder.id, Timing(), condition)
    assert refused == Refused(PathwayRefusal.RECEIPT_NOT_ASKED, "opened")


def test_a_draft_can_be_forgotten(actor):
    sending = checked(actor, cells(cast.DOMINIQUE))
    assert commands.delete_draft(actor, sending.id) is None
    assert not SendingLine.objects.exists()


def test_lines_are_forgotten_with_their_key_once_their_time_is_over(actor, settings):
    draft, ended, kept = (checked(actor, cells(cast.DOMINIQUE)) for _ in range(3))
    long_ago = now() - timedelta(days=settings.CARNET_SENDING_KEPT_DAYS + 1)
    Sending.objects.filter(id=draft.id).update(created_at=long_ago)
    Sending.objects.filter(id=ended.id).update(state="done", created_at=long_ago, ended_at=long_ago)
    assert forget_old_lines() == 2
    assert {one.id for one in queries.list_sendings(actor)} == {ended.id, kept.id}
    assert queries.list_lines(actor, ended.id) == []
    assert list(queries.report(actor, ended.id).rows) == []
    assert len(queries.list_lines(actor, kept.id)) == 1
    with pytest.raises(KeyProblem):
        owner_key(ended.id)
    assert forget_old_lines() == 0
