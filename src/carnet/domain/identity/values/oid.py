"""Object identifiers: the names that code systems and authorities have in HL7, IHE and French texts."""

import re
from enum import StrEnum
from typing import Self

MAX_OID_LENGTH = 64

_OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+")
_URN_PREFIX = "urn:oid:"


class OidProblem(StrEnum):
    """Why a text is not an OID."""

    EMPTY = "empty"
    TOO_LONG = "too-long"
    MALFORMED = "malformed"


class InvalidOid(ValueError):
    """A text that is not an OID; `code` says why, the message never repeats the text."""

    def __init__(self, code: OidProblem, message: str) -> None:
        super().__init__(message)
        self.code = code


class Oid(str):
    """An OID in dotted form, at most 64 characters (CI-SIS, IHE ITI TF-3 §4.2.3.1; arcs by ITU-T X.660).

    >>> Oid.parse("urn:oid:1.2.250.1.213.1.4.10")
    Oid('1.2.250.1.213.1.4.10')
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if not text:
            raise InvalidOid(OidProblem.EMPTY, "an OID is expected, the text is empty")
        if len(text) > MAX_OID_LENGTH:
            raise InvalidOid(
                OidProblem.TOO_LONG,
                f"an OID has at most {MAX_OID_LENGTH} characters, this one has {len(text)}",
            )
        if not _OID.fullmatch(text) or not _second_arc_is_in_range(text):
            raise InvalidOid(
                OidProblem.MALFORMED,
                "an OID is numbers joined by dots, such as 1.2.250.1.213: no leading zero, 0 to 2 first",
            )
        return super().__new__(cls, text)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an OID written with or without `urn:oid:` and spaces around it; raises `InvalidOid`."""
        text = text.strip()
        if text[: len(_URN_PREFIX)].lower() == _URN_PREFIX:
            text = text[len(_URN_PREFIX) :]
        return cls(text)

    @property
    def urn(self) -> str:
        """The OID as FHIR and IHE write it in a `system` or a `masterIdentifier`: `urn:oid:…`."""
        return f"{_URN_PREFIX}{self}"

    def is_under(self, root: str) -> bool:
        """True when this OID is `root` or lies below it."""
        return self == root or self.startswith(f"{root}.")

    def __repr__(self) -> str:
        return f"Oid({str(self)!r})"


def _second_arc_is_in_range(text: str) -> bool:
    """Below 0 and 1 there are forty arcs only (ITU-T X.660 §7.6)."""
    first, second = text.split(".", 2)[:2]
    return first == "2" or int(second) < 40
