"""The form of one entry of the medical profile: its fields are the parts that the section has."""

import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from carnet.domain.profile.commands import EntryRefused
from carnet.domain.profile.values import SHAPES, Entry, EntryProblem, NotADate, Part, PartialDate, Section, longest
from carnet.domain.profile.words import choices, part_label

_PROBLEMS = {
    EntryProblem.NEEDED: _("Please fill this in."),
    EntryProblem.TOO_LONG: _("This text is too long."),
    EntryProblem.NOT_A_CHOICE: _("Choose one from the list."),
    EntryProblem.NOT_A_DATE: _(
        "This date cannot be read: write a year (2019), a month (03/2019) or a day (28/03/2019)."
    ),
    EntryProblem.NOT_A_NUMBER: _("A number is expected, such as 62.5."),
    EntryProblem.NOT_A_PRESSURE: _("Two figures are expected, such as 128/76."),
    EntryProblem.NOT_A_PHONE: _("This is not a telephone number."),
    EntryProblem.OUT_OF_BOUNDS: _("This figure is not possible: check it."),
    EntryProblem.IN_THE_FUTURE: _("This date is in the future."),
    EntryProblem.BEFORE_BIRTH: _("This date is before your birth."),
    EntryProblem.ENDS_BEFORE_IT_STARTS: _("The end is before the beginning."),
    EntryProblem.TOO_YOUNG: _("This is not asked at your age."),
    EntryProblem.ONLY_ONE: _("There is one already: change it instead."),
    EntryProblem.TOO_MANY: _("There are too many here: take one out first."),
    EntryProblem.CHANGED_MEANWHILE: _(
        "This was changed elsewhere meanwhile: look at your profile, then change it again."
    ),
}
_WHEN = _("A year (2019), a month (03/2019) or a day (28/03/2019).")
_HELP = {
    (Section.MEASURES, Part.VALUE): _(
        "In kilograms for the weight, in centimetres for height and waist, in beats a minute for the heart rate;"
        " the two figures for the blood pressure, such as 128/76."
    ),
    (Section.TREATMENTS, Part.DOSAGE): _("How much, and when."),
}
_MANY_LINES = frozenset({Part.DOSAGE, Part.COMMENT})


class EntryForm(forms.Form):
    """One entry. What is wrong with it is the domain's to say (``refuse``)."""

    def __init__(self, section: Section, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section
        for part in SHAPES[section].parts:
            self.fields[part.value] = _field(section, part)

    def entry(self) -> Entry:
        """What was typed."""
        return Entry.typed(self.section, {name: str(value) for name, value in self.cleaned_data.items()})

    def refuse(self, refused: EntryRefused) -> None:
        """Say beside each part why it is not taken."""
        for part, problem in refused.problems.items():
            self.add_error(part.value if part else None, str(_PROBLEMS[problem]))


class VersionForm(forms.Form):
    version = forms.IntegerField(min_value=1, max_value=2_000_000_000)


def _field(section: Section, part: Part) -> forms.Field:
    shown: dict[str, Any] = {
        "label": part_label(section, part),
        "required": part in SHAPES[section].needed,
        "help_text": _HELP.get((section, part), _WHEN if part in (Part.STARTED, Part.ENDED) else ""),
    }
    if part in (Part.KIND, Part.RELATION):
        return forms.ChoiceField(choices=[("", "–"), *choices(section, part)], **shown)
    if part in _MANY_LINES:
        return forms.CharField(max_length=longest(section, part), widget=forms.Textarea(attrs={"rows": 3}), **shown)
    kind = "tel" if part is Part.PHONE else "text"
    return forms.CharField(
        max_length=longest(section, part), widget=forms.TextInput(attrs={"type": kind, "autocomplete": "off"}), **shown
    )


def initial_of(entry: Entry) -> dict[str, str]:
    """An entry as it is typed: dates as people write them."""
    said = {part.value: entry.part(part) for part in SHAPES[entry.section].parts}
    for part in (Part.STARTED, Part.ENDED):
        if said.get(part.value):
            said[part.value] = _typed_date(said[part.value])
    return said


def today_in(section: Section, today: datetime.date) -> dict[str, str]:
    """What a new entry begins with: a measure is most often of today."""
    return {Part.STARTED.value: f"{today:%d/%m/%Y}"} if section is Section.MEASURES else {}


def _typed_date(written: str) -> str:
    try:
        when = PartialDate.parse(written)
    except NotADate:
        return written
    return "/".join(f"{part:02d}" for part in (when.day, when.month, when.year) if part)
