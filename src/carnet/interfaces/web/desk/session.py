"""Who is at the desk: the professional who is signed in, and the mailbox that they may use now."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from carnet.domain.directory.access import SignInRefusal, mailbox_for_professional
from carnet.domain.directory.commands.traces import leave_traces
from carnet.domain.directory.queries.mailboxes import MailboxFacts, facts_of, mailboxes_by_id
from carnet.domain.directory.queries.professionals import professional_name, responsibles_of
from carnet.domain.directory.traces import NewTrace, TraceAct
from carnet.domain.messaging.desk.actors import DOOR, DeskActor
from carnet.domain.spaces.models import Account
from carnet.foundation.clock import now
from carnet.interfaces.web.asked import wants_json
from carnet.interfaces.web.session import not_found, where_they_were

P = ParamSpec("P")
_BEGAN = "desk_began"
_TRACED_AS = "desk_session"
_TRACED = "desk_traced"
_NEXT = "desk_next"
PROVIDER_SESSION = "desk_psc"
_MOST_TRACED = 200


@dataclass(frozen=True)
class AtDesk:
    """A professional who is signed in, in a mailbox that they may use now."""

    account: Account
    actor: DeskActor

    @property
    def mailbox(self) -> MailboxFacts:
        return self.actor.mailbox

    @property
    def rpps(self) -> str:
        return self.actor.rpps

    @property
    def name(self) -> str:
        return self.actor.name

    @property
    def is_responsible(self) -> bool:
        return self.actor.is_responsible


def professional(request: HttpRequest) -> Account | None:
    """The professional behind the request, if one is signed in."""
    account = request.user
    return account if isinstance(account, Account) and account.role == Account.Role.PROFESSIONAL else None


def for_professional(
    view: Callable[Concatenate[HttpRequest, Account, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A view of the desk before a mailbox is chosen: others find nothing there, who is not signed in signs in."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        who = professional(request)
        if who is None:
            if request.user.is_authenticated:
                return not_found(request)
            return _to_sign_in(request)
        if _is_over(request) or who.professional is None or not who.professional.active:
            logout(request)
            return _to_sign_in(request)
        return view(request, who, *args, **kwargs)

    return wrapped


def for_desk(
    view: Callable[Concatenate[HttpRequest, AtDesk, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, UUID, P], HttpResponse]:
    """A view in a mailbox, which the address names as ``box``. Whether this professional may use it is asked at each
    request: what is not theirs today is not found, like what does not exist. Templates find it as
    ``request.at_desk``."""

    @for_professional
    def wrapped(request: HttpRequest, account: Account, box: UUID, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        rpps = account.professional_id or ""
        found = mailbox_for_professional(rpps, box)
        if isinstance(found, SignInRefusal):
            _trace_refusal(request, rpps, box, found)
            return not_found(request)
        person = account.professional
        actor = DeskActor(
            rpps=rpps,
            name=professional_name(person) if person else "",
            mailbox=facts_of(found),
            session=request.session.get(_TRACED_AS, ""),
            is_responsible=rpps in responsibles_of(found.id),
        )
        _trace_once(request, str(found.id), actor.trace(TraceAct.SIGN_IN))
        request.at_desk = AtDesk(account, actor)  # type: ignore[attr-defined]
        return view(request, AtDesk(account, actor), *args, **kwargs)

    return wraps(view)(wrapped)


def begin_desk_session(request: HttpRequest, provider_session: str) -> None:
    """Note when the sign-in began (it ends by the clock too), a name for its traces, and what ends it elsewhere."""
    request.session[_BEGAN] = int(now().timestamp())
    request.session[_TRACED_AS] = uuid4().hex
    request.session[PROVIDER_SESSION] = provider_session


def take_next(request: HttpRequest) -> str:
    """The page of this portal that was asked for before the sign-in, once; empty without one."""
    asked = str(request.session.pop(_NEXT, ""))
    return asked if url_has_allowed_host_and_scheme(asked, allowed_hosts=None) else ""


def _is_over(request: HttpRequest) -> bool:
    began = request.session.get(_BEGAN, 0)
    return bool(now().timestamp() - began >= settings.CARNET_DESK_SESSION_SECONDS)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """To Pro Santé Connect, and from there to where they were. The page waits in the session, not in an address.

    A form stops at a page of its own: a browser follows no form to another origin (CSP ``form-action``), and what was
    typed would be lost on the way.
    """
    request.session[_NEXT] = where_they_were(request)
    if request.method in ("GET", "HEAD") or wants_json(request):
        return redirect("desk_sign_in")
    typed = next((text for name in ("text", "note") if (text := request.POST.get(name))), "")
    return render(request, "web/desk/session_over.html", {"typed": typed}, status=403)


def _trace_refusal(request: HttpRequest, rpps: str, box: UUID, refusal: SignInRefusal) -> None:
    """Who was turned away from a mailbox that exists stands in its traces, once a session for each reason."""
    if box in mailboxes_by_id([box]):
        trace = NewTrace(box, TraceAct.SIGN_IN, DOOR, rpps, request.session.get(_TRACED_AS, ""), outcome=refusal.value)
        _trace_once(request, f"{box}:{refusal.value}", trace)


def _trace_once(request: HttpRequest, what: str, trace: NewTrace) -> None:
    traced = list(request.session.get(_TRACED, []))
    if what in traced:
        return
    leave_traces([trace])
    request.session[_TRACED] = [*traced, what][-_MOST_TRACED:]
