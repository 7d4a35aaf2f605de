"""The chain that makes a trail tamper-evident: each event's hash covers the event and the hash before it."""

import hashlib
from datetime import UTC

import orjson

from carnet.domain.audit.models import AccessEvent

FIRST = bytes(32)
"""What the first event of a space is chained to."""


def event_hash(event: AccessEvent) -> bytes:
    """SHA-256 over every column of the event but the hash itself, ``previous`` included."""
    covered = orjson.dumps(
        [
            event.occurred_at.astimezone(UTC).isoformat(timespec="microseconds"),
            str(event.space_id),
            event.sequence,
            event.actor_kind,
            event.act,
            event.target_kind,
            str(event.target_id or ""),
            event.allowed,
            event.reason,
            bytes(event.detail).hex(),
        ]
    )
    return hashlib.sha256(bytes(event.previous) + covered).digest()
