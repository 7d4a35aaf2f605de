"""What may be asked of the messages of a folder (RFC 3501 §6.4.4, RFC 7162 §3.1.5), as plain values."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeAlias


class When(StrEnum):
    """How a day compares: time of day and zone are disregarded."""

    BEFORE = "before"
    ON = "on"
    SINCE = "since"


@dataclass(frozen=True, slots=True)
class Everything:
    """Every message."""


@dataclass(frozen=True, slots=True)
class HasFlag:
    """A flag or keyword is set."""

    flag: str


@dataclass(frozen=True, slots=True)
class InUids:
    """The UID lies in one of these ranges, both ends included."""

    ranges: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Received:
    """The internal date, by day in UTC."""

    when: When
    day: date


@dataclass(frozen=True, slots=True)
class Within:
    """Came within so many seconds before now, or with ``older`` before that (RFC 5032)."""

    seconds: int
    older: bool


@dataclass(frozen=True, slots=True)
class Written:
    """The day that the Date field says; without a readable one, the internal date."""

    when: When
    day: date


@dataclass(frozen=True, slots=True)
class LargerThan:
    octets: int


@dataclass(frozen=True, slots=True)
class SmallerThan:
    octets: int


@dataclass(frozen=True, slots=True)
class ModifiedAt:
    """Modified at this modification sequence or later."""

    modseq: int


@dataclass(frozen=True, slots=True)
class HeaderHas:
    """A field of that name (small letters) contains the text; the empty text asks only that the field is there."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class BodyHas:
    text: str


@dataclass(frozen=True, slots=True)
class TextHas:
    """The header or the body contains the text."""

    text: str


@dataclass(frozen=True, slots=True)
class Not:
    criterion: "Criterion"


@dataclass(frozen=True, slots=True)
class Both:
    """All of these."""

    criteria: tuple["Criterion", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of these at least."""

    criteria: tuple["Criterion", ...]


Criterion: TypeAlias = (
    Everything
    | HasFlag
    | InUids
    | Received
    | Within
    | Written
    | LargerThan
    | SmallerThan
    | ModifiedAt
    | HeaderHas
    | BodyHas
    | TextHas
    | Not
    | Both
    | Either
)
