"""The menu of the professional's desk, and words of its pages."""

from typing import Any

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils.translation import gettext_lazy

from carnet.interfaces.web.contact_sentences import delay_words

register = template.Library()

_MENU = (
    ("desk_inbox", "message", gettext_lazy("Inbox"), ("desk_inbox", "desk_search", "desk_thread", "desk_piece")),
    ("desk_find", "write", gettext_lazy("Write"), ("desk_find", "desk_new")),
    ("desk_patients", "person", gettext_lazy("Patients"), ("desk_patient", "desk_file", "desk_unfile")),
    ("desk_sendings", "send", gettext_lazy("Sendings"), ("desk_sending",)),
    ("desk_templates", "document", gettext_lazy("Templates"), ("desk_template", "desk_pathway", "desk_replies")),
)


@register.inclusion_tag("web/desk/nav.html", takes_context=True)
def desk_menu(context: Context) -> dict[str, Any]:
    """The desk's menu in the mailbox of the request, with which part is shown; empty while none is chosen."""
    request = context.get("request")
    who = getattr(request, "at_desk", None)
    if who is None:
        return {"items": [], "mailbox": None}
    match = getattr(request, "resolver_match", None)
    here = match.url_name if match else ""
    items = []
    for url_name, drawing, label, pages in _MENU:
        address = reverse(url_name, kwargs={"box": who.mailbox.id})
        current = "page" if here == url_name else "true" if here and here.startswith(pages) else ""
        items.append({"address": address, "icon": drawing, "label": label, "current": current})
    return {"items": items, "mailbox": who.mailbox}


@register.filter
def capped(count: int, most: int = 999) -> str:
    """A count that one glance takes in: ``999+`` above."""
    return f"{most}+" if count > most else str(count)


@register.filter
def usual_delay(hours: int | None) -> str:
    """In how long a mailbox usually answers, as a sentence."""
    return delay_words(hours)
