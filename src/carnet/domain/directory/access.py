"""From what a mail client presents to the mailbox that it may use."""

import hashlib
import hmac
import secrets
import threading
import time
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password

from carnet.domain.directory.models import Mailbox

_REMEMBER_SECONDS = 300
_process_secret = secrets.token_bytes(32)
_remembered: dict[tuple[UUID, str], tuple[float, bytes]] = {}
_lock = threading.Lock()
_nobody = ""


def authenticate_mailbox(login: str, password: str) -> Mailbox | None:
    """The hosted, active mailbox whose login and password these are, else ``None``.

    An unknown login takes as long as a wrong password. A password that was right is remembered in this process for
    five minutes as a keyed digest, bound to the stored hash: a mail client signs in for each message.
    """
    global _nobody
    mailbox = (
        Mailbox.objects.select_related("professional", "organization")
        .filter(login=login.strip().lower(), hosted=True)
        .first()
    )
    if mailbox is None or not mailbox.password:
        if not _nobody:
            _nobody = make_password(secrets.token_urlsafe(12))
        check_password(password, _nobody)
        return None
    digest = hmac.new(_process_secret, password.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    known_as = (mailbox.id, mailbox.password)
    with _lock:
        until, remembered = _remembered.get(known_as, (0.0, b""))
    if time.monotonic() > until or not hmac.compare_digest(remembered, digest):
        if not check_password(password, mailbox.password):
            return None
        with _lock:
            if len(_remembered) > 10_000:
                _remembered.clear()
            _remembered[known_as] = (time.monotonic() + _REMEMBER_SECONDS, digest)
    return mailbox if mailbox.state == Mailbox.State.ACTIVE else None
