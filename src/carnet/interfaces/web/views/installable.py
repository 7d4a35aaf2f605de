"""The manifest, the service worker, the page for no connection; and the browsers that a holder is told on."""

import json
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from carnet.domain.notifications.push import subscribe
from carnet.domain.spaces.access import open_space
from carnet.domain.spaces.commands import forget_device
from carnet.domain.spaces.values import Act, Decision
from carnet.foundation.web_push.sealing import BadSubscription
from carnet.interfaces.web.installable import SHELL, shell_version
from carnet.interfaces.web.session import SignedIn, for_holder, refusal_page

_LANGUAGES = ("fr", "en")
_MOST_OCTETS = 4096


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """How the portal presents itself to a telephone's home screen (W3C Web Application Manifest)."""
    icons = [
        {"src": static("web/icon-192.png"), "sizes": "192x192", "type": "image/png"},
        {"src": static("web/icon-512.png"), "sizes": "512x512", "type": "image/png"},
        {"src": static("web/icon-maskable.png"), "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
        {"src": static("web/carnet.svg"), "sizes": "any", "type": "image/svg+xml"},
    ]
    answer = JsonResponse(
        {
            "id": "/",
            "name": "Carnet",
            "short_name": "Carnet",
            "description": _("Your health space: messages and documents"),
            "lang": translation.get_language(),
            "start_url": reverse("home"),
            "scope": "/",
            "display": "standalone",
            "background_color": "#faf5ed",
            "theme_color": "#faf5ed",
            "icons": icons,
            "shortcuts": [{"name": _("Messages"), "url": reverse("messages")}],
        }
    )
    answer.headers["Content-Type"] = "application/manifest+json"
    return answer


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker, with the version and the names of what it keeps; asked for anew at each visit."""
    pages = {language: _offline_url(language) for language in _LANGUAGES}
    keeps = {
        "version": shell_version(),
        "shell": [static(name) for name in SHELL],
        "pages": pages,
        "kept": {"write": [reverse("new_message"), "/messages/"], "icon": static("web/icon-192.png")},
        "opens": [reverse("messages"), reverse("documents")],
        "words": {language: _words(language) for language in _LANGUAGES},
    }
    return render(
        request,
        "web/worker.js",
        {"keeps": json.dumps(keeps, ensure_ascii=False), "script": static("web/worker.js"), "version": shell_version()},
        content_type="text/javascript; charset=utf-8",
    )


def _offline_url(language: str) -> str:
    return reverse("offline", args=[language])


def _words(language: str) -> dict[str, str]:
    with translation.override(language):
        return {"something": _("Something new is waiting for you.")}


@require_safe
def offline(request: HttpRequest, language: str) -> HttpResponse:
    """The page that a device shows without connection. It is the same for everybody: it can be kept in clear."""
    if language not in _LANGUAGES:
        raise Http404
    with translation.override(language):
        answer = render(request, "web/offline.html", {"language": language, "draft_url": reverse("new_message")})
    answer.headers["Cache-Control"] = "public, max-age=3600"
    return answer


@require_POST
@for_holder
def add_device(request: HttpRequest, who: SignedIn) -> HttpResponse:
    """The browser that asks wants to be told: what ``PushSubscription.toJSON()`` gives, and what the device is."""
    opened = open_space(who.actor, Act.CHANGE_SETTINGS, who.space.id)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    wanted = _subscription(request)
    try:
        subscribe(who.space.id, **wanted)
    except BadSubscription as problem:
        return JsonResponse({"problem": str(problem)}, status=422)
    messages.success(request, _("This device will be told."))
    return JsonResponse({"url": f"{reverse('settings')}#devices"})


def _subscription(request: HttpRequest) -> dict[str, str]:
    """The four texts of a subscription; what is not there or no text is empty, and refused further on."""
    try:
        given = json.loads(request.body[:_MOST_OCTETS])
    except ValueError:
        given = {}
    given = given if isinstance(given, dict) else {}
    keys = given.get("keys")
    keys = keys if isinstance(keys, dict) else {}
    texts = {
        "endpoint": given.get("endpoint"),
        "p256dh": keys.get("p256dh"),
        "auth": keys.get("auth"),
        "device": given.get("device"),
    }
    return {name: text if isinstance(text, str) else "" for name, text in texts.items()}


@require_POST
@for_holder
def remove_device(request: HttpRequest, who: SignedIn, device_id: UUID) -> HttpResponse:
    """This browser is told no more."""
    refusal = forget_device(who.account, device_id)
    if refusal is not None:
        return refusal_page(request, refusal)
    messages.success(request, _("That device will be told no more."))
    return redirect(f"{reverse('settings')}#devices")
