"""The national health identity of a person: a matricule (INS) and the authority that gave it (an OID)."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from carnet.domain.identity.values.oid import InvalidOid, Oid

INS_LENGTH = 15
BODY_LENGTH = 13

# Longer than any printed form with its separators: what is beyond is not read at all.
_MAX_TEXT = 64
# Python's \s covers the no-break spaces of French printing (U+00A0, U+202F).
_SEPARATORS = re.compile(r"[\s.]+")
_BODY = r"[1278][0-9]{2}(?:0[1-9]|1[0-2]|[2-9][0-9])(?:[0-9]{2}|2A|2B)[0-9]{6}"
_BODY_ONLY = re.compile(_BODY)
_BODY_AND_KEY = re.compile(_BODY + r"[0-9]{2}")
# From the left: sex, year, month, department, commune, order, key.
_GROUPS = ((0, 1), (1, 3), (3, 5), (5, 7), (7, 10), (10, 13), (13, 15))


class InsProblem(StrEnum):
    """Why a text is not an INS."""

    EMPTY = "empty"
    WRONG_LENGTH = "wrong-length"
    WRONG_STRUCTURE = "wrong-structure"
    WRONG_KEY = "wrong-key"


class InvalidIns(ValueError):
    """A text that is not an INS. `code` says why; the message never holds more of the number than its key."""

    def __init__(self, code: InsProblem, message: str) -> None:
        super().__init__(message)
        self.code = code


class Ins(str):
    """The matricule of a person: 13 characters (NIR or NIA) and a key of two digits, 15 in all.

    Made of sex (1 or 2; 7 or 8 on a waiting number), year (2), month (2), department (2, with 2A and 2B for
    Corsica), commune (3), order (3), key (2). Months from 20 stand for births whose month is not known
    (INSEE, composition of the NIR; Cnam, assurance-maladie-digital/nir-validation). The constructor takes
    the written form only; `parse` takes what people and systems send.

    >>> Ins.parse("2 79 03 51 215 189 89").display
    '2 79 03 51 215 189 89'
    """

    __slots__ = ()

    def __new__(cls, text: str, *, check_key: bool = True) -> Self:
        """Hold `text`, already in its written form; raises `InvalidIns`.

        `check_key=False` lets a wrong key through, for what is imported from official samples or read back
        from where it was already accepted.
        """
        _require_structure(text, _BODY_AND_KEY, INS_LENGTH)
        ins = super().__new__(cls, text)
        if check_key and not ins.key_is_valid:
            raise InvalidIns(
                InsProblem.WRONG_KEY,
                f"INS key is {ins.key}, expected {ins.expected_key}: "
                "an INS is 13 characters + key 97 - (number mod 97), 15 in all",
            )
        return ins

    @classmethod
    def parse(cls, text: str, *, check_key: bool = True) -> Self:
        """Read an INS of 15 characters, with spaces or dots between, and 2a/2b in either case.

        Raises `InvalidIns`. A text of 13 characters is refused here: `from_body` computes the key.
        """
        return cls(_bare(text), check_key=check_key)

    @classmethod
    def from_body(cls, thirteen: str) -> Self:
        """Make the INS of a number of 13 characters by computing its key; raises `InvalidIns`."""
        body = _bare(thirteen)
        _require_structure(body, _BODY_ONLY, BODY_LENGTH)
        return cls(f"{body}{ins_key(body)}")

    @property
    def body(self) -> str:
        """The first 13 characters: the NIR or NIA itself."""
        return self[:BODY_LENGTH]

    @property
    def key(self) -> str:
        """The two digits that were written as the key."""
        return self[BODY_LENGTH:]

    @property
    def expected_key(self) -> str:
        """The two digits that the key should be."""
        return ins_key(self.body)

    @property
    def key_is_valid(self) -> bool:
        return self.key == self.expected_key

    @property
    def sex_digit(self) -> str:
        """The first digit: 1 or 2, 7 or 8 on a waiting number. It is not the sex of the strict traits."""
        return self[0]

    @property
    def display(self) -> str:
        """As printed on a card: groups of 1 2 2 2 3 3 2 with spaces between."""
        return " ".join(self[start:end] for start, end in _GROUPS)

    def __repr__(self) -> str:
        """Without the number: a repr ends in logs and traces, where no INS may be."""
        return "Ins(…)"

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        # A copy or an unpickled value was accepted once already, even with a wrong key.
        return (str(self),), {"check_key": False}


def ins_key(body: str) -> str:
    """The key of 13 characters, two digits from 01 to 97.

    INS key: 97 - N mod 97, N being the 13 digits once 2A is read 19 and 2B is read 18 (INSEE).
    `body` must already have the structure of an INS.
    """
    digits = body.replace("2A", "19", 1) if "A" in body else body.replace("2B", "18", 1)
    return f"{97 - int(digits) % 97:02d}"


def _bare(text: str) -> str:
    """The text without its separators, in capitals."""
    if len(text) > _MAX_TEXT:
        raise InvalidIns(InsProblem.WRONG_LENGTH, f"an INS is {INS_LENGTH} characters, this text has {len(text)}")
    return _SEPARATORS.sub("", text).upper()


def _require_structure(text: str, pattern: re.Pattern[str], length: int) -> None:
    if not text:
        raise InvalidIns(InsProblem.EMPTY, f"an INS of {length} characters is expected, the text is empty")
    if len(text) != length:
        raise InvalidIns(
            InsProblem.WRONG_LENGTH,
            f"{length} characters are expected (an INS is 13 + a key of 2), here are {len(text)}",
        )
    if not pattern.fullmatch(text):
        raise InvalidIns(
            InsProblem.WRONG_STRUCTURE,
            "an INS is sex (1, 2, 7 or 8), year (2 digits), month (01 to 12, or 20 to 99), "
            "department (2 digits, 2A or 2B), commune (3), order (3), key (2 digits)",
        )


class InsOid(StrEnum):
    """The authorities that give an INS (ANS, « Liste des OID des autorités d'affectation des INS »)."""

    NIR = "1.2.250.1.213.1.4.8"
    NIA = "1.2.250.1.213.1.4.9"
    NIR_TEST = "1.2.250.1.213.1.4.10"
    NIR_DEMO = "1.2.250.1.213.1.4.11"

    @classmethod
    def parse(cls, text: str) -> "InsOid":
        """Read one of the four OIDs, with or without `urn:oid:`; raises `InvalidIdentifier`."""
        try:
            return cls(str(Oid.parse(text)))
        except (InvalidOid, ValueError) as error:
            raise InvalidIdentifier(
                IdentifierProblem.UNKNOWN_AUTHORITY,
                "the authority of an INS is 1.2.250.1.213.1.4.8 (NIR), .9 (NIA), .10 (test) or .11 (demo)",
            ) from error

    @property
    def is_test(self) -> bool:
        """True for the authorities whose numbers name nobody: test and demonstration."""
        return self in (InsOid.NIR_TEST, InsOid.NIR_DEMO)

    @property
    def label(self) -> str:
        """The code of the French core FHIR profiles (fr-core-cs-v2-0203)."""
        return _OID_LABELS[self]

    @property
    def urn(self) -> str:
        """The FHIR `system` of an identifier given by this authority."""
        return f"urn:oid:{self.value}"


_OID_LABELS = {
    InsOid.NIR: "INS-NIR",
    InsOid.NIA: "INS-NIA",
    InsOid.NIR_TEST: "INS-NIR-TEST",
    InsOid.NIR_DEMO: "INS-NIR-DEMO",
}


class IdentifierProblem(StrEnum):
    """Why a text is not an INS with its authority."""

    TOO_LONG = "too-long"
    NO_AUTHORITY = "no-authority"
    UNKNOWN_AUTHORITY = "unknown-authority"
    WRONG_AUTHORITY_TYPE = "wrong-authority-type"


class InvalidIdentifier(ValueError):
    """A text that does not hold an INS and its authority; `code` says why."""

    def __init__(self, code: IdentifierProblem, message: str) -> None:
        super().__init__(message)
        self.code = code


_MAX_CX = 256


@dataclass(frozen=True, slots=True)
class InsIdentifier:
    """An INS and the authority that gave it: the two together are what names a person."""

    ins: Ins
    oid: InsOid

    def cx(self) -> str:
        """The HL7 CX form of an XDS patientId: CX.1, CX.4 and CX.5 only (CI-SIS, volet Partage de
        documents).
        """
        return f"{self.ins}^^^&{self.oid.value}&ISO^NH"

    @classmethod
    def parse_cx(cls, text: str, *, check_key: bool = True) -> Self:
        """Read a CX: the name of the authority, the type code and what follows it are passed over.

        Taken: `…^^^&OID&ISO^NH`, `…^^^ASIP-SANTE-INS-NIR&OID&ISO^INS`, the same with `&amp;` for `&`, and a
        missing type code. Raises `InvalidIns` for the number, `InvalidIdentifier` for the authority.
        """
        if len(text) > _MAX_CX:
            raise InvalidIdentifier(
                IdentifierProblem.TOO_LONG, f"a CX has at most {_MAX_CX} characters, this one has {len(text)}"
            )
        parts = text.strip().replace("&amp;", "&").split("^")
        authority = parts[3].split("&") if len(parts) > 3 else []
        if len(authority) < 2:
            raise InvalidIdentifier(
                IdentifierProblem.NO_AUTHORITY,
                "the fourth part of the CX names the authority: number^^^&OID&ISO^NH",
            )
        if len(authority) > 2 and authority[2].strip().upper() not in ("", "ISO"):
            raise InvalidIdentifier(
                IdentifierProblem.WRONG_AUTHORITY_TYPE, "the authority of an INS is an OID, of type ISO"
            )
        return cls(Ins.parse(parts[0], check_key=check_key), InsOid.parse(authority[1]))
