"""How often something may be tried."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import cache
from django.http import HttpRequest


def too_often(request: HttpRequest, what: str, *, times: int, seconds: int, key: str = "") -> bool:
    """Count one try of ``what``; whether it is one too many within ``seconds``.

    Counted for ``key``, or for the client's address where none is given. Each try takes one of ``times`` places for
    ``seconds``; a place is taken in the database by one only, so that tries at the same moment all count.
    """
    who = hashlib.sha256((key or str(request.META.get("REMOTE_ADDR", ""))).encode()).hexdigest()[:24]
    places = (f"tries:{what}:{who}:{place}" for place in range(times))
    return not any(cache.add(place, 1, timeout=seconds) for place in places)


@contextmanager
def lasting(seconds: float) -> Iterator[None]:
    """Make what is done inside last this long, so that its delay tells nothing of what was found."""
    until = time.monotonic() + seconds
    try:
        yield
    finally:
        time.sleep(max(0.0, until - time.monotonic()))
