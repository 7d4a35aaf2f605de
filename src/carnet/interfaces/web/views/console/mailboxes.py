"""The hosted mailboxes: their state, and what there is to look at. Never what is in them."""

from itertools import islice

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from carnet.domain.directory.queries.hosted import (
    HostedMailbox,
    certificates_of,
    check_mailboxes,
    delegates_of,
    hosted_mailbox_at,
    hosted_mailboxes,
)
from carnet.domain.spaces.models import Account
from carnet.domain.spaces.values import Decision, Refusal
from carnet.interfaces.web.console_forms import MailboxSearch
from carnet.interfaces.web.console_sentences import FINDINGS, KINDS, mailbox_state
from carnet.interfaces.web.session import for_administrator, refusal_page

_PAGE = 50
_CHECKED = 200


@require_safe
@for_administrator
def mailboxes(request: HttpRequest, who: Account) -> HttpResponse:
    """What there is to look at first, then all of them."""
    search = MailboxSearch(request.GET)
    text = search.cleaned_data["text"] if search.is_valid() else ""
    after = request.GET.get("after", "")
    found = hosted_mailboxes(text=text, after=after, limit=_PAGE + 1)
    shown = found[:_PAGE]
    checked = [] if after or text else list(islice(check_mailboxes(), _CHECKED))
    return render(
        request,
        "web/console/mailboxes.html",
        {
            "filters": search,
            "checked": [
                {"mailbox": one.mailbox, "findings": [FINDINGS[finding] for finding in one.findings]} for one in checked
            ],
            "mailboxes": [_row(one) for one in shown],
            "next_after": shown[-1].address if len(found) > _PAGE else "",
            "text": text,
        },
    )


@require_safe
@for_administrator
def mailbox(request: HttpRequest, who: Account, address: str) -> HttpResponse:
    """One mailbox: who answers for it, who may open it."""
    found = hosted_mailbox_at(address)
    if found is None:
        return refusal_page(request, Decision(False, Refusal.NOT_FOUND))
    return render(
        request,
        "web/console/mailbox.html",
        {**_row(found), "delegates": delegates_of(found.id), "certificates": certificates_of(found.id)},
    )


def _row(one: HostedMailbox) -> dict[str, object]:
    return {"mailbox": one, "state": mailbox_state(one), "kind": KINDS.get(one.kind, one.kind)}
