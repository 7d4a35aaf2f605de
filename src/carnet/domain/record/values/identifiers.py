"""Identifiers of documents and patients."""

import re
from dataclasses import dataclass
from typing import Final, Self

from carnet.domain.record.values import hl7_text

# CI-SIS, "Référentiel INS": NIR, NIA, NIR of test, NIR of demonstration.
INS_OIDS: Final = frozenset(
    {"1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9", "1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.11"}
)

_OID: Final = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_EXTENSION: Final = re.compile(r"[\x21-\x5d\x5f-\x7e]{1,63}")
_ENTRY_UUID: Final = re.compile(r"urn:uuid:[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def is_oid(text: str) -> bool:
    """An ISO object identifier in dotted form, 64 characters at most (IHE ITI TF-2 Appendix B)."""
    return len(text) <= 64 and _OID.fullmatch(text) is not None


def is_uuid(text: str) -> bool:
    """A bare UUID, as CDA allows for an identifier's root."""
    return _UUID.fullmatch(text) is not None


def is_unique_id(text: str) -> bool:
    """An XDSDocumentEntry.uniqueId: an OID, or `root^extension` of a CDA id (IHE ITI TF-3 §4.2.3.2.26)."""
    root, mark, extension = text.partition("^")
    if not is_oid(root) or len(text) > 128:
        return False
    return not mark or _EXTENSION.fullmatch(extension) is not None


def is_entry_uuid(text: str) -> bool:
    """An entryUUID: `urn:uuid:` and a UUID (IHE ITI TF-3 §4.2.3.2.9)."""
    return _ENTRY_UUID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class PatientId:
    """A patient's identifier and the OID of who gave it."""

    matricule: str
    oid: str

    @property
    def is_ins(self) -> bool:
        """Whether the identifier claims to be an INS (its key is not checked here)."""
        return self.oid in INS_OIDS

    @classmethod
    def from_cx(cls, text: str) -> Self | None:
        """Read a CX, `id^^^&oid&ISO^type`; None when the identifier is empty."""
        matricule = hl7_text.component(text, 1)
        if not matricule:
            return None
        return cls(matricule, hl7_text.authority_oid(hl7_text.raw_component(text, 4)))

    def to_cx(self) -> str:
        """Write a CX with components 1, 4 and 5: type NH for an INS, PI otherwise (CI-SIS, Partage de documents)."""
        kind = "NH" if self.is_ins else "PI"
        parts = {1: hl7_text.escape(self.matricule), 4: hl7_text.authority(self.oid), 5: kind}
        return hl7_text.join(parts)
