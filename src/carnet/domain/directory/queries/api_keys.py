"""Whose key a request brings."""

import hashlib
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from carnet.domain.directory.models import ApiKey

_KEEP_SECONDS = 5.0
_MOST_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """A valid key. With an ``operator`` it writes the mailboxes of that operator's domains."""

    id: UUID
    name: str
    operator: str


_lock = threading.Lock()
_kept: dict[bytes, tuple[float, KeyFacts]] = {}


def key_of(key: str) -> KeyFacts | None:
    """The valid key that this text is, at most five seconds old; ``None`` for any other text."""
    asked = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
    found = _kept.get(asked)
    if found and time.monotonic() < found[0]:
        return found[1]
    row = ApiKey.objects.filter(digest=asked, revoked_at__isnull=True).values_list("id", "name", "operator").first()
    with _lock:
        if row is None:
            _kept.pop(asked, None)
            return None
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        facts = KeyFacts(*row)
        _kept[asked] = (time.monotonic() + _KEEP_SECONDS, facts)
    return facts


def forget_keys() -> None:
    """Make the next question ask the database (after a change)."""
    with _lock:
        _kept.clear()


def api_keys() -> list[tuple[str, str, datetime, datetime | None]]:
    """Every key by name: name, operator, when it was made, when it was taken back."""
    return list(ApiKey.objects.order_by("name").values_list("name", "operator", "created_at", "revoked_at"))
