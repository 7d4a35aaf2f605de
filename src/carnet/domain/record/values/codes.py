"""Coded values of XDS metadata."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


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


class Confidentiality(StrEnum):
    """Visibility of a document (ANS, JDV_J08: HL7 levels and TRE_A07)."""

    NORMAL = "N"
    RESTRICTED = "R"
    VERY_RESTRICTED = "V"
    MASKED_FROM_PROFESSIONALS = "MASQUE_PS"
    INVISIBLE_TO_PATIENT = "INVISIBLE_PATIENT"
    INVISIBLE_TO_REPRESENTATIVES = "INVISIBLE_REPRESENTANTS_LEGAUX"

    @property
    def is_level(self) -> bool:
        """Whether this is one of the HL7 levels, of which every document carries one."""
        return self.value in LEVELS


LEVELS: Final = frozenset({"N", "R", "V"})
HL7_CONFIDENTIALITY: Final = "2.16.840.1.113883.5.25"
FRENCH_CONFIDENTIALITY: Final = "1.2.250.1.213.1.1.4.13"
CONFIDENTIALITY_SYSTEM: Final = {
    kind.value: HL7_CONFIDENTIALITY if kind.is_level else FRENCH_CONFIDENTIALITY for kind in Confidentiality
}
_LABELS: Final = {
    "N": "Normal",
    "R": "Restreint",
    "V": "Très restreint",
    "MASQUE_PS": "Masqué aux professionnels de santé",
    "INVISIBLE_PATIENT": "Non visible par le patient",
    "INVISIBLE_REPRESENTANTS_LEGAUX": "Non visible par les représentants légaux du patient",
}


def confidentiality_code(code: str) -> Code:
    """The full coded value of a confidentiality code; an unknown code keeps an empty system."""
    return Code(code, CONFIDENTIALITY_SYSTEM.get(code, ""), _LABELS.get(code, code))
