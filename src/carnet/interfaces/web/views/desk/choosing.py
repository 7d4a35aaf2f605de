"""Choosing one of the mailboxes that a professional may use."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from carnet.domain.directory.queries.mailboxes import MailboxFacts
from carnet.domain.directory.queries.professionals import mailboxes_of, professional_name
from carnet.domain.directory.values import MailboxKind
from carnet.domain.messaging.desk.catching_up import prepare
from carnet.domain.messaging.desk.listing import counts_of
from carnet.domain.spaces.models import Account
from carnet.interfaces.web.desk.session import for_professional

# What came since a mailbox was last looked at is counted first, within bounds: the rest follows in its inbox.
_PREPARED = 10
_MESSAGES_NOW = 50


@dataclass(frozen=True)
class Box:
    """A mailbox to choose: whether it is their own, and how many conversations are unread and wait for an answer."""

    mailbox: MailboxFacts
    own: bool
    unread: int = 0
    waiting: int = 0


@require_safe
@for_professional
def choose(request: HttpRequest, who: Account) -> HttpResponse:
    """The mailboxes that this professional may use today; straight into the only one."""
    rpps = who.professional_id or ""
    mailboxes = mailboxes_of(rpps)
    if len(mailboxes) == 1:
        return redirect("desk_inbox", box=mailboxes[0].id)
    for one in mailboxes[:_PREPARED]:
        prepare(one.id, _MESSAGES_NOW)
    counts = counts_of(mailboxes, rpps)
    boxes = [
        Box(one, one.kind is MailboxKind.PER, unread=counts[one.id].unread, waiting=counts[one.id].waiting)
        for one in mailboxes
    ]
    name = professional_name(who.professional) if who.professional else ""
    return render(request, "web/desk/choose.html", {"name": name, "boxes": boxes})
