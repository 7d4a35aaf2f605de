"""Giving and taking back keys of the directory's API."""

import hashlib
import re
import secrets

from django.db import transaction

from carnet.domain.directory.models import ApiKey, TrustedDomain, TrustEntry
from carnet.domain.directory.queries.api_keys import forget_keys
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,59}")


class KeyRefused(Exception):
    """A key cannot be made or taken back; the message says why."""


@transaction.atomic
def create_api_key(name: str, *, operator: str = "", key: str = "") -> str:
    """A new key, told this once: only its digest is kept. With an ``operator`` of the trust list it may also write the
    mailboxes of that operator's domains. ``key`` gives one that is known already (the sandbox's). Raises
    ``KeyRefused``."""
    if not _NAME.fullmatch(name):
        raise KeyRefused(f"{name!r}: the name of a key is small letters, digits, dots and hyphens, at most 60")
    if ApiKey.objects.filter(name=name).exists():
        raise KeyRefused(f"{name}: there is a key of this name")
    if operator and not any(model.objects.filter(operator=operator).exists() for model in (TrustedDomain, TrustEntry)):
        raise KeyRefused(f"{operator}: no domain of the trust list is this operator's")
    key = key or secrets.token_urlsafe(32)
    ApiKey.objects.create(id=new_id(), name=name, digest=digest(key), operator=operator, created_at=now())
    return key


def revoke_api_key(name: str) -> None:
    """The key opens nothing any more, within seconds in every process. Raises ``KeyRefused``."""
    if not ApiKey.objects.filter(name=name, revoked_at__isnull=True).update(revoked_at=now()):
        raise KeyRefused(f"{name}: there is no such key that is valid")
    forget_keys()


def digest(key: str) -> bytes:
    """What is kept of a key. It is 256 random bits, so one round of a plain hash gives nothing away."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
