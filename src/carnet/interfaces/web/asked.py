"""What an address or a form names, read; what makes no sense there names nothing."""

import re
from collections.abc import Iterable
from uuid import UUID

from django.http import HttpRequest

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOST_DIGITS = 8


def uuid_of(text: str) -> UUID | None:
    """An identifier as the pages write it."""
    return UUID(text) if _UUID.fullmatch(text) else None


def uuids_of(texts: Iterable[str]) -> list[UUID]:
    """Those of several that are identifiers."""
    return [one for text in texts if (one := uuid_of(text)) is not None]


def wants_json(request: HttpRequest) -> bool:
    """Whether a script asks. What became of it is said in ``state``: a browser would note another status as a fault."""
    return request.headers.get("Accept", "").startswith("application/json")


def number_of(text: str) -> int | None:
    """A whole number of at most eight digits, without a sign."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None
