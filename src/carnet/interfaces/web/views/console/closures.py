"""Planned closures: told beforehand, and while they last."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from carnet.domain.spaces.models import Account
from carnet.foundation import logs
from carnet.foundation.clock import now
from carnet.foundation.closures import MAIL, BadClosure, cancel_closure, closures_to_come, plan_closure
from carnet.interfaces.web.console_forms import ClosureForm
from carnet.interfaces.web.forms import form_page
from carnet.interfaces.web.session import for_administrator

log = logs.get("console")


@require_http_methods(["GET", "POST"])
@for_administrator
def closures(request: HttpRequest, who: Account) -> HttpResponse:
    """The closures that last or are to come, and the form of a new one."""
    form = ClosureForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data
        try:
            plan_closure(
                MAIL,
                wanted["starts_at"],
                wanted["until"],
                message_fr=wanted["message_fr"],
                message_en=wanted["message_en"],
            )
        except BadClosure:
            form.add_error("until", _("A closure ends after it starts, and in the future."))
        else:
            log.info("administrator", account=who.pk, act="plan-closure")
            messages.success(request, _("The closure is planned."))
            return redirect("console_closures")
    at = now()
    shown = [{"closure": one, "lasts": one.lasts_at(at)} for one in closures_to_come()]
    return form_page(request, "web/console/closures.html", {"closures": shown, "form": form})


@require_POST
@for_administrator
def cancel(request: HttpRequest, who: Account, closure_id: int) -> HttpResponse:
    """Open again, or not close at all."""
    if cancel_closure(closure_id):
        log.info("administrator", account=who.pk, act="cancel-closure")
        messages.success(request, _("The closure is cancelled."))
    else:
        messages.warning(request, _("This closure is over already."))
    return redirect("console_closures")
