"""The identifiers, code systems and extensions of the Annuaire Santé's profiles (ANS, IG-fhir-annuaire 1.x)."""

from functools import cache
from typing import Final

ANNUAIRE: Final = "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition"
FR_CORE: Final = "https://hl7.fr/ig/fhir/core"
HL7: Final = "http://hl7.org/fhir/StructureDefinition"

RPPS: Final = "https://rpps.esante.gouv.fr"
ID_NAT_PS: Final = "urn:oid:1.2.250.1.71.4.2.1"
FINESS: Final = "https://finess.esante.gouv.fr"
ID_NAT_STRUCT: Final = "urn:oid:1.2.250.1.71.4.2.2"
SIRENE: Final = "https://sirene.fr"
RPPS_RANK: Final = "https://rppsrang.esante.gouv.fr"
ADELI_RANK: Final = "https://adelirang.esante.gouv.fr"
TECHNICAL: Final = "https://annuaire.sante.fr"
URI: Final = "urn:ietf:rfc:3986"
IDENTIFIER_TYPES: Final = f"{FR_CORE}/CodeSystem/fr-core-cs-v2-0203"
ORGANIZATION_TYPES: Final = f"{FR_CORE}/CodeSystem/fr-core-cs-v2-3307"

MAILBOX_METADATA: Final = f"{ANNUAIRE}/as-ext-mailbox-mss-metadata"
ORGANIZATION_TYPE: Final = f"{ANNUAIRE}/as-ext-organization-types"
EMAIL_TYPE: Final = f"{FR_CORE}/StructureDefinition/fr-core-contact-point-email-type"
INSEE_CODE: Final = f"{FR_CORE}/StructureDefinition/fr-core-address-insee-code"
SUBSETTED: Final = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}

TYPE_OF_MESSAGING: Final = "TRE_R256-TypeMessagerie"
TYPE_OF_MAILBOX: Final = "TRE_R257-TypeBAL"
PROFESSION: Final = "TRE_G15-ProfessionSante"
CATEGORY: Final = "TRE_R09-CategorieProfessionnelle"
SKILL_TYPE: Final = "TRE_R04-TypeSavoirFaire"
MODE: Final = "TRE_R23-ModeExercice"
GENRE: Final = "TRE_R22-GenreActivite"
FUNCTION: Final = "TRE_R21-Fonction"
SECTOR: Final = "TRE_R02-SecteurActivite"
SECTION: Final = "TRE_G05-SousSectionTableauCNOP"
COMMUNE: Final = "TRE_R13-Commune"
_SKILLS = {
    "S": "TRE_R38-SpecialiteOrdinale",
    "C": "TRE_R39-Competence",
    "CEX": "TRE_R40-CompetenceExclusive",
    "DNQ": "TRE_R42-DESCnonQualifiant",
    "CAPA": "TRE_R43-CapaciteSavoirFaire",
    "PAC": "TRE_R44-QualificationPAC",
    "FQ": "TRE_R45-FonctionQualifiee",
    "DEC": "TRE_R97-DroitExerciceCompl",
    "OP": "TRE_G13-OrientationParticuliere",
}


@cache
def nos(code_list: str) -> str:
    """The canonical address of a list of the NOS: ``TRE_R23-ModeExercice`` →
    ``https://mos.esante.gouv.fr/NOS/TRE_R23-ModeExercice/FHIR/TRE-R23-ModeExercice``."""
    return f"https://mos.esante.gouv.fr/NOS/{code_list}/FHIR/{code_list.replace('_', '-', 1)}"


def skills(skill_type: str) -> str:
    """The list of savoir-faire of a type (TRE_R04); the ordinal specialties for one that is not known."""
    return _SKILLS.get(skill_type, _SKILLS["S"])


ALL_SKILLS: Final = tuple(_SKILLS.values())
