"""Pages for what goes wrong."""

from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from carnet.interfaces.web.asked import wants_json


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's proof of origin is missing or old: nothing was done, and the person can try again.

    A script that keeps what is typed hears it in a sentence: who signed in again in another tab has an old form here.
    """
    if wants_json(request):
        sentence = _("This page is too old to be kept from: copy what you have typed, then load the page again.")
        return JsonResponse({"state": "refused", "sentence": sentence}, status=403)
    return render(request, "web/error.html", {"kind": "form-expired"}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "web/error.html", {"kind": "not-found"}, status=404)


_LAST_WORDS = (
    '<!doctype html><html lang="fr"><meta charset="utf-8"><title>Carnet</title>'
    "<h1>Quelque chose ne va pas de notre côté</h1><p>Vous n’y êtes pour rien. Réessayez dans quelques minutes. "
    'En cas d’urgence : 15 ou 112.</p><p lang="en">Something went wrong on our side. Try again in a few minutes.</p>'
)


def server_error(request: HttpRequest) -> HttpResponse:
    """What to say when Carnet fails; without the portal's frame when even that asks for what is missing."""
    try:
        return render(request, "web/error.html", {"kind": "server"}, status=500)
    except Exception:
        return HttpResponse(_LAST_WORDS, status=500)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    kind = "too-large" if isinstance(exception, RequestDataTooBig | TooManyFilesSent) else "refused"
    return render(request, "web/error.html", {"kind": kind}, status=413 if kind == "too-large" else 400)
