"""The trust list: which list counts, who is on it, what changed."""

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from carnet.domain.directory.queries.operators import refused_peers
from carnet.domain.directory.queries.trust_list import last_read, last_taken, trust_changes, trusted
from carnet.domain.spaces.models import Account
from carnet.interfaces.web.console_forms import TrustSearch
from carnet.interfaces.web.console_sentences import TURNED_AWAY
from carnet.interfaces.web.session import for_administrator

_PAGE = 50
_TOLD = 20


@require_safe
@for_administrator
def trust_list(request: HttpRequest, who: Account) -> HttpResponse:
    search = TrustSearch(request.GET)
    text = search.cleaned_data["text"] if search.is_valid() else ""
    found = trusted(text=text, after=request.GET.get("after", ""), limit=_PAGE + 1)
    shown = found[:_PAGE]
    return render(
        request,
        "web/console/trust.html",
        {
            "filters": search,
            "taken": last_taken(),
            "read": last_read(),
            "turned_away": [
                {"peer": one, "why": TURNED_AWAY.get(one.reason, one.reason)} for one in refused_peers(_TOLD)
            ],
            "domains": shown,
            "text": text,
            "next_after": shown[-1].domain if len(found) > _PAGE else "",
        },
    )


@require_safe
@for_administrator
def changes(request: HttpRequest, who: Account) -> HttpResponse:
    before = request.GET.get("before", "")
    found = trust_changes(before=int(before) if re.fullmatch(r"[0-9]{1,18}", before) else None, limit=_PAGE + 1)
    shown = found[:_PAGE]
    return render(
        request,
        "web/console/trust_changes.html",
        {"changes": shown, "next_url": f"?before={shown[-1].id}" if len(found) > _PAGE else ""},
    )
