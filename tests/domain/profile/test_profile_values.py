"""What an entry of the profile may say."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.profile.rules import entry_problems, may_say_nothing
from carnet.domain.profile.values import (
    MOST_ENTRIES,
    SHAPES,
    Entry,
    EntryProblem,
    NotADate,
    Part,
    PartialDate,
    Section,
    body_mass_index,
)

TODAY = date(2026, 11, 22)
BORN = date(1979, 3, 28)


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("2019", "2019"), ("03/2019", "2019-03"), ("3.2019", "2019-03"), ("28/03/2019", "2019-03-28"),
        ("1 4 2020", "2020-04-01"), ("29-02-2024", "2024-02-29"), ("2019-03", "2019-03"),
        (" 2019-03-28 ", "2019-03-28"),
    ],
)  # fmt: skip
def test_a_date_is_a_year_a_month_or_a_day(typed: str, written: str) -> None:
    assert str(PartialDate.parse(typed)) == written
    assert str(PartialDate.parse(written)) == written


@pytest.mark.parametrize(
    "typed", ["", "hier", "29/02/2023", "13/2019", "0/2019", "00/03/2019", "19", "2019/03/28", "1-2"]
)
def test_what_is_no_date_is_not_read_as_one(typed: str) -> None:
    with pytest.raises(NotADate):
        PartialDate.parse(typed)


@given(st.dates(min_value=date(1000, 1, 1)), st.sampled_from(["%Y", "%m/%Y", "%d/%m/%Y"]))
def test_a_written_date_is_within_what_it_says(day: date, form: str) -> None:
    found = PartialDate.parse(f"{day:{form}}")
    assert found.first <= day <= found.last


def problems(section: Section, *others: Entry, born: date = BORN, **said: str) -> dict:
    return entry_problems(Entry.typed(section, said), others, birth_date=born, today=TODAY)


@pytest.mark.parametrize(
    ("section", "said", "part", "problem"),
    [
        (Section.ALLERGIES, {"text": " "}, Part.TEXT, EntryProblem.NEEDED),
        (Section.ALLERGIES, {"text": "x" * 201}, Part.TEXT, EntryProblem.TOO_LONG),
        (Section.ALLERGIES, {"text": "Arachide", "comment": "x" * 3001}, Part.COMMENT, EntryProblem.TOO_LONG),
        (Section.DISEASES, {"text": "Asthme"}, Part.STARTED, EntryProblem.NEEDED),
        (Section.DISEASES, {"text": "Asthme", "started": "avant"}, Part.STARTED, EntryProblem.NOT_A_DATE),
        (Section.DISEASES, {"text": "Asthme", "started": "12/2026"}, Part.STARTED, EntryProblem.IN_THE_FUTURE),
        (Section.DISEASES, {"text": "Asthme", "started": "1978"}, Part.STARTED, EntryProblem.BEFORE_BIRTH),
        (Section.DISEASES, {"text": "Asthme", "started": "2020", "ended": "2019"}, Part.ENDED,
         EntryProblem.ENDS_BEFORE_IT_STARTS),
        (Section.FAMILY_HISTORY, {"text": "Diabète", "kind": "cousin"}, Part.KIND, EntryProblem.NOT_A_CHOICE),
        (Section.MEASURES, {"kind": "weight", "value": "lourd", "started": "2026"}, Part.VALUE,
         EntryProblem.NOT_A_NUMBER),
        (Section.MEASURES, {"kind": "weight", "value": "625", "started": "2026"}, Part.VALUE,
         EntryProblem.OUT_OF_BOUNDS),
        (Section.MEASURES, {"kind": "blood-pressure", "value": "128", "started": "2026"}, Part.VALUE,
         EntryProblem.NOT_A_PRESSURE),
        (Section.MEASURES, {"kind": "blood-pressure", "value": "76/76", "started": "2026"}, Part.VALUE,
         EntryProblem.OUT_OF_BOUNDS),
        (Section.MEASURES, {"kind": "weight", "value": "62", "started": "2026", "comment": "x" * 151}, Part.COMMENT,
         EntryProblem.TOO_LONG),
        (Section.CONTACTS, {"kind": "emergency", "text": "Paul", "phone": "0-"}, Part.PHONE, EntryProblem.NOT_A_PHONE),
    ],
)  # fmt: skip
def test_an_entry_that_cannot_be_kept_says_which_part_and_why(section, said, part, problem) -> None:
    assert problems(section, **said) == {part: problem}


@pytest.mark.parametrize(
    ("section", "said"),
    [
        (Section.DISEASES, {"text": "Naissance prématurée", "started": "03/1979", "ended": "1979"}),
        (Section.TREATMENTS, {"text": "Antibiotique", "started": "2026", "ended": "2027"}),
        (Section.MEASURES, {"kind": "blood-pressure", "value": "128 / 76", "started": "22/11/2026"}),
        (Section.MEASURES, {"kind": "height", "value": "165,5", "started": "2026"}),
        (Section.CONTACTS, {"kind": "trusted", "text": "Paul", "phone": "+33 (0)6 39 98 01 23", "relation": "spouse"}),
        (Section.BLOOD_GROUP, {"kind": "AB-"}),
    ],
)
def test_an_entry_that_says_what_its_section_asks_is_kept(section, said) -> None:
    assert problems(section, **said) == {}


def test_there_is_one_blood_group_one_answer_a_theme_and_one_trusted_person() -> None:
    paul = Entry(Section.CONTACTS, kind="trusted", text="Paul", phone="06")
    assert problems(Section.CONTACTS, paul, kind="trusted", text="Anne", phone="0639980124") == {
        Part.KIND: EntryProblem.ONLY_ONE
    }
    assert problems(Section.CONTACTS, paul, kind="emergency", text="Anne", phone="0639980124") == {}
    assert problems(Section.BLOOD_GROUP, Entry(Section.BLOOD_GROUP, kind="O+"), kind="A+")
    assert problems(Section.LIFESTYLE, Entry(Section.LIFESTYLE, kind="food"), kind="food", text="Peu de sel")
    assert not problems(Section.LIFESTYLE, Entry(Section.LIFESTYLE, kind="food"), kind="sleep", text="Sept heures")


def test_alcohol_and_tobacco_are_asked_from_fifteen_years_on() -> None:
    said = {"kind": "tobacco", "text": "Jamais"}
    assert problems(Section.LIFESTYLE, born=date(2011, 11, 23), **said) == {Part.KIND: EntryProblem.TOO_YOUNG}
    assert problems(Section.LIFESTYLE, born=date(2011, 11, 22), **said) == {}


def test_a_section_is_bounded() -> None:
    many = [Entry(Section.ALLERGIES, text=str(number)) for number in range(MOST_ENTRIES)]
    assert problems(Section.ALLERGIES, *many, text="Une de plus") == {None: EntryProblem.TOO_MANY}
    assert problems(Section.ALLERGIES, *many[1:], text="Une de plus") == {}


def test_nothing_to_tell_is_said_where_nothing_is_told() -> None:
    told = Entry(Section.ALLERGIES, text="Arachide")
    assert may_say_nothing(Section.ALLERGIES, [])
    assert may_say_nothing(Section.TREATMENTS, [told])
    assert not may_say_nothing(Section.ALLERGIES, [told])
    assert not may_say_nothing(Section.CONTACTS, [])


def test_the_body_mass_index_is_of_kilograms_and_metres() -> None:
    assert str(body_mass_index("62,5", "165")) == "23.0"
    assert body_mass_index("", "165") is None


@given(st.sampled_from(Section), st.dictionaries(st.sampled_from([part.value for part in Part]), st.text(max_size=60)))
def test_whatever_is_typed_is_kept_as_it_is_read_or_refused_part_by_part(section, said) -> None:
    entry = Entry.typed(section, said)
    assert Entry.typed(section, entry.kept()) == entry
    assert Entry.from_kept(entry.kept()) == entry
    found = entry_problems(entry, [], birth_date=BORN, today=TODAY)
    assert set(found) <= {*SHAPES[section].parts}
    assert "\u202e" not in "".join(entry.part(part) for part in Part)
