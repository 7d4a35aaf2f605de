"""Planned closures: when a part of the service is closed on purpose, told beforehand and while it lasts.

It lies in the foundation because every floor asks: the mail doors, what sends, the portal.
"""

import threading
import time
from dataclasses import dataclass
from datetime import datetime

from carnet.foundation.clock import now
from carnet.foundation.models import PlannedClosure

MAIL = PlannedClosure.Scope.MAIL

_KEEP_SECONDS = 2.0
_LONGEST_MESSAGE = 300
_lock = threading.Lock()
_kept: tuple[float, tuple["Closure", ...]] | None = None


class BadClosure(ValueError):
    """A closure that cannot be planned; the message says why."""


@dataclass(frozen=True)
class Closure:
    """A planned closure; ``until`` is the moment at which the service opens again."""

    id: int
    scope: str
    starts_at: datetime
    until: datetime
    message_fr: str = ""
    message_en: str = ""

    def lasts_at(self, at: datetime) -> bool:
        return self.starts_at <= at < self.until


def plan_closure(
    scope: str, starts_at: datetime, until: datetime, *, message_fr: str = "", message_en: str = ""
) -> Closure:
    """Plan a closure, or close at once when it starts now. Raises ``BadClosure``."""
    if scope not in PlannedClosure.Scope.values:
        raise BadClosure(f"{scope}: one of {', '.join(PlannedClosure.Scope.values)} is expected")
    if starts_at.tzinfo is None or until.tzinfo is None:
        raise BadClosure("the times of a closure have a time zone")
    if until <= starts_at:
        raise BadClosure("a closure ends after it starts")
    if until <= now():
        raise BadClosure("a closure that is over closes nothing")
    if max(len(message_fr), len(message_en)) > _LONGEST_MESSAGE:
        raise BadClosure(f"a message has at most {_LONGEST_MESSAGE} characters")
    row = PlannedClosure.objects.create(
        scope=scope,
        starts_at=starts_at,
        until=until,
        message_fr=message_fr,
        message_en=message_en,
        created_at=now(),
    )
    forget_closures()
    return _closure(row)


def cancel_closure(closure_id: int) -> bool:
    """Cancel a closure that is not over: the service opens at once if it lasts. Returns whether there was one."""
    changed = PlannedClosure.objects.filter(id=closure_id, cancelled_at=None, until__gt=now()).update(
        cancelled_at=now()
    )
    forget_closures()
    return changed == 1


def closures_to_come(limit: int = 100) -> list[Closure]:
    """Those that last or are to come, the nearest first, at most two seconds old."""
    global _kept
    with _lock:
        if _kept is None or time.monotonic() - _kept[0] > _KEEP_SECONDS:
            rows = PlannedClosure.objects.filter(cancelled_at=None, until__gt=now()).order_by("starts_at", "id")
            _kept = (time.monotonic(), tuple(_closure(row) for row in rows[:limit]))
        return list(_kept[1])


def current_or_next_closure(at: datetime, scope: str = MAIL) -> Closure | None:
    """The closure that lasts at this moment, else the nearest one after it."""
    coming = [one for one in closures_to_come() if one.scope == scope and one.until > at]
    lasting = [one for one in coming if one.lasts_at(at)]
    # Where two overlap, the service opens again when the last of them is over.
    return max(lasting, key=lambda one: one.until) if lasting else (coming[0] if coming else None)


def current_closure(at: datetime, scope: str = MAIL) -> Closure | None:
    """The closure that lasts at this moment."""
    found = current_or_next_closure(at, scope)
    return found if found is not None and found.lasts_at(at) else None


def forget_closures() -> None:
    """Make the next question read them again (after a change)."""
    global _kept
    with _lock:
        _kept = None


def _closure(row: PlannedClosure) -> Closure:
    return Closure(row.id, row.scope, row.starts_at, row.until, row.message_fr, row.message_en)
