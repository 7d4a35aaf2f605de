"""The small code lists that decisions name, as enumerations, and what a look-up gives back."""

from dataclasses import dataclass
from enum import StrEnum

from carnet.domain.nomenclature import oids


@dataclass(frozen=True, slots=True)
class DocumentType:
    """A typeCode of the national lists (ANS, JDV_J07 and JDV_J66)."""

    code: str
    system: str
    label_fr: str
    class_code: str
    """The class that ANS associates with the type, or empty when it associates none."""
    in_dmp: bool
    """True for what the DMP takes (JDV_J66); False for what only CI-SIS exchanges know."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code, its system and its official French label."""

    code: str
    system: str
    label_fr: str


class Category(StrEnum):
    """The fifteen drawers in which Mon espace santé shows documents to their holder."""

    SYNTHESE = "SYNTHESE"
    ORD_SOIN = "ORD_SOIN"
    RADIO_SC = "RADIO_SC"
    BIOLOGIE = "BIOLOGIE"
    CPT_REND = "CPT_REND"
    DEPISTAG = "DEPISTAG"
    CERT_MED = "CERT_MED"
    AUTR_DOC = "AUTR_DOC"
    DOC_ADM = "DOC_ADM"
    SYNTH_PML = "SYNTH_PML"
    DIR_ANT = "DIR_ANT"
    CAR_VAC = "CAR_VAC"
    VDP = "VDP"
    REMB = "REMB"
    QUEST_SANTE = "QUEST_SANTE"


class Confidentiality(StrEnum):
    """The codes of an entry's confidentialityCode: a level of HL7, and who may not see it (ANS, JDV_J58)."""

    NORMAL = "N"
    RESTRICTED = "R"
    VERY_RESTRICTED = "V"
    MASQUE_PS = "MASQUE_PS"
    INVISIBLE_PATIENT = "INVISIBLE_PATIENT"
    INVISIBLE_REPRESENTANTS_LEGAUX = "INVISIBLE_REPRESENTANTS_LEGAUX"

    @classmethod
    def parse(cls, text: str) -> "Confidentiality | None":
        """The code that `text` writes, None for another; takes the short form of the HL7 v2 flows too."""
        written = text.strip().upper()
        if written == "INVISIBLE_REP_LEGAUX":
            return cls.INVISIBLE_REPRESENTANTS_LEGAUX
        try:
            return cls(written)
        except ValueError:
            return None

    @property
    def is_level(self) -> bool:
        """True for a level of HL7, of which every entry has one; False for a restriction of audience."""
        return self in (Confidentiality.NORMAL, Confidentiality.RESTRICTED, Confidentiality.VERY_RESTRICTED)

    @property
    def system(self) -> str:
        """The OID of the code system: HL7's for the levels, TRE_A07 for the restrictions of audience."""
        return oids.HL7_CONFIDENTIALITY if self.is_level else oids.TRE_A07_VISIBILITY

    @property
    def label_fr(self) -> str:
        return _CONFIDENTIALITY_LABELS[self]


_CONFIDENTIALITY_LABELS = {
    Confidentiality.NORMAL: "Normal",
    Confidentiality.RESTRICTED: "Restreint",
    Confidentiality.VERY_RESTRICTED: "Très restreint",
    Confidentiality.MASQUE_PS: "Masqué aux professionnels de santé",
    Confidentiality.INVISIBLE_PATIENT: "Non visible par le patient",
    Confidentiality.INVISIBLE_REPRESENTANTS_LEGAUX: "Non visible par représentants légaux du patient",
}
