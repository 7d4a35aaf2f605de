"""The size of the text that somebody chose on this device, kept in a cookie that says nothing else."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

COOKIE = "carnet_text"
SIZES = ("large", "larger")
_YEAR = 31_536_000


def text_size(request: HttpRequest) -> str:
    """``large``, ``larger``, or empty for the usual size."""
    chosen = request.COOKIES.get(COOKIE, "")
    return chosen if chosen in SIZES else ""


def keep_text_size(response: HttpResponse, chosen: str) -> None:
    """Keep the choice for a year; the usual size needs no cookie."""
    if chosen in SIZES:
        response.set_cookie(
            COOKIE, chosen, max_age=_YEAR, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
        )
    else:
        response.delete_cookie(COOKIE)
