"""Coded values of XDS metadata."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from carnet.domain.nomenclature.values import Confidentiality


@dataclass(frozen=True, slots=True)
class Code:
    """A code, the OID (or name) of its system, and its label."""

    code: str
    system: str
    label: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What two codes are compared by: the label does not count."""
        return self.code, self.system


class AvailabilityStatus(StrEnum):
    """Status of a document in the record (ANS, JDV_J52)."""

    APPROVED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
    DEPRECATED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated"
    ARCHIVED = "urn:asip:ci-sis:2010:StatusType:Archived"
    DELETED = "urn:asip:ci-sis:2010:StatusType:Deleted"

    @classmethod
    def read(cls, text: str) -> "AvailabilityStatus | None":
        """Read a status by its URN, or by its last word as ebXML 2.1 writes it; None when unknown."""
        word = text.rpartition(":")[2].strip().lower()
        return next((status for status in cls if status.value.rpartition(":")[2].lower() == word), None)


LEVELS: Final = frozenset(kind.value for kind in Confidentiality if kind.is_level)
"""The HL7 levels, of which every document carries one."""


def confidentiality_code(code: str) -> Code:
    """The full coded value of a confidentiality code; an unknown code keeps an empty system."""
    try:
        known = Confidentiality(code)
    except ValueError:
        return Code(code, "", code)
    return Code(code, known.system, known.label_fr)
