"""Signing in and out: django-allauth does it, the trail keeps it."""

from allauth.account import views as allauth_views
from django.http import HttpRequest, HttpResponse

from carnet.domain.spaces.commands import signed_out
from carnet.domain.spaces.models import Account

login = allauth_views.login


def logout(request: HttpRequest) -> HttpResponse:
    """Sign out, and keep in the trail that it was done."""
    who = request.user if request.user.is_authenticated else None  # asked before the session goes
    response: HttpResponse = allauth_views.logout(request)
    if isinstance(who, Account) and not request.user.is_authenticated:
        signed_out(who)
    return response
