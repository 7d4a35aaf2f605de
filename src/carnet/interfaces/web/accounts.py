"""What Carnet asks of django-allauth: no sign-up there, and links that are the portal's own."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core.mail import EmailMessage
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from carnet.domain.spaces.commands import signed_in
from carnet.domain.spaces.models import Account


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Spaces are activated, never signed up for."""
        return False

    def post_login(self, request: HttpRequest, user: Account, **kwargs: Any) -> HttpResponse:
        """The sign-in is in the trail, and the portal speaks the holder's language from now on."""
        signed_in(user)
        response: HttpResponse = super().post_login(request, user, **kwargs)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, user.language, max_age=31_536_000, httponly=True, samesite="Lax"
        )
        return response

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """One plain-text e-mail; nothing in it but what its template says."""
        context = {**context, "portal_url": settings.CARNET_WEB_URL}
        subject = render_to_string(f"{template_prefix}_subject.txt", context).strip()
        body = render_to_string(f"{template_prefix}_message.txt", context)
        EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [email]).send()
