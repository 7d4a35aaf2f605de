"""Mail that leaves for other operators: what waits, why, and steering it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from carnet.domain.messaging.commands.outbound import Chosen, drop, hold, retry_now
from carnet.domain.messaging.queries.outbound import DomainQueue, OutboundRow, outbound_mails, waiting_by_domain
from carnet.domain.spaces.models import Account
from carnet.foundation import logs
from carnet.interfaces.web.console_sentences import last_answer
from carnet.interfaces.web.session import for_administrator

_PAGE = 50

log = logs.get("console")


@require_safe
@for_administrator
def queue(request: HttpRequest, who: Account) -> HttpResponse:
    """What waits, by domain."""
    domains = waiting_by_domain()
    return render(
        request,
        "web/console/queue.html",
        {
            "domains": [_domain(one) for one in domains],
            "waiting": sum(one.queued for one in domains),
            "held": sum(one.held for one in domains),
            "oldest": min((one.oldest_at for one in domains), default=None),
        },
    )


@require_safe
@for_administrator
def domain_queue(request: HttpRequest, who: Account, domain: str) -> HttpResponse:
    """The mails that wait for one domain: identifiers, sizes and answers, neither address nor subject."""
    after = request.GET.get("after", "")
    try:
        found = outbound_mails(domain=domain, after=UUID(after) if after else None, limit=_PAGE + 1)
    except ValueError:
        return redirect("console_queue_domain", domain)
    shown = found[:_PAGE]
    next_url = f"?after={shown[-1].id}" if len(found) > _PAGE else ""
    rows = [_mail(one) for one in shown]
    return render(request, "web/console/queue_domain.html", {"domain": domain, "mails": rows, "next_url": next_url})


@require_safe
@for_administrator
def confirm_drop(request: HttpRequest, who: Account, domain: str) -> HttpResponse:
    """Giving up cannot be undone: it is asked once more."""
    return render(
        request,
        "web/confirm.html",
        {
            "title": _("Give up the mail for %(domain)s?") % {"domain": domain},
            "text": _("What waits for this domain is not sent any more. Its senders are told that it failed."),
            "action_url": reverse("console_queue_drop", args=[domain]),
            "confirm_label": _("Give it up"),
            "cancel_url": reverse("console_queue"),
            "danger": True,
        },
    )


@require_POST
@for_administrator
def steer(request: HttpRequest, who: Account, domain: str, act: str) -> HttpResponse:
    """Try again, hold back, or give up the mail for one domain."""
    chosen = Chosen(domain=domain)
    if act == "retry":
        count = retry_now(chosen)
        said = ngettext("%(count)s message is tried again.", "%(count)s messages are tried again.", count)
    elif act == "hold":
        count = hold(chosen)
        said = ngettext("%(count)s message is held back.", "%(count)s messages are held back.", count)
    else:
        count = drop(chosen)
        said = ngettext("%(count)s message was given up.", "%(count)s messages were given up.", count)
    log.info("administrator", account=who.pk, act=f"queue-{act}", count=count)
    messages.success(request, said % {"count": count})
    return redirect("console_queue")


def _domain(one: DomainQueue) -> dict[str, object]:
    return {"queue": one, "why": last_answer(one.last_code, one.last_problem)}


def _mail(one: OutboundRow) -> dict[str, object]:
    return {"mail": one, "why": last_answer(one.last_code, one.last_problem)}
