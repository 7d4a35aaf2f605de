"""Registering establishments and professionals."""

from carnet.domain.identity.commands import keep_establishment
from carnet.domain.identity.models import Organization, Professional
from carnet.domain.identity.values import Finess, Rpps
from carnet.foundation.clock import now


def register_organization(
    finess: Finess, *, name: str, finess_ej: str = "", city: str = "", department: str = "", sector: str = ""
) -> Organization:
    """Register an establishment, or correct it; ``sector`` is its sector of activity (TRE_R02), when it is known."""
    return keep_establishment(finess, name=name, finess_ej=finess_ej, city=city, department=department, sector=sector)


def register_professional(
    rpps: Rpps, *, title: str, given_name: str, family_name: str, profession: str, specialty: str = ""
) -> Professional:
    found, _ = Professional.objects.update_or_create(
        rpps=str(rpps),
        defaults={
            "title": title,
            "given_name": given_name,
            "family_name": family_name,
            "profession": profession,
            "specialty": specialty,
            "qualifications": [{"profession": profession, "category": "", "skill_type": "", "skill": specialty}],
            "updated_at": now(),
        },
    )
    return found
