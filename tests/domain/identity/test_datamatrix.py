"""The INS DataMatrix, as printed and as barcode readers type it."""

from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from carnet.domain.identity.values import (
    DataMatrixIns,
    DataMatrixProblem,
    Ins,
    InsOid,
    InvalidDataMatrix,
    Sex,
    interpret_birth_date,
    parse_datamatrix,
)

GS = "\x1d"
HEADER = "IS01" + "0" * 22
DOMINIQUE = {
    "S1": "279035121518989", "S2": "1.2.250.1.213.1.4.10", "S3": "DOMINIQUE MARIE-LOUISE", "S4": "PAT-TROIS",
    "S5": "F", "S6": "28-03-1979", "S7": "51215",
}  # fmt: skip
GHJUVAN = {
    "S1": "184102A00402193", "S2": "1.2.250.1.213.1.4.11", "S3": "GHJUVAN", "S4": "D'ORNANO PAOLETTI-MAS",
    "S5": "M", "S6": "21-10-1984", "S7": "2A004",
}  # fmt: skip


def encode(fields: dict[str, str], order: Iterable[str] = (), separator: str = GS) -> str:
    """The text of a DataMatrix: what a maker of barcodes writes."""
    marks = list(order) or list(fields)
    ended = {"S2", "S3", "S4"}
    return HEADER + "".join(mark + fields[mark] + (separator if mark in ended else "") for mark in marks)


def said(fields: dict[str, str]) -> DataMatrixIns:
    day, month, year = fields["S6"].split("-")
    return DataMatrixIns(
        Ins(fields["S1"]), InsOid(fields["S2"]), fields["S3"], fields["S4"], Sex(fields["S5"]),
        interpret_birth_date(f"{year}-{month}-{day}"), fields.get("S7", ""),
    )  # fmt: skip


# --- what a keyboard does to a text, made here from the layouts of the keys themselves ---------------------------
US_KEYS = "`1234567890-=qwertyuiop[]\\asdfghjkl;'zxcvbnm,./"
US_SHIFT = '~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:"ZXCVBNM<>?'
FR_KEYS = "²&é\"'(-è_çà)=azertyuiop^$*qsdfghjklmùwxcvbn,;:!"
FR_SHIFT = "~1234567890°+AZERTYUIOP¨£µQSDFGHJKLM%WXCVBN?./§"
# Windows, French: Caps Lock turns every key over.
AS_FRENCH = dict(zip(US_KEYS + US_SHIFT, FR_KEYS + FR_SHIFT, strict=True)) | {" ": " "}
WITHOUT_SHIFT = dict(zip(FR_KEYS + FR_SHIFT, FR_KEYS + FR_KEYS, strict=True)) | {" ": " "}
CAPS_LOCK = dict(zip(FR_KEYS + FR_SHIFT, FR_SHIFT + FR_KEYS, strict=True)) | {" ": " "}
KEYBOARDS = {"us-on-french": AS_FRENCH, "without-shift": WITHOUT_SHIFT, "caps-lock": CAPS_LOCK}


def typed(text: str, keyboard: dict[str, str]) -> str:
    return "".join(keyboard.get(character, character) for character in text)


@pytest.mark.parametrize("person", [DOMINIQUE, GHJUVAN], ids=["mainland", "corsica"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text,
        lambda text: text.replace(GS, ""),
        lambda text: text.replace(GS, "<GS>"),
        lambda text: text.replace(GS, "^]"),
        lambda text: text.replace(GS, "\\x1d"),
        lambda text: text.replace(GS, "␝"),
        lambda text: text.replace(GS, "↔"),
        lambda text: text.replace(GS, "\t") + "\r\n",
        lambda text: "]d2" + text,
        lambda text: "\ufeff  " + text + " \n",
        str.lower,
        str.swapcase,
        lambda text: typed(text, AS_FRENCH),
        lambda text: typed("]d1" + text, AS_FRENCH),
        lambda text: typed(text, CAPS_LOCK),
        lambda text: typed(text.replace(GS, ""), AS_FRENCH),
        lambda text: typed(text, WITHOUT_SHIFT),
    ],
)
def test_what_a_reader_types_is_the_person_that_was_printed(person: dict[str, str], damage) -> None:
    assert parse_datamatrix(damage(encode(person))) == said(person)


def test_a_birth_place_may_be_left_out_and_an_incomplete_date_is_interpreted() -> None:
    fields = {mark: value for mark, value in DOMINIQUE.items() if mark != "S7"} | {"S6": "00-03-1979"}
    found = parse_datamatrix(encode(fields))
    assert (found.birth_place, found.birth_date.isoformat()) == ("", "1979-03-01")
    assert found.traits.first_given_name == "DOMINIQUE"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", DataMatrixProblem.EMPTY),
        ("  \r\n", DataMatrixProblem.EMPTY),
        ("x" * 2000, DataMatrixProblem.TOO_LONG),
        ("279035121518989", DataMatrixProblem.NOT_AN_INS_DATAMATRIX),
        ("DC04FR0000011E6B1E7F0126FR", DataMatrixProblem.NOT_AN_INS_DATAMATRIX),
        ("IS02" + "0" * 22 + "S1", DataMatrixProblem.UNKNOWN_VERSION),
        (HEADER, DataMatrixProblem.MISSING_FIELD),
        (encode(DOMINIQUE, ("S1", "S2", "S3", "S5", "S6")), DataMatrixProblem.MISSING_FIELD),
        (encode(DOMINIQUE | {"S4": ""}), DataMatrixProblem.MISSING_FIELD),
        (encode(DOMINIQUE) + "S5F", DataMatrixProblem.FIELD_TWICE),
        (encode(DOMINIQUE) + "S9X", DataMatrixProblem.UNKNOWN_FIELD),
        (encode(DOMINIQUE)[:-2], DataMatrixProblem.CUT_SHORT),
        (encode(DOMINIQUE | {"S1": "279035121518988"}), DataMatrixProblem.WRONG_INS),
        (encode(DOMINIQUE | {"S2": "1.2.250.1.213.1.4.12"}), DataMatrixProblem.UNKNOWN_AUTHORITY),
        (encode(DOMINIQUE | {"S4": "PAT3"}), DataMatrixProblem.WRONG_NAME),
        (encode(DOMINIQUE | {"S4": "<script>"}), DataMatrixProblem.WRONG_NAME),
        (encode(DOMINIQUE | {"S4": "--"}), DataMatrixProblem.WRONG_NAME),
        (encode(DOMINIQUE | {"S5": "X"}), DataMatrixProblem.WRONG_SEX),
        (encode(DOMINIQUE | {"S6": "31-02-1979"}), DataMatrixProblem.WRONG_DATE),
        (encode(DOMINIQUE | {"S6": "1979-03-28"}), DataMatrixProblem.WRONG_DATE),
        (encode(DOMINIQUE | {"S7": "5121X"}), DataMatrixProblem.WRONG_PLACE),
        (encode(DOMINIQUE).replace("MARIE", "MA\nRIE"), DataMatrixProblem.UNKNOWN_FIELD),
    ],
)
def test_what_is_not_an_ins_datamatrix_is_refused_with_its_reason_and_without_the_person(
    text: str, code: DataMatrixProblem
) -> None:
    with pytest.raises(InvalidDataMatrix) as refused:
        parse_datamatrix(text)
    assert refused.value.code is code
    for value in DOMINIQUE.values():
        assert len(value) < 2 or value not in str(refused.value)


def test_names_that_a_french_keyboard_makes_ambiguous_are_refused() -> None:
    """Without Shift an apostrophe and the digit 4 are one key: `S'` may begin the birth name or be a part of a name."""
    fields = DOMINIQUE | {"S3": "LOUIS'ANNE", "S4": "MARC"}
    text = typed(encode(fields, ("S1", "S2", "S5", "S6", "S3", "S4"), separator=""), WITHOUT_SHIFT)
    assert text.endswith("s\"louis'annes'marc")
    with pytest.raises(InvalidDataMatrix) as refused:
        parse_datamatrix(text)
    assert refused.value.code is DataMatrixProblem.AMBIGUOUS


def answered(text: str) -> DataMatrixIns | DataMatrixProblem:
    try:
        return parse_datamatrix(text)
    except InvalidDataMatrix as refusal:
        return refusal.code


_word = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=8)
_name = st.lists(st.tuples(_word, st.sampled_from([" ", "-", "'"])), min_size=1, max_size=4).map(
    lambda parts: "".join(word + sign for word, sign in parts).rstrip(" ")
)
_person = st.builds(
    lambda body, oid, given, birth, sex, day, place: {
        "S1": Ins.from_body(body), "S2": oid.value, "S3": given, "S4": birth, "S5": sex,
        "S6": day.strftime("%d-%m-%Y"), **({"S7": place} if place else {}),
    },
    st.from_regex(r"\A[12][0-9]{2}(0[1-9]|1[0-2])(2A|2B|[0-8][0-9])[0-9]{6}\Z"), st.sampled_from(InsOid), _name, _name,
    st.sampled_from("MF"), st.dates().filter(lambda day: day.year > 1850), st.sampled_from(["", "2A004", "99352"]),
)  # fmt: skip


@given(
    person=_person,
    order=st.randoms(use_true_random=False),
    kept=st.lists(st.booleans(), min_size=3, max_size=3),
    keyboard=st.sampled_from([None, "swapcase", *KEYBOARDS]),
)
@example(DOMINIQUE, None, [False, False, False], "without-shift")
def test_a_reading_is_the_printed_person_or_a_refusal_and_never_another(person, order, kept, keyboard) -> None:
    marks = list(person)
    if order:
        order.shuffle(marks)
    text = encode(person, marks)
    for keep in kept:  # each GS kept or dropped
        text = text.replace(GS, "\x00" if keep else "", 1)
    text = text.replace("\x00", GS)
    if keyboard == "swapcase":
        text = text.swapcase()
    elif keyboard:
        text = typed(text, KEYBOARDS[keyboard])
    answer = answered(text)
    # Only the keyboard on which a sign and a digit are one key leaves a doubt.
    assert answer == said(person) or (keyboard == "without-shift" and answer is DataMatrixProblem.AMBIGUOUS)
