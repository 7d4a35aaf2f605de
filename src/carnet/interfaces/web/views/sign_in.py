"""Signing in and out: django-allauth does it, the trail keeps it."""

from allauth.account import views as allauth_views
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from carnet.domain.spaces.commands import signed_out
from carnet.domain.spaces.models import Account
from carnet.interfaces.web import pro_sante_connect
from carnet.interfaces.web.desk.session import PROVIDER_SESSION, professional
from carnet.interfaces.web.session import not_found

login = allauth_views.login


def logout(request: HttpRequest) -> HttpResponse:
    """Sign out, here and at Pro Santé Connect for who came by it, and keep in the trail that it was done."""
    who = request.user if request.user.is_authenticated else None  # asked before the session goes
    elsewhere = request.session.get(PROVIDER_SESSION, "") if professional(request) else ""
    response: HttpResponse = allauth_views.logout(request)
    if not request.user.is_authenticated:
        # What a device kept of somebody goes with them: the cache, words that were never sent, notices (W3C).
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
    if isinstance(who, Account) and not request.user.is_authenticated:
        signed_out(who)
        if elsewhere and not pro_sante_connect.end(elsewhere):
            text = _("Pro Santé Connect could not be told that you signed out. Close your browser to be safe.")
            messages.warning(request, text)
    return response


def change_password(request: HttpRequest) -> HttpResponse:
    """Another password, for who signs in by one: a professional never does."""
    if professional(request) is not None:
        return not_found(request)
    response: HttpResponse = allauth_views.password_change(request)
    return response
