"""Reading spaces."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from carnet.domain.spaces.models import HealthSpace


@dataclass(frozen=True)
class SpaceFacts:
    """What a door needs to know of a space: whose INS, which space, whether mail may arrive."""

    id: UUID
    ins: str
    state: str

    @property
    def living(self) -> bool:
        return self.state in (HealthSpace.State.OPEN, HealthSpace.State.ACTIVATED)


def spaces_by_ins(matricules: Iterable[str]) -> dict[str, SpaceFacts]:
    """The newest space of each INS that has or had one, in one query whatever their states.

    The same work is done for a living, closed, opposed or unknown space, so that none shows by its delay.
    """
    wanted = list(set(matricules))
    if not wanted:
        return {}
    # In SQL of its own: the doors ask for every recipient, and building this costs more than asking it.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (ins) id, ins, state FROM spaces_health_space"
            " WHERE ins = ANY(%s) ORDER BY ins, id DESC",
            [wanted],
        )
        return {ins: SpaceFacts(space_id, ins, state) for space_id, ins, state in cursor.fetchall()}
