"""When a line leaves."""

from datetime import UTC, date, datetime, timedelta

from carnet.domain.pathways.dates import PARIS
from carnet.domain.pathways.values import MAX_DAYS, Anchor, LineContent, Timing, When


def timing_problem(timing: Timing, now: datetime) -> str:
    """The field of a timing that is wrong; empty when it can be used."""
    if timing.when is When.AT and (timing.at is None or timing.at.tzinfo is None or timing.at <= now):
        return "at"
    if timing.when is When.RELATIVE and timing.anchor is None:
        return "anchor"
    if abs(timing.days) > MAX_DAYS:
        return "days"
    return "hour" if timing.hour.tzinfo is not None else ""


def anchor_day(content: LineContent, anchor: Anchor | None) -> date | None:
    """The day of the stay that a moment is counted from, if the line gives it."""
    if anchor is Anchor.APPOINTMENT:
        return content.appointment.date() if content.appointment else None
    return {Anchor.START: content.start, Anchor.END: content.end}.get(anchor) if anchor else None


def due(timing: Timing, content: LineContent, now: datetime) -> datetime | None:
    """When the line leaves, in UTC; None when it does not give the day that it is counted from.

    An hour that the clock skips in spring is the one that it shows an hour later; of one that comes twice in autumn it
    is the first.
    """
    if timing.when is When.NOW:
        return now
    if timing.when is When.AT:
        return timing.at.astimezone(UTC) if timing.at else None
    day = anchor_day(content, timing.anchor)
    if day is None:
        return None
    hour = timing.hour.replace(fold=0)
    return datetime.combine(day + timedelta(days=timing.days), hour, PARIS).astimezone(UTC)
