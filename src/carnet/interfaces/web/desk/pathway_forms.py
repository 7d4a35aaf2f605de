"""The forms of pathways, templates and sendings: checked for shape; the domain decides the rest."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from carnet.domain.pathways.dates import PARIS
from carnet.domain.pathways.merge import column_name
from carnet.domain.pathways.queries import PathwayShown, SendingShown, TemplateFile, TemplateShown
from carnet.domain.pathways.spreadsheet import BadFile, SheetFile, read_sheet_file
from carnet.domain.pathways.values import (
    MAX_DAYS,
    MAX_DESCRIPTION,
    MAX_NAME,
    MAX_SUBJECT,
    MAX_TEXT,
    MAX_VALIDATED_BY,
    Anchor,
    Conditions,
    Opened,
    PastDue,
    PathwayContent,
    TemplateContent,
    TemplateProblem,
    Timing,
    UseCase,
    When,
)
from carnet.foundation.clock import now
from carnet.interfaces.web.desk.pathway_sentences import (
    ANCHORS,
    OPENINGS,
    PAST_DUES,
    USE_CASES,
    file_sentence,
    template_sentence,
)
from carnet.interfaces.web.forms import DateInput, FilesField

_FIELD_OF = {"columns": "columns", "valid_until": "valid_until", "files": "new_files", "pathway_id": "pathway"}


class TimeInput(forms.TimeInput):
    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


class PathwayForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=MAX_NAME)
    description = forms.CharField(
        label=_("What it is for"), max_length=MAX_DESCRIPTION, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    active = forms.BooleanField(label=_("In use"), required=False, initial=True)
    validated_on = forms.DateField(
        label=_("Validated on"),
        required=False,
        widget=DateInput,
        help_text=_("When the medical commission or the direction validated it: indicator P1.08 asks for it."),
    )
    validated_by = forms.CharField(label=_("Validated by"), max_length=MAX_VALIDATED_BY, required=False)

    def content(self) -> PathwayContent:
        """What the person wrote."""
        return PathwayContent(**self.cleaned_data)


class TemplateForm(forms.Form):
    name = forms.CharField(label=_("Name of the template"), max_length=MAX_NAME, help_text=_("Patients do not see it."))
    use_case = forms.ChoiceField(label=_("What it is for"))
    pathway = forms.ChoiceField(label=_("Pathway"), required=False)
    subject = forms.CharField(label=_("Subject"), max_length=MAX_SUBJECT)
    text = forms.CharField(label=_("Text"), max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 12}))
    columns = forms.CharField(
        label=_("Columns of your own"),
        required=False,
        max_length=1_000,
        help_text=_("Columns of your spreadsheet that the text uses beside the known ones, with commas between."),
    )
    valid_from = forms.DateField(label=_("Valid from"), required=False, widget=DateInput)
    valid_until = forms.DateField(label=_("Valid until"), required=False, widget=DateInput)
    takes_answer = forms.BooleanField(label=_("The patient may answer"), required=False, initial=True)
    receipt_wanted = forms.BooleanField(
        label=_("Ask to be told when it is opened"),
        required=False,
        help_text=_("The patient is told that you know. Without this, who opened it stays unknown."),
    )
    kept_files = forms.MultipleChoiceField(
        label=_("Files that go with it"), required=False, widget=forms.CheckboxSelectMultiple
    )
    new_files = FilesField(
        label=_("Add files"), required=False, help_text=_("PDF, images or text: 5 files and 5 MB at most in all.")
    )

    def __init__(
        self, pathways: Sequence[PathwayShown], files: Sequence[TemplateFile], *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        _choose(self, "use_case", [(one.value, label) for one, label in USE_CASES.items()])
        _choose(self, "pathway", [("", _("None")), *((str(one.id), one.content.name) for one in pathways)])
        _choose(self, "kept_files", [(str(one.id), one.name) for one in files])
        if not files:
            del self.fields["kept_files"]

    @staticmethod
    def values_of(content: TemplateContent) -> dict[str, Any]:
        """A template's content as the form shows it."""
        return {
            "name": content.name,
            "use_case": content.use_case.value,
            "pathway": str(content.pathway_id or ""),
            "subject": content.subject,
            "text": content.text,
            "columns": ", ".join(content.columns),
            "valid_from": content.valid_from,
            "valid_until": content.valid_until,
            "takes_answer": content.takes_answer,
            "receipt_wanted": content.receipt_wanted,
            "kept_files": [str(one) for one in content.files],
        }

    def content(self) -> TemplateContent:
        """What the person wrote, the files that they keep included."""
        values = self.cleaned_data
        columns = [column_name(one) or one.strip() for one in values["columns"].replace(";", ",").split(",")]
        return TemplateContent(
            name=values["name"],
            use_case=UseCase(values["use_case"]),
            subject=values["subject"],
            text=values["text"],
            columns=tuple(one for one in columns if one),
            pathway_id=UUID(values["pathway"]) if values["pathway"] else None,
            valid_from=values["valid_from"],
            valid_until=values["valid_until"],
            takes_answer=values["takes_answer"],
            receipt_wanted=values["receipt_wanted"],
            files=tuple(UUID(one) for one in values.get("kept_files", [])),
        )

    def say(self, problems: Sequence[TemplateProblem]) -> None:
        """Put what the domain found wrong beside the fields that it is about."""
        for problem in problems:
            name = _FIELD_OF.get(problem.field, problem.field)
            self.add_error(name if name in self.fields else None, template_sentence(problem))


class UseCaseFilter(forms.Form):
    use_case = forms.ChoiceField(label=_("What it is for"), required=False)
    archived = forms.BooleanField(label=_("Those put away"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self, "use_case", [("", _("All uses")), *((one.value, label) for one, label in USE_CASES.items())])


class NewSendingForm(forms.Form):
    template = forms.ChoiceField(label=_("Template"))
    title = forms.CharField(
        label=_("Name of this sending"),
        max_length=MAX_NAME,
        required=False,
        help_text=_("To find it again. Patients do not see it; write no patient’s name."),
    )

    def __init__(self, templates: Sequence[TemplateShown], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        grouped: dict[str, list[tuple[str, str]]] = {}
        for one in templates:
            grouped.setdefault(str(USE_CASES[one.content.use_case]), []).append((str(one.id), one.content.name))
        _choose(self, "template", [("", _("Choose")), *grouped.items()])


class SheetForm(forms.Form):
    file = forms.FileField(
        label=_("Spreadsheet"), widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,.txt"}), allow_empty_file=True
    )

    def read(self, required: Sequence[str] = ("ins",)) -> SheetFile | None:
        """The list that was given, which must have the ``required`` columns; None, with why beside the field, when it
        cannot be read."""
        if not self.is_valid():
            return None
        try:
            return read_sheet_file(self.cleaned_data["file"].read(), required=required)
        except BadFile as error:
            self.add_error("file", file_sentence(error))
            return None


class PlanForm(forms.Form):
    when = forms.ChoiceField(label=_("When should the messages leave?"), widget=forms.RadioSelect)
    at_day = forms.DateField(label=_("Day"), required=False, widget=DateInput)
    at_hour = forms.TimeField(label=_("Time"), required=False, widget=TimeInput)
    days = forms.IntegerField(label=_("Number of days"), required=False, min_value=0, max_value=MAX_DAYS)
    side = forms.ChoiceField(
        label=_("Before or after"), required=False, choices=[("before", _("before")), ("after", _("after"))]
    )
    anchor = forms.ChoiceField(label=_("Counted from"), required=False)
    hour = forms.TimeField(label=_("At what time"), required=False, widget=TimeInput)
    past_due = forms.ChoiceField(label=_("If this moment has already passed for a patient"), required=False)
    unless_answered = forms.BooleanField(label=_("Leave out a patient who has answered"), required=False)
    opened = forms.ChoiceField(label=_("To whom"), required=False)

    def __init__(self, sending: SendingShown, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, initial=_planned(sending))
        _choose(
            self,
            "when",
            [
                (When.NOW.value, _("At once, when I confirm")),
                (When.AT.value, _("At a moment that I choose")),
                (When.RELATIVE.value, _("Counted from each patient’s stay or appointment")),
            ],
        )
        _choose(self, "anchor", [(one.value, label) for one, label in ANCHORS.items()])
        _choose(self, "past_due", [("", _("Choose")), *((one.value, label) for one, label in PAST_DUES.items())])
        _choose(self, "opened", [(one.value, label) for one, label in OPENINGS.items()])
        if sending.follows is None:
            del self.fields["opened"]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        needed = {When.AT.value: ("at_day", "at_hour"), When.RELATIVE.value: ("days", "hour", "past_due")}
        for name in needed.get(values.get("when", ""), ()):
            if values.get(name) in (None, "") and name not in self.errors:
                self.add_error(name, _("This is needed for the moment that you chose."))
        return values

    def timing(self) -> Timing:
        values = self.cleaned_data
        chosen = When(values["when"])
        if chosen is When.AT:
            at = datetime.datetime.combine(values["at_day"], values["at_hour"], PARIS)
            return Timing(when=chosen, at=at)
        if chosen is When.RELATIVE:
            days = values["days"] if values["side"] == "after" else -values["days"]
            anchor, past_due = Anchor(values["anchor"] or Anchor.START), PastDue(values["past_due"])
            return Timing(when=chosen, anchor=anchor, days=days, hour=values["hour"], past_due=past_due)
        return Timing()

    def conditions(self) -> Conditions:
        values = self.cleaned_data
        return Conditions(values["unless_answered"], Opened(values.get("opened") or Opened.ANY))


def _planned(sending: SendingShown) -> dict[str, Any]:
    timing = sending.timing
    at = timing.at.astimezone(PARIS) if timing.at else None
    return {
        "when": timing.when.value,
        "at_day": at.date() if at else None,
        "at_hour": at.time() if at else datetime.time(9),
        "days": abs(timing.days) or 7,
        "side": "after" if timing.days > 0 else "before",
        "anchor": (timing.anchor or Anchor.START).value,
        "hour": timing.hour,
        "past_due": timing.past_due.value if timing.past_due else None,
        "unless_answered": sending.conditions.unless_answered,
        "opened": sending.conditions.opened.value,
    }


class PeriodForm(forms.Form):
    since = forms.DateField(label=_("First day"), required=False, widget=DateInput)
    until = forms.DateField(label=_("Last day"), required=False, widget=DateInput)

    def period(self, longest: int = 366) -> tuple[datetime.date, datetime.date]:
        """The days that are asked for, both included: the last 90 without a choice, never more than ``longest``."""
        values = self.cleaned_data if self.is_valid() else {}
        until = values.get("until") or now().astimezone(PARIS).date()
        since = values.get("since") or until - datetime.timedelta(days=90)
        since = min(since, until)
        return max(since, until - datetime.timedelta(days=longest - 1)), until


class UnreachedForm(forms.Form):
    days = forms.IntegerField(label=_("Not opened after so many days"), min_value=0, max_value=MAX_DAYS, required=False)


def _choose(form: forms.Form, name: str, choices: Sequence[Any]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices
