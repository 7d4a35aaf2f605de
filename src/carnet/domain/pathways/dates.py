"""Days and times as hospital extracts write them."""

import re
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")

_YEARS = range(1900, 2101)
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_FRENCH = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})(?:[ T](?:à )?(.+))?")
_HOUR = re.compile(r"([0-9]{1,2})\s?(?:[:hH]\s?([0-9]{2})?(?:[:m][0-9]{0,2}(?:\.[0-9]{1,6})?)?)")


def read_moment(text: str) -> tuple[date, time | None]:
    """A day of the calendar of Paris, and the time behind it if there is one.

    ISO 8601 (a zone is read) or `31/10/2026`, `31/10/2026 14:30`, `31/10/2026 14h30`. Raises `ValueError`.
    """
    text = " ".join(text.split())
    if match := _FRENCH.fullmatch(text):
        day, month, year, hour = match.groups()
        return _in_range(date(int(year), int(month), int(day))), read_hour(hour) if hour else None
    if not _ISO.fullmatch(text):
        raise ValueError("not a date")
    moment = datetime.fromisoformat(text)
    try:
        moment = moment if moment.tzinfo is None else moment.astimezone(PARIS).replace(tzinfo=None)
    except OverflowError:
        raise ValueError("not a date of this time") from None
    return _in_range(moment.date()), moment.time() if len(text) > 10 else None


def read_hour(text: str) -> time:
    """A time of the day: `14:30`, `14:30:00`, `14h30`, `14 h 30`, `9h`. Raises `ValueError`."""
    match = _HOUR.fullmatch(" ".join(text.split()))
    if match is None:
        raise ValueError("not a time")
    return time(int(match[1]), int(match[2] or 0))


def _in_range(day: date) -> date:
    if day.year not in _YEARS:
        raise ValueError("not a date of this time")
    return day
