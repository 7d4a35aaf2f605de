"""The pathways of an establishment: the list, and one to write."""

from dataclasses import asdict
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from carnet.domain.pathways import commands, queries
from carnet.domain.pathways.values import Refused
from carnet.interfaces.web.desk.pathway_forms import PathwayForm
from carnet.interfaces.web.desk.pathway_pages import refuse
from carnet.interfaces.web.desk.session import AtDesk, for_desk
from carnet.interfaces.web.forms import form_page
from carnet.interfaces.web.session import not_found


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
def edit(request: HttpRequest, who: AtDesk, pathway: UUID | None = None) -> HttpResponse:
    """A pathway to change, or a new one."""
    shown = queries.open_pathway(who.actor, pathway) if pathway else None
    if isinstance(shown, Refused):
        return not_found(request)
    initial = asdict(shown.content) if shown else None
    form = PathwayForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        saved = commands.save_pathway(who.actor, pathway, form.content())
        if not isinstance(saved, Refused):
            messages.success(request, _("The pathway is saved."))
            return redirect("desk_pathways", box=who.mailbox.id)
        refuse(form, saved.reason, saved.field)
    return form_page(request, "web/desk/pathway.html", {"box": who.mailbox.id, "form": form, "pathway": shown})
