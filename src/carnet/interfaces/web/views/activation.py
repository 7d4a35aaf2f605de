"""Activating a space: ask for a code, then choose a login and a password."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from carnet.domain.spaces.commands import Activation, ActivationRefused, activate, request_activation
from carnet.interfaces.web.forms import ActivationForm, ActivationRequestForm, form_page
from carnet.interfaces.web.throttle import lasting, too_often

_ANSWER_SECONDS = 0.25


@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """The same answer to everyone: whether there is such a person is not for this page to tell."""
    form = ActivationRequestForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if too_often(request, "activation-code", times=10, seconds=600):
            form.add_error(None, _("Too many tries: wait a little."))
        else:
            with lasting(_ANSWER_SECONDS):
                request_activation(form.cleaned_data["ins"], form.cleaned_data["birth_date"])
            return render(request, "web/activate_sent.html")
    return form_page(request, "web/activate_request.html", {"form": form})


@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    form = ActivationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if too_often(request, "activation", times=20, seconds=600):
            form.add_error(None, _("Too many tries: wait a little."))
        else:
            values = form.cleaned_data
            try:
                activate(
                    Activation(
                        ins=values["ins"],
                        birth_date=values["birth_date"],
                        code=values["code"],
                        login=values["login"],
                        password=values["password1"],
                        language=get_language() or "fr",
                    )
                )
                messages.success(request, _("Your space is activated: sign in with your login and your password."))
                return redirect("account_login")
            except ActivationRefused as refusal:
                for sentence in refusal.sentences or [_refusal(refusal.problem)]:
                    form.add_error(refusal.field, sentence)
    return form_page(request, "web/activate_code.html", {"form": form})


def _refusal(problem: str) -> str:
    return {
        "wrong-code": _("This number, this date and this code do not go together, or the code is too old."),
        "login-taken": _("This login is taken: choose another one."),
        "invalid-login": _("8 to 100 characters among small letters, digits and _ . -, and not a number of yours."),
    }[problem]
