"""What keeps a message or a document from leaving the desk, in plain words."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carnet.domain.messaging.desk.preparing import MOST_DOCUMENTS, DocumentFault, DocumentProblem
from carnet.domain.record.pdf import PdfProblem
from carnet.domain.spaces.values import Refusal
from carnet.foundation.pdf_pages import PAGES
from carnet.interfaces.web.sentences import refusal_sentence

_FAULTS = {
    DocumentProblem.NO_DOCUMENT: gettext_lazy("Add a letter or a document in PDF."),
    DocumentProblem.TOO_MANY: gettext_lazy("There are too many documents for one message."),
    DocumentProblem.UNKNOWN_TYPE: gettext_lazy("Choose the type of the document."),
    DocumentProblem.EMPTY: gettext_lazy("The letter has no text."),
    DocumentProblem.TOO_LONG: gettext_lazy("The letter is too long."),
    DocumentProblem.PATIENT_UNKNOWN: gettext_lazy(
        "A document names its patient: name, given names and date of birth are needed. Find the patient by their name,"
        " or scan their barcode."
    ),
    DocumentProblem.NOT_VERIFIED: gettext_lazy(
        "Nothing is sent before the patient’s identity was checked on an identity document."
    ),
    DocumentProblem.AUTHOR_UNKNOWN: gettext_lazy("The directory does not know who signs this document."),
    DocumentProblem.NOT_REPLACEABLE: gettext_lazy(
        "Only a letter that your mailbox sent about this patient can be corrected."
    ),
    PdfProblem.NOT_PDF: gettext_lazy("This file is not a PDF."),
    PdfProblem.ENCRYPTED: gettext_lazy("This PDF is locked: save it without a password."),
    PdfProblem.ACTIVE: gettext_lazy("This PDF holds a program or other files: print it to PDF and take that one."),
    PdfProblem.UNREADABLE: gettext_lazy("This PDF is damaged or cannot be read."),
}
WARNINGS = {
    "absent": gettext_lazy("Away today: their mailbox answers by itself."),
    "closing": gettext_lazy("This mailbox closes soon."),
    "inactive": gettext_lazy("The directory no longer shows this professional as active."),
    "elsewhere": "",
}


def fault_sentence(fault: DocumentFault) -> str:
    """What is wrong with a document."""
    if fault.problem is PdfProblem.TOO_LONG:
        return _("This PDF has more than %(pages)s pages: save it as PDF/A, which is sent as it is.") % {"pages": PAGES}
    if fault.problem is DocumentProblem.TOO_MANY:
        return _("At most %(number)s documents in one message.") % {"number": MOST_DOCUMENTS}
    return str(_FAULTS[fault.problem])


def warning_sentence(warning: str) -> str:
    """What to know before writing to somebody; empty for what needs no words."""
    return str(WARNINGS.get(warning, ""))


def unready_sentence(lacking: Refusal) -> str:
    """What a message still lacks before it can be looked at as a whole."""
    if lacking is Refusal.NO_RECIPIENT:
        return _("Nobody is written to yet: add the patient or a colleague.")
    return refusal_sentence(lacking)
