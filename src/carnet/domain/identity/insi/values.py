"""What is asked of the INSi service, and what it answers."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Self

from carnet.domain.identity.values import (
    Ins,
    InsOid,
    InvalidTrait,
    Sex,
    StrictTraits,
    Trait,
    TraitProblem,
)


class InsiCode(StrEnum):
    """The outcome of a search by traits (Cnam, téléservice INSi: CR codes)."""

    FOUND = "00"
    """One person has these traits."""
    NOBODY = "01"
    SEVERAL = "02"
    """More than one: a place of birth or more given names may tell them apart."""


class InsiTrouble(StrEnum):
    """Why the service gave no answer that can be used."""

    NOT_CONFIGURED = "not-configured"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    """It answered by a fault: it did not take the question, or it is out of order."""
    UNREADABLE = "unreadable"
    """It answered something else than was asked, or an INS of the other world: test in production, real elsewhere."""


class InsiAway(Exception):
    """The service gave no answer; `code` says why. No trait is ever in it."""

    def __init__(self, code: InsiTrouble, message: str) -> None:
        super().__init__(f"INSi: {message}")
        self.code = code


@dataclass(frozen=True, slots=True, repr=False)
class AskedTraits:
    """The traits of a search, in the writing of the register; the place of birth may be unknown (empty).

    `given_name` is the first given name, or several in their order.
    """

    birth_name: str
    given_name: str
    birth_date: date
    sex: Sex
    birth_place: str = ""

    @classmethod
    def read(cls, *, birth_name: str, given_name: str, birth_date: str | date, sex: str, birth_place: str = "") -> Self:
        """Traits in any case, with accents or not; hyphens and apostrophes stay, since they count.

        Raises `InvalidTrait` for the first that is missing or cannot be read.
        """
        traits = StrictTraits.read(
            birth_name=birth_name, given_names=given_name, birth_date=birth_date, sex=sex, birth_place=birth_place
        )
        _require(traits.birth_name, Trait.BIRTH_NAME, TraitProblem.NOT_REGISTER_LETTERS)
        _require(traits.given_names, Trait.GIVEN_NAMES, TraitProblem.NOT_REGISTER_LETTERS)
        if traits.birth_date is None:
            raise InvalidTrait(Trait.BIRTH_DATE, TraitProblem.NOT_A_DATE, "INSi needs it")
        if traits.sex not in (Sex.MALE, Sex.FEMALE):
            raise InvalidTrait(Trait.SEX, TraitProblem.NOT_A_SEX, "INSi needs M or F")
        return cls(traits.birth_name, traits.given_names_text, traits.birth_date, traits.sex, traits.birth_place)

    def __repr__(self) -> str:
        """Without the traits: a repr ends in logs and traces."""
        return "AskedTraits(…)"


def _require(value: object, trait: Trait, problem: TraitProblem) -> None:
    if not value:
        raise InvalidTrait(trait, problem, "INSi needs it")


@dataclass(frozen=True, slots=True, repr=False)
class FoundIdentity:
    """The identity that the service gave: the INS, its authority and the strict traits of the register."""

    ins: Ins
    oid: InsOid
    traits: StrictTraits

    def __repr__(self) -> str:
        return "FoundIdentity(…)"


@dataclass(frozen=True, slots=True)
class InsiAnswer:
    """The outcome of a search; `identity` is there with `FOUND` and only then."""

    code: InsiCode
    identity: FoundIdentity | None = None

    def __post_init__(self) -> None:
        if (self.code is InsiCode.FOUND) != (self.identity is not None):
            raise ValueError("one identity with code 00, none with another")
