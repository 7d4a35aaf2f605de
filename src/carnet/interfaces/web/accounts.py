"""What Carnet asks of django-allauth: no sign-up there, and links that are the portal's own."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.template.loader import render_to_string


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Spaces are activated, never signed up for."""
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """One plain-text e-mail; nothing in it but what its template says."""
        context = {**context, "portal_url": settings.CARNET_WEB_URL}
        subject = render_to_string(f"{template_prefix}_subject.txt", context).strip()
        body = render_to_string(f"{template_prefix}_message.txt", context)
        EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [email]).send()
