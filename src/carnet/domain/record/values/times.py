"""Times of XDS metadata (DTM) and of CDA (TS): as much of `YYYYMMDDhhmmss` as is known, with or without an offset."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

PARIS: Final = ZoneInfo("Europe/Paris")

_FORM: Final = re.compile(
    r"(?P<digits>[0-9]{4}(?:[0-9]{2}){0,5})(?:\.(?P<fraction>[0-9]{1,6}))?(?P<offset>Z|[+-][0-9]{2}:?[0-9]{2})?"
)


@dataclass(frozen=True, slots=True)
class Dtm:
    """A moment and how much of it was said: `precision` counts digits (4 a year, 8 a day, 14 a second)."""

    moment: datetime
    precision: int = 14

    @classmethod
    def read(cls, text: str, zone: tzinfo = UTC) -> "Dtm":
        """Read a DTM or TS; `zone` is the clock meant when no offset is written.

        Missing parts are the first of their kind. Raises ValueError when the text is not a time (the message does
        not repeat it).
        """
        form = _FORM.fullmatch(text.strip())
        if form is None:
            raise ValueError("Not a time of the form YYYY[MM[DD[hh[mm[ss]]]]][.fraction][+hhmm].")
        digits = form["digits"]
        fraction = form["fraction"]
        if fraction is not None and len(digits) != 14:
            raise ValueError("A fraction of a second needs the seconds.")
        whole = digits + "00000101000000"[len(digits) :]
        month, day, hour, minute, second = (int(whole[i : i + 2]) for i in range(4, 14, 2))
        micro = int(fraction.ljust(6, "0")) if fraction else 0
        clock = _offset(form["offset"]) or zone
        moment = datetime(int(whole[:4]), month, day, hour, minute, second, micro, tzinfo=clock)
        try:
            return cls(moment.astimezone(UTC), len(digits))
        except OverflowError:
            raise ValueError("A time outside the calendar.") from None


def _offset(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 14 or minutes > 59:
        raise ValueError("An offset from UTC outside what exists.")
    delta = timedelta(hours=hours, minutes=minutes)
    return timezone(-delta if text[0] == "-" else delta)


def parse_dtm(text: str) -> datetime:
    """An XDS DTM (IHE ITI TF-3 §4.2.3.1.7: UTC) as an aware datetime in UTC. Raises ValueError."""
    return Dtm.read(text, UTC).moment


def parse_ts(text: str) -> datetime:
    """A CDA TS as an aware datetime in UTC; without an offset it is the clock of Paris. Raises ValueError."""
    return Dtm.read(text, PARIS).moment


def format_dtm(moment: datetime) -> str:
    """`YYYYMMDDhhmmss` in UTC. Raises ValueError for a naive datetime."""
    if moment.tzinfo is None:
        raise ValueError("A time of the record must know its zone.")
    utc = moment.astimezone(UTC)
    return f"{utc.year:04d}{utc:%m%d%H%M%S}"
