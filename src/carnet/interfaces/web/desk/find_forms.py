"""What is typed or scanned to find a patient or a colleague."""

import datetime

from django import forms
from django.utils.translation import gettext_lazy as _

from carnet.domain.identity.insi import AskedTraits
from carnet.domain.identity.values import Ins, InsProblem, InvalidIns, InvalidTrait, Sex, Trait
from carnet.domain.identity.values.datamatrix import (
    MAX_TEXT,
    DataMatrixIns,
    DataMatrixProblem,
    InvalidDataMatrix,
    parse_datamatrix,
)
from carnet.foundation.clock import now
from carnet.interfaces.web.forms import DateInput

_NAME_LENGTH = 100
_BARCODE = {
    DataMatrixProblem.EMPTY: _("Scan the barcode, or paste what it says."),
    DataMatrixProblem.NOT_AN_INS_DATAMATRIX: _(
        "This is another barcode. That of the INS is a small square of black and white dots, with « INS » beside it."
    ),
    DataMatrixProblem.UNKNOWN_VERSION: _("This barcode is of a newer kind, which is not known here yet."),
    DataMatrixProblem.AMBIGUOUS: _(
        "The scanner types for another keyboard than that of this computer, and the name can be read in two ways. "
        "Set the scanner to French, or type the number instead."
    ),
}
_BARCODE_IN_PART = _("The barcode was read in part only, or a part of it is wrong. Scan it again.")


class _Births(forms.Form):
    """A date of birth that somebody living may have."""

    def clean_birth_date(self) -> datetime.date | None:
        day: datetime.date | None = self.cleaned_data["birth_date"]
        if day is not None and not datetime.date(1880, 1, 1) <= day <= now().date():
            raise forms.ValidationError(_("Nobody who lives was born on this day."))
        return day


class ScanForm(forms.Form):
    scan = forms.CharField(
        label=_("Scan or paste the barcode of the INS"),
        max_length=MAX_TEXT,
        strip=False,
        help_text=_("Put the cursor here and scan. The barcode stands on letters, labels and admission sheets."),
    )
    scanned: DataMatrixIns

    def clean_scan(self) -> str:
        try:
            self.scanned = parse_datamatrix(self.cleaned_data["scan"])
        except InvalidDataMatrix as problem:
            raise forms.ValidationError(_BARCODE.get(problem.code, _BARCODE_IN_PART)) from None
        return ""


class NumberForm(_Births):
    ins = forms.CharField(
        label=_("Number (INS)"),
        max_length=40,
        help_text=_("15 characters, with the two of the key. Spaces do not matter."),
    )
    birth_name = forms.CharField(label=_("Birth name"), max_length=_NAME_LENGTH, required=False)
    given_name = forms.CharField(label=_("First given name"), max_length=_NAME_LENGTH, required=False)
    birth_date = forms.DateField(label=_("Date of birth"), widget=DateInput, required=False)

    def clean_ins(self) -> Ins:
        try:
            return Ins.parse(self.cleaned_data["ins"])
        except InvalidIns as problem:
            if problem.code is InsProblem.WRONG_KEY:
                raise forms.ValidationError(
                    _("A character of this number is wrong: its key (the last two) does not fit.")
                ) from None
            raise forms.ValidationError(
                _("This is not an INS: 15 characters are expected, the last two being its key.")
            ) from None

    def refuse(self, problem: InvalidTrait) -> None:
        """Put a trait that cannot be read beside its field."""
        _refuse(self, problem)


class TraitsForm(_Births):
    birth_name = forms.CharField(
        label=_("Birth name"), max_length=_NAME_LENGTH, help_text=_("As on the identity document, not the name in use.")
    )
    given_name = forms.CharField(label=_("First given name"), max_length=_NAME_LENGTH)
    birth_date = forms.DateField(label=_("Date of birth"), widget=DateInput)
    sex = forms.ChoiceField(
        label=_("Sex"),
        choices=[("", _("Choose")), (Sex.FEMALE.value, _("Female")), (Sex.MALE.value, _("Male"))],
        help_text=_("As on the identity document."),
    )
    birth_place = forms.CharField(
        label=_("Place of birth: INSEE code of the town, or of the country"),
        max_length=5,
        required=False,
        help_text=_("Five characters, as 35238. Needed only when several people have the same name and date."),
    )
    asked: AskedTraits

    def clean(self) -> None:
        super().clean()
        if self.errors:
            return
        try:
            self.asked = AskedTraits.read(**self.cleaned_data)
        except InvalidTrait as problem:
            _refuse(self, problem)


class ColleagueForm(forms.Form):
    colleague_words = forms.CharField(
        label=_("Name, service, establishment or town"),
        max_length=100,
        help_text=_("One or several words, in any order: « cardiologie horizon »."),
    )
    kind = forms.ChoiceField(
        label=_("Looking for"),
        choices=[("", _("Anybody")), ("person", _("A professional")), ("team", _("A team or a service"))],
        required=False,
    )


_FIELDS = {
    Trait.BIRTH_NAME: "birth_name",
    Trait.GIVEN_NAMES: "given_name",
    Trait.FIRST_GIVEN_NAME: "given_name",
    Trait.BIRTH_DATE: "birth_date",
    Trait.SEX: "sex",
    Trait.BIRTH_PLACE: "birth_place",
}


def _refuse(form: forms.Form, problem: InvalidTrait) -> None:
    sentences = {
        "birth_name": _("Letters, spaces, apostrophes and hyphens only."),
        "given_name": _("Letters, spaces, apostrophes and hyphens only."),
        "birth_place": _("Five characters are expected: an INSEE code."),
    }
    name = _FIELDS.get(problem.trait, "birth_name")
    form.add_error(name if name in form.fields else None, sentences.get(name, _("This cannot be read.")))
