"""The INS DataMatrix: a person's INS and strict traits in a two-dimensional barcode (ANS, Référentiel INS, « Datamatrix
INS »).

The text is a header of 26 characters (`IS`, version `01`, 22 zeros), then fields in any order, each begun by its mark:
S1 the matricule (15), S2 the authority, S3 the given names, S4 the birth name, S5 the sex (1), S6 the birth date
(`dd-mm-yyyy`), S7 the place of birth (5, optional). The control character GS (0x1D) ends S2, S3 and S4.

A barcode reader types that text as a keyboard does, and things happen to it on the way: GS is dropped or spelled out,
capitals become small, a French keyboard turns digits into `&é"'(-è_çà`. What can be told for certain is read; what can
be read in two ways is refused.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from carnet.domain.identity.values.ins import Ins, InsOid, InvalidIdentifier, InvalidIns
from carnet.domain.identity.values.traits import (
    InvalidTrait,
    Sex,
    StrictTraits,
    Trait,
    TraitProblem,
    interpret_birth_date,
)

MAX_TEXT: Final = 1024
GS: Final = "\x1d"


class DataMatrixProblem(StrEnum):
    """Why a text is not the content of an INS DataMatrix."""

    EMPTY = "empty"
    TOO_LONG = "too-long"
    NOT_AN_INS_DATAMATRIX = "not-an-ins-datamatrix"
    UNKNOWN_VERSION = "unknown-version"
    UNKNOWN_FIELD = "unknown-field"
    FIELD_TWICE = "field-twice"
    CUT_SHORT = "cut-short"
    MISSING_FIELD = "missing-field"
    WRONG_INS = "wrong-ins"
    UNKNOWN_AUTHORITY = "unknown-authority"
    WRONG_NAME = "wrong-name"
    WRONG_SEX = "wrong-sex"
    WRONG_DATE = "wrong-date"
    WRONG_PLACE = "wrong-place"
    AMBIGUOUS = "ambiguous"


class InvalidDataMatrix(ValueError):
    """A text that is not read; `code` says why, `field_mark` where (`S1` to `S7`, empty when the whole is meant). The
    message never repeats the text.
    """

    def __init__(self, code: DataMatrixProblem, message: str, field_mark: str = "") -> None:
        super().__init__(f"{field_mark}: {message}" if field_mark else message)
        self.code = code
        self.field_mark = field_mark


@dataclass(frozen=True, slots=True, repr=False)
class DataMatrixIns:
    """An identity as the barcode says it; `given_names` are separated by spaces, `birth_place` is empty when not said.

    Whether this authority may be used here (test or real) is for the caller to decide.
    """

    ins: Ins
    oid: InsOid
    given_names: str
    birth_name: str
    sex: Sex
    birth_date: date
    birth_place: str = ""

    @property
    def traits(self) -> StrictTraits:
        """The strict traits, the first given name being the first of the list."""
        return StrictTraits.read(
            birth_name=self.birth_name,
            given_names=self.given_names,
            birth_date=self.birth_date,
            sex=self.sex.value,
            birth_place=self.birth_place,
        )

    def __repr__(self) -> str:
        """Without the identity: a repr ends in logs and traces."""
        return "DataMatrixIns(…)"


@dataclass(frozen=True, slots=True)
class _Keyboard:
    """What each character that arrived stands for, in a number and in letters."""

    numbers: Mapping[str, str]
    letters: Mapping[str, str]

    def number(self, text: str) -> str:
        """Digits, dots, and the A and B of Corsica; what has no meaning becomes `?`."""
        return "".join(self.numbers.get(c) or self.letters.get(c, "?") for c in text)

    def words(self, text: str) -> str:
        return "".join(self.letters.get(c, "?") for c in text)


_CAPITALS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BOTH_CASES: Final = {**{c: c for c in _CAPITALS}, **{c.lower(): c for c in _CAPITALS}}
_SPACES: Final = {" ": " ", "\u00a0": " "}
_PLAIN_WORDS: Final = {**_BOTH_CASES, **_SPACES, "-": "-", "'": "'", "’": "'"}
_AZERTY_DIGITS: Final = dict(zip("&é\"'(-è_çà", "1234567890", strict=True))
# The keys of a reader set to a US keyboard, as a computer set to a French one shows them.
_US_ON_FRENCH: Final = (
    {c: m for c, m in _BOTH_CASES.items() if m not in "AQZWM"}
    | {c: m for pair, m in (("Aa", "Q"), ("Qq", "A"), ("Zz", "W"), ("Ww", "Z"), ("?,", "M")) for c in pair}
    | _SPACES
    | {")": "-", "ù": "'"}
)

_KEYBOARDS: Final = (
    # as it was printed, in either case
    _Keyboard({c: c for c in "0123456789."}, _PLAIN_WORDS),
    # a reader set to a US keyboard on a French computer
    _Keyboard(_AZERTY_DIGITS | {":": "."}, _US_ON_FRENCH),
    # a French reader whose Shift is lost
    _Keyboard(_AZERTY_DIGITS | {";": ".", ".": "."}, _PLAIN_WORDS),
    # a French reader while Caps Lock is on, which turns every key over
    _Keyboard(_AZERTY_DIGITS | {";": "."}, {**_BOTH_CASES, **_SPACES, "6": "-", "4": "'"}),
)

_HEADER_LENGTH: Final = 26
_FIXED: Final = {"S1": 15, "S5": 1, "S6": 10, "S7": 5}
_NAMES: Final = ("S3", "S4")
_NEEDED: Final = ("S1", "S2", "S3", "S4", "S5", "S6")
# GS as readers and mail programs spell it; 029 on a keypad gives the arrow.
_GS_SPELLED: Final = re.compile(
    r"<GS>|\[GS\]|\{GS\}|\\x1d|\\u001d|\\035|<0x1d>|\^\]|&#29;|&#x1d;|%1d|[␝↔\r\n\t]", re.IGNORECASE
)
_WRITTEN_DATE: Final = re.compile(r"([0-9]{2})-([0-9]{2})-([0-9]{4})")
# An AIM identifier (ISO/IEC 15424), `]` being `$` on a French computer.
_AIM: Final = re.compile(r"[\]$][dD][0-6&é\"'(\-à]")
_OF_TRAIT: Final = {
    Trait.GIVEN_NAMES: (DataMatrixProblem.WRONG_NAME, "S3"),
    Trait.FIRST_GIVEN_NAME: (DataMatrixProblem.WRONG_NAME, "S3"),
    Trait.BIRTH_NAME: (DataMatrixProblem.WRONG_NAME, "S4"),
    Trait.SEX: (DataMatrixProblem.WRONG_SEX, "S5"),
    Trait.BIRTH_DATE: (DataMatrixProblem.WRONG_DATE, "S6"),
    Trait.BIRTH_PLACE: (DataMatrixProblem.WRONG_PLACE, "S7"),
}
_AROUND: Final = "".join(chr(n) for n in range(33)) + "\u00a0\ufeff␝↔"


def parse_datamatrix(text: str) -> DataMatrixIns:
    """Read what a barcode reader typed or a person pasted, at most 1,024 characters; raises `InvalidDataMatrix`.

    The text is tried as each keyboard would have typed it; all readings that pass every check must be the same.
    """
    if len(text) > MAX_TEXT:
        raise InvalidDataMatrix(DataMatrixProblem.TOO_LONG, f"at most {MAX_TEXT} characters, here are {len(text)}")
    said = text.strip(_AROUND)
    identifier = _AIM.match(said)
    said = _GS_SPELLED.sub(GS, said[identifier.end() if identifier else 0 :]).strip(_AROUND)
    if not said:
        raise InvalidDataMatrix(DataMatrixProblem.EMPTY, "an INS DataMatrix is expected, the text is empty")
    keyboards = [keyboard for keyboard in _KEYBOARDS if _header_is_there(said, keyboard)]
    if not keyboards:
        raise InvalidDataMatrix(
            DataMatrixProblem.NOT_AN_INS_DATAMATRIX, "the text does not begin by IS01 and 22 zeros: another barcode"
        )
    found: set[DataMatrixIns] = set()
    problems: list[tuple[int, InvalidDataMatrix]] = []
    for keyboard in keyboards:
        reader = _Reader(said, keyboard)
        for fields in reader.readings(_HEADER_LENGTH, {}):
            try:
                found.add(_identity(fields))
            except InvalidDataMatrix as problem:
                problems.append((len(said) + 1, problem))
        problems += reader.problems
    if len(found) > 1:
        raise InvalidDataMatrix(
            DataMatrixProblem.AMBIGUOUS,
            "the reader's keyboard is set to another language and the names can be read in two ways",
        )
    if not found:
        raise max(problems, key=lambda problem: problem[0])[1]
    return found.pop()


def _header_is_there(said: str, keyboard: _Keyboard) -> bool:
    if keyboard.words(said[:2]) != "IS":
        return False
    rest = keyboard.number(said[2:_HEADER_LENGTH])
    if rest[:2].isdecimal() and rest[:2] != "01" and rest[2:] == "0" * 22:
        raise InvalidDataMatrix(DataMatrixProblem.UNKNOWN_VERSION, "only version 01 of the INS DataMatrix is known")
    return rest == "01" + "0" * 22


@dataclass
class _Reader:
    """One text typed by one keyboard: the ways in which it is a list of fields, and where it was not."""

    said: str
    keyboard: _Keyboard
    problems: list[tuple[int, InvalidDataMatrix]] = field(default_factory=list)

    def readings(self, at: int, fields: dict[str, str]) -> Iterator[dict[str, str]]:
        """Each way to read the text from `at` on, as the fields by their marks."""
        while at < len(self.said) and (self.said[at] == GS or self.said[at] in _SPACES):
            at += 1
        if at == len(self.said):
            missing = [mark for mark in _NEEDED if mark not in fields]
            if missing:
                self._refuse(at, DataMatrixProblem.MISSING_FIELD, "the field is not there", missing[0])
            else:
                yield fields
            return
        mark = self._mark(at)
        if mark is None:
            self._refuse(at, DataMatrixProblem.UNKNOWN_FIELD, "a field from S1 to S7 is expected here")
            return
        if mark in fields:
            self._refuse(at, DataMatrixProblem.FIELD_TWICE, "the field is there twice", mark)
            return
        for end, value in self._values(mark, at + 2):
            yield from self.readings(end, {**fields, mark: value})

    def _mark(self, at: int) -> str | None:
        pair = self.said[at : at + 2]
        if len(pair) == 2 and self.keyboard.letters.get(pair[0]) == "S":
            digit = self.keyboard.numbers.get(pair[1], "")
            return f"S{digit}" if digit and digit in "1234567" else None
        return None

    def _values(self, mark: str, start: int) -> Iterator[tuple[int, str]]:
        """Where the value of a field may end, and the value."""
        said, keyboard = self.said, self.keyboard
        length = _FIXED.get(mark)
        if length is not None:
            raw = said[start : start + length]
            if len(raw) < length or GS in raw:
                self._refuse(start, DataMatrixProblem.CUT_SHORT, f"{length} characters are expected", mark)
            elif mark == "S6":
                day, month, year = (keyboard.number(raw[a:b]) for a, b in ((0, 2), (3, 5), (6, 10)))
                yield start + length, f"{day}{keyboard.words(raw[2])}{month}{keyboard.words(raw[5])}{year}"
            else:
                yield start + length, keyboard.words(raw) if mark == "S5" else keyboard.number(raw)
            return
        allowed = keyboard.letters if mark in _NAMES else keyboard.numbers
        end = start
        while end < len(said) and said[end] in allowed:
            end += 1
            if mark in _NAMES and end < len(said) and self._mark(end) is not None:
                yield end, keyboard.words(said[start:end])
        if end == len(said) or said[end] == GS or (mark not in _NAMES and end > start):
            value = said[start:end]
            yield end, keyboard.words(value) if mark in _NAMES else keyboard.number(value)
        else:
            self._refuse(end, DataMatrixProblem.WRONG_NAME, "letters, spaces, apostrophes and hyphens only", mark)

    def _refuse(self, at: int, code: DataMatrixProblem, message: str, mark: str = "") -> None:
        self.problems.append((at, InvalidDataMatrix(code, message, mark)))


def _identity(fields: Mapping[str, str]) -> DataMatrixIns:
    """The identity that the fields say, each checked; raises `InvalidDataMatrix`."""
    try:
        ins = Ins(fields["S1"])
    except InvalidIns as problem:
        raise InvalidDataMatrix(DataMatrixProblem.WRONG_INS, str(problem), "S1") from None
    try:
        oid = InsOid.parse(fields["S2"])
    except InvalidIdentifier as problem:
        raise InvalidDataMatrix(DataMatrixProblem.UNKNOWN_AUTHORITY, str(problem), "S2") from None
    names = {mark: " ".join(fields[mark].split()) for mark in _NAMES}
    for mark, name in names.items():
        if not name:
            raise InvalidDataMatrix(DataMatrixProblem.MISSING_FIELD, "the name is empty", mark)
    try:
        traits = StrictTraits.read(
            given_names=names["S3"],
            birth_name=names["S4"],
            birth_date=_date(fields["S6"]),
            sex=fields["S5"],
            birth_place=fields.get("S7", ""),
        )
    except InvalidTrait as problem:
        code, mark = _OF_TRAIT[problem.trait]
        raise InvalidDataMatrix(code, str(problem), mark) from None
    if traits.sex is None or traits.birth_date is None:
        raise InvalidDataMatrix(DataMatrixProblem.WRONG_SEX, "M or F is expected", "S5")
    return DataMatrixIns(ins, oid, names["S3"], names["S4"], traits.sex, traits.birth_date, traits.birth_place)


def _date(written: str) -> date:
    found = _WRITTEN_DATE.fullmatch(written)
    if found is None:
        raise InvalidTrait(Trait.BIRTH_DATE, TraitProblem.NOT_A_DATE, "dd-mm-yyyy is expected")
    return interpret_birth_date(f"{found[3]}-{found[2]}-{found[1]}")
