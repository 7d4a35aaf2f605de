"""Reading identities."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import orjson
from django.conf import settings

from carnet.domain.identity.models import Person
from carnet.domain.identity.rules import may_use_oid
from carnet.domain.identity.values import IdentityStatus, InsOid, Sex, StrictTraits
from carnet.foundation.keys import OwnerKey
from carnet.foundation.owner_keys import owner_key, owner_keys


def traits_of(person_id: UUID) -> StrictTraits:
    """A person's strict traits."""
    return _opened(owner_key(person_id), Person.objects.values_list("traits", flat=True).get(id=person_id))


def traits_by_ins(matricules: Iterable[str]) -> dict[str, StrictTraits]:
    """The strict traits of the people who have one of these INS, in two queries at most."""
    rows = list(Person.objects.filter(ins__in=set(matricules)).values_list("ins", "id", "traits"))
    keys = owner_keys(person_id for _, person_id, _ in rows)
    return {ins: _opened(keys[person_id], sealed) for ins, person_id, sealed in rows}


@dataclass(frozen=True)
class KnownIdentity:
    """Someone's identity as it is kept: who gave the INS, the strict traits, whether it is qualified (RNIV)."""

    oid: InsOid
    traits: StrictTraits
    qualified: bool


def identity_of_ins(matricule: str) -> KnownIdentity | None:
    """The identity of the person who has this INS, if somebody here has it."""
    row = Person.objects.filter(ins=matricule).first()
    if row is None:
        return None
    traits = _opened(owner_key(row.id), row.traits)
    return KnownIdentity(InsOid(row.oid), traits, row.status == IdentityStatus.QUALIFIEE)


def _opened(key: OwnerKey, sealed: bytes | memoryview) -> StrictTraits:
    kept = orjson.loads(key.open("traits", sealed))
    kept["birth_date"] = date.fromisoformat(kept["birth_date"]) if kept["birth_date"] else None
    kept["sex"] = Sex(kept["sex"]) if kept["sex"] else None
    kept["given_names"] = tuple(kept["given_names"])
    return StrictTraits(**kept)


def oid_is_accepted(oid: InsOid) -> bool:
    """Whether identities of this authority may live here: real in production, test and demo elsewhere."""
    return may_use_oid(oid, production=settings.CARNET_PRODUCTION).allowed


def display_name(traits: StrictTraits) -> str:
    """« Dominique PAT-TROIS »: first given name as people write it, birth name in capitals."""
    given = traits.first_given_name or (traits.given_names[0] if traits.given_names else "")
    return f"{given.title()} {traits.birth_name}".strip()
