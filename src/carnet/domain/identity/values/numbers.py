"""The numbers of professionals and structures: RPPS, ADELI, FINESS and the national identifiers built on
them.

A wrong Luhn key is a question to ask (`luhn_is_valid`), never a reason to refuse: official examples and
real extracts of the Annuaire Santé hold numbers whose key is wrong.
"""

import re
from enum import StrEnum
from typing import ClassVar, Self

_SEPARATORS = re.compile(r"[\s.]+")
_MAX_TEXT = 64


class NumberProblem(StrEnum):
    """Why a text is not the number that was expected."""

    EMPTY = "empty"
    WRONG_LENGTH = "wrong-length"
    WRONG_STRUCTURE = "wrong-structure"
    UNKNOWN_PREFIX = "unknown-prefix"


class InvalidNumber(ValueError):
    """A text that is not the number expected; `kind` names the number, `code` says why."""

    def __init__(self, kind: str, code: NumberProblem, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.code = code


def luhn_is_valid(digits: str) -> bool:
    """True when the last digit is the Luhn key of the others (ISO/IEC 7812-1 annex B). Digits only."""
    total = 0
    for rank, character in enumerate(reversed(digits)):
        value = int(character)
        if rank % 2:
            value *= 2
            if value > 9:
                value -= 9
        total += value
    return total % 10 == 0


class _Number(str):
    """What the numbers share: a pattern, a length, and a parse that takes separators."""

    __slots__ = ()
    _kind: ClassVar[str]
    _pattern: ClassVar[re.Pattern[str]]
    _length: ClassVar[int]
    _form: ClassVar[str]

    def __new__(cls, text: str) -> Self:
        if not text:
            raise InvalidNumber(cls._kind, NumberProblem.EMPTY, f"{cls._form} expected, the text is empty")
        if len(text) != cls._length:
            raise InvalidNumber(cls._kind, NumberProblem.WRONG_LENGTH, f"{cls._form} expected, here are {len(text)}")
        if not cls._pattern.fullmatch(text):
            raise InvalidNumber(cls._kind, NumberProblem.WRONG_STRUCTURE, f"{cls._form} expected")
        return super().__new__(cls, text)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the number with spaces or dots between its digits; raises `InvalidNumber`."""
        if len(text) > _MAX_TEXT:
            raise InvalidNumber(cls._kind, NumberProblem.WRONG_LENGTH, f"{cls._form} expected, here are {len(text)}")
        return cls(_SEPARATORS.sub("", text).upper())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str.__repr__(self)})"


class Rpps(_Number):
    """The number of a professional in the shared directory of health professionals: 11 digits, the last a
    Luhn key.
    """

    __slots__ = ()
    _kind = "RPPS"
    _pattern = re.compile(r"[0-9]{11}")
    _length = 11
    _form = "11 digits"

    @property
    def luhn_is_valid(self) -> bool:
        return luhn_is_valid(self)

    @property
    def id_nat(self) -> "IdNatPs":
        """The professional's national identifier: 8 and the RPPS."""
        return IdNatPs(f"{IdNatPsKind.RPPS}{self}")


class Adeli(_Number):
    """The older number of a professional: department (2), then 7 digits, the last a Luhn key."""

    __slots__ = ()
    _kind = "ADELI"
    _pattern = re.compile(r"[0-9][0-9A-Z][0-9]{7}")
    _length = 9
    _form = "9 characters"

    @property
    def luhn_is_valid(self) -> bool | None:
        """None when the department has a letter: no public text says how the key counts it."""
        return luhn_is_valid(self) if self.isdigit() else None


class Finess(_Number):
    """The number of an establishment, legal or geographic: department (2), 7 digits, the last a Luhn key."""

    __slots__ = ()
    _kind = "FINESS"
    _pattern = re.compile(r"[0-9][0-9A-Z][0-9]{7}")
    _length = 9
    _form = "9 characters"

    @property
    def luhn_is_valid(self) -> bool | None:
        """None when the department has a letter: no public text says how the key counts it."""
        return luhn_is_valid(self) if self.isdigit() else None

    @property
    def id_nat(self) -> "IdNatStruct":
        """The structure's national identifier: 1 and the FINESS."""
        return IdNatStruct(f"{IdNatStructKind.FINESS}{self}")


class IdNatPsKind(StrEnum):
    """The first digit of a professional's national identifier (CI-SIS, PS_IdNat; OID 1.2.250.1.71.4.2.1)."""

    ADELI = "0"
    ADELI_PRACTICE = "1"
    DRASS = "2"
    FINESS_EMPLOYEE = "3"
    SIREN_EMPLOYEE = "4"
    SIRET_EMPLOYEE = "5"
    RPPS_PRACTICE = "6"
    RPPS = "8"
    STUDENT = "9"


class IdNatStructKind(StrEnum):
    """The first digit of a structure's national identifier (CI-SIS, Struct_IdNat; OID 1.2.250.1.71.4.2.2)."""

    ADELI_RANK = "0"
    FINESS = "1"
    SIREN = "2"
    SIRET = "3"
    RPPS_RANK = "4"


# The characters that separate fields in HL7 v2 may not hide inside an identifier.
_LOCAL_ID = r"[^\s^&|~\\/\x00-\x1f\x7f]{1,48}"
_PS_FORMS: dict[IdNatPsKind, re.Pattern[str]] = {
    IdNatPsKind.ADELI: re.compile(r"[0-9][0-9A-Z][0-9]{7}"),
    IdNatPsKind.ADELI_PRACTICE: re.compile(r"[0-9][0-9A-Z][0-9]{7}/?[0-9A-Za-z]{1,16}"),
    IdNatPsKind.DRASS: re.compile(_LOCAL_ID),
    IdNatPsKind.FINESS_EMPLOYEE: re.compile(r"[0-9][0-9A-Z][0-9]{7}/" + _LOCAL_ID),
    IdNatPsKind.SIREN_EMPLOYEE: re.compile(r"[0-9]{9}/" + _LOCAL_ID),
    IdNatPsKind.SIRET_EMPLOYEE: re.compile(r"[0-9]{14}/" + _LOCAL_ID),
    IdNatPsKind.RPPS_PRACTICE: re.compile(r"[0-9]{11}/?[0-9A-Za-z]{1,16}"),
    IdNatPsKind.RPPS: re.compile(r"[0-9]{11}"),
    IdNatPsKind.STUDENT: re.compile(_LOCAL_ID),
}
_STRUCT_FORMS: dict[IdNatStructKind, re.Pattern[str]] = {
    IdNatStructKind.ADELI_RANK: re.compile(r"[0-9][0-9A-Z][0-9]{7}[0-9A-Za-z]{1,16}"),
    IdNatStructKind.FINESS: re.compile(r"[0-9][0-9A-Z][0-9]{7}"),
    IdNatStructKind.SIREN: re.compile(r"[0-9]{9}"),
    IdNatStructKind.SIRET: re.compile(r"[0-9]{14}"),
    IdNatStructKind.RPPS_RANK: re.compile(r"[0-9]{11}[0-9A-Za-z]{1,16}"),
}


class IdNatPs(str):
    """The national identifier of a professional: a digit that says its kind, then the number of that kind."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        _require_id_nat("IdNat_PS", text, IdNatPsKind, _PS_FORMS)
        return super().__new__(cls, text)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the identifier with spaces around it; raises `InvalidNumber`."""
        return cls(text.strip())

    @property
    def kind(self) -> IdNatPsKind:
        return IdNatPsKind(self[0])

    @property
    def rpps(self) -> Rpps | None:
        """The RPPS inside, or None for an identifier of another kind."""
        return Rpps(self[1:]) if self.kind is IdNatPsKind.RPPS else None

    @property
    def employer_finess(self) -> Finess | None:
        """The FINESS of the establishment that gave the identifier to its employee, or None."""
        return Finess(self[1:10]) if self.kind is IdNatPsKind.FINESS_EMPLOYEE else None

    def __repr__(self) -> str:
        return f"IdNatPs({str.__repr__(self)})"


class IdNatStruct(str):
    """The national identifier of a structure: a digit that says its kind, then the number of that kind."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        _require_id_nat("IdNat_Struct", text, IdNatStructKind, _STRUCT_FORMS)
        return super().__new__(cls, text)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the identifier with spaces around it; raises `InvalidNumber`."""
        return cls(text.strip())

    @property
    def kind(self) -> IdNatStructKind:
        return IdNatStructKind(self[0])

    @property
    def finess(self) -> Finess | None:
        """The FINESS inside, or None for an identifier of another kind."""
        return Finess(self[1:]) if self.kind is IdNatStructKind.FINESS else None

    def __repr__(self) -> str:
        return f"IdNatStruct({str.__repr__(self)})"


def _require_id_nat(
    name: str,
    text: str,
    kinds: type[IdNatPsKind] | type[IdNatStructKind],
    forms: dict[IdNatPsKind, re.Pattern[str]] | dict[IdNatStructKind, re.Pattern[str]],
) -> None:
    if not text:
        raise InvalidNumber(name, NumberProblem.EMPTY, "an identifier is expected, the text is empty")
    if len(text) > _MAX_TEXT:
        raise InvalidNumber(name, NumberProblem.WRONG_LENGTH, f"at most {_MAX_TEXT} characters, here are {len(text)}")
    for kind, form in forms.items():
        if text[0] == kind.value:
            if not form.fullmatch(text, 1):
                raise InvalidNumber(
                    name,
                    NumberProblem.WRONG_STRUCTURE,
                    f"what follows {kind.value} is not of the form of {kind.name}",
                )
            return
    known = ", ".join(kind.value for kind in kinds)
    raise InvalidNumber(name, NumberProblem.UNKNOWN_PREFIX, f"the first digit is one of {known}")
