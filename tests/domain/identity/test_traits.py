"""The strict traits: their writing, and which of them are missing."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.identity.values import (
    InvalidTrait,
    Sex,
    StrictTraits,
    Trait,
    TraitProblem,
    interpret_birth_date,
    register_name,
)


def dominique() -> StrictTraits:
    """The person of the published sample: PAT-TROIS DOMINIQUE MARIE-LOUISE."""
    return StrictTraits.read(
        birth_name="Pat-Trois",
        given_names="Dominique Marie-Louise",
        birth_date="1979-03-28",
        sex="f",
        birth_place="51215",
    )


@pytest.mark.parametrize(
    ("written", "register"),
    [
        ("martin", "MARTIN"),
        ("d’Éstève  Œuvrard", "D'ESTEVE OEUVRARD"),
        ("Lætitia", "LAETITIA"),
        ("Gro\u00dfmann", "GROSSMANN"),
        ("Jean–Noël", "JEAN-NOEL"),
        ("DUPONT--DURAND", "DUPONT--DURAND"),
        ("Zoe\u0308", "ZOE"),
        ("Łukasz Ørsted", "LUKASZ ORSTED"),
        ("\u00a0L\u2019Hermite\t", "L'HERMITE"),
        ("I\u0307", "I"),
        ("", ""),
    ],
)
def test_names_are_written_as_in_the_register(written, register):
    assert register_name(written) == register


@pytest.mark.parametrize("written", ["Martin2", "Мартин", "李", "a@b", "M. Martin", "-", "' -", "a\x00b"])
def test_what_the_register_does_not_write_is_refused_without_being_repeated(written):
    with pytest.raises(InvalidTrait) as refused:
        register_name(written, Trait.FIRST_GIVEN_NAME)
    assert refused.value.code is TraitProblem.NOT_REGISTER_LETTERS
    assert refused.value.trait is Trait.FIRST_GIVEN_NAME
    assert str(refused.value) == ("first_given_name: letters A to Z, spaces, apostrophes and hyphens only")


@pytest.mark.parametrize("written", ["é" * 5_000_000, "Œ" * 200])
def test_name_that_is_too_long_once_written_or_before_is_refused(written):
    with pytest.raises(InvalidTrait) as refused:
        register_name(written)
    assert refused.value.code is TraitProblem.TOO_LONG


@given(st.text(max_size=300))
def test_any_name_is_refused_or_becomes_one_that_the_traits_accept(text):
    try:
        name = register_name(text)
    except InvalidTrait:
        return
    assert re.fullmatch(r"[A-Z' -]*", name)
    assert register_name(name) == name
    assert StrictTraits(birth_name=name).birth_name == name


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1979-03-28", date(1979, 3, 28)),
        ("2004-02-29", date(2004, 2, 29)),
        ("1979-03-00", date(1979, 3, 1)),
        ("1979-03", date(1979, 3, 1)),
        ("1979-00-28", date(1979, 1, 28)),
        ("1979-00-00", date(1979, 12, 31)),
        (" 1979 ", date(1979, 12, 31)),
    ],
)
def test_birth_dates_not_wholly_known_are_interpreted(written, read):
    assert interpret_birth_date(written) == read


@pytest.mark.parametrize("written", ["", "28/03/1979", "1979-02-30", "1979-13-01", "0000-01-01", "79-03-28", "1" * 999])
def test_what_is_no_date_is_refused(written):
    with pytest.raises(InvalidTrait) as refused:
        interpret_birth_date(written)
    assert refused.value.code is TraitProblem.NOT_A_DATE


@given(st.dates())
def test_a_whole_date_is_read_as_it_is(day):
    assert interpret_birth_date(day.isoformat()) == day


def test_traits_are_read_in_any_writing_and_held_in_one():
    traits = dominique()
    assert traits == StrictTraits(
        birth_name="PAT-TROIS",
        given_names=("DOMINIQUE", "MARIE-LOUISE"),
        first_given_name="DOMINIQUE",
        birth_date=date(1979, 3, 28),
        sex=Sex.FEMALE,
        birth_place="51215",
    )
    assert traits.given_names_text == "DOMINIQUE MARIE-LOUISE"
    assert traits.missing() == ()


def test_missing_traits_are_named_in_order():
    assert StrictTraits().missing() == (
        Trait.BIRTH_NAME,
        Trait.FIRST_GIVEN_NAME,
        Trait.BIRTH_DATE,
        Trait.SEX,
        Trait.BIRTH_PLACE,
    )
    assert StrictTraits.read(given_names="Ruth", sex="I").missing() == (
        Trait.BIRTH_NAME,
        Trait.BIRTH_DATE,
        Trait.BIRTH_PLACE,
    )


def test_first_given_name_may_hold_a_space_and_must_begin_the_list():
    assert StrictTraits.read(given_names="Anne Laure Zoé", first_given_name="Anne Laure").first_given_name_begins_list
    assert not StrictTraits.read(given_names="Annette", first_given_name="Anne").first_given_name_begins_list
    assert StrictTraits.read(first_given_name="Anne").first_given_name_begins_list


@pytest.mark.parametrize(
    ("field", "trait"),
    [
        ({"birth_name": "Martin"}, Trait.BIRTH_NAME),
        ({"given_names": ("ANNE LAURE",)}, Trait.GIVEN_NAMES),
        ({"given_names": ("",)}, Trait.GIVEN_NAMES),
        ({"first_given_name": "ZOÉ"}, Trait.FIRST_GIVEN_NAME),
        ({"birth_place": "5121"}, Trait.BIRTH_PLACE),
        ({"birth_place": "2C004"}, Trait.BIRTH_PLACE),
    ],
)
def test_constructor_takes_the_writing_of_the_register_only(field, trait):
    with pytest.raises(InvalidTrait) as refused:
        StrictTraits(**field)
    assert refused.value.trait is trait


def test_sex_is_one_of_three_letters():
    assert StrictTraits.read(sex=" i ").sex is Sex.UNKNOWN
    with pytest.raises(InvalidTrait) as refused:
        StrictTraits.read(sex="2")
    assert refused.value.code is TraitProblem.NOT_A_SEX


@pytest.mark.parametrize(
    ("place", "abroad", "unknown"),
    [
        ("51215", False, False),
        ("2a004", False, False),
        ("99255", True, False),
        ("99999", False, True),
        ("", False, True),
    ],
)
def test_birth_place_says_whether_it_is_abroad_or_unknown(place, abroad, unknown):
    traits = StrictTraits.read(birth_place=place)
    assert (traits.born_abroad, traits.birth_place_is_unknown) == (abroad, unknown)


def test_a_changed_trait_is_named_and_a_hyphen_counts():
    other = StrictTraits.read(
        birth_name="Pat Trois",
        given_names="Dominique Marie-Louise",
        birth_date="1979-03-28",
        sex="F",
        birth_place="51215",
    )
    assert dominique().differs_from(other) == (Trait.BIRTH_NAME,)
    assert dominique().differs_from(dominique()) == ()


def test_traits_do_not_show_in_a_trace():
    assert "PAT" not in repr(dominique())
    assert "1979" not in repr(dominique())
