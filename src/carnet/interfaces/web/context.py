"""What every template knows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from carnet.domain.messaging.queries.conversations import count_unread
from carnet.domain.record.queries import count_new
from carnet.foundation.clock import now
from carnet.foundation.closures import current_or_next_closure
from carnet.interfaces.web.installable import device_account
from carnet.interfaces.web.pro_sante_connect import offered
from carnet.interfaces.web.session import signed_in
from carnet.interfaces.web.text_size import text_size

_TOLD_AHEAD = timedelta(days=7)


@dataclass(frozen=True)
class ClosureNotice:
    """What people are told of a planned closure of the mail, while it lasts and a week ahead."""

    lasts: bool
    starts_at: datetime
    until: datetime
    message: str


def closure_notice() -> ClosureNotice | None:
    """The closure to tell of now, with its message in the reader's language."""
    at = now()
    found = current_or_next_closure(at)
    if found is None or found.starts_at - at > _TOLD_AHEAD:
        return None
    message = found.message_fr if (get_language() or "").startswith("fr") else found.message_en
    return ClosureNotice(found.lasts_at(at), found.starts_at, found.until, message)


def _device_account(request: HttpRequest) -> str:
    who = signed_in(request)
    return device_account(who.account) if who is not None else ""


def portal(request: HttpRequest) -> dict[str, Any]:
    """Whether this is a demo, whether professionals sign in here, a planned closure, and the counts of the menu (each
    looked up when a template asks)."""

    def counts() -> dict[str, int]:
        who = signed_in(request)
        if who is None:
            return {"unread_messages": 0, "new_documents": 0}
        return {"unread_messages": count_unread(who.space.id), "new_documents": count_new(who.actor)}

    return {
        "demo": not settings.CARNET_PRODUCTION,
        "text_size": text_size(request),
        "professionals_sign_in": offered(),
        "device_account": SimpleLazyObject(lambda: _device_account(request)),
        "closure_told": SimpleLazyObject(closure_notice),
        "nav": SimpleLazyObject(counts),
    }
