"""How often one address may try something."""

import hashlib

from django.core.cache import cache
from django.http import HttpRequest


def too_often(request: HttpRequest, what: str, *, times: int, seconds: int) -> bool:
    """Count one try of ``what`` by this client; whether it is one too many within ``seconds``."""
    client = hashlib.sha256(str(request.META.get("REMOTE_ADDR", "")).encode()).hexdigest()[:24]
    key = f"tries:{what}:{client}"
    cache.add(key, 0, timeout=seconds)
    try:
        return cache.incr(key) > times
    except ValueError:  # it expired between the two
        return False
