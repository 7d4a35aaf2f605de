"""What every template knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from carnet.domain.messaging.queries.conversations import count_unread
from carnet.domain.record.queries import count_new
from carnet.interfaces.web.session import signed_in


def portal(request: HttpRequest) -> dict[str, Any]:
    """Whether this is a demo, and the counts of the menu (counted when a template asks)."""

    def counts() -> dict[str, int]:
        who = signed_in(request)
        if who is None:
            return {"unread_messages": 0, "new_documents": 0}
        return {"unread_messages": count_unread(who.space.id), "new_documents": count_new(who.actor)}

    return {"demo": not settings.CARNET_PRODUCTION, "nav": SimpleLazyObject(counts)}
