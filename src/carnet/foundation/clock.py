"""The only place that reads the wall clock, so that a rule can be given any time and a test can stop it."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)
