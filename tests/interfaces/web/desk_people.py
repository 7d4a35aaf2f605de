"""Professionals who are signed in to the desk, for tests of its pages; how one signs in has tests of its own."""

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest
from django.test import Client

from carnet.domain.spaces.commands import professional_account
from carnet.interfaces.web.desk.session import begin_desk_session

NURSE, SURGEON, PRACTITIONER = "99700218938", "99700218920", "99700218912"


def sign_in_professional(client: Client, rpps: str) -> Client:
    """The client as the browser of this professional, who is in the directory."""
    client.logout()
    account = professional_account(rpps)
    request = HttpRequest()
    request.session = client.session
    login(request, account, backend=settings.AUTHENTICATION_BACKENDS[0])
    begin_desk_session(request, "")
    request.session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = request.session.session_key
    return client
