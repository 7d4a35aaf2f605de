"""Lines whose moment has come leave: each once, with its own words, under the conditions that were set."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone
from sending_desk import (
    TEXT,
    answers,
    cells,
    checked,
    content,
    desk,
    last_conversation,
    leave,
    opens,
    rows,
    space_of,
    started,
    states,
)

from carnet.domain.directory.commands.life import suspend_mailbox
from carnet.domain.directory.commands.oppositions import record_opposition
from carnet.domain.identity.values import Ins
from carnet.domain.messaging.desk.catching_up import catch_up
from carnet.domain.messaging.desk.listing import threads
from carnet.domain.messaging.desk.values import Filters, View
from carnet.domain.messaging.envelopes import EntryContent, MessageHead, content_name, envelope_name
from carnet.domain.messaging.models import (
    Conversation,
    ConversationEntry,
    Dispatch,
    Folder,
    FolderEntry,
    Message,
    PatientLetter,
)
from carnet.domain.pathways import commands, queries
from carnet.domain.pathways.commands import leaving
from carnet.domain.pathways.jobs import send_lines, sweep_sendings
from carnet.domain.pathways.models import Sending, SendingLine
from carnet.domain.pathways.values import (
    Anchor,
    Conditions,
    Opened,
    PathwayContent,
    PathwayRefusal,
    Refused,
    SheetRow,
    Timing,
    When,
)
from carnet.foundation.owner_keys import owner_key
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.4\n1 0 obj\n<< >>\nendobj\ntrailer\n<< >>\n%%EOF\n"


@pytest.fixture
def actor():
    cast_desk = desk()
    cast.patient()
    cast.second_patient()
    return cast_desk


def received(person):
    """What lies in a person's space: their entries with what is shown, the newest last."""
    space = space_of(person)
    key = owner_key(space.id)
    entries = ConversationEntry.objects.filter(space_id=space.id, direction="in").order_by("at", "message_id")
    return [EntryContent.from_json(key.open(content_name(one.message_id), one.content)) for one in entries]


def head(person):
    message = Message.objects.filter(owner_id=space_of(person).id).order_by("-received_at").first()
    return MessageHead.from_json(owner_key(message.owner_id).open(envelope_name(message.id), message.envelope))


def reminder(actor, before, conditions, **changed):
    template = commands.save_template(actor, None, content(name="Relance", text="Relance", **changed))
    sending = commands.create_sending(actor, template.id, follows=before.id)
    sending = commands.plan_sending(actor, sending.id, Timing(), conditions)
    sending = commands.start_sending(actor, sending.id, lines=sending.will_leave)
    leave(sending)
    return sending


def test_each_patient_gets_her_own_words_and_the_box_keeps_what_it_sent(actor):
    sending = started(actor, cells(cast.DOMINIQUE), cells(cast.RUTH))
    leave(sending)
    assert states(sending) == [(2, "sent", ""), (3, "sent", "")]
    assert [one.text.strip() for one in received(cast.DOMINIQUE)] == ["Bonjour Dominique PAT-TROIS, à bientôt."]
    assert [one.text.strip() for one in received(cast.RUTH)] == ["Bonjour Ruth NESSI, à bientôt."]
    sent = Folder.objects.get(mailbox_id=actor.mailbox.id, name="Sent")
    assert FolderEntry.objects.filter(folder_id=sent.id).count() == 2
    assert Dispatch.objects.filter(mailbox_id=actor.mailbox.id, outcome="delivered").count() == 2


def test_what_a_cell_holds_is_never_read_as_a_field(actor):
    sending = started(actor, cells(cast.DOMINIQUE, prenom="{{nom_naissance}}"), cells(cast.RUTH))
    leave(sending)
    assert received(cast.DOMINIQUE)[0].text.startswith("Bonjour {{nom_naissance}} PAT-TROIS")


def test_a_cell_cannot_write_a_header(actor):
    sending = started(actor, cells(cast.DOMINIQUE, prenom="Ruth\r\nBcc: x@y.fr"), subject="Pour {{prenom}}")
    leave(sending)
    assert head(cast.DOMINIQUE).subject == "Pour Ruth Bcc: x@y.fr"


def test_a_message_that_takes_no_answer_says_so_and_its_file_goes_along(actor):
    template = commands.save_template(actor, None, content())
    file = commands.add_template_file(actor, template.id, name="livret.pdf", media_type="", content=PDF)
    said = replace(template.content, takes_answer=False, files=(file.id,))
    template = commands.save_template(actor, template.id, said)
    leave(started(actor, cells(cast.DOMINIQUE), template=template))
    [shown] = received(cast.DOMINIQUE)
    assert [one.name for one in shown.attachments] == ["livret.pdf"]
    assert last_conversation(cast.DOMINIQUE).ended == "header-fin"
    assert not answers(cast.DOMINIQUE)


def test_a_sending_keeps_the_version_that_it_was_made_of(actor):
    template = commands.save_template(actor, None, content())
    sending = checked(actor, cells(cast.DOMINIQUE), template=template)
    commands.save_template(actor, template.id, replace(template.content, text="Autre"))
    leave(commands.start_sending(actor, sending.id, lines=1))
    assert received(cast.DOMINIQUE)[0].text.startswith("Bonjour Dominique")


def test_who_cannot_be_written_to_is_told_in_the_report_with_the_reason(actor):
    given = [cells(cast.DOMINIQUE), cells(cast.RUTH), cells(cast.LUCAS)]
    sending = checked(actor, *given)
    record_opposition(actor.mailbox.id, Ins.parse(cast.RUTH.ins), whole_establishment=True, by="Dr Hélène Vasseur")
    leave(commands.start_sending(actor, sending.id, lines=3))
    assert states(sending) == [(2, "sent", ""), (3, "skipped", "opposed"), (4, "refused", "no-space")]
    table = queries.report(actor, sending.id)
    assert table.columns[:3] == ("line", "state", "reason")
    assert table.columns[-3:] == ("ins", "prenom", "nom_naissance")
    assert [(row[0], row[1], row[2], row[-2]) for row in table.rows] == [
        (2, "sent", "", "Dominique"),
        (3, "skipped", "opposed", "Ruth"),
        (4, "refused", "no-space", "Lucas"),
    ]


def test_a_group_that_fails_leaves_nothing_behind(actor, monkeypatch):
    sending = started(actor, cells(cast.DOMINIQUE), cells(cast.RUTH))
    monkeypatch.setattr(leaving, "mark", lambda marks: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        leaving.send_group(sending.id)
    assert not Message.objects.exists()
    monkeypatch.undo()
    leave(sending)
    assert len(received(cast.DOMINIQUE)) == 1


def test_a_pause_holds_up_what_is_left_and_a_cancel_calls_it_off(actor):
    sending = started(actor, cells(cast.DOMINIQUE), cells(cast.RUTH))
    leaving.send_group(sending.id, 1)
    assert commands.pause_sending(actor, sending.id).state == "paused"
    leave(sending)
    assert states(sending)[1] == (3, "waiting", "")
    assert commands.resume_sending(actor, sending.id).state == "running"
    assert commands.resume_sending(actor, sending.id) == Refused(PathwayRefusal.WRONG_STATE)
    assert commands.cancel_sending(actor, sending.id).state == "cancelled"
    leave(sending)
    assert states(sending) == [(2, "sent", ""), (3, "cancelled", "")]


def test_a_mailbox_that_is_suspended_sends_no_more_and_its_sending_waits(actor):
    sending = started(actor, cells(cast.DOMINIQUE))
    suspend_mailbox(actor.mailbox.id, by="operator:test")
    leave(sending)
    assert Sending.objects.get().state == "paused"
    assert states(sending) == [(2, "waiting", "")]


def test_what_is_not_due_waits_and_the_sweep_finds_what_is(actor):
    today = timezone.localdate()
    timing = Timing(When.RELATIVE, anchor=Anchor.START, days=-7)
    given = [cells(cast.DOMINIQUE, date_entree=f"{today + timedelta(days=9)}")]
    sending = started(actor, *given, timing=timing)
    leave(sending)
    assert states(sending) == [(2, "waiting", "")]
    SendingLine.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    sweep_sendings(0)
    send_lines(str(sending.id))
    assert states(sending) == [(2, "sent", "")]
    assert Sending.objects.get().state == "done"
    send_lines(str(sending.id))
    assert len(received(cast.DOMINIQUE)) == 1


def test_a_reminder_goes_on_in_the_same_conversation(actor):
    before = started(actor, cells(cast.DOMINIQUE))
    leave(before)
    reminder(actor, before, Conditions())
    assert Conversation.objects.filter(space_id=space_of(cast.DOMINIQUE).id).count() == 1
    assert [one.text.strip() for one in received(cast.DOMINIQUE)] == [
        TEXT.replace("{{prenom}} {{nom_naissance}}", "Dominique PAT-TROIS"),
        "Relance",
    ]


def test_a_reminder_to_someone_who_has_written_is_no_answer_to_her(actor):
    before = started(actor, cells(cast.DOMINIQUE))
    leave(before)
    answers(cast.DOMINIQUE)
    assert states(reminder(actor, before, Conditions())) == [(2, "sent", "")]
    assert Conversation.objects.filter(space_id=space_of(cast.DOMINIQUE).id).count() == 2
    assert PatientLetter.objects.get().first_answer_at is None


def test_who_has_answered_gets_no_reminder_even_of_a_reminder(actor):
    first = started(actor, cells(cast.DOMINIQUE), cells(cast.RUTH))
    leave(first)
    second = reminder(actor, first, Conditions())
    assert answers(cast.DOMINIQUE)
    third = reminder(actor, second, Conditions(unless_answered=True))
    assert states(third) == [(2, "skipped", "answered"), (3, "sent", "")]


def test_who_has_opened_gets_no_reminder_where_a_receipt_was_asked_for(actor):
    first = started(actor, cells(cast.DOMINIQUE), cells(cast.RUTH), receipt_wanted=True)
    leave(first)
    opens(cast.RUTH)
    second = reminder(actor, first, Conditions(opened=Opened.ONLY_NOT_OPENED))
    assert states(second) == [(2, "sent", ""), (3, "skipped", "opened")]
    third = reminder(actor, first, Conditions(opened=Opened.ONLY_OPENED))
    assert states(third) == [(2, "skipped", "not-opened"), (3, "sent", "")]


def test_a_stay_that_moves_takes_its_line_along_and_one_that_is_cancelled_calls_it_off(actor):
    today = timezone.localdate()
    timing = Timing(When.RELATIVE, anchor=Anchor.START, days=-7)

    def stay(number, days):
        return {"numero_sejour": f"S{number}", "date_entree": f"{today + timedelta(days=days)}"}

    sending = started(actor, cells(cast.DOMINIQUE, **stay(1, 20)), cells(cast.RUTH, **stay(2, 20)), timing=timing)
    changes = [
        SheetRow(2, stay(1, 27)),
        SheetRow(3, {**stay(2, 20), "annule": "oui"}),
        SheetRow(4, stay(3, 20)),
        SheetRow(5, {"numero_sejour": "S1", "date_entree": "demain"}),
    ]
    report = commands.update_stays(actor, changes)
    assert (report.moved, report.cancelled, report.unchanged, report.unknown) == (1, 1, 0, (4,))
    assert [(one.number, one.reason, one.column) for one in report.bad] == [(5, "wrong-date", "date_entree")]
    assert states(sending) == [(2, "waiting", ""), (3, "skipped", "stay-cancelled")]
    due = SendingLine.objects.get(number=2).due_at
    assert timezone.localdate(due) == today + timedelta(days=20)
    assert queries.preview_line(actor, sending.id, 2).line.cells["date_entree"] == f"{today + timedelta(days=27)}"
    assert commands.update_stays(actor, rows(stay(1, 27))).unchanged == 1
    assert commands.update_stays(actor, rows(stay(1, 3))).moved == 1
    assert states(sending)[0] == (2, "skipped", "past-due")


def test_the_answers_to_a_sending_are_known_by_its_pathway(actor):
    pathway = commands.save_pathway(actor, None, PathwayContent("Hanche"))
    leave(started(actor, cells(cast.DOMINIQUE), pathway_id=pathway.id))
    leave(started(actor, cells(cast.RUTH)))
    answers(cast.DOMINIQUE)
    answers(cast.RUTH)
    catch_up(actor.mailbox.id)
    found = threads(actor, Filters(pathway_id=pathway.id)).rows
    assert [(one.correspondent.ins, one.pathway_id) for one in found] == [(cast.DOMINIQUE.ins, pathway.id)]


def test_the_desk_names_the_patient_as_the_file_does_until_she_writes(actor):
    leave(started(actor, cells(cast.DOMINIQUE, prenom="Do\u202eminique"), text="Bonjour"))
    catch_up(actor.mailbox.id)
    [row] = threads(actor, Filters(view=View.SENT)).rows
    assert row.correspondent.name == "Dominique PAT-TROIS"
