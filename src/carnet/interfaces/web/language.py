"""The language that somebody chose, kept on this device."""

from django.conf import settings
from django.http import HttpResponse

_YEAR = 31_536_000


def keep_language(response: HttpResponse, language: str) -> None:
    """Keep the choice for a year."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=_YEAR,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
