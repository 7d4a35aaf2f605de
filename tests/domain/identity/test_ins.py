"""The INS: structure, key, printing. Numbers are those that INSEE, the Cnam and ANS publish as examples."""

import copy
import pickle

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from carnet.domain.identity.values import Ins, InsProblem, InvalidIns

BODIES_AND_KEYS = [
    ("2 55 08 14 168 025", "38"),
    ("2 94 03 75 120 005", "91"),
    ("1 53 12 45 007 231", "60"),
    ("2 84 05 88 321 025", "32"),
    ("2 84 05 2A 321 025", "52"),
    ("2 84 05 2B 321 025", "79"),
]
PUBLISHED = ["279035121518989", "277076322082910", "207058575627097", "146026322000196"]

digits = st.sampled_from("0123456789")
departments = st.one_of(st.tuples(digits, digits).map("".join), st.sampled_from(["2A", "2B"]))
months = st.one_of(st.integers(1, 12), st.integers(20, 99)).map("{:02d}".format)


@st.composite
def bodies(draw):
    sex = draw(st.sampled_from("1278"))
    year = draw(st.integers(0, 99))
    rest = draw(st.integers(0, 999_999))
    return f"{sex}{year:02d}{draw(months)}{draw(departments)}{rest:06d}"


@pytest.mark.parametrize(("body", "key"), BODIES_AND_KEYS)
def test_key_is_the_published_one(body, key):
    ins = Ins.from_body(body)
    assert ins.key == key
    assert ins.display == f"{body} {key}"
    assert Ins.parse(f"{body} {key}") == ins


@pytest.mark.parametrize("number", PUBLISHED)
def test_published_test_identities_are_read(number):
    assert Ins.parse(number) == number
    assert Ins.parse(number).key_is_valid


@pytest.mark.parametrize(
    "written",
    [
        "279035121518989",
        "2 79 03 51 215 189 89",
        "2\u00a079\u00a003\u00a051\u00a0215\u00a0189\u00a089",
        "2\u202f79\u202f03\u202f51\u202f215\u202f189\u202f89",
        "2.79.03.51.215.189.89",
        "  279035121518989\r\n",
    ],
)
def test_any_printing_is_read_as_the_same_ins(written):
    assert Ins.parse(written) == "279035121518989"


def test_corsica_is_read_in_small_letters():
    assert Ins.parse("2 84 05 2a 321 025 52") == "284052A32102552"


def test_its_parts_have_names():
    ins = Ins("279035121518989")
    assert (ins.sex_digit, ins.body, ins.key) == ("2", "2790351215189", "89")
    assert ins.display == "2 79 03 51 215 189 89"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("", InsProblem.EMPTY),
        (" . ", InsProblem.EMPTY),
        ("2790351215189", InsProblem.WRONG_LENGTH),
        ("2790351215189890", InsProblem.WRONG_LENGTH),
        ("1" * 10_000_000, InsProblem.WRONG_LENGTH),
        ("379035121518989", InsProblem.WRONG_STRUCTURE),
        ("279005121518989", InsProblem.WRONG_STRUCTURE),
        ("279135121518989", InsProblem.WRONG_STRUCTURE),
        ("279195121518989", InsProblem.WRONG_STRUCTURE),
        ("279032C21518989", InsProblem.WRONG_STRUCTURE),
        ("279031A21518989", InsProblem.WRONG_STRUCTURE),
        ("27903512151898A", InsProblem.WRONG_STRUCTURE),
        ("٢79035121518989", InsProblem.WRONG_STRUCTURE),
        ("279035121518900", InsProblem.WRONG_KEY),
        ("279035121518912", InsProblem.WRONG_KEY),
    ],
)
def test_what_is_no_ins_is_refused_with_its_reason(written, code):
    with pytest.raises(InvalidIns) as refused:
        Ins.parse(written)
    assert refused.value.code is code


def test_wrong_key_is_told_with_the_right_one_and_nothing_else_of_the_number():
    with pytest.raises(InvalidIns) as refused:
        Ins.parse("279035121518912")
    message = str(refused.value)
    assert message == ("INS key is 12, expected 89: an INS is 13 characters + key 97 - (number mod 97), 15 in all")
    assert "2790351215189" not in message


def test_months_above_twelve_are_births_whose_month_is_not_known():
    assert Ins.from_body("2792051215189").key_is_valid
    assert Ins.from_body("2799951215189").key_is_valid


def test_waiting_numbers_start_with_seven_or_eight():
    assert Ins.from_body("7790351215189").sex_digit == "7"
    assert Ins.from_body("8790351215189").sex_digit == "8"


def test_wrong_key_of_an_official_sample_may_be_let_in():
    sample = Ins.parse("209053105611201", check_key=False)
    assert not sample.key_is_valid
    assert sample.key == "01"
    with pytest.raises(InvalidIns):
        Ins.parse("309053105611201", check_key=False)


def test_constructor_takes_the_written_form_only():
    with pytest.raises(InvalidIns):
        Ins("2 79 03 51 215 189 89")
    with pytest.raises(InvalidIns):
        Ins("284052a32102552")


def test_number_does_not_show_in_a_trace_but_is_text_all_the_same():
    ins = Ins("279035121518989")
    assert "279035121518989" not in repr(ins)
    assert f"{ins}" == str(ins) == "279035121518989"
    assert type(str(ins)) is str


def test_an_accepted_ins_survives_copy_and_pickle_even_with_a_wrong_key():
    ins = Ins.parse("209053105611201", check_key=False)
    for twin in (copy.deepcopy(ins), pickle.loads(pickle.dumps(ins))):
        assert twin == ins
        assert type(twin) is Ins


@given(bodies())
def test_printing_then_reading_changes_nothing(body):
    ins = Ins.from_body(body)
    assert Ins.parse(ins.display) == ins == Ins.parse(ins.display.lower())
    assert 1 <= int(ins.key) <= 97


@given(bodies(), st.integers(0, 14), st.sampled_from("0123456789AB"))
def test_one_wrong_character_is_always_caught(body, place, character):
    ins = Ins.from_body(body)
    assume(ins[place] != character)
    with pytest.raises(InvalidIns):
        Ins.parse(f"{ins[:place]}{character}{ins[place + 1 :]}")


@given(bodies(), st.integers(0, 11))
def test_two_digits_swapped_are_always_caught(body, place):
    ins = Ins.from_body(body)
    first, second = ins[place], ins[place + 1]
    assume(first != second)
    with pytest.raises(InvalidIns):
        Ins.parse(f"{ins[:place]}{second}{first}{ins[place + 2 :]}")


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused_and_never_crashes(text):
    try:
        ins = Ins.parse(text)
    except InvalidIns:
        return
    assert ins.key_is_valid
