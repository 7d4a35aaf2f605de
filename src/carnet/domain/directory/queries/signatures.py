"""Who signs what a mailbox sends: the professional and the establishment, by their national identifiers."""

from dataclasses import dataclass
from uuid import UUID

from carnet.domain.directory.models import Mailbox, Practice
from carnet.domain.directory.queries.labels import label_of
from carnet.domain.directory.queries.professionals import professional_name
from carnet.domain.identity.models import Professional


@dataclass(frozen=True)
class Signature:
    """A professional who writes for a mailbox, and the structure that they write for.

    ``person_id`` is the PS_IdNat (8 and the RPPS), ``structure_id`` the Struct_IdNat (1 and the FINESS, or as the
    directory has it; empty for a practice that it does not know). ``specialty`` is a code of JDV_J01 (``G15_10/SM04``),
    ``skill`` its words; ``sector`` a code of TRE_R02, empty when unknown.
    """

    person_id: str
    title: str
    given_name: str
    family_name: str
    name: str
    specialty: str
    skill: str
    structure_id: str
    structure: str
    service: str
    city: str
    sector: str


# ANS, TRE_G15: the professions met most, for an installation that has imported no extraction yet.
_PROFESSIONS = {
    "10": "Médecin",
    "21": "Pharmacien",
    "40": "Chirurgien-Dentiste",
    "50": "Sage-Femme",
    "60": "Infirmier",
    "70": "Masseur-Kinésithérapeute",
}


def signature_of(mailbox_id: UUID, rpps: str) -> Signature | None:
    """How this professional signs for this mailbox; None for one that the directory does not know."""
    person = Professional.objects.filter(rpps=rpps).first()
    box = Mailbox.objects.select_related("organization", "structure").filter(id=mailbox_id).first()
    if person is None or box is None:
        return None
    organization, structure = box.organization, box.structure
    practice = Practice.objects.filter(professional_id=rpps, structure=structure, active=True).first()
    sector = (practice.sector if practice else "") or (structure.sector if structure else "")
    profession = label_of("TRE_G15-ProfessionSante", person.profession) or _PROFESSIONS.get(person.profession, "")
    specialty = label_of("TRE_R38-SpecialiteOrdinale", person.specialty)
    return Signature(
        person_id=f"8{person.rpps}",
        title=person.title,
        given_name=person.given_name,
        family_name=person.family_name,
        name=professional_name(person),
        specialty=f"G15_{person.profession}" + (f"/{person.specialty}" if person.specialty else ""),
        skill=" - ".join(part for part in (profession, specialty) if part),
        structure_id=f"1{organization.finess}" if organization else (structure.id_nat if structure else ""),
        structure=organization.name if organization else (structure.name if structure else box.label),
        service=box.service,
        city=organization.city if organization else (structure.city if structure else ""),
        sector=sector,
    )
