"""The mailbox as its team reads it: lists of conversations, what is sought in them, acts on several at once."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from carnet.domain.messaging.desk import acts
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.messaging.desk.catching_up import prepare
from carnet.domain.messaging.desk.listing import counts, newer_than, search, threads
from carnet.domain.messaging.desk.sought import open_words, seal_words
from carnet.domain.messaging.desk.values import View
from carnet.domain.pathways.queries import list_pathways
from carnet.domain.spaces.values import Decision
from carnet.foundation.clock import now
from carnet.interfaces.web.asked import uuid_of, uuids_of
from carnet.interfaces.web.desk.forms import DeskFilter, SearchForm
from carnet.interfaces.web.desk.rows import back_place, inbox_url, place_of, thread_row
from carnet.interfaces.web.desk.session import AtDesk, for_desk
from carnet.interfaces.web.rows import page
from carnet.interfaces.web.sentences import refusal_sentence

_MOST_AT_ONCE = 200
_SLOW_PREPARATION = 1_000
_VIEWS = (
    (View.INBOX, gettext_lazy("Inbox")),
    (View.SENT, gettext_lazy("Sent mail")),
    (View.TRASH, gettext_lazy("Trash")),
    (View.ALL, gettext_lazy("All")),
)


@require_safe
@for_desk
def inbox(request: HttpRequest, who: AtDesk) -> HttpResponse:
    preparation = prepare(who.mailbox.id)
    text = open_words(who.mailbox.id, request.GET.get("s", ""))
    pathways = pathway_names(who)
    form = DeskFilter(request.GET, pathways=pathways.items())
    view = _view(request, View.ALL if text else View.INBOX)
    filters = form.filters(view, uuid_of(request.GET.get("of", "")))
    before = request.GET.get("before", "")
    found = search(who.actor, text, filters, before=before) if text else threads(who.actor, filters, before=before)
    at = now()
    place = place_of(request.GET.dict())
    left = preparation.total - preparation.done
    return render(
        request,
        "web/desk/inbox.html",
        {
            "box": who.mailbox.id,
            "view": view.value,
            "views": _views(request, view),
            "counts": counts(who.mailbox, who.rpps),
            "late": [thread_row(row, who, pathways, place, at) for row in found.late],
            "late_more": found.late_more,
            "page": page(request, [thread_row(row, who, pathways, place, at) for row in found.rows], found.next_before),
            "filters": form,
            "chips": _chips(request, form, text),
            "search": SearchForm(initial={"text": text}),
            "sought": text,
            "place": place,
            "since": at.isoformat(),
            "preparation": preparation if left > _SLOW_PREPARATION else None,
        },
    )


@require_POST
@for_desk
def seek(request: HttpRequest, who: AtDesk) -> HttpResponse:
    """Words to look for. They come in a form, and stand in the address sealed: they may name a patient."""
    form = SearchForm(request.POST)
    form.is_valid()
    token = seal_words(who.mailbox.id, form.cleaned_data.get("text") or "")
    return redirect(inbox_url(who, urlencode({"s": token}) if token else ""))


@require_safe
@for_desk
def news(request: HttpRequest, who: AtDesk) -> HttpResponse:
    """How many messages came since a list was shown, for the page that asks by itself.

    A page that asks by itself is nobody at work: it must not keep the session alive.
    """
    since = _moment(request.GET.get("since", ""))
    number = newer_than(who.actor, since) if since else 0
    words = ngettext("%(number)s new message", "%(number)s new messages", number) % {"number": number}
    if not request.session.modified:
        del request.session
    return JsonResponse({"number": number, "words": words if number else ""})


Act = Callable[[DeskActor, Sequence[UUID]], int | Decision]
_ACTS: dict[str, Act] = {
    "read": acts.mark_read,
    "unread": acts.mark_unread,
    "take": acts.take,
    "release": acts.release,
    "settle": acts.settle,
    "trash": acts.trash,
    "restore": acts.restore,
}


@require_POST
@for_desk
def act_on_several(request: HttpRequest, who: AtDesk) -> HttpResponse:
    """One act on the conversations that were ticked, and back to the list."""
    back = redirect(inbox_url(who, back_place(request)))
    act = _ACTS.get(request.POST.get("act", ""))
    ticked = uuids_of(request.POST.getlist("thread")[:_MOST_AT_ONCE])
    if act is None or not ticked:
        messages.info(request, _("Tick the conversations first."))
        return back
    done = act(who.actor, ticked)
    if isinstance(done, Decision):
        messages.error(request, refusal_sentence(done.reason))
    else:
        _say_done(request, request.POST["act"], done)
    return back


def _say_done(request: HttpRequest, act: str, number: int) -> None:
    if not number:
        messages.info(request, _("Nothing had to be changed."))
        return
    words = {
        "read": ngettext("%(number)s conversation is marked as read.",
                         "%(number)s conversations are marked as read.", number),
        "unread": ngettext("%(number)s conversation is marked as unread.",
                           "%(number)s conversations are marked as unread.", number),
        "take": ngettext("You look after %(number)s conversation.",
                         "You look after %(number)s conversations.", number),
        "release": ngettext("%(number)s conversation is free for a colleague.",
                            "%(number)s conversations are free for a colleague.", number),
        "settle": ngettext("%(number)s conversation needs no answer any more.",
                           "%(number)s conversations need no answer any more.", number),
        "trash": ngettext("%(number)s conversation is in the trash: it can be put back from there.",
                          "%(number)s conversations are in the trash: they can be put back from there.", number),
        "restore": ngettext("%(number)s conversation is back in its place.",
                            "%(number)s conversations are back in their place.", number),
    }  # fmt: skip
    messages.success(request, words[act] % {"number": number})


def pathway_names(who: AtDesk) -> dict[UUID, str]:
    """The pathways of the mailbox's establishment, by their ids."""
    return {one.id: one.content.name for one in list_pathways(who.actor)}


def _view(request: HttpRequest, otherwise: View) -> View:
    try:
        return View(request.GET.get("view", ""))
    except ValueError:
        return otherwise


def _views(request: HttpRequest, shown: View) -> list[dict[str, Any]]:
    """The four lists, each with what is sought or filtered kept."""
    kept = request.GET.dict()
    return [
        {
            "label": label,
            "url": f"?{place_of({**kept, 'view': view.value})}",
            "shown": view is shown,
        }
        for view, label in _VIEWS
    ]


def _chips(request: HttpRequest, form: DeskFilter, text: str) -> list[dict[str, str]]:
    """What narrows the list, each with the address of the list without it."""
    kept = request.GET.dict()
    chips = [("s", _("Words: %(text)s") % {"text": text})] if text else []
    if uuid_of(request.GET.get("of", "")):
        chips.append(("of", _("The same correspondent")))
    for name, value in form.cleaned_data.items():
        if value in ("", None, False):
            continue
        bound = form[name]
        chosen = dict(getattr(form.fields[name], "choices", ())).get(value)
        if chosen is not None:
            words = _("%(label)s: %(value)s") % {"label": bound.label, "value": chosen}
        elif value is True:
            words = str(bound.label)
        else:
            words = f"{bound.label} {value:%d/%m/%Y}"
        chips.append((name, words))
    return [
        {"words": words, "url": "?" + place_of({key: value for key, value in kept.items() if key != name})}
        for name, words in chips
    ]


def _moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None and 1900 <= at.year <= 9000 else None
