"""Pages that say something about Carnet itself, the language, and the checks of those who run it."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from carnet.domain.spaces.commands import change_settings
from carnet.domain.spaces.models import Account
from carnet.interfaces.web import health
from carnet.interfaces.web.desk.session import professional
from carnet.interfaces.web.language import keep_language
from carnet.interfaces.web.session import administrator, signed_in


@require_safe
def welcome(request: HttpRequest) -> HttpResponse:
    if signed_in(request) is not None:
        return redirect("home")
    if administrator(request) is not None:
        return redirect("console")
    if professional(request) is not None:
        return redirect("desk")
    return render(request, "web/welcome.html")


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "web/accessibility.html")


@require_safe
def legal(request: HttpRequest) -> HttpResponse:
    return render(request, "web/legal.html")


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    return render(request, "web/help.html")


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Keep the language that was chosen: in a cookie, and for a holder in their settings."""
    language = request.POST.get("language", "")
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = "/"
    response = redirect(back)
    if language in dict(settings.LANGUAGES):
        if isinstance(request.user, Account):
            change_settings(request.user, language=language)
        translation.activate(language)
        keep_language(response, language)
    return response


def live(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("live\n", content_type="text/plain")


def ready(request: HttpRequest) -> HttpResponse:
    """Everything that the portal needs answers; else 503 and the names of what does not."""
    missing = health.what_is_missing()
    if missing:
        return HttpResponse("".join(f"{name}\n" for name in missing), content_type="text/plain", status=503)
    return HttpResponse("ready\n", content_type="text/plain")


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus metrics, for a scraper on this machine only."""
    # A proxy on this machine brings strangers under its own address, and says so.
    brought = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"))
    local = request.META.get("REMOTE_ADDR") in ("127.0.0.1", "::1") and not brought
    if not settings.CARNET_METRICS or not local:
        return HttpResponseNotFound()
    return HttpResponse(health.metrics(), content_type="text/plain; version=0.0.4")
