"""What makes the portal an installable page: its name and icons, its service worker, and the page for no connection."""

import hashlib
from functools import cache
from importlib.resources import files

from django.utils.crypto import salted_hmac

from carnet.domain.spaces.models import Account

SHELL = ("web/carnet.css", "web/carnet.js", "web/offline.js", "web/carnet.svg", "web/icon-192.png")
"""The static files that the page without connection needs: all that is ever kept on a device in clear."""


@cache
def shell_version() -> str:
    """Sixteen characters that change whenever a kept file or the worker itself does."""
    folder = files("carnet.interfaces.web")
    digest = hashlib.sha256()
    for name in (*SHELL, "web/worker.js"):
        digest.update((folder / "static" / name).read_bytes())
    digest.update((folder / "templates" / "web" / "offline.html").read_bytes())
    return digest.hexdigest()[:16]


def device_account(account: Account) -> str:
    """An opaque name of an account, so that a device tells whose unsent words it keeps; nothing can be read from it."""
    return salted_hmac("carnet.interfaces.web.installable", str(account.pk)).hexdigest()[:32]
