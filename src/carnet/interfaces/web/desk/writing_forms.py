"""The forms of writing at the desk: a message, and the documents that it carries."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from carnet.domain.messaging.desk.document_values import USUAL_TYPES
from carnet.domain.messaging.desk.draft_values import SUBJECT_LENGTH, TEXT_LENGTH, DraftDocument
from carnet.domain.messaging.desk.preparing import types_to_write
from carnet.domain.nomenclature.queries import document_type
from carnet.domain.record.pdf.letter import MOST_CHARACTERS
from carnet.foundation.clock import now
from carnet.interfaces.web.forms import DateInput, FilesField, on_one_line

TITLE_LENGTH = 200


class WritingForm(forms.Form):
    """What a message says; every field may be empty while it is being written."""

    subject = forms.CharField(label=_("Subject"), max_length=SUBJECT_LENGTH, required=False)
    text = forms.CharField(
        label=_("Your message"), max_length=TEXT_LENGTH, required=False, widget=forms.Textarea(attrs={"rows": 9})
    )
    attached = FilesField(
        label=_("Add files"), required=False, help_text=_("PDF, photo or image (JPG, PNG, TIFF), or text (TXT, RTF).")
    )
    to_patient = forms.BooleanField(label=_("Send it to the patient too"), required=False)
    receipt = forms.BooleanField(label=_("Tell us when it is opened"), required=False)
    end = forms.BooleanField(
        label=_("The patient cannot answer this message"),
        required=False,
        help_text=_("For what needs no answer. The exchange opens again when you write again."),
    )

    def __init__(self, *args: Any, patient: bool, documents: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if documents:
            # The subject of a mail with documents is written by the rules of the field.
            del self.fields["subject"]
            self.fields["text"].label = _("A word to go with the documents")
            self.fields["attached"] = FilesField(
                label=_("Add documents in PDF"), required=False, help_text=_("One document a file.")
            )
            self.fields["attached"].widget.attrs["accept"] = ".pdf"
        if not documents:
            del self.fields["to_patient"]
        if not patient:
            del self.fields["end"]
            self.fields.pop("to_patient", None)

    def clean_subject(self) -> str:
        """On one line, as no browser sends it otherwise: a subject with several would be refused when it leaves."""
        return on_one_line(self.cleaned_data["subject"])


class ColleagueForm(forms.Form):
    colleague_words = forms.CharField(
        label=_("Add a colleague"),
        max_length=200,
        required=False,
        help_text=_("Name, specialty, service, establishment, town or address."),
    )


class DraftDocumentForm(forms.Form):
    """One document: its type, its title, the day of the care, and the text of a letter that is typed here."""

    type_code = forms.ChoiceField(label=_("Type of document"))
    title = forms.CharField(
        label=_("Title"), max_length=TITLE_LENGTH, required=False, help_text=_("By default, the type.")
    )
    service_on = forms.DateField(label=_("Date of the care"), widget=DateInput, required=False)
    text = forms.CharField(
        label=_("Text of the letter"),
        max_length=MOST_CHARACTERS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 14}),
        help_text=_("The name of your establishment, the patient’s identity, the date and your name are added."),
    )

    def __init__(self, document: DraftDocument, data: Any = None) -> None:
        initial = {
            "type_code": document.type_code,
            "title": document.title,
            "service_on": document.service_on,
            "text": document.text,
        }
        super().__init__(data, prefix=f"d{document.id.hex}", initial=initial)
        self.document = document
        field = self.fields["type_code"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = type_choices()
        self.fields["service_on"].widget.attrs["max"] = now().date().isoformat()
        if document.file_id is not None:
            del self.fields["text"]


def type_choices() -> list[Any]:
    """The types of documents, those that are written most first."""
    usual = [one for one in map(document_type, USUAL_TYPES) if one is not None]
    return [
        (str(_("Often used")), [(one.code, one.label_fr) for one in usual]),
        (str(_("All types")), [(one.code, one.label_fr) for one in types_to_write() if one not in usual]),
    ]
