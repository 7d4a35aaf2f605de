"""The console's forms."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class MomentInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class ClosureForm(forms.Form):
    """A closure to plan, in the portal's local time."""

    starts_at = forms.DateTimeField(label=_("Closes on"), widget=MomentInput)
    until = forms.DateTimeField(label=_("Opens again on"), widget=MomentInput)
    message_fr = forms.CharField(label=_("What people are told, in French"), max_length=300, required=False)
    message_en = forms.CharField(label=_("What people are told, in English"), max_length=300, required=False)


class TrustSearch(forms.Form):
    text = forms.CharField(label=_("Domain, operator or certificate"), max_length=200, required=False)


class MailboxSearch(forms.Form):
    text = forms.CharField(label=_("Address or name"), max_length=200, required=False)


class MonthChoice(forms.Form):
    """A month among those that have figures, newest first."""

    month = forms.ChoiceField(label=_("Month"), required=False)

    def __init__(self, *args: Any, months: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["month"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(month, month) for month in months]
