"""Writing identities."""

from dataclasses import asdict
from uuid import UUID

import orjson
from django.conf import settings

from carnet.domain.identity.models import Person
from carnet.domain.identity.rules import may_use_oid
from carnet.domain.identity.values import IdentityStatus, Ins, InsOid, StrictTraits
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
