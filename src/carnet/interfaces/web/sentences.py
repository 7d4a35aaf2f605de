"""Codes of the domain in words that people understand."""

import re
import unicodedata

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carnet.domain.audit.queries import Event
from carnet.domain.nomenclature.values import Category
from carnet.domain.record.harmful_files import Harm
from carnet.domain.record.xdm import XdmProblem
from carnet.domain.spaces.values import Act, ActorKind, Refusal
from carnet.foundation.clamd import Verdict

_REFUSALS = {
    Refusal.NOT_YOURS: gettext_lazy("Each person sees only their own space."),
    Refusal.NOT_FOUND: gettext_lazy("There is nothing here, or not any more."),
    Refusal.SPACE_CLOSED: gettext_lazy("This space is closed."),
    Refusal.NOT_ACTIVATED: gettext_lazy("This space has not been activated yet."),
    Refusal.NOT_SIGNED_IN: gettext_lazy("Sign in first."),
    Refusal.NOT_PROVIDED: gettext_lazy("This cannot be done here."),
    Refusal.CANNOT_WRITE_FIRST: gettext_lazy("You can write to those who have written to you first."),
    Refusal.EXCHANGE_ENDED: gettext_lazy("Your correspondent has ended your exchanges: this message was not sent."),
    Refusal.NO_REPLY: gettext_lazy("This conversation takes no further answer: this message was not sent."),
    Refusal.MAILBOX_CLOSED: gettext_lazy("Your correspondent's mailbox is closed: this message was not sent."),
    Refusal.MAILBOX_SUSPENDED: gettext_lazy(
        "Your correspondent's mailbox takes no mail for the moment: this message was not sent."
    ),
    Refusal.NO_RECIPIENT: gettext_lazy("Choose who you write to."),
    Refusal.NO_SUBJECT: gettext_lazy("Give the message a subject."),
    Refusal.EMPTY_MESSAGE: gettext_lazy("Write something, or attach a file."),
    Refusal.EMPTY_FILE: gettext_lazy("This file is empty."),
    Refusal.TOO_LARGE: gettext_lazy("This is too large."),
    Refusal.TOO_MANY: gettext_lazy("There are too many already: take some out first."),
    Refusal.TYPE_NOT_ACCEPTED: gettext_lazy("This kind of file is not accepted: PDF, JPG, PNG, TIFF, TXT or RTF are."),
    Refusal.CONTENT_MISMATCH: gettext_lazy("The content of this file is not what its name says: it may be damaged."),
    Refusal.ALREADY_THERE: gettext_lazy("This document is already in your space."),
    Refusal.WRONG_PATIENT: gettext_lazy("This document is about another person."),
    Refusal.UNREADABLE: gettext_lazy("This file cannot be opened safely."),
    Refusal.INFECTED: gettext_lazy("The antivirus found something dangerous."),
    Refusal.NOT_SCANNED: gettext_lazy("The antivirus cannot look at it now: try again in a few minutes."),
    Refusal.WRONG_CODE: gettext_lazy("This code is not the right one, or it is too old."),
    Refusal.TOO_MANY_TRIES: gettext_lazy("Too many tries: wait a little."),
    Refusal.ANSWERED_MEANWHILE: gettext_lazy("A colleague has answered in the meantime."),
    Refusal.TAKEN_BY_ANOTHER: gettext_lazy("A colleague is looking after this conversation."),
    Refusal.BAD_RECIPIENT: gettext_lazy("This address cannot be written to."),
    Refusal.OUTSIDE_TRUST: gettext_lazy("This address lies outside the trust space of secure health mail."),
    Refusal.PATIENT_OPPOSED: gettext_lazy("This patient has asked your establishment not to be written to."),
    Refusal.NOT_DELIVERED: gettext_lazy("The message could not be delivered: nothing was sent."),
}


def refusal_sentence(reason: Refusal | None) -> str:
    return str(_REFUSALS[reason]) if reason is not None else ""


_CATEGORIES = {
    Category.SYNTHESE: gettext_lazy("Summary"),
    Category.ORD_SOIN: gettext_lazy("Prescription and care"),
    Category.RADIO_SC: gettext_lazy("Imaging"),
    Category.BIOLOGIE: gettext_lazy("Laboratory"),
    Category.CPT_REND: gettext_lazy("Report"),
    Category.DEPISTAG: gettext_lazy("Prevention and screening"),
    Category.CERT_MED: gettext_lazy("Medical certificate"),
    Category.AUTR_DOC: gettext_lazy("Other document"),
    Category.DOC_ADM: gettext_lazy("Administrative document"),
    Category.SYNTH_PML: gettext_lazy("Medical profile"),
    Category.DIR_ANT: gettext_lazy("Advance directives"),
    Category.CAR_VAC: gettext_lazy("Vaccination"),
    Category.VDP: gettext_lazy("Wishes and rights"),
    Category.REMB: gettext_lazy("Reimbursements"),
    Category.QUEST_SANTE: gettext_lazy("Health questionnaire"),
}


def category_label(code: str) -> str:
    try:
        return str(_CATEGORIES[Category(code)])
    except ValueError:
        return str(_CATEGORIES[Category.AUTR_DOC])


SOURCES = {
    "professional": gettext_lazy("By a health professional"),
    "holder": gettext_lazy("By you"),
    "message": gettext_lazy("From a message, by you"),
}

ACTOR_KINDS = {
    ActorKind.HOLDER: gettext_lazy("You"),
    ActorKind.REPRESENTATIVE: gettext_lazy("Your representative"),
    ActorKind.CARER: gettext_lazy("Your carer"),
    ActorKind.PROFESSIONAL: gettext_lazy("Health professional"),
    ActorKind.ORGANIZATION: gettext_lazy("Care service"),
    ActorKind.SYSTEM: gettext_lazy("Carnet itself"),
}


_ARCHIVE_MARK = re.compile(r"(?i)\bXDM/1\.0/DDM(\+|\s|$)")


_BORN = re.compile(r"\s*\[\d{2}/\d{2}/\d{4}\]$")
_LABEL_LENGTH = 40


def subject_words(subject: str, reader: str = "") -> str:
    """A subject as its reader wants it: without the mark that software puts before it, and without their own name.

    ``XDM/1.0/DDM+Compte rendu d'imagerie MARTIN Claire [03/12/1987]`` becomes ``Compte rendu d'imagerie`` for Claire
    Martin; a label that was cut at 40 characters shows it (ANS, Référentiel socle MSSanté #2, ECO.2.1.3).
    """
    if not _ARCHIVE_MARK.search(subject):
        return subject
    words = _BORN.sub("", _ARCHIVE_MARK.sub("", subject, count=1).strip()).split()
    own = {_plain(name) for name in reader.split()}
    had = len(words)
    while words and _plain(words[-1]) in own:
        words.pop()
    label = " ".join(words)
    return f"{label}…" if len(words) < had and len(label) >= _LABEL_LENGTH - 1 else label


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFD", name.casefold())
    return "".join(one for one in letters if not unicodedata.combining(one))


def act_sentence(event: Event, reader: str = "") -> str:
    """What was done, in one sentence, for who reads it."""
    title = subject_words(event.title, reader)
    named = {
        Act.READ_CONVERSATION: _("Read the conversation “%(title)s”"),
        Act.READ_ATTACHMENT: _("Opened the attachment “%(title)s”"),
        Act.RECEIVE_MESSAGE: _("Wrote you the message “%(title)s”"),
        Act.SEND_MESSAGE: _("Sent a message in “%(title)s”"),
        Act.TRASH_CONVERSATION: _("Moved the conversation “%(title)s” to the trash"),
        Act.PUT_BACK_CONVERSATION: _("Put the conversation “%(title)s” back"),
        Act.READ_DOCUMENT: _("Opened the document “%(title)s”"),
        Act.ADD_DOCUMENT: _("Added the document “%(title)s”"),
    }
    plain = {
        Act.SIGN_IN: _("Signed in"),
        Act.SIGN_OUT: _("Signed out"),
        Act.ACTIVATE: _("Activated the space"),
        Act.CHANGE_SETTINGS: _("Changed the settings"),
        Act.READ_HOME: _("Opened the home page"),
        Act.LIST_MESSAGES: _("Looked at the list of messages"),
        Act.READ_CONVERSATION: _("Read a conversation"),
        Act.READ_ATTACHMENT: _("Opened an attachment"),
        Act.RECEIVE_MESSAGE: _("Wrote you a message"),
        Act.WITHHOLD_MESSAGE: _("A message was not delivered: its documents are about another person"),
        Act.SEND_MESSAGE: _("Sent a message"),
        Act.WRITE_DRAFT: _("Began to write a message"),
        Act.DELETE_DRAFT: _("Deleted a draft"),
        Act.SEARCH_MESSAGES: _("Searched in the messages"),
        Act.SEND_RECEIPT: _("The sender was told that the message was opened, as they had asked"),
        Act.TRASH_CONVERSATION: _("Moved a conversation to the trash"),
        Act.PUT_BACK_CONVERSATION: _("Put a conversation back"),
        Act.END_CONVERSATION: _("Ended an exchange"),
        Act.LIST_DOCUMENTS: _("Looked at the list of documents"),
        Act.READ_DOCUMENT: _("Opened a document"),
        Act.ADD_DOCUMENT: _("Added a document"),
        Act.REPLACE_DOCUMENT: _("A document was replaced by a newer version"),
        Act.READ_PROFILE: _("Opened the medical profile"),
        Act.CHANGE_PROFILE: _("Changed the medical profile"),
        Act.READ_ACTIVITY: _("Looked at this page"),
    }
    act = Act(event.act)
    if title and act in named:
        return named[act] % {"title": title}
    return plain[act]


XDM_PROBLEMS = {
    "not_a_zip": gettext_lazy("This archive is not a zip file."),
    "damaged": gettext_lazy("This archive is damaged or cut short."),
    "too_big": gettext_lazy("This archive unpacks to too much."),
    "too_many_files": gettext_lazy("This archive holds too many files."),
    "bomb": gettext_lazy("This archive unpacks to far more than it takes: it could harm."),
    "unsafe_path": gettext_lazy("A file of this archive has a name that could harm."),
    "symlink": gettext_lazy("This archive holds something else than files."),
    "encrypted": gettext_lazy("This archive is locked with a password."),
    "duplicate_name": gettext_lazy("Two files of this archive have the same name."),
    "unsupported": gettext_lazy("This archive is of a kind that is not accepted."),
    "no_document": gettext_lazy("This archive holds no document that could be read."),
    "too_many_documents": gettext_lazy("This archive holds more documents than can be shown."),
    "document_missing": gettext_lazy("A document that this archive announces is not in it."),
    "document_unreadable": gettext_lazy("A document of this archive cannot be opened safely."),
    "document_not_cda": gettext_lazy("A document of this archive is not a clinical document."),
    "document_not_described": gettext_lazy("A document of this archive is announced nowhere: it is not shown."),
}


_HARMS = {
    Harm.EXECUTABLE: gettext_lazy("This file is a program: it is not given out."),
    Harm.SCRIPT: gettext_lazy("This file is a script: it is not given out."),
    Harm.MACRO: gettext_lazy("This document holds macros, which can act on their own: it is not given out."),
    Harm.POLYGLOT: gettext_lazy("This file is not what it seems: it is not given out."),
    Verdict.INFECTED: gettext_lazy("The antivirus found something dangerous in this message: it is not given out."),
}


def could_harm(codes: str) -> bool:
    """Whether what was kept back could have harmed its reader."""
    return any(code in _HARMS for code in codes.split()) or any(
        XdmProblem(code).could_harm for code in codes.split() if code in XDM_PROBLEMS
    )


def archive_problem(codes: str) -> str:
    """Why a file, or something of an archive, is not given."""
    sentences: dict[str, object] = {**XDM_PROBLEMS, **{code.value: words for code, words in _HARMS.items()}}
    return " ".join(str(sentences[code]) for code in codes.split() if code in sentences)
