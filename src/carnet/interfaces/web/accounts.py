"""What Carnet asks of django-allauth: no sign-up there, and links that are the portal's own."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.signals import login_code_rejected
from django.conf import settings
from django.core.mail import EmailMessage
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from carnet.domain.spaces.commands import sign_in_refused, signed_in
from carnet.domain.spaces.models import Account
from carnet.domain.spaces.values import Refusal
from carnet.interfaces.web.language import keep_language
from carnet.interfaces.web.throttle import too_often

CODES_AN_HOUR = 10
"""Sign-ins that come as far as the code. With three tries each, who has only the password would guess for years."""


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Spaces are activated, never signed up for."""
        return False

    def pre_login(self, request: HttpRequest, user: Account, **kwargs: Any) -> HttpResponse | None:
        """The password is right and a code would be sent: not for ever, whatever address the tries come from.

        A professional has no password that is right; were there one, it would still be no way in.
        """
        if user.role == Account.Role.PROFESSIONAL:
            sentence = _("Professionals sign in with Pro Santé Connect.")
            return render(request, "web/error.html", {"kind": "refused", "sentence": sentence}, status=403)
        if too_often(request, "sign-in-code", times=CODES_AN_HOUR, seconds=3600, key=str(user.pk)):
            sign_in_refused(user, Refusal.TOO_MANY_TRIES)
            sentence = _("Too many tries: wait a little.")
            return render(request, "web/error.html", {"kind": "refused", "sentence": sentence}, status=429)
        refusal: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return refusal

    def post_login(self, request: HttpRequest, user: Account, **kwargs: Any) -> HttpResponse:
        """The sign-in is in the trail, and the portal speaks the holder's language from now on."""
        signed_in(user)
        response: HttpResponse = super().post_login(request, user, **kwargs)
        keep_language(response, user.language)
        return response

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """One plain-text e-mail; nothing in it but what its template says."""
        context = {**context, "portal_url": settings.CARNET_WEB_URL}
        subject = render_to_string(f"{template_prefix}_subject.txt", context).strip()
        body = render_to_string(f"{template_prefix}_message.txt", context)
        EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [email]).send()


@receiver(login_code_rejected)
def _wrong_code(user: Account, **_kwargs: Any) -> None:
    """Who typed it had the password: the holder should see it in the trail."""
    sign_in_refused(user, Refusal.WRONG_CODE)
