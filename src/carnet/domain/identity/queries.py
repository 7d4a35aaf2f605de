"""Reading identities."""

from datetime import date
from uuid import UUID

import orjson

from carnet.domain.identity.models import Person
from carnet.domain.identity.values import Sex, StrictTraits
from carnet.foundation.owner_keys import owner_key


def traits_of(person_id: UUID) -> StrictTraits:
    """A person's strict traits."""
    sealed = Person.objects.values_list("traits", flat=True).get(id=person_id)
    kept = orjson.loads(owner_key(person_id).open("traits", sealed))
    kept["birth_date"] = date.fromisoformat(kept["birth_date"]) if kept["birth_date"] else None
    kept["sex"] = Sex(kept["sex"]) if kept["sex"] else None
    kept["given_names"] = tuple(kept["given_names"])
    return StrictTraits(**kept)


def display_name(traits: StrictTraits) -> str:
    """« Dominique PAT-TROIS »: first given name as people write it, birth name in capitals."""
    given = traits.first_given_name or (traits.given_names[0] if traits.given_names else "")
    return f"{given.title()} {traits.birth_name}".strip()
