"""Merge fields, dates, lines, moments and conditions: decided without a database."""

import contextlib
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from carnet.domain.identity.values import StrictTraits
from carnet.domain.pathways import rules
from carnet.domain.pathways.dates import PARIS, read_hour, read_moment
from carnet.domain.pathways.merge import (
    FIELDS,
    KNOWN_COLUMNS,
    MissingValue,
    column_name,
    day_in_words,
    fields_of,
    hour_in_words,
    is_broken,
    render,
)
from carnet.domain.pathways.starters import STARTERS
from carnet.domain.pathways.values import (
    Anchor,
    Conditions,
    LineContent,
    LineReason,
    LineState,
    Opened,
    SendingAct,
    SendingState,
    SheetRow,
    TemplateContent,
    Timing,
    UseCase,
    When,
)

DOMINIQUE, RUTH = "279035121518989", "277076322082910"


def template(text="Bonjour {{prenom}}", **more):
    return TemplateContent("Rappel", UseCase.APPOINTMENT_REMINDER, "Votre rendez-vous", text, **more)


def problems(content, pathways=(), files=()):
    return {(one.code, one.field, one.name) for one in rules.problems(content, pathways=pathways, files=files)}


def check(*cells, needs=(), production=False):
    rows = [SheetRow(number, one) for number, one in enumerate(cells, 2)]
    return rules.check_rows(rows, rules.Needs(frozenset(needs)), production=production)


def said(line):
    return line.state.value, line.reason.value, line.column


# --- merge fields ------------------------------------------------------------------------------------------------


def test_a_field_is_found_whatever_its_accents_spaces_and_capitals():
    assert fields_of("{{ Prénom }} {{NOM naissance}} {{prenom}}") == ("prenom", "nom_naissance")
    assert render("Bonjour {{ Prénom }}", {"prenom": "Ruth"}) == "Bonjour Ruth"


def test_a_missing_value_says_which():
    with pytest.raises(MissingValue) as missing:
        render("{{prenom}} {{service}}", {"prenom": "Ruth", "service": ""})
    assert missing.value.name == "service"


@pytest.mark.parametrize("text", ["{{prenom", "prenom}}", "{{}}", "{{ ! }}", "{{a\nb}}"])
def test_braces_that_make_no_field_are_broken(text):
    assert is_broken(text)


@given(st.lists(st.sampled_from(["{{a}}", "{{b}}", "{{c}}", "x", "{", "}", " "])), st.text(), st.text())
def test_what_a_value_holds_is_never_read_as_a_field(pieces, first, second):
    """A value may hold the name of another field, or of one that has a secret: it comes out as it went in."""
    values = {"a": f"{first}{{{{c}}}}", "b": f"{{{{a}}}}{second}", "c": "\u2603"}
    if is_broken("".join(pieces)):
        return
    shown = render("".join(pieces), values)
    expected = "".join({"{{a}}": values["a"], "{{b}}": values["b"], "{{c}}": "\u2603"}.get(one, one) for one in pieces)
    assert shown == expected


@given(st.dictionaries(st.sampled_from(["prenom", "service", "salle"]), st.text(min_size=1)), st.text())
def test_a_message_holds_its_own_lines_values_and_no_others(mine, others):
    text = "{{prenom}}|{{service}}|{{salle}}"
    other = LineContent(ins=RUTH, cells={"prenom": f"\u2603{others}", "service": "\u2603", "salle": "\u2603"})
    rules.line_values(other)
    values = rules.line_values(LineContent(ins=DOMINIQUE, cells=mine))
    if all(mine.get(name) for name in ("prenom", "service", "salle")):
        assert render(text, values) == f"{mine['prenom']}|{mine['service']}|{mine['salle']}"
    else:
        with pytest.raises(MissingValue):
            render(text, values)


def test_neither_the_number_nor_its_authority_can_be_put_into_a_message():
    content = LineContent(ins=DOMINIQUE, cells={"ins": DOMINIQUE, "oid": "1.2.250.1.213.1.4.10"})
    assert not {"ins", "oid"} & set(rules.line_values(content))
    assert ("unknown-field", "text", "ins") in problems(template("{{ins}}"))
    assert ("column-name", "columns", "ins") in problems(template(columns=("ins",)))


# --- sendings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "acts"),
    [
        (SendingState.DRAFT, {SendingAct.PREPARE, SendingAct.DELETE}),
        (SendingState.CHECKED, {SendingAct.PREPARE, SendingAct.START, SendingAct.DELETE}),
        (SendingState.RUNNING, {SendingAct.PAUSE, SendingAct.CANCEL}),
        (SendingState.PAUSED, {SendingAct.RESUME, SendingAct.CANCEL}),
        (SendingState.CANCELLED, set()),
        (SendingState.DONE, set()),
    ],
)
def test_what_may_be_done_with_a_sending_follows_from_where_it_is(state, acts):
    assert rules.acts_on(state) == rules.acts_on(state.value) == acts


@pytest.mark.parametrize(
    ("hours", "days"), [(None, 30), (0, 1), (47, 1), (48, 2), (29 * 24, 29), (30 * 24, 30), (400 * 24, 30)]
)
def test_curves_tell_of_the_whole_days_since_the_sending_was_confirmed(hours, days):
    now = datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert rules.days_told(now - timedelta(hours=hours) if hours is not None else None, now) == days


# --- templates ---------------------------------------------------------------------------------------------------


def test_an_unknown_field_is_an_error_unless_the_template_declares_the_column():
    assert problems(template("{{salle}}")) == {("unknown-field", "text", "salle")}
    assert problems(template("{{salle}}", columns=("salle",))) == set()


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"name": " "}, ("empty", "name", "")),
        ({"subject": "x" * 201}, ("too-long", "subject", "")),
        ({"text": "{{prenom"}, ("broken-field", "text", "")),
        ({"subject": "{{prenoms}}"}, ("unknown-field", "subject", "prenoms")),
        ({"columns": ("Salle",)}, ("column-name", "columns", "Salle")),
        ({"columns": tuple(f"c{n}" for n in range(21))}, ("too-many-columns", "columns", "")),
        ({"valid_from": date(2026, 2, 1), "valid_until": date(2026, 1, 1)}, ("dates", "valid_until", "")),
        ({"pathway_id": uuid4()}, ("pathway", "pathway_id", "")),
        ({"files": (uuid4(),)}, ("file", "files", "")),
    ],
)
def test_what_is_wrong_with_a_template_is_named(changed, found):
    assert found in problems(replace(template(), **changed))


@pytest.mark.parametrize(
    ("archived", "valid_from", "valid_until", "usable"),
    [
        (False, None, None, True),
        (True, None, None, False),
        (False, date(2026, 11, 20), date(2026, 11, 20), True),
        (False, date(2026, 11, 21), None, False),
        (False, None, date(2026, 11, 19), False),
        (True, date(2026, 11, 1), date(2026, 11, 30), False),
    ],
)
def test_a_sending_begins_with_a_template_in_use_and_within_its_dates(archived, valid_from, valid_until, usable):
    content = template(valid_from=valid_from, valid_until=valid_until)
    assert rules.usable(content, archived=archived, day=date(2026, 11, 20)) is usable


def test_every_use_case_has_a_starter_that_can_be_saved_as_it_is():
    assert {one.content.use_case for one in STARTERS} == set(UseCase)
    assert {one.key: problems(one.content) for one in STARTERS if problems(one.content)} == {}


# --- dates -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "day", "hour"),
    [
        ("2026-03-01", date(2026, 3, 1), None),
        ("1/3/2026", date(2026, 3, 1), None),
        ("01/03/2026 14:30", date(2026, 3, 1), time(14, 30)),
        ("01/03/2026 14h30", date(2026, 3, 1), time(14, 30)),
        ("01/03/2026 à 9 h", date(2026, 3, 1), time(9)),
        ("2026-03-01T23:30:00Z", date(2026, 3, 2), time(0, 30)),
        ("2026-03-01 00:00:00", date(2026, 3, 1), time()),
    ],
)
def test_dates_are_read_as_hospitals_write_them(text, day, hour):
    assert read_moment(text) == (day, hour)


@pytest.mark.parametrize("text", ["", "31/02/2026", "46082", "2026", "01/03/26", "demain", "01/03/2026 25:00", "1/1/1"])
def test_what_is_no_date_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        read_moment(text)


@given(st.text(max_size=40))
def test_reading_a_date_or_an_hour_never_fails_otherwise(text):
    for read in (read_moment, read_hour):
        with contextlib.suppress(ValueError):
            read(text)


def test_days_and_hours_are_said_in_words():
    assert day_in_words(date(2026, 5, 1)) == "vendredi 1er mai 2026"
    assert (hour_in_words(time(14, 5)), hour_in_words(time(9))) == ("14\u00a0h\u00a005", "9\u00a0h")


# --- lines -------------------------------------------------------------------------------------------------------


def test_a_good_line_keeps_what_it_was_given():
    [line] = check({"ins": "2 79 03 51 215 189 89", "date_rdv": "14/09/2026 14:30", "telephone": "06 00 00 00 00"})
    assert said(line) == ("waiting", "", "")
    assert line.content.ins == DOMINIQUE
    assert line.content.appointment == datetime.combine(date(2026, 9, 14), time(14, 30))
    assert line.content.cells["telephone"] == "06 00 00 00 00"


@pytest.mark.parametrize(
    ("cells", "needs", "expected"),
    [
        ({}, (), ("bad", "missing", "ins")),
        ({"ins": "279035121518980"}, (), ("bad", "wrong-ins", "ins")),
        ({"ins": "2,79035E+14"}, (), ("bad", "rounded-ins", "ins")),
        ({"ins": DOMINIQUE, "oid": "1.2.250.1.213.1.4.8"}, (), ("bad", "wrong-authority", "oid")),
        ({"ins": DOMINIQUE, "date_rdv": "46082"}, (), ("bad", "wrong-date", "date_rdv")),
        ({"ins": DOMINIQUE, "heure_rdv": "midi"}, (), ("bad", "wrong-time", "heure_rdv")),
        ({"ins": DOMINIQUE, "date_entree": "2026-03-02", "date_sortie": "2026-03-01"}, (),
         ("bad", "ends-before-start", "date_sortie")),
        ({"ins": DOMINIQUE, "prenom": " "}, ("prenom",), ("bad", "missing", "prenom")),
        ({"ins": DOMINIQUE, "date_rdv": "2026-03-02"}, ("heure_rdv",), ("bad", "missing", "heure_rdv")),
        ({"ins": DOMINIQUE, "prenom": "x" * 501}, ("prenom",), ("bad", "too-long", "prenom")),
        ({"ins": DOMINIQUE, "prenom": "a\u202eb"}, ("prenom",), ("bad", "unprintable", "prenom")),
        ({"ins": DOMINIQUE, "prenom": "a\u202eb"}, (), ("waiting", "", "")),
    ],
)  # fmt: skip
def test_a_bad_line_says_why_and_in_which_column(cells, needs, expected):
    [line] = check(cells, needs=needs)
    assert said(line) == expected


def test_a_fault_of_the_file_counts_where_the_column_does():
    faults = (("telephone", LineReason.NO_VALUE), ("date_rdv", LineReason.WRONG_WIDTH))

    def checked(needs, faults):
        rows = [SheetRow(2, {"ins": DOMINIQUE}, faults)]
        return said(rules.check_rows(rows, rules.Needs(frozenset(needs)), production=False)[0])

    assert checked((), faults) == ("bad", "wrong-width", "date_rdv")
    assert checked((), faults[:1]) == ("waiting", "", "")
    assert checked(("telephone",), faults[:1]) == ("bad", "no-value", "telephone")


def test_numbers_of_test_are_refused_in_production_and_those_of_people_elsewhere():
    test, real = ({"ins": DOMINIQUE, "oid": f"1.2.250.1.213.1.4.{last}"} for last in (10, 8))
    assert [said(one)[0] for one in check(test, real)] == ["waiting", "bad"]
    assert [said(one)[0] for one in check(test, real, production=True)] == ["bad", "waiting"]


def test_the_same_patient_twice_for_one_stay_is_a_double_of_the_first():
    same, other = {"ins": DOMINIQUE, "numero_sejour": "S1"}, {"ins": DOMINIQUE, "numero_sejour": "S2"}
    lines = check(same, other, same, {"ins": RUTH, "numero_sejour": "S1"})
    assert [said(one)[:2] for one in lines] == [("waiting", ""), ("waiting", ""), ("bad", "double"), ("waiting", "")]
    assert lines[2].other_line == 2


def test_a_bad_line_makes_no_double():
    lines = check({"ins": DOMINIQUE}, {"ins": DOMINIQUE, "prenom": "Ruth"}, needs=("prenom",))
    assert [said(one)[1] for one in lines] == ["missing", ""]


def test_opposed_patients_are_skipped():
    first, second = rules.mark_opposed(check({"ins": DOMINIQUE}, {"ins": RUTH}), {RUTH})
    assert said(first)[0] == "waiting"
    assert said(second)[:2] == ("skipped", "opposed")


@pytest.mark.parametrize(
    ("birth_name", "given_name", "reason"),
    [
        ("PAT-TROIS", "DOMINIQUE", ""),
        ("pat trois", "Dominique", ""),
        ("Durand", "Marie-Louise", ""),  # a used name, and a second given name
        ("Dominique", "Pat-Trois", ""),  # changed places
        ("D’ARTAGNAN", "Jean-Noé", "other-person"),
        ("Durand", "", ""),  # nothing to compare
        ("Дюма", "Жан", ""),
    ],
)
def test_a_line_that_names_somebody_else_than_the_person_of_its_number_is_bad(birth_name, given_name, reason):
    known = {DOMINIQUE: StrictTraits("PAT-TROIS", ("DOMINIQUE", "MARIE-LOUISE"), "DOMINIQUE")}
    row = {"ins": DOMINIQUE, "nom_naissance": birth_name, "prenom": given_name}
    [line] = rules.mark_mistaken(check(row), known)
    assert said(line) == (("bad", "other-person", "ins") if reason else ("waiting", "", ""))
    assert rules.mark_mistaken(check(row), {}) == check(row), "of whom nothing is known here"


@given(st.lists(st.dictionaries(st.sampled_from([*KNOWN_COLUMNS, "salle"]), st.text(max_size=30)), max_size=5))
def test_no_row_breaks_the_check(rows):
    needs = [field.value for field in FIELDS]
    lines = check(*rows, needs=needs)
    assert [line.number for line in lines] == list(range(2, len(rows) + 2))
    for line in lines:
        assert (line.state is LineState.WAITING) == (line.reason is LineReason.NONE)


@given(st.text())
def test_the_plain_form_of_a_heading_is_its_own_plain_form(heading):
    assert column_name(column_name(heading)) == column_name(heading)


# --- moments -----------------------------------------------------------------------------------------------------

STAY = LineContent(
    ins=DOMINIQUE,
    start=date(2026, 3, 30),
    end=date(2026, 10, 26),
    appointment=datetime.combine(date(2026, 7, 1), time(8)),
)


@pytest.mark.parametrize(
    ("anchor", "days", "hour", "expected"),
    [
        (Anchor.START, -7, time(9), datetime(2026, 3, 23, 8, tzinfo=UTC)),  # winter
        (Anchor.START, -1, time(9), datetime(2026, 3, 29, 7, tzinfo=UTC)),  # the day when the clock goes on
        (Anchor.START, -1, time(2, 30), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # an hour that is not
        (Anchor.END, -1, time(2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # an hour that is twice: the first
        (Anchor.END, 30, time(18, 15), datetime(2026, 11, 25, 17, 15, tzinfo=UTC)),
        (Anchor.APPOINTMENT, 0, time(7), datetime(2026, 7, 1, 5, tzinfo=UTC)),
    ],
)
def test_a_moment_is_so_many_days_of_paris_from_the_stay(anchor, days, hour, expected):
    timing = Timing(When.RELATIVE, anchor=anchor, days=days, hour=hour)
    assert rules.due(timing, STAY, datetime(2026, 1, 1, tzinfo=UTC)) == expected


@given(
    st.dates(date(1990, 1, 1), date(2090, 1, 1)),
    st.integers(-365, 365),
    st.times().map(lambda one: one.replace(second=0, microsecond=0)),
)
@example(date(2036, 9, 1), -155, time(2, 0, fold=1))  # the hour that is skipped, said as if it came twice
def test_the_clock_on_the_wall_shows_the_hour_that_was_asked_for(day, days, hour):
    due = rules.due(
        Timing(When.RELATIVE, anchor=Anchor.START, days=days, hour=hour), LineContent(start=day), datetime.now(UTC)
    )
    shown = due.astimezone(PARIS)
    assert shown.date() == day + timedelta(days=days)
    assert shown.time() == hour or (shown.replace(tzinfo=None) - datetime.combine(shown.date(), hour)) == timedelta(
        hours=1
    )


def test_a_line_without_its_day_has_no_moment():
    assert rules.due(Timing(When.RELATIVE, anchor=Anchor.END), LineContent(), datetime.now(UTC)) is None


@pytest.mark.parametrize(
    ("timing", "wrong"),
    [
        (Timing(), ""),
        (Timing(When.AT, at=datetime(2026, 2, 1, tzinfo=UTC)), ""),
        (Timing(When.AT, at=datetime(2025, 2, 1, tzinfo=UTC)), "at"),
        (Timing(When.AT), "at"),
        (Timing(When.RELATIVE), "anchor"),
        (Timing(When.RELATIVE, anchor=Anchor.END, days=366), "days"),
    ],
)
def test_a_timing_that_cannot_be_names_its_field(timing, wrong):
    assert rules.timing_problem(timing, datetime(2026, 1, 1, tzinfo=UTC)) == wrong


# --- conditions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conditions", "facts", "expected"),
    [
        (Conditions(), {}, ""),
        (Conditions(), {"answered": True, "opened": True}, ""),
        (Conditions(), {"template_valid": False}, "template-expired"),
        (Conditions(unless_answered=True), {"answered": True}, "answered"),
        (Conditions(unless_answered=True), {"opened": True}, ""),
        (Conditions(opened=Opened.ONLY_NOT_OPENED), {"opened": True}, "opened"),
        (Conditions(opened=Opened.ONLY_NOT_OPENED), {}, ""),
        (Conditions(opened=Opened.ONLY_OPENED), {}, "not-opened"),
        (Conditions(opened=Opened.ONLY_OPENED), {"opened": True}, ""),
        (Conditions(), {"today": date(2026, 3, 31)}, "past-due"),
        (Conditions(), {"today": date(2026, 3, 30)}, ""),
    ],
)
def test_who_is_left_out_when_the_moment_comes(conditions, facts, expected):
    known = {"today": date(2026, 3, 1), "template_valid": True, **facts}
    timing = Timing(When.RELATIVE, anchor=Anchor.START, days=-7)
    assert rules.why_not(conditions, timing, STAY, rules.LeavingFacts(**known)) == expected


def test_what_comes_after_the_stay_is_never_too_late():
    facts = rules.LeavingFacts(today=date(2027, 1, 1), template_valid=True)
    timing = Timing(When.RELATIVE, anchor=Anchor.END, days=30)
    assert rules.why_not(Conditions(), timing, STAY, facts) is LineReason.NONE


# --- stays that move ---------------------------------------------------------------------------------------------


def change(**cells):
    return rules.read_stay(SheetRow(9, {"numero_sejour": "S1", **cells}))


def test_a_stay_that_moves_takes_its_line_along_and_keeps_the_hour():
    [line] = check({"ins": DOMINIQUE, "numero_sejour": "S1", "date_rdv": "2026-09-14 14:30", "prenom": "Ruth"})
    moved = rules.moved(line.content, change(date_rdv="2026-09-21"))
    assert moved.appointment == datetime.combine(date(2026, 9, 21), time(14, 30))
    assert rules.line_values(moved)["date_rdv"] == "lundi 21 septembre 2026"
    assert rules.line_values(moved)["heure_rdv"] == "14\u00a0h\u00a030"
    assert moved.cells["prenom"] == "Ruth"


def test_a_new_hour_replaces_the_old_one_wherever_it_was_written():
    [line] = check({"ins": DOMINIQUE, "numero_sejour": "S1", "date_rdv": "2026-09-14", "heure_rdv": "14h30"})
    moved = rules.moved(line.content, change(date_rdv="2026-09-14 16:00"))
    assert moved.appointment == datetime.combine(date(2026, 9, 14), time(16))


def test_a_stay_of_which_nothing_changes_leaves_its_line_as_it_was():
    [line] = check({"ins": DOMINIQUE, "numero_sejour": "S1", "date_entree": "2026-09-14"})
    assert rules.moved(line.content, change(date_entree="14/09/2026", service="Autre")) is line.content


@pytest.mark.parametrize(("cell", "cancelled"), [("oui", True), ("X", True), ("Non", False), ("", False), ("0", False)])
def test_a_cell_says_whether_the_stay_is_cancelled(cell, cancelled):
    assert change(annule=cell).cancelled is cancelled


def test_a_row_of_stays_with_a_fault_is_bad():
    row = SheetRow(3, {"numero_sejour": "S1"}, (("annule", LineReason.NO_VALUE),))
    assert said(rules.read_stay(row)) == ("bad", "no-value", "annule")


def test_a_row_of_stays_without_its_number_is_bad():
    assert said(rules.read_stay(SheetRow(3, {"date_entree": "2026-09-14"}))) == ("bad", "missing", "numero_sejour")
