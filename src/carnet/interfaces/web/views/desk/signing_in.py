"""Professionals sign in with Pro Santé Connect."""

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from carnet.domain.directory.queries.professionals import active_professional
from carnet.domain.spaces.commands import professional_account, signed_in
from carnet.foundation import logs
from carnet.interfaces.web import pro_sante_connect
from carnet.interfaces.web.desk.session import begin_desk_session, professional, take_next
from carnet.interfaces.web.language import keep_language
from carnet.interfaces.web.pro_sante_connect import Proven, SignInProblem
from carnet.interfaces.web.session import not_found
from carnet.interfaces.web.throttle import too_often

TRIES = 100
"""Sign-ins begun or answered from one address in ten minutes: an establishment may have one address for all."""
_TRIES_SECONDS = 600

log = logs.get("desk")


@require_GET
def sign_in(request: HttpRequest) -> HttpResponse:
    """To Pro Santé Connect. A link and not a form: the portal's pages send forms to the portal alone."""
    if not pro_sante_connect.offered():
        return not_found(request)
    if professional(request) is not None:
        return redirect("desk")
    if too_often(request, "desk-sign-in", times=TRIES, seconds=_TRIES_SECONDS):
        return _refused(request, SignInProblem.TOO_OFTEN)
    answer = pro_sante_connect.begin(request)
    return _refused(request, answer) if isinstance(answer, SignInProblem) else answer


@require_GET
def come_back(request: HttpRequest) -> HttpResponse:
    """From Pro Santé Connect, with a code. Whoever it proves must be active in the directory."""
    if not pro_sante_connect.offered():
        return not_found(request)
    if too_often(request, "desk-sign-in-back", times=TRIES, seconds=_TRIES_SECONDS):
        return _refused(request, SignInProblem.TOO_OFTEN)
    proved = pro_sante_connect.finish(request)
    if isinstance(proved, SignInProblem):
        return _refused(request, proved)
    return _let_in(request, proved)


def _let_in(request: HttpRequest, proved: Proven) -> HttpResponse:
    """A session of its own for who was proved: what was in the browser before does not go on."""
    person = active_professional(proved.rpps)
    if person is None:
        pro_sante_connect.end(proved.session)
        return _refused(request, SignInProblem.UNKNOWN)
    language = "en" if (get_language() or "").startswith("en") else "fr"
    account = professional_account(person.rpps, language=language)
    if not account.is_active:
        pro_sante_connect.end(proved.session)
        return _refused(request, SignInProblem.UNKNOWN)
    asked = take_next(request)
    request.session.flush()
    login(request, account, backend=settings.AUTHENTICATION_BACKENDS[0])
    begin_desk_session(request, proved.session)
    signed_in(account)
    response = redirect(asked or "desk")
    keep_language(response, account.language)
    return response


_STATUS = {SignInProblem.TOO_OFTEN: 429, SignInProblem.PROVIDER_AWAY: 503, SignInProblem.CANCELLED: 200}


def _refused(request: HttpRequest, problem: SignInProblem) -> HttpResponse:
    log.info("professional_not_signed_in", reason=problem.value)
    return render(request, "web/desk/not_signed_in.html", {"problem": problem}, status=_STATUS.get(problem, 403))
