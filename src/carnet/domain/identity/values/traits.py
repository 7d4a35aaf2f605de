"""The strict traits: what the civil register says of a person, and by which their INS is found (RNIV).

Five of them are the least that an identity needs: birth name, first given name, birth date, sex, place of
birth. The list of given names is the sixth; the INS itself the seventh.
"""

import re
import unicodedata
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Self

UNKNOWN_BIRTH_PLACE = "99999"
MAX_NAME_LENGTH = 255

_NAME = re.compile(r"(?=.*[A-Z])[A-Z'-]+(?: [A-Z'-]+)*")
_PLACE = re.compile(r"(?:[0-9]{2}|2A|2B)[0-9]{3}")
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?(?:-([0-9]{2}))?")

_APOSTROPHES = "’‘‛ʼʹ′`´＇"
_HYPHENS = "‐‑‒–—−﹣－"
# Letters that Unicode does not decompose, as French registers write them.
_LETTERS = {"Æ": "AE", "Œ": "OE", "Ø": "O", "Ð": "D", "Đ": "D", "Þ": "TH", "Ł": "L", "Ħ": "H", "ẞ": "SS"}
_TO_REGISTER = str.maketrans({**dict.fromkeys(_APOSTROPHES, "'"), **dict.fromkeys(_HYPHENS, "-"), **_LETTERS})


class Trait(StrEnum):
    """The traits, by the name of their field."""

    BIRTH_NAME = "birth_name"
    GIVEN_NAMES = "given_names"
    FIRST_GIVEN_NAME = "first_given_name"
    BIRTH_DATE = "birth_date"
    SEX = "sex"
    BIRTH_PLACE = "birth_place"


MINIMUM_TRAITS = (
    Trait.BIRTH_NAME,
    Trait.FIRST_GIVEN_NAME,
    Trait.BIRTH_DATE,
    Trait.SEX,
    Trait.BIRTH_PLACE,
)


class Sex(StrEnum):
    """Sex of the civil register; I when it is not known."""

    MALE = "M"
    FEMALE = "F"
    UNKNOWN = "I"


class TraitProblem(StrEnum):
    """Why a text is not a trait."""

    TOO_LONG = "too-long"
    NOT_REGISTER_LETTERS = "not-register-letters"
    NOT_A_DATE = "not-a-date"
    NOT_A_SEX = "not-a-sex"
    NOT_A_PLACE = "not-a-place"


class InvalidTrait(ValueError):
    """A text that is not the trait expected: `trait` says which, `code` why. The message never repeats the
    text.
    """

    def __init__(self, trait: Trait, code: TraitProblem, message: str) -> None:
        super().__init__(f"{trait.value}: {message}")
        self.trait = trait
        self.code = code


def register_name(text: str, trait: Trait = Trait.BIRTH_NAME) -> str:
    """A name as the civil register and INSi write it: capitals A to Z, no accent, apostrophes and hyphens
    kept.

    Ligatures are spelled out, typographic apostrophes and dashes become plain, spaces are made single. An
    empty text stays empty. What has no such writing (digits, another alphabet, punctuation) raises
    `InvalidTrait`: a person transliterates it, not a program.

    >>> register_name("d’Éstève  Œuvrard")
    "D'ESTEVE OEUVRARD"
    """
    _require_length(text, trait)
    capitals = unicodedata.normalize("NFKD", text).upper()
    plain = unicodedata.normalize("NFD", capitals).translate(_TO_REGISTER)
    kept = "".join(character for character in plain if not unicodedata.combining(character))
    name = " ".join(kept.split())
    _require_length(name, trait)
    if name and not _NAME.fullmatch(name):
        raise InvalidTrait(
            trait, TraitProblem.NOT_REGISTER_LETTERS, "letters A to Z, spaces, apostrophes and hyphens only"
        )
    return name


def interpret_birth_date(text: str) -> date:
    """A birth date written `YYYY-MM-DD`, `YYYY-MM` or `YYYY`, where 00 stands for a day or a month not
    known.

    RNIV, interpretation of incomplete dates: a day not known is read as the first of its month, a month not
    known as January, and 31 December when neither is known. Raises `InvalidTrait`, the year being always
    needed.
    """
    found = _DATE.fullmatch(text.strip()) if len(text) <= MAX_NAME_LENGTH else None
    if found:
        year, month, day = int(found[1]), int(found[2] or 0), int(found[3] or 0)
        if not month and not day:
            month, day = 12, 31
        try:
            return date(year, month or 1, day or 1)
        except ValueError:
            pass
    raise InvalidTrait(
        Trait.BIRTH_DATE,
        TraitProblem.NOT_A_DATE,
        "a date of the calendar, YYYY-MM-DD, 00 for what is not known",
    )


@dataclass(frozen=True, slots=True, repr=False)
class StrictTraits:
    """The strict traits in the writing of the register; a trait that is not known is empty or None.

    The constructor takes that writing only and raises `InvalidTrait`; `read` takes what people and systems
    send.
    """

    birth_name: str = ""
    given_names: tuple[str, ...] = ()
    first_given_name: str = ""
    birth_date: date | None = None
    sex: Sex | None = None
    birth_place: str = ""

    def __post_init__(self) -> None:
        _require_register_name(self.birth_name, Trait.BIRTH_NAME)
        for name in self.given_names:
            if not name or " " in name:
                raise InvalidTrait(Trait.GIVEN_NAMES, TraitProblem.NOT_REGISTER_LETTERS, "one name an entry")
            _require_register_name(name, Trait.GIVEN_NAMES)
        _require_register_name(self.first_given_name, Trait.FIRST_GIVEN_NAME)
        if self.birth_place and not _PLACE.fullmatch(self.birth_place):
            raise InvalidTrait(
                Trait.BIRTH_PLACE,
                TraitProblem.NOT_A_PLACE,
                "5 characters of the official geographic code: a commune, or 99 and a country",
            )

    @classmethod
    def read(
        cls,
        *,
        birth_name: str = "",
        given_names: str = "",
        first_given_name: str = "",
        birth_date: str | date | None = None,
        sex: str = "",
        birth_place: str = "",
    ) -> Self:
        """Traits in any case, with accents or not; raises `InvalidTrait` for the first that cannot be read.

        `given_names` are separated by spaces (commas are taken too), as INSi gives them; when
        `first_given_name` is empty it is the first of them.
        """
        listed = tuple(register_name(given_names.replace(",", " "), Trait.GIVEN_NAMES).split())
        first = register_name(first_given_name, Trait.FIRST_GIVEN_NAME) or (listed[0] if listed else "")
        when = birth_date if isinstance(birth_date, date) else _date_or_none(birth_date or "")
        return cls(
            birth_name=register_name(birth_name, Trait.BIRTH_NAME),
            given_names=listed,
            first_given_name=first,
            birth_date=when,
            sex=_sex_or_none(sex),
            birth_place=birth_place.strip().upper(),
        )

    @property
    def given_names_text(self) -> str:
        """The given names separated by spaces, as INSi exchanges them."""
        return " ".join(self.given_names)

    @property
    def first_given_name_begins_list(self) -> bool:
        """True when the list is empty or starts with the first given name, which may itself hold a space."""
        return not self.given_names or f"{self.given_names_text} ".startswith(f"{self.first_given_name} ")

    @property
    def born_abroad(self) -> bool:
        return self.birth_place.startswith("99") and self.birth_place != UNKNOWN_BIRTH_PLACE

    @property
    def birth_place_is_unknown(self) -> bool:
        return self.birth_place in ("", UNKNOWN_BIRTH_PLACE)

    def missing(self) -> tuple[Trait, ...]:
        """Which of the five traits that an identity needs at least are not there."""
        return tuple(trait for trait in MINIMUM_TRAITS if not getattr(self, trait.value))

    def differs_from(self, other: "StrictTraits") -> tuple[Trait, ...]:
        """The traits whose writing is not the same; hyphens and spaces count, as they do for INSi."""
        return tuple(
            Trait(field.name) for field in fields(self) if getattr(self, field.name) != getattr(other, field.name)
        )

    def __repr__(self) -> str:
        """Without the traits: a repr ends in logs and traces, where no name may be."""
        return "StrictTraits(…)"


def _require_length(text: str, trait: Trait) -> None:
    if len(text) > MAX_NAME_LENGTH:
        raise InvalidTrait(trait, TraitProblem.TOO_LONG, f"at most {MAX_NAME_LENGTH} characters, here are {len(text)}")


def _require_register_name(name: str, trait: Trait) -> None:
    _require_length(name, trait)
    if name and not _NAME.fullmatch(name):
        raise InvalidTrait(
            trait,
            TraitProblem.NOT_REGISTER_LETTERS,
            "capitals A to Z, single spaces, apostrophes and hyphens only",
        )


def _date_or_none(text: str) -> date | None:
    return interpret_birth_date(text) if text.strip() else None


def _sex_or_none(text: str) -> Sex | None:
    letter = text.strip().upper()
    if not letter:
        return None
    try:
        return Sex(letter)
    except ValueError:
        raise InvalidTrait(Trait.SEX, TraitProblem.NOT_A_SEX, "M, F, or I when it is not known") from None
