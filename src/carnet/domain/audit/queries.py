"""Reading a space's trail: for its holder, and to check that nothing in it was changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from django.db.models import Q

from carnet.domain.audit.chain import FIRST, event_hash
from carnet.domain.audit.models import AccessEvent, ChainHead
from carnet.foundation.owner_keys import owner_key

PAGE = 50


@dataclass(frozen=True)
class Event:
    """One line of « Qui a fait quoi »: codes to be put in words, and the names as they were."""

    at: datetime
    sequence: int
    actor_kind: str
    who: str
    act: str
    target_kind: str
    target_id: UUID | None
    title: str
    allowed: bool
    reason: str


def events(space_id: UUID, *, before: int | None = None, actor_kind: str = "", limit: int = PAGE) -> list[Event]:
    """The newest events of a space, at most ``limit``, before a sequence number if one is given.

    Access is decided by the caller (``spaces.access``). Index: ``access_event_space``.
    """
    wanted = Q(space_id=space_id)
    if before is not None:
        wanted &= Q(sequence__lt=before)
    if actor_kind:
        wanted &= Q(actor_kind=actor_kind)
    rows = AccessEvent.objects.filter(wanted).order_by("-occurred_at", "-sequence")[: min(limit, 500)]
    key = owner_key(space_id)
    found = []
    for row in rows:
        detail = orjson.loads(key.open(f"event:{row.sequence}", row.detail))
        found.append(
            Event(
                at=row.occurred_at,
                sequence=row.sequence,
                actor_kind=row.actor_kind,
                who=detail["who"],
                act=row.act,
                target_kind=row.target_kind,
                target_id=row.target_id,
                title=detail["on"],
                allowed=row.allowed,
                reason=row.reason,
            )
        )
    return found


@dataclass(frozen=True)
class Broken:
    """Where a chain does not hold: the space and the sequence number of the event that is changed or missing."""

    space_id: UUID
    sequence: int
    why: str


def verify(space_id: UUID) -> Broken | None:
    """Walk a space's whole chain. ``None`` when every event is there and unchanged."""
    previous, sequence = FIRST, 0
    rows = AccessEvent.objects.filter(space_id=space_id).order_by("sequence").iterator(chunk_size=1000)
    for row in rows:
        sequence += 1
        if row.sequence != sequence:
            return Broken(space_id, sequence, "missing")
        if bytes(row.previous) != previous or bytes(row.hash) != event_hash(row):
            return Broken(space_id, sequence, "changed")
        previous = bytes(row.hash)
    head = ChainHead.objects.filter(space_id=space_id).first()
    if head is not None and (head.sequence != sequence or bytes(head.hash) != previous):
        return Broken(space_id, sequence + 1, "missing")
    return None


def spaces_with_a_trail() -> Iterator[UUID]:
    """Every space that has a trail, read as it goes: a nation has millions."""
    return ChainHead.objects.order_by("space_id").values_list("space_id", flat=True).iterator(chunk_size=1000)
