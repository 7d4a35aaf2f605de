"""The portal's forms: what people type, checked for shape; the domain decides the rest."""

import datetime
from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from carnet.domain.identity.values import Ins, InvalidIns
from carnet.domain.messaging.draft_content import MOST_SUBJECT, MOST_TEXT
from carnet.domain.nomenclature.queries import patient_deposit_type
from carnet.domain.nomenclature.values import Category
from carnet.domain.notifications.values import NotificationKind
from carnet.domain.record.media_types import HOLDER_EXTENSIONS
from carnet.domain.spaces.values import InvalidLogin, Login
from carnet.foundation.clock import now
from carnet.interfaces.web.sentences import ACTOR_KINDS, category_label


def form_page(request: HttpRequest, page: str, context: dict[str, Any]) -> HttpResponse:
    """The page around ``form`` of its context: 422 (RFC 9110 §15.5.21) when it was filled wrongly, else 200."""
    return render(request, page, context, status=422 if context["form"].errors else 200)


def on_one_line(text: str) -> str:
    """What was typed as one line of mail: a form that no browser sent may bring several, or a NUL."""
    return " ".join(text.replace("\0", " ").splitlines()).strip()


_ACCEPT = ",".join(f".{extension}" for extension in HOLDER_EXTENSIONS)


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files at once; an empty list when none was chosen."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=ManyFiles(attrs={"accept": _ACCEPT}), **kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        chosen = data if isinstance(data, list | tuple) else [data] if data else []
        return [super(FilesField, self).clean(one, initial) for one in chosen]


class AnswerForm(forms.Form):
    text = forms.CharField(
        label=_("Your message"), max_length=MOST_TEXT, required=False, widget=forms.Textarea(attrs={"rows": 6})
    )
    attached = FilesField(
        label=_("Attach files"),
        required=False,
        help_text=_(
            "PDF, photo or image (JPG, PNG, TIFF), or text (TXT, RTF)."
            " The place where a photo was taken is removed from it."
        ),
    )


class NewMessageForm(AnswerForm):
    contact = forms.ChoiceField(label=_("To"))
    subject = forms.CharField(label=_("Subject"), max_length=MOST_SUBJECT)
    field_order = ("contact", "subject", "text", "attached")

    def __init__(self, people: Sequence[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["contact"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Choose…")), *people]


class PharmacySearchForm(forms.Form):
    text = forms.CharField(label=_("Name, town or postal code"), max_length=100)


class MessageSearchForm(forms.Form):
    text = forms.CharField(label=_("Words to look for"), max_length=200)


class DocumentForm(forms.Form):
    file = forms.FileField(label=_("File"), widget=forms.FileInput(attrs={"accept": _ACCEPT}))
    title = forms.CharField(label=_("Title"), max_length=255)
    category = forms.ChoiceField(label=_("Category"))
    date = forms.DateField(label=_("Date of the document"), widget=DateInput, initial=lambda: now().date())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["category"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(one.value, category_label(one.value)) for one in Category if patient_deposit_type(one)]

    def clean_date(self) -> datetime.date:
        day: datetime.date = self.cleaned_data["date"]
        if day > now().date():
            raise forms.ValidationError(_("This date is in the future."))
        if day.year < 1900:
            raise forms.ValidationError(_("This date is too long ago."))
        return day


class DocumentFilter(forms.Form):
    category = forms.ChoiceField(label=_("Category"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["category"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("All")), *((one.value, category_label(one.value)) for one in Category)]


class SettingsForm(forms.Form):
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    text_size = forms.ChoiceField(
        label=_("Size of the text"),
        choices=[("", _("Normal")), ("large", _("Large")), ("larger", _("Very large"))],
        required=False,
        help_text=_("On this device."),
    )
    messages = forms.BooleanField(label=_("Tell me by e-mail when a message arrives"), required=False)
    documents = forms.BooleanField(label=_("Tell me by e-mail when a document is added"), required=False)

    push_messages = forms.BooleanField(label=_("Tell my devices when a message arrives"), required=False)
    push_documents = forms.BooleanField(label=_("Tell my devices when a document is added"), required=False)

    def wanted(self, prefix: str = "") -> set[NotificationKind]:
        kinds = {NotificationKind.MESSAGE: "messages", NotificationKind.DOCUMENT: "documents"}
        return {kind for kind, name in kinds.items() if self.cleaned_data[f"{prefix}{name}"]}


class ActivationRequestForm(forms.Form):
    ins = forms.CharField(
        label=_("Your own social security number"),
        max_length=40,
        help_text=_("15 characters. It is your own number, not that of the person whose insurance covers you."),
    )
    birth_date = forms.DateField(label=_("Date of birth"), widget=DateInput)

    def clean_ins(self) -> str:
        try:
            return str(Ins.parse(self.cleaned_data["ins"]))
        except InvalidIns:
            raise forms.ValidationError(
                _("This is not a social security number: 15 characters are expected, the last two being its key.")
            ) from None


class ActivationForm(ActivationRequestForm):
    code = forms.CharField(label=_("Activation code"), max_length=20, help_text=_("12 letters and digits."))
    login = forms.CharField(
        label=_("Login that you choose"),
        max_length=100,
        help_text=_("8 characters at least: small letters, digits, and the signs _ . -"),
    )
    password1 = forms.CharField(
        label=_("Password that you choose"),
        widget=forms.PasswordInput,
        help_text=_(
            "At least 9 characters, without spaces, with a lower-case letter, a capital letter, a digit"
            " and a special character."
        ),
    )
    password2 = forms.CharField(label=_("The same password again"), widget=forms.PasswordInput)
    terms = forms.BooleanField(label=_("I accept the terms of use"))

    def clean_login(self) -> str:
        try:
            return str(Login(self.cleaned_data["login"]))
        except InvalidLogin:
            raise forms.ValidationError(
                _("8 to 100 characters among small letters, digits and _ . -, and not a number of yours.")
            ) from None

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("password1") != values.get("password2"):
            self.add_error("password2", _("The two passwords are not the same."))
        return values


class ActivityFilter(forms.Form):
    who_kind = forms.ChoiceField(label=_("Who"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["who_kind"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Everyone")), *((kind.value, label) for kind, label in ACTOR_KINDS.items())]
