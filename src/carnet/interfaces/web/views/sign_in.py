"""Signing in and out: django-allauth does it, the trail keeps it."""

from allauth.account import views as allauth_views
from django.http import HttpRequest, HttpResponse

from carnet.domain.spaces.commands import signed_out
from carnet.interfaces.web.session import signed_in

login = allauth_views.login


def logout(request: HttpRequest) -> HttpResponse:
    """Sign out, and keep in the trail that it was done."""
    who = signed_in(request)
    response: HttpResponse = allauth_views.logout(request)
    if who is not None and not request.user.is_authenticated:
        signed_out(who.account)
    return response
