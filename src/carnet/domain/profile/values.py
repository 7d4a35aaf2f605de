"""What a holder may say of their own health: the sections of the medical profile and what an entry of each holds.

The sections and their parts are those of Mon espace santé's own application (assurance-maladie-mesdmp/ens-mobile).
"""

import contextlib
import re
import unicodedata
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final, Self


class Section(StrEnum):
    """The sections, in the order in which they are shown."""

    DISEASES = "diseases"
    TREATMENTS = "treatments"
    ALLERGIES = "allergies"
    HOSPITALIZATIONS = "hospitalizations"
    FAMILY_HISTORY = "family-history"
    BLOOD_GROUP = "blood-group"
    MEASURES = "measures"
    LIFESTYLE = "lifestyle"
    CONTACTS = "contacts"


class Part(StrEnum):
    """The parts of an entry, by the name of their field."""

    KIND = "kind"
    TEXT = "text"
    RELATION = "relation"
    VALUE = "value"
    PHONE = "phone"
    DOSAGE = "dosage"
    STARTED = "started"
    ENDED = "ended"
    COMMENT = "comment"


class EntryProblem(StrEnum):
    """Why a part of an entry, or the whole, is not taken."""

    NEEDED = "needed"
    TOO_LONG = "too-long"
    NOT_A_CHOICE = "not-a-choice"
    NOT_A_DATE = "not-a-date"
    NOT_A_NUMBER = "not-a-number"
    NOT_A_PRESSURE = "not-a-pressure"
    NOT_A_PHONE = "not-a-phone"
    OUT_OF_BOUNDS = "out-of-bounds"
    IN_THE_FUTURE = "in-the-future"
    BEFORE_BIRTH = "before-birth"
    ENDS_BEFORE_IT_STARTS = "ends-before-it-starts"
    TOO_YOUNG = "too-young"
    ONLY_ONE = "only-one"
    TOO_MANY = "too-many"
    CHANGED_MEANWHILE = "changed-meanwhile"


@dataclass(frozen=True, slots=True)
class Shape:
    """What an entry of a section holds. `kinds` are the choices of `Part.KIND`, `single` those of which there is one
    at most; `may_be_none`: the holder may say that there is nothing to tell.
    """

    parts: tuple[Part, ...]
    needed: frozenset[Part]
    kinds: tuple[str, ...] = ()
    single: frozenset[str] = frozenset()
    may_be_none: bool = False
    longest: tuple[tuple[Part, int], ...] = ()


_FAMILY: Final = (
    "mother", "father", "sister", "brother", "daughter", "son", "grandmother", "grandfather", "aunt", "uncle", "other",
)  # fmt: skip
RELATIONS: Final = ("mother", "father", "child", "spouse", "guardian", "other")
BLOOD_GROUPS: Final = ("A+", "A-", "B+", "B-", "AB+", "AB-", "O+", "O-")
THEMES: Final = ("food", "activity", "sleep", "screens", "alcohol", "tobacco")
_MEASURES: Final = ("weight", "height", "waist", "blood-pressure", "heart-rate")
TRUSTED: Final = "trusted"
_CONTACTS: Final = ("emergency", TRUSTED, "carer", "help")

LONGEST: Final = {Part.TEXT: 200, Part.PHONE: 30, Part.VALUE: 20, Part.DOSAGE: 1000, Part.COMMENT: 3000}
MOST_ENTRIES: Final = 100
"""Of one section."""

SHAPES: Final[Mapping[Section, Shape]] = {
    Section.DISEASES: Shape(
        (Part.TEXT, Part.STARTED, Part.ENDED, Part.COMMENT), frozenset({Part.TEXT, Part.STARTED}), may_be_none=True
    ),
    Section.TREATMENTS: Shape(
        (Part.TEXT, Part.DOSAGE, Part.STARTED, Part.ENDED, Part.COMMENT), frozenset({Part.TEXT}), may_be_none=True
    ),
    Section.ALLERGIES: Shape((Part.TEXT, Part.COMMENT), frozenset({Part.TEXT}), may_be_none=True),
    Section.HOSPITALIZATIONS: Shape(
        (Part.TEXT, Part.STARTED, Part.ENDED, Part.COMMENT), frozenset({Part.TEXT, Part.STARTED}), may_be_none=True
    ),
    Section.FAMILY_HISTORY: Shape(
        (Part.KIND, Part.TEXT, Part.COMMENT), frozenset({Part.KIND, Part.TEXT}), _FAMILY, may_be_none=True
    ),
    Section.BLOOD_GROUP: Shape(
        (Part.KIND, Part.COMMENT), frozenset({Part.KIND}), BLOOD_GROUPS, single=frozenset(BLOOD_GROUPS)
    ),
    Section.MEASURES: Shape(
        (Part.KIND, Part.VALUE, Part.STARTED, Part.COMMENT),
        frozenset({Part.KIND, Part.VALUE, Part.STARTED}),
        _MEASURES,
        longest=((Part.COMMENT, 150),),
    ),
    Section.LIFESTYLE: Shape(
        (Part.KIND, Part.TEXT, Part.COMMENT), frozenset({Part.KIND, Part.TEXT}), THEMES, single=frozenset(THEMES)
    ),
    Section.CONTACTS: Shape(
        (Part.KIND, Part.TEXT, Part.RELATION, Part.PHONE, Part.COMMENT),
        frozenset({Part.KIND, Part.TEXT, Part.PHONE}),
        _CONTACTS,
        single=frozenset({TRUSTED}),
    ),
}


def longest(section: Section, part: Part) -> int:
    """How many characters a part may have."""
    own = dict(SHAPES[section].longest)
    return own.get(part) or LONGEST.get(part, 40)


# --- what is typed ----------------------------------------------------------------------------------------------

_DAY_FIRST: Final = re.compile(r"(?:(?:([0-9]{1,2})[/. -])?([0-9]{1,2})[/. -])?([0-9]{4})")
_YEAR_FIRST: Final = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
# What turns the direction of writing around could make a text look like another one.
_TURNING: Final = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class NotADate(ValueError):
    """A text that is no date of the calendar, nor a month or a year of it."""


@dataclass(frozen=True, slots=True, order=True)
class PartialDate:
    """A year, a month of it, or a day of that; what is not known is 0."""

    year: int
    month: int = 0
    day: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.year <= 9999 or (self.day and not self.month):
            raise NotADate("a year, a month and a year, or a day is expected")
        try:
            date(self.year, self.month or 1, self.day or 1)
        except ValueError:
            raise NotADate("this day is in no calendar") from None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2019`, `03/2019`, `28/03/2019` (with dots, hyphens or spaces too), or the written form.

        Raises `NotADate`.
        """
        text = text.strip()
        found = _YEAR_FIRST.fullmatch(text)
        if found:
            return cls(int(found[1]), int(found[2] or 0), int(found[3] or 0))
        found = _DAY_FIRST.fullmatch(text)
        if not found:
            raise NotADate("a year, a month and a year, or a day is expected")
        if "0" in (found[1], found[2]) or "00" in (found[1], found[2]):
            raise NotADate("this day is in no calendar")
        return cls(int(found[3]), int(found[2] or 0), int(found[1] or 0))

    def __str__(self) -> str:
        """The written form: `2019`, `2019-03` or `2019-03-28`."""
        parts = [f"{self.year:04d}", *(f"{part:02d}" for part in (self.month, self.day) if part)]
        return "-".join(parts)

    @property
    def first(self) -> date:
        return date(self.year, self.month or 1, self.day or 1)

    @property
    def last(self) -> date:
        month = self.month or 12
        return date(self.year, month, self.day or monthrange(self.year, month)[1])


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """One entry of the profile; a part that the section does not have, or that is not said, is empty.

    Dates are in the written form of `PartialDate`. `nothing`: the holder says that there is nothing to tell in this
    section; then all parts are empty.
    """

    section: Section
    kind: str = ""
    text: str = ""
    relation: str = ""
    value: str = ""
    phone: str = ""
    dosage: str = ""
    started: str = ""
    ended: str = ""
    comment: str = ""
    nothing: bool = False

    @classmethod
    def typed(cls, section: Section, said: Mapping[str, str]) -> Self:
        """What a person typed, the parts of the section only: spaces made single, signs that cannot be seen left out.

        A date that can be read is put into its written form, any other stays as it was typed for the rules to refuse.
        """
        parts: dict[str, Any] = {"section": section}
        for part in SHAPES[section].parts:
            text = str(said.get(part.value) or "")
            lines = _clean(text).splitlines() if part in (Part.COMMENT, Part.DOSAGE) else [_clean(text)]
            kept = "\n".join(" ".join(line.split()) for line in lines).strip()
            if part in (Part.STARTED, Part.ENDED) and kept:
                with contextlib.suppress(NotADate):
                    kept = str(PartialDate.parse(kept))
            parts[part.value] = kept
        return cls(**parts)

    @classmethod
    def from_kept(cls, kept: Mapping[str, Any]) -> Self:
        """From what `kept` gave; names that are not known are passed over."""
        names = {field.name for field in fields(cls)} - {"section"}
        return cls(Section(kept["section"]), **{name: kept[name] for name in names if name in kept})

    def kept(self) -> dict[str, Any]:
        """The parts that are said, by their names."""
        return {name: value for name, value in asdict(self).items() if value}

    def part(self, part: Part) -> str:
        text: str = getattr(self, part.value)
        return text

    def __repr__(self) -> str:
        """Without what is said: a repr ends in logs and traces."""
        return f"Entry({self.section.value})"


def _clean(text: str) -> str:
    return "".join(
        one
        for one in unicodedata.normalize("NFC", text)
        if one not in _TURNING and (one in "\n\r\t" or unicodedata.category(one) not in ("Cc", "Cs", "Cn", "Co"))
    )


# --- measures ---------------------------------------------------------------------------------------------------

# From and to, in the unit shown. No public source has bounds: these leave out slips of the finger only.
BOUNDS: Final = {
    "weight": (Decimal("0.3"), Decimal(400)),
    "height": (Decimal(20), Decimal(250)),
    "waist": (Decimal(30), Decimal(250)),
    "heart-rate": (Decimal(20), Decimal(300)),
}
UNITS: Final = {"weight": "kg", "height": "cm", "waist": "cm", "heart-rate": "/min", "blood-pressure": "mmHg"}
PRESSURE_BOUNDS: Final = ((40, 300), (20, 200))

_NUMBER: Final = re.compile(r"[0-9]{1,4}(?:[.,][0-9]{1,2})?")
_PRESSURE: Final = re.compile(r"([0-9]{2,3}) ?[/-] ?([0-9]{2,3})")


def number(text: str) -> Decimal | None:
    """A number with a comma or a point, None for any other text."""
    try:
        return Decimal(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None
    except InvalidOperation:
        return None


def pressure(text: str) -> tuple[int, int] | None:
    """The two figures of a blood pressure written `128/76`, None for any other text."""
    found = _PRESSURE.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else None


def age(birth_date: date, on: date) -> int:
    """In whole years."""
    return on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))


def body_mass_index(weight: str, height: str) -> Decimal | None:
    """From a weight in kg and a height in cm, to one decimal; None when one is no number."""
    kilograms, centimetres = number(weight), number(height)
    if not kilograms or not centimetres:
        return None
    return (kilograms / (centimetres / 100) ** 2).quantize(Decimal("0.1"))
