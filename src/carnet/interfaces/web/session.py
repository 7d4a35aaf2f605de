"""Who is signed in, as the domain sees them; and what a refusal becomes on a page."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

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
    """The holder behind the request, if one is signed in; the view and its page ask, and it is looked up once."""
    account = request.user
    if not isinstance(account, Account) or account.space is None:
        return None
    known: SignedIn | None = getattr(request, "known_holder", None)
    if known is None or known.account is not account:
        known = SignedIn(account, account.space, holder(account.space))
        request.known_holder = known  # type: ignore[attr-defined]
    return known


def administrator(request: HttpRequest) -> Account | None:
    """The administrator behind the request, if one is signed in."""
    account = request.user
    return account if isinstance(account, Account) and account.role == Account.Role.ADMINISTRATOR else None


def for_administrator(
    view: Callable[Concatenate[HttpRequest, Account, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A view of the console: a holder finds nothing there, who is not signed in is sent to sign in."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        who = administrator(request)
        if who is not None:
            return view(request, who, *args, **kwargs)
        if request.user.is_authenticated:
            return not_found(request)
        return redirect_to_login(where_they_were(request))

    return wrapped


def for_holder(
    view: Callable[Concatenate[HttpRequest, SignedIn, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A view for holders only: others are sent to sign in, and from there to where they were."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        who = signed_in(request)
        if who is None:
            if administrator(request) is not None:
                return redirect("console")
            if request.user.is_authenticated:
                return redirect("desk")  # a professional: they have no space here
            return redirect_to_login(where_they_were(request))
        return view(request, who, *args, **kwargs)

    return wrapped


def where_they_were(request: HttpRequest) -> str:
    """The page that was asked for; for a form that was sent, the page it was on: a form's own address shows nothing."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    came_from = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(came_from, allowed_hosts={request.get_host()}):
        return urlsplit(came_from)._replace(scheme="", netloc="", fragment="").geturl()
    return reverse("home")


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


def not_found(request: HttpRequest) -> HttpResponse:
    """The page of what does not exist, or not for who asks."""
    return refusal_page(request, Decision(False, Refusal.NOT_FOUND))


def is_prefetch(request: HttpRequest) -> bool:
    """Whether a program reads ahead: nobody has seen the page then."""
    hints = (request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"))
    return request.method == "HEAD" or any("prefetch" in hint or "preview" in hint for hint in hints)


_READINGS = "readings"
_READING_SECONDS = 1800
_READINGS_KEPT = 30


def begin_reading(request: HttpRequest, what: str) -> None:
    """Remember that ``what`` was opened and that the trail has it: its pages and pictures are the same reading."""
    readings = dict(request.session.get(_READINGS, {}))
    readings.pop(what, None)
    readings[what] = int(time.time())
    request.session[_READINGS] = dict(list(readings.items())[-_READINGS_KEPT:])


def reading_goes_on(request: HttpRequest, what: str) -> bool:
    """Whether ``what`` was opened in this session, less than half an hour ago."""
    began = request.session.get(_READINGS, {}).get(what, 0)
    return bool(time.time() - began < _READING_SECONDS)
