"""Home, activity and settings."""

import re
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from carnet.domain.audit.queries import Event, events
from carnet.domain.messaging.queries.conversations import conversations
from carnet.domain.notifications.push import devices, push_offered, sender_key
from carnet.domain.notifications.queries import wanted_kinds
from carnet.domain.notifications.values import Channel, NotificationKind
from carnet.domain.record.queries import documents
from carnet.domain.spaces import commands
from carnet.domain.spaces.access import open_space
from carnet.domain.spaces.values import Act, Decision
from carnet.interfaces.web.forms import ActivityFilter, SettingsForm, form_page
from carnet.interfaces.web.language import keep_language
from carnet.interfaces.web.rows import conversation_row, document_row, event_row, page
from carnet.interfaces.web.session import SignedIn, begin_reading, for_holder, reading_goes_on, refusal_page
from carnet.interfaces.web.text_size import keep_text_size, text_size

_EVENTS = 50
_LOOKING_AROUND = frozenset(
    {Act.READ_HOME, Act.LIST_MESSAGES, Act.LIST_DOCUMENTS, Act.READ_ACTIVITY}
    | {Act.WRITE_DRAFT, Act.DELETE_DRAFT, Act.SEARCH_MESSAGES}
)
"""What a holder does on every visit: in the activity, not among the four lines of home."""


@require_safe
@for_holder
def home(request: HttpRequest, who: SignedIn) -> HttpResponse:
    opened = open_space(who.actor, Act.READ_HOME, who.space.id)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    unread = conversations(who.space.id, only_unread=True, limit=5).rows
    return render(
        request,
        "web/home.html",
        {
            "holder_name": who.actor.label,
            "unread": [conversation_row(row, who.actor.label) for row in unread],
            "recent_documents": [document_row(row) for row in documents(who.actor, limit=3).rows],
            "last_events": [event_row(event, who.actor.label) for event in _latest(who.space.id)],
        },
    )


def _latest(space_id: UUID) -> list[Event]:
    return [event for event in events(space_id) if event.act not in _LOOKING_AROUND or not event.allowed][:4]


@require_safe
@for_holder
def activity(request: HttpRequest, who: SignedIn) -> HttpResponse:
    """« Qui a fait quoi »: reading it is an act too."""
    filters = ActivityFilter(request.GET)
    kind = filters.cleaned_data["who_kind"] if filters.is_valid() else ""
    before = request.GET.get("before", "")
    if not (before and reading_goes_on(request, "activity")):
        opened = open_space(who.actor, Act.READ_ACTIVITY, who.space.id)
        if isinstance(opened, Decision):
            return refusal_page(request, opened)
        begin_reading(request, "activity")
    place = int(before) if re.fullmatch(r"[0-9]{1,18}", before) else None
    found = events(who.space.id, before=place, actor_kind=kind, limit=_EVENTS + 1)
    shown = found[:_EVENTS]
    next_before = shown[-1].sequence if len(found) > _EVENTS else ""
    rows = [event_row(event, who.actor.label) for event in shown]
    return render(request, "web/activity.html", {"page": page(request, rows, next_before), "filters": filters})


@require_http_methods(["GET", "POST"])
@for_holder
def change_settings(request: HttpRequest, who: SignedIn) -> HttpResponse:
    by_email, by_push = wanted_kinds(who.space.id), wanted_kinds(who.space.id, Channel.PUSH)
    initial = {
        "language": who.account.language,
        "text_size": text_size(request),
        "messages": NotificationKind.MESSAGE in by_email,
        "documents": NotificationKind.DOCUMENT in by_email,
        "push_messages": NotificationKind.MESSAGE in by_push,
        "push_documents": NotificationKind.DOCUMENT in by_push,
    }
    form = SettingsForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        language = form.cleaned_data["language"]
        wanted = {Channel.EMAIL: form.wanted(), Channel.PUSH: form.wanted("push_")}
        refusal = commands.change_settings(who.account, language=language, notifications=wanted)
        if refusal is not None:
            return refusal_page(request, refusal)
        with translation.override(language):
            messages.success(request, _("Your settings are saved."))
        response = redirect("settings")
        keep_language(response, language)
        keep_text_size(response, form.cleaned_data["text_size"])
        return response
    context = {"form": form, "email": who.account.email, "login": who.account.login}
    told = {"devices": devices(who.space.id), "push_key": sender_key().public if push_offered() else ""}
    return form_page(request, "web/settings.html", context | told)
