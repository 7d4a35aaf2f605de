"""The keys that act at the desk: what they do, and how to do without them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from carnet.interfaces.web.desk.session import AtDesk, for_desk

COOKIE = "desk_keys"
_YEAR = 365 * 24 * 3600
KEYS = (
    (
        gettext_lazy("In a list"),
        (
            ("j", gettext_lazy("Next conversation")),
            ("k", gettext_lazy("Previous conversation")),
            ("o", gettext_lazy("Open the conversation (Enter does it too)")),
            ("x", gettext_lazy("Tick the conversation")),
            ("/", gettext_lazy("Search")),
        ),
    ),
    (
        gettext_lazy("In a conversation"),
        (
            ("j", gettext_lazy("Next message")),
            ("k", gettext_lazy("Previous message")),
            ("r", gettext_lazy("Write the answer")),
            ("n", gettext_lazy("Write a note for the team")),
            ("u", gettext_lazy("Back to the list")),
        ),
    ),
    (
        gettext_lazy("In both"),
        (
            ("t", gettext_lazy("Look after it")),
            ("e", gettext_lazy("No answer needed")),
            ("?", gettext_lazy("This page")),
        ),
    ),
)


@require_http_methods(["GET", "POST"])
@for_desk
def show(request: HttpRequest, who: AtDesk) -> HttpResponse:
    """Every key, and the choice to switch them off in this browser (WCAG 2.1.4)."""
    if request.method == "POST":
        off = request.POST.get("keys") == "off"
        messages.success(request, _("The keys are switched off.") if off else _("The keys are switched on."))
        response = redirect("desk_keys", who.mailbox.id)
        response.set_cookie(
            COOKIE, "off" if off else "on", max_age=_YEAR, path="/bureau/", httponly=True, samesite="Lax",
            secure=request.is_secure(),
        )  # fmt: skip
        return response
    off = request.COOKIES.get(COOKIE) == "off"
    return render(request, "web/desk/keys.html", {"box": who.mailbox.id, "groups": KEYS, "off": off})
