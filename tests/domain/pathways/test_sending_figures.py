"""What became of sendings: figures, curves, those not reached, and the indicators that count them too."""

import contextlib
from datetime import date, timedelta

import pytest
from django.utils import timezone
from sending_desk import actor_of, answers, cells, desk, elsewhere, leave, opens, space_of, started
from typer.testing import CliRunner

from carnet.cli.sending import app
from carnet.domain.identity.values import Finess
from carnet.domain.indicators import queries as indicators
from carnet.domain.indicators.cohort import read_cohort
from carnet.domain.indicators.values import Month, Target, Window
from carnet.domain.messaging.models import ConversationEntry
from carnet.domain.pathways import commands, queries
from carnet.domain.pathways.models import SendingLine
from carnet.domain.pathways.queries import Curves, Figures
from carnet.domain.pathways.values import PathwayContent
from carnet.foundation.clock import now
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db

FIVE = (cast.DOMINIQUE, cast.RUTH, cast.STEPHANE, cast.LAURENCE, cast.LUCAS)


@pytest.fixture
def actor():
    """Dominique answers, Ruth opens, Stéphane does neither, Laurence has not activated her space, Lucas has none."""
    found = desk()
    for make in (cast.patient, cast.second_patient, cast.curious_stranger, cast.not_activated):
        make()
    return found


def send_to_five(actor, *, receipts=True, **changed):
    rows = [cells(person, telephone=f"060000000{number}") for number, person in enumerate(FIVE)]
    sending = started(actor, *rows, {"ins": "12"}, receipt_wanted=receipts, **changed)
    leave(sending)
    answers(cast.DOMINIQUE)
    opens(cast.RUTH)
    return sending


def period():
    return {"since": timezone.localdate() - timedelta(days=1), "until": timezone.localdate()}


EXPECTED = Figures(lines=6, sent=5, delivered=4, refused=1, withheld=0, opened=1, answered=1, not_activated=1)


def test_the_figures_of_a_sending_are_those_of_a_count_by_hand(actor):
    sending = send_to_five(actor)
    assert queries.sending_figures(actor, sending.id) == EXPECTED


def test_an_answer_from_before_the_message_is_none(actor):
    first = send_to_five(actor)
    second = commands.create_sending(actor, first.template_id, follows=first.id)
    leave(commands.start_sending(actor, second.id, lines=4))
    assert queries.sending_figures(actor, second.id).answered == 0


def test_figures_add_up_by_template_and_by_pathway_over_the_whole_establishment(actor):
    pathway = commands.save_pathway(actor, None, PathwayContent("Hanche"))
    send_to_five(actor, name="Premier", pathway_id=pathway.id)
    archives = actor_of(cast.archives())
    other = started(archives, cells(cast.STEPHANE), name="Second")
    leave(other)
    for reader in (actor, archives):
        by_template = queries.figures_by_template(reader, **period())
        assert [(one.name, one.sendings, one.figures.sent) for one in by_template] == [
            ("Premier", 1, 5),
            ("Second", 1, 1),
        ]
        by_pathway = queries.figures_by_pathway(reader, **period())
        assert [(one.id, one.name, one.figures) for one in by_pathway] == [
            (pathway.id, "Hanche", EXPECTED),
            (None, "", Figures(lines=1, sent=1, delivered=1)),
        ]
    assert queries.figures_by_template(elsewhere(), **period()) == []
    long_ago = {"since": date(2020, 1, 1), "until": date(2020, 2, 1)}
    assert queries.figures_by_pathway(actor, **long_ago) == []


def test_curves_grow_day_after_day_from_each_messages_own_sending(actor):
    pathway = commands.save_pathway(actor, None, PathwayContent("Hanche"))
    sending = send_to_five(actor, pathway_id=pathway.id)
    two_days = timedelta(days=2)
    ruth = ConversationEntry.objects.filter(space_id=space_of(cast.RUTH).id)
    ruth.update(at=now() - two_days - timedelta(hours=1))
    expected = Curves(days=(0, 1, 2, 3), opened=(0, 0, 1, 1), answered=(1, 1, 1, 1), delivered=4)
    assert queries.sending_curves(actor, sending.id, 3) == expected
    assert queries.scope_curves(actor, pathway_id=pathway.id, days=3, **period()) == expected
    assert queries.scope_curves(actor, template_id=sending.template_id, days=3, **period()) == expected
    assert not queries.scope_curves(elsewhere(), pathway_id=pathway.id, **period())


def test_those_not_reached_come_with_what_is_needed_to_telephone(actor):
    sending = send_to_five(actor)
    found = queries.list_unreached(actor, sending.id, after_days=0)
    assert [(one.reason, one.line.given_name, one.line.cells["telephone"]) for one in found] == [
        ("not-opened", "Stephane", "0600000002"),
        ("not-activated", "Laurence", "0600000003"),
        ("refused", "Lucas", "0600000004"),
    ]
    later = queries.list_unreached(actor, sending.id, after_days=3)
    assert [one.reason for one in later] == ["not-activated", "refused"]
    SendingLine.objects.update(sent_at=now() - timedelta(days=4))
    table = queries.unreached_table(actor, sending.id, after_days=3)
    assert table.columns == ("line", "reason", "sent_at", "ins", "prenom", "nom_naissance", "telephone")
    assert [(row[0], row[1], row[-1]) for row in table.rows] == [
        (4, "not-opened", "0600000002"),
        (5, "not-activated", "0600000003"),
        (6, "refused", "0600000004"),
    ]


def test_who_opened_is_told_of_nobody_where_no_receipt_was_asked_for(actor):
    sending = send_to_five(actor, receipts=False)
    assert queries.sending_figures(actor, sending.id).opened == 1
    assert {line.opened_at for line in queries.list_lines(actor, sending.id)} == {None}
    found = queries.list_unreached(actor, sending.id, after_days=0)
    assert [one.reason for one in found] == ["not-activated", "refused"]
    opened_at = queries.report(actor, sending.id).columns.index("opened_at")
    assert {row[opened_at] for row in queries.report(actor, sending.id).rows} == {None}


def test_a_report_has_every_line_with_what_became_of_it(actor):
    sending = send_to_five(actor)
    table = queries.report(actor, sending.id)
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert [(row["line"], row["state"], row["reason"], row["column"]) for row in rows] == [
        (2, "sent", "", ""),
        (3, "sent", "", ""),
        (4, "sent", "", ""),
        (5, "sent", "", ""),
        (6, "refused", "no-space", ""),
        (7, "bad", "wrong-ins", "ins"),
    ]
    assert [row["answered_at"] is not None for row in rows] == [True, False, False, False, False, False]
    assert [row["opened_at"] is not None for row in rows] == [False, True, False, False, False, False]
    assert [row["activated"] for row in rows] == [True, True, True, False, None, None]


def test_the_indicators_count_what_was_sent_to_many_as_a_count_by_hand_does(actor):
    """Three of the hip pathway were written to, one of whom has no space; one of oncology was not."""
    today = timezone.localdate()
    pathway = commands.save_pathway(actor, None, PathwayContent("Hanche"))
    written = (cast.DOMINIQUE, cast.RUTH, cast.LUCAS)
    leave(started(actor, *[cells(one) for one in written], name="Convocation", pathway_id=pathway.id))
    answers(cast.DOMINIQUE)
    opens(cast.RUTH)
    lines = ["ins,pathway,kind,stay_start,stay_end"]
    lines += [f"{one.ins},Hanche,stay,{today + timedelta(days=2)},{today + timedelta(days=4)}" for one in written]
    lines += [f"{cast.STEPHANE.ins},Oncologie,stay,{today},{today + timedelta(days=4)}"]
    last = today + timedelta(days=4)
    question = indicators.Question(
        Finess("519999015"),
        Month(last.year, last.month),
        read_cohort("\n".join(lines).encode(), production=False),
        Window(30, 15),
        False,
        now(),
    )
    report = indicators.p1_08(question, Target(70))
    assert [(one.pathway, one.eligible, one.sent, one.delivered, one.refused_only) for one in report.pathways] == [
        ("Hanche", 3, 3, 2, 1),
        ("Oncologie", 1, 0, 0, 0),
    ]
    assert (report.all.eligible, report.all.sent) == (4, 3)
    pilot = indicators.pilot(question)
    before = pilot.contacted_before_all
    assert (before.eligible, before.sent, before.delivered) == (4, 3, 2)
    there = pilot.to_patients
    assert (there.sent, there.arrived, there.opened, there.answered) == (3, 2, 1, 1)
    assert pilot.from_patients.sent == 1
    [figures] = [one.figures for one in queries.figures_by_pathway(actor, **period())]
    assert (figures.sent, figures.delivered, figures.opened, figures.answered) == (3, 2, 1, 1)


def test_the_operator_sees_counts_and_names_nobody(actor, monkeypatch):
    sending = send_to_five(actor)
    monkeypatch.setattr("carnet.cli.sending.installation", contextlib.nullcontext)
    listed = CliRunner().invoke(app, ["list", "--all"]).output
    shown = CliRunner().invoke(app, ["show", str(sending.id)]).output
    assert str(sending.id) in listed
    assert "4 sent" in listed
    assert "4 delivered, 1 opened, 1 answered, 1 refused, 0 withheld, 1 not activated" in shown
    assert not any(word in listed + shown for person in FIVE for word in (person.ins, person.birth_name))
