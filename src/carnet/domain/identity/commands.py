"""Writing identities."""

from dataclasses import asdict
from uuid import UUID

import orjson
from django.conf import settings

from carnet.domain.identity.models import Organization, Person, Structure
from carnet.domain.identity.rules import may_use_oid
from carnet.domain.identity.values import Finess, IdentityStatus, Ins, InsOid, StrictTraits
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import create_owner_keys, owner_key


class IdentityRefused(Exception):
    """An identity cannot be kept here; the message says why, without the identity."""


def register_person(ins: Ins, oid: InsOid, traits: StrictTraits, status: IdentityStatus) -> UUID:
    """Keep a person's identity, its traits sealed under a key of the person's own. Returns the person's id.

    Raises ``IdentityRefused`` when the INS is of the other world: test numbers in production, real ones elsewhere.
    """
    decision = may_use_oid(oid, production=settings.CARNET_PRODUCTION)
    if not decision.allowed:
        raise IdentityRefused(f"INS of {oid.label}: {decision.reason}")
    person_id = new_id()
    create_owner_keys([person_id])
    Person.objects.create(
        id=person_id,
        ins=str(ins),
        oid=oid.value,
        status=status.value,
        traits=owner_key(person_id).seal("traits", orjson.dumps(asdict(traits))),
        created_at=now(),
    )
    return person_id


def keep_establishment(
    finess: Finess, *, name: str, finess_ej: str = "", city: str = "", department: str = "", sector: str = ""
) -> Organization:
    """Register an establishment of the FINESS, or correct it, as a structure of the directory too."""
    kept, _ = Organization.objects.update_or_create(
        finess=str(finess),
        defaults={"name": name, "finess_ej": finess_ej, "city": city, "department": department, "active": True},
    )
    shown = {"name": name, "finess_ej": finess_ej, "city": city, "department": department}
    Structure.objects.update_or_create(
        id_nat=str(finess.id_nat),
        defaults={**shown, "organization": kept, "active": True, "updated_at": now()}
        | ({"sector": sector} if sector else {}),
    )
    if finess_ej and finess_ej != finess:
        Structure.objects.get_or_create(id_nat=str(Finess(finess_ej).id_nat), defaults={"legal": True})
    return kept


def structure_of_establishment(finess: Finess) -> str:
    """The id of the structure that a registered establishment is in the directory."""
    of = Organization.objects.get(finess=str(finess))
    kept, _ = Structure.objects.get_or_create(
        id_nat=str(finess.id_nat),
        defaults={
            "organization": of,
            "name": of.name,
            "finess_ej": of.finess_ej,
            "city": of.city,
            "department": of.department,
        },
    )
    return kept.id_nat
