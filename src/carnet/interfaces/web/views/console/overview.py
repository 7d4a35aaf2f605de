"""The first page of the console: what is well, and what wants a person."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from carnet.domain.directory.queries.hosted import check_mailboxes
from carnet.domain.directory.queries.trust_list import last_read, last_taken
from carnet.domain.messaging.counted import Measure
from carnet.domain.messaging.queries.outbound import waiting_by_domain
from carnet.domain.messaging.queries.statistics import totals_by_month
from carnet.domain.spaces.models import Account
from carnet.foundation.clock import now
from carnet.foundation.closures import current_or_next_closure
from carnet.foundation.tls import revocation
from carnet.interfaces.web import health
from carnet.interfaces.web.console_sentences import last_answer
from carnet.interfaces.web.session import for_administrator

_LIST_IS_OLD = timedelta(days=3)
_QUEUE_IS_OLD = timedelta(hours=4)
_CHECKED = 100


@dataclass(frozen=True)
class Card:
    """One subject: whether it is well, in sentences, and the page about it."""

    title: str
    icon: str
    url_name: str
    sentences: tuple[str, ...]
    careful: bool = False


@require_safe
@for_administrator
def overview(request: HttpRequest, who: Account) -> HttpResponse:
    at = now()
    this_month = timezone.localdate(at).replace(day=1)
    totals = totals_by_month(this_month, this_month).get(this_month, {})
    waiting = health.counts()
    return render(
        request,
        "web/console/overview.html",
        {
            "sent": totals.get(Measure.SENT, 0),
            "to_patients": totals.get(Measure.SENT_TO_PATIENTS, 0),
            "received": totals.get(Measure.RECEIVED, 0),
            "spool_waiting": waiting["carnet_spool_waiting"],
            "needs_a_person": waiting["carnet_spool_held"] + waiting["carnet_jobs_dead"],
            "closure": current_or_next_closure(at),
            "cards": [_trust(at), _certificates(at), _leaving(at), _mailboxes()],
        },
    )


def _trust(at: datetime) -> Card:
    taken, read = last_taken(), last_read()
    title = _("Trust list")
    if taken is None or read is None:
        return Card(title, "lock", "console_trust", (_("No list was read yet."),), careful=True)
    refused = read.outcome == "refused"
    old = at - read.read_at > _LIST_IS_OLD
    sentences = [
        ngettext("%(count)s trusted domain.", "%(count)s trusted domains.", taken.domains) % {"count": taken.domains}
    ]
    if refused:
        sentences.append(_("The last list that was read was refused: the one before it counts."))
    if old:
        sentences.append(_("It was not read again for more than three days."))
    return Card(title, "lock", "console_trust", tuple(sentences), careful=refused or old)


def _certificates(at: datetime) -> Card:
    title = _("Revocation lists")
    if settings.CARNET_OPERATORS_CA_FILE is None:
        text = _("No authority of the operators is configured: the door of the operators checks no certificate.")
        return Card(title, "key", "console_trust", (text,), careful=True)
    ends = revocation.current().ends()
    if ends is None:
        return Card(title, "key", "console_trust", (_("There is none: operators are refused."),), careful=True)
    until = timezone.localtime(ends)
    text = _("The list is out of date since %(date)s.") if ends <= at else _("Good until %(date)s.")
    soon = ends - at < revocation.WARN_BEFORE
    return Card(title, "key", "console_trust", (text % {"date": f"{until:%d/%m/%Y %H:%M}"},), careful=soon)


def _leaving(at: datetime) -> Card:
    title = _("Mail leaving")
    domains = waiting_by_domain()
    waiting = sum(one.queued + one.held for one in domains)
    if not waiting:
        return Card(title, "send", "console_queue", (_("Nothing waits."),))
    sentences = [ngettext("%(count)s message waits.", "%(count)s messages wait.", waiting) % {"count": waiting}]
    worst = min(domains, key=lambda one: one.oldest_at)
    why = last_answer(worst.last_code, worst.last_problem)
    if why:
        sentences.append(f"{worst.domain} – {why}")
    old = at - worst.oldest_at > _QUEUE_IS_OLD or any(one.held for one in domains)
    return Card(title, "send", "console_queue", tuple(sentences), careful=old)


def _mailboxes() -> Card:
    title = _("Mailboxes")
    found = len(list(islice(check_mailboxes(), _CHECKED)))
    if not found:
        return Card(title, "message", "console_mailboxes", (_("All is in order."),))
    text = ngettext("%(count)s mailbox to look at.", "%(count)s mailboxes to look at.", found) % {"count": found}
    return Card(title, "message", "console_mailboxes", (text,), careful=True)
