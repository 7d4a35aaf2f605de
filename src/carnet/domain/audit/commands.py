"""Leaving events in the trail of a space, inside the transaction of the act itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from django.db import connection

from carnet.domain.audit.chain import FIRST, event_hash
from carnet.domain.audit.models import AccessEvent
from carnet.foundation.clock import now
from carnet.foundation.owner_keys import owner_keys
from carnet.foundation.rows import copy_rows


@dataclass(frozen=True)
class NewEvent:
    """What happened. ``actor_label`` and ``title`` are what the holder reads; they are sealed under the space's key."""

    space_id: UUID
    actor_kind: str
    actor_label: str
    act: str
    target_kind: str = ""
    target_id: UUID | None = None
    title: str = ""
    allowed: bool = True
    reason: str = ""


def leave(event: NewEvent) -> None:
    """Add one event to the trail of its space: see ``leave_all``."""
    leave_all([event])


def leave_all(events: Sequence[NewEvent]) -> None:
    """Add events to the trails of their spaces, in order, each chained to the one before it.

    The heads of the chains are locked until the caller's transaction ends, in the order of the spaces' ids, so that
    two batches never wait for each other.
    """
    if not events:
        return
    space_ids = sorted({event.space_id for event in events})
    keys = owner_keys(space_ids)
    heads = _lock_heads(space_ids)
    occurred_at = now()  # read under the lock: the order of the sequence is the order of time
    rows = []
    for event in events:
        sequence, previous = heads[event.space_id]
        sequence += 1
        what = f"event:{sequence}"
        detail = keys[event.space_id].seal(what, orjson.dumps({"who": event.actor_label, "on": event.title}))
        row = AccessEvent(
            occurred_at=occurred_at,
            space_id=event.space_id,
            sequence=sequence,
            actor_kind=event.actor_kind,
            act=event.act,
            target_kind=event.target_kind,
            target_id=event.target_id,
            allowed=event.allowed,
            reason=event.reason,
            detail=detail,
            previous=previous,
            hash=b"",
        )
        row.hash = event_hash(row)
        heads[event.space_id] = (sequence, bytes(row.hash))
        rows.append(row)
    copy_rows(rows)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE audit_chain_head AS h SET sequence = n.sequence, hash = n.hash"
            " FROM unnest(%s::uuid[], %s::bigint[], %s::bytea[]) AS n(space_id, sequence, hash)"
            " WHERE h.space_id = n.space_id",
            [space_ids, [heads[s][0] for s in space_ids], [heads[s][1] for s in space_ids]],
        )


def _lock_heads(space_ids: list[UUID]) -> dict[UUID, tuple[int, bytes]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_chain_head (space_id, sequence, hash)"
            " SELECT s, 0, %s FROM unnest(%s::uuid[]) AS s ORDER BY s ON CONFLICT DO NOTHING",
            [FIRST, space_ids],
        )
        cursor.execute(
            "SELECT space_id, sequence, hash FROM audit_chain_head"
            " WHERE space_id = ANY(%s) ORDER BY space_id FOR UPDATE",
            [space_ids],
        )
        return {space_id: (sequence, bytes(digest)) for space_id, sequence, digest in cursor.fetchall()}


def make_partitions(months_ahead: int = 13) -> int:
    """Make the monthly partitions of the trail from this month on. Returns how many were made."""
    made = 0
    month = datetime(now().year, now().month, 1)  # noqa: DTZ001 - a calendar month, used as text in SQL
    for _ in range(months_ahead):
        following = datetime(month.year + month.month // 12, month.month % 12 + 1, 1)  # noqa: DTZ001 - likewise
        name = f"audit_access_event_{month:%Y_%m}"
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
            if not cursor.fetchone()[0]:
                cursor.execute(
                    f"CREATE TABLE {name} PARTITION OF audit_access_event"
                    f" FOR VALUES FROM ('{month:%Y-%m-%d} 00:00+00') TO ('{following:%Y-%m-%d} 00:00+00')"
                )
                made += 1
        month = following
    return made
