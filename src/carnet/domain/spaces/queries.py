"""Reading spaces."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from carnet.domain.spaces.models import HealthSpace
from carnet.foundation.prepared import Statement, array, ask

# Planned once: the doors ask for every recipient, and building and planning this costs more than asking it.
_BY_INS = Statement(
    b"spaces_by_ins",
    b"SELECT DISTINCT ON (ins) id, ins, state FROM spaces_health_space"
    b" WHERE ins = ANY($1::text[]) ORDER BY ins, id DESC",
)


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
    rows = ask(_BY_INS, array(wanted))
    return {
        ins.decode("ascii"): SpaceFacts(UUID(space_id.decode("ascii")), ins.decode("ascii"), state.decode("ascii"))
        for space_id, ins, state in rows
        if space_id and ins and state
    }
