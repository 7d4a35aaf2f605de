"""The forms of the inbox and of a conversation at the desk."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from carnet.domain.messaging.desk.sought import MOST_CHARACTERS
from carnet.domain.messaging.desk.values import Filters, Taken, View, With
from carnet.interfaces.web.forms import AnswerForm, DateInput

NOTE_LENGTH = 4_000
REPLY_LENGTH = 10_000
_HOURS = (
    ("", _("Any")),
    ("0", _("Waiting for an answer")),
    ("24", _("Waiting for a day or more")),
    ("48", _("Waiting for 2 days or more")),
    ("72", _("Waiting for 3 days or more")),
    ("168", _("Waiting for a week or more")),
    ("720", _("Waiting for a month or more")),
)
_ENDED = (("", _("Any")), ("no", _("Still open")), ("yes", _("Ended")))
_TAKEN = (
    (Taken.ANYBODY.value, _("Anybody")),
    (Taken.ME.value, _("Taken by me")),
    (Taken.NOBODY.value, _("Taken by nobody")),
    (Taken.SOMEONE.value, _("Taken by somebody")),
)
_WITH = (
    (With.ANYBODY.value, _("Anybody")),
    (With.PATIENT.value, _("Patients")),
    (With.COLLEAGUE.value, _("Professionals")),
)


class SearchForm(forms.Form):
    text = forms.CharField(label=_("Search the messages"), max_length=MOST_CHARACTERS, required=False)


class DeskFilter(forms.Form):
    """What is shown of a mailbox. Sent by GET: it holds nothing that names a person."""

    waiting = forms.ChoiceField(label=_("Waiting"), choices=_HOURS, required=False)
    taken = forms.ChoiceField(label=_("Who looks after it"), choices=_TAKEN, required=False)
    whom = forms.ChoiceField(label=_("With"), choices=_WITH, required=False)
    ended = forms.ChoiceField(label=_("Exchange"), choices=_ENDED, required=False)
    pathway = forms.ChoiceField(label=_("Pathway"), required=False)
    since = forms.DateField(label=_("Last message since"), widget=DateInput, required=False)
    until = forms.DateField(label=_("Last message until"), widget=DateInput, required=False)
    unread = forms.BooleanField(label=_("Unread only"), required=False)
    documents = forms.BooleanField(label=_("With documents only"), required=False)

    def __init__(self, *args: Any, pathways: Iterable[tuple[UUID, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(str(one), name) for one, name in pathways]
        field = self.fields["pathway"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Any")), *known]
        if not known:
            del self.fields["pathway"]

    def filters(self, view: View, thread_of: UUID | None) -> Filters:
        """What was asked for, as the domain knows it; a field that makes no sense asks for nothing."""
        self.is_valid()
        values = self.cleaned_data
        hours = values.get("waiting") or ""
        return Filters(
            view=view,
            unread=bool(values.get("unread")),
            waiting=hours != "",
            waiting_hours=int(hours) or None if hours else None,
            taken=Taken(values.get("taken") or ""),
            documents=bool(values.get("documents")),
            pathway_id=UUID(values["pathway"]) if values.get("pathway") else None,
            with_whom=With(values.get("whom") or ""),
            ended={"yes": True, "no": False}.get(values.get("ended") or ""),
            since=values.get("since"),
            until=values.get("until"),
            thread_of=thread_of,
        )


class DeskAnswerForm(AnswerForm):
    """An answer of a team. ``token`` makes a form that is sent twice one answer, ``seen`` is the last message shown."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    seen = forms.UUIDField(widget=forms.HiddenInput, required=False)
    everyone = forms.BooleanField(label=_("Answer everyone in this conversation"), required=False)
    receipt = forms.BooleanField(label=_("Tell us when it is opened"), required=False)
    end = forms.BooleanField(
        label=_("End the exchange with this message"),
        required=False,
        help_text=_("The patient will read it, and cannot answer it. The exchange opens again when you write again."),
    )

    def __init__(self, *args: Any, patient: bool, several: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].label = _("Your answer")
        if not patient:
            del self.fields["end"]
        if not several:
            del self.fields["everyone"]


class NoteForm(forms.Form):
    note = forms.CharField(
        label=_("Note for the team"),
        max_length=NOTE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Only your team sees it. It is never sent."),
    )


class HandOverForm(forms.Form):
    """To whom of the team a conversation is handed over: pairs of RPPS and name."""

    to = forms.ChoiceField(label=_("Hand over to"))

    def __init__(self, people: Sequence[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["to"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(people)


class InsertForm(forms.Form):
    """A saved reply to put into the answer: pairs of id and title."""

    reply = forms.ChoiceField(label=_("Start from a saved reply"), required=False)

    def __init__(self, replies: Sequence[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["reply"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "—"), *replies]


class ReplyForm(forms.Form):
    title = forms.CharField(
        label=_("Title"), max_length=100, help_text=_("What you and your colleagues find it by. It is not sent.")
    )
    text = forms.CharField(
        label=_("Text"),
        max_length=REPLY_LENGTH,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("It is the same for everyone: write nothing of a patient in it."),
    )
