"""What figures can tell."""

from datetime import datetime

_MOST_DAYS = 30


def days_told(started_at: datetime | None, now: datetime) -> int:
    """The days that the curves of a sending tell of: those since it was confirmed, one at least and thirty at most."""
    return _MOST_DAYS if started_at is None else min(_MOST_DAYS, max(1, (now - started_at).days))
