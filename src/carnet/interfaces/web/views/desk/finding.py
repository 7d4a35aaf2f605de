"""Finding whom to write to: a patient, in one of three ways, or a colleague.

Everything that is typed here comes by POST: no name and no number ever stands in an address.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from carnet.domain.directory.queries.colleagues import find_colleagues
from carnet.domain.identity.values import InvalidTrait
from carnet.domain.messaging.desk.finding import (
    FindOutcome,
    Found,
    find_patient_by_datamatrix,
    find_patient_by_number,
    find_patient_by_traits,
)
from carnet.domain.messaging.desk.patients import seal_patient
from carnet.interfaces.web.desk.find_forms import ColleagueForm, NumberForm, ScanForm, TraitsForm
from carnet.interfaces.web.desk.session import AtDesk, for_desk
from carnet.interfaces.web.middleware import PERMISSIONS
from carnet.interfaces.web.throttle import too_often

SEARCHES = 60
"""Identities that one professional may look for in ten minutes: a consultation's list, not a town's."""
_SEARCH_SECONDS = 600


@require_http_methods(["GET", "HEAD", "POST"])
@for_desk
def find(request: HttpRequest, who: AtDesk) -> HttpResponse:
    """The page of the four forms; what one of them found, or what is wrong with it."""
    act = request.POST.get("act", "")
    data = request.POST if request.method == "POST" else None
    forms: dict[str, Any] = {
        "scan": ScanForm(data if act == "scan" else None, auto_id="scan_%s"),
        "number": NumberForm(data if act == "number" else None, auto_id="number_%s"),
        "traits": TraitsForm(data if act == "traits" else None, auto_id="traits_%s"),
        "colleague": ColleagueForm(data if act == "colleague" else None, auto_id="colleague_%s"),
    }
    context = {"forms": forms, "act": act, "insi": bool(settings.CARNET_INSI_URL), "form": forms.get(act)}
    chosen = forms.get(act)
    if chosen is None or not chosen.is_valid():
        return _page(request, context, status=200 if chosen is None else 422)
    if act == "colleague":
        words, kind = chosen.cleaned_data["colleague_words"], chosen.cleaned_data["kind"]
        found = find_colleagues(words, kind=kind, besides=who.mailbox.address)
        return _page(request, context | {"colleagues": found, "words": words})
    if too_often(request, "desk-find", times=SEARCHES, seconds=_SEARCH_SECONDS, key=who.rpps):
        chosen.add_error(None, _("Too many tries: wait a little."))
        return _page(request, context, status=429)
    return _patient(request, who, context, _look_for(who, act, chosen))


def _look_for(who: AtDesk, act: str, form: Any) -> Found | None:
    """What was found; None when the form has told what it cannot read."""
    if act == "scan":
        return find_patient_by_datamatrix(who.actor, form.scanned)
    if act == "traits":
        return find_patient_by_traits(who.actor, form.asked)
    try:
        return find_patient_by_number(who.actor, **form.cleaned_data)
    except InvalidTrait as problem:
        form.refuse(problem)
        return None


def _patient(request: HttpRequest, who: AtDesk, context: dict[str, Any], found: Found | None) -> HttpResponse:
    if found is not None and found.patient is not None:
        token = seal_patient(who.mailbox.id, found.patient)
        return render(
            request,
            "web/desk/patient_found.html",
            {"patient": found.patient, "token": token, "unconfirmed": not found.patient.insi_agrees},
        )
    if found is None:
        return _page(request, context, status=422)
    context["form"].add_error(None, _sentence(found.outcome))
    return _page(request, context)


def _sentence(outcome: FindOutcome) -> str:
    return {
        FindOutcome.NOBODY: _(
            "Nobody was found. Check the spelling on the identity document: birth name, first given name, date."
        ),
        FindOutcome.SEVERAL: _(
            "Several people have these details. Add the place of birth, or all the given names in their order."
        ),
        FindOutcome.DIFFERENT: _(
            "This number and these details are not of the same person. Compare them with the identity document."
        ),
        FindOutcome.OTHER_WORLD: _("This number is not taken here: it is a test number, or this portal is a test."),
        FindOutcome.AWAY: _(
            "The national service of identities does not answer at the moment. Scan the barcode or type the number."
        ),
    }.get(outcome, "")


def _page(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    response = render(request, "web/desk/find.html", context, status=status)
    response.headers["Permissions-Policy"] = PERMISSIONS.replace("camera=()", "camera=(self)")  # to read a barcode
    return response
