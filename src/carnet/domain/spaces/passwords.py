"""The password rule of Mon espace santé, as a validator of Django's."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from carnet.domain.spaces.rules import password_problems


class PasswordRule:
    """At least 9 characters, with a lower-case letter, a capital, a digit and a special character, and no space."""

    def validate(self, password: str, user: Any = None) -> None:
        if password_problems(password):
            raise ValidationError(self.get_help_text(), code="password_rule")

    def get_help_text(self) -> str:
        return _(
            "At least 9 characters, without spaces, with a lower-case letter, a capital letter, a digit"
            " and a special character."
        )
