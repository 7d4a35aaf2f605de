"""Who is signed in, as the domain sees them; and what a refusal becomes on a page."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from carnet.domain.spaces.commands import holder
from carnet.domain.spaces.models import Account, HealthSpace
from carnet.domain.spaces.values import Actor, Decision, Refusal
from carnet.interfaces.web.sentences import refusal_sentence

P = ParamSpec("P")


@dataclass(frozen=True)
class SignedIn:
    """The holder who is signed in, and their space."""

    account: Account
    space: HealthSpace
    actor: Actor


def signed_in(request: HttpRequest) -> SignedIn | None:
    """The holder behind the request, if one is signed in."""
    account = request.user
    if not isinstance(account, Account):
        return None
    return SignedIn(account, account.space, holder(account.space))


def for_holder(
    view: Callable[Concatenate[HttpRequest, SignedIn, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A view for holders only: others are sent to sign in."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        who = signed_in(request)
        if who is None:
            return redirect_to_login(request.get_full_path())
        return view(request, who, *args, **kwargs)

    return wrapped


_STATUS = {
    Refusal.NOT_FOUND: (404, "not-found"),
    Refusal.NOT_YOURS: (404, "not-found"),
    Refusal.TOO_LARGE: (413, "too-large"),
}


def refusal_page(request: HttpRequest, decision: Decision) -> HttpResponse:
    """The page of a refusal. What is not the person's own is simply not found: an answer tells nothing of it."""
    status, kind = _STATUS.get(decision.reason, (403, "refused")) if decision.reason else (403, "refused")
    sentence = "" if kind == "not-found" else refusal_sentence(decision.reason)
    return render(request, "web/error.html", {"kind": kind, "sentence": sentence}, status=status)


def is_prefetch(request: HttpRequest) -> bool:
    """Whether a program reads ahead: nobody has seen the page then."""
    hints = (request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"))
    return request.method == "HEAD" or any("prefetch" in hint or "preview" in hint for hint in hints)
