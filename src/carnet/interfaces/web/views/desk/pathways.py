"""The pathways of an establishment: the list, and one to write."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from carnet.domain.pathways import commands, queries
from carnet.domain.pathways.queries import PathwayShown
from carnet.domain.pathways.values import PathwayRefusal, Refused
from carnet.domain.spaces.values import Decision, Refusal
from carnet.interfaces.web.desk_session import AtDesk, for_desk
from carnet.interfaces.web.pathway_forms import PathwayForm
from carnet.interfaces.web.pathway_sentences import refusal_words
from carnet.interfaces.web.session import refusal_page


@require_safe
@for_desk
def index(request: HttpRequest, who: AtDesk) -> HttpResponse:
    return render(
        request,
        "web/desk/pathways.html",
        {
            "box": who.mailbox.id,
            "pathways": queries.list_pathways(who.actor),
            "has_establishment": bool(who.mailbox.finess),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_desk
def new(request: HttpRequest, who: AtDesk) -> HttpResponse:
    return _edit(request, who, None)


@require_http_methods(["GET", "HEAD", "POST"])
@for_desk
def edit(request: HttpRequest, who: AtDesk, pathway: UUID) -> HttpResponse:
    found = queries.open_pathway(who.actor, pathway)
    return not_there(request) if isinstance(found, Refused) else _edit(request, who, found)


def _edit(request: HttpRequest, who: AtDesk, shown: PathwayShown | None) -> HttpResponse:
    form = PathwayForm(request.POST if request.method == "POST" else None, initial=_values(shown) if shown else None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        if shown is None:
            saved = commands.create_pathway(who.actor, **values)
        else:
            saved = commands.change_pathway(who.actor, shown.id, **values)
        if not isinstance(saved, Refused):
            messages.success(request, _("The pathway is saved."))
            return redirect("desk_pathways", box=who.mailbox.id)
        say(form, saved)
    context = {"box": who.mailbox.id, "form": form, "pathway": shown}
    return render(request, "web/desk/pathway.html", context, status=400 if form.errors else 200)


def _values(shown: PathwayShown) -> dict[str, object]:
    return {
        "name": shown.name,
        "description": shown.description,
        "active": shown.active,
        "validated_on": shown.validated_on,
        "validated_by": shown.validated_by,
    }


def say(form: PathwayForm, refused: Refused) -> None:
    """Put a refusal beside the field that it is about, or above the form."""
    named = {PathwayRefusal.NAME_EMPTY: "name", PathwayRefusal.NAME_TAKEN: "name"}
    field = named.get(refused.reason, refused.field)
    form.add_error(field if field in form.fields else None, refusal_words(refused.reason))


def not_there(request: HttpRequest) -> HttpResponse:
    """What is of another establishment or mailbox is not found, like what does not exist."""
    return refusal_page(request, Decision(False, Refusal.NOT_FOUND))
