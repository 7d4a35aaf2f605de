"""The documents of a mailbox by patient: those that wait to be filed, the patients, each patient's file."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from carnet.domain.identity.values import Ins
from carnet.domain.messaging.desk.catching_up import prepare
from carnet.domain.messaging.desk.documents import file_documents, unfile_document
from carnet.domain.messaging.desk.filed import (
    FiledDocument,
    PatientRow,
    count_unfiled,
    patient_file,
    patients,
    unfiled,
)
from carnet.domain.messaging.desk.listing import threads
from carnet.domain.messaging.desk.sought import open_words, seal_words
from carnet.domain.messaging.desk.values import Filters, View
from carnet.foundation.clock import now
from carnet.interfaces.web.asked import uuid_of, uuids_of
from carnet.interfaces.web.desk.forms import SearchForm
from carnet.interfaces.web.desk.rows import thread_row, thread_url
from carnet.interfaces.web.desk.session import AtDesk, for_desk
from carnet.interfaces.web.pieces import url_path
from carnet.interfaces.web.rows import page
from carnet.interfaces.web.session import not_found

_CONVERSATIONS = 20
_MOST_AT_ONCE = 200


@require_safe
@for_desk
def listing(request: HttpRequest, who: AtDesk) -> HttpResponse:
    """The patients of whom the mailbox holds documents, the latest first; those who were sought by name or INS."""
    prepare(who.mailbox.id)
    text = open_words(who.mailbox.id, request.GET.get("s", ""))
    return render(
        request,
        "web/desk/patients.html",
        {
            "box": who.mailbox.id,
            "rows": [_patient(one, who) for one in patients(who.actor, text)],
            "search": SearchForm(initial={"text": text}),
            "sought": text,
            "waiting": count_unfiled(who.actor),
        },
    )


@require_POST
@for_desk
def search(request: HttpRequest, who: AtDesk) -> HttpResponse:
    """What is sought travels sealed: a name is no part of an address."""
    form = SearchForm(request.POST)
    text = form.cleaned_data["text"].strip() if form.is_valid() else ""
    address = reverse("desk_patients", args=[who.mailbox.id])
    return redirect(f"{address}?s={seal_words(who.mailbox.id, text)}" if text else address)


@require_safe
@for_desk
def to_file(request: HttpRequest, who: AtDesk) -> HttpResponse:
    """The documents that nobody has filed yet."""
    prepare(who.mailbox.id)
    found = unfiled(who.actor, before=request.GET.get("before", ""))
    rows = [_document(one, who) for one in found.rows]
    return render(
        request, "web/desk/to_file.html", {"box": who.mailbox.id, "page": page(request, rows, found.next_before)}
    )


@require_safe
@for_desk
def show(request: HttpRequest, who: AtDesk, patient: str) -> HttpResponse:
    """A patient's file: their documents, and the conversations with them."""
    prepare(who.mailbox.id)
    found = patient_file(who.actor, patient)
    if found is None:
        return not_found(request)
    at = now()
    talks = []
    if found.who.ins:
        filters = Filters(view=View.ALL, patient_ins=found.who.ins)
        talks = [thread_row(row, who, {}, "", at) for row in threads(who.actor, filters, limit=_CONVERSATIONS).rows]
    return render(
        request,
        "web/desk/patient.html",
        {
            "box": who.mailbox.id,
            "who": _patient(found.who, who),
            "documents": [_document(one, who) for one in found.documents],
            "unfiled": [_document(one, who) for one in found.unfiled],
            "more": found.more,
            "threads": talks,
        },
    )


@require_POST
@for_desk
def file(request: HttpRequest, who: AtDesk) -> HttpResponse:
    """File documents with their patients: all those of a message, or those that are ticked."""
    filed = file_documents(
        who.actor,
        message_ids=uuids_of(request.POST.getlist("message")[:_MOST_AT_ONCE]),
        document_ids=uuids_of(request.POST.getlist("document")[:_MOST_AT_ONCE]),
    )
    if filed:
        words = ngettext("%(number)s document is filed.", "%(number)s documents are filed.", filed)
        messages.success(request, words % {"number": filed})
    else:
        messages.info(request, _("Nothing was left to file."))
    return redirect(_back(request, who))


@require_POST
@for_desk
def unfile(request: HttpRequest, who: AtDesk) -> HttpResponse:
    """Put a document back among those to file."""
    document_id = uuid_of(request.POST.get("document", ""))
    if document_id is not None and unfile_document(who.actor, document_id):
        messages.success(request, _("The document waits to be filed again."))
    return redirect(_back(request, who))


def _back(request: HttpRequest, who: AtDesk) -> str:
    """Where the form came from: a conversation, a patient's file, or the list of what waits."""
    thread_id = uuid_of(request.POST.get("thread", ""))
    if thread_id is not None:
        return thread_url(who, thread_id)
    patient = request.POST.get("patient_file", "")
    if len(patient) == 64 and patient.isalnum() and patient.isascii():
        return reverse("desk_patient", args=[who.mailbox.id, patient])
    return reverse("desk_patients_to_file", args=[who.mailbox.id])


def _patient(one: PatientRow, who: AtDesk) -> dict[str, Any]:
    return {
        "patient": one.patient,
        "url": reverse("desk_patient", args=[who.mailbox.id, one.patient]),
        "name": one.name or _("Patient without a name"),
        "birth_name": one.name.partition(" ")[2] if " " in one.name else one.name,
        "given_names": one.given_names,
        "used_name": one.used_name,
        "birth_date": one.birth_date,
        "ins": Ins(one.ins).display if one.ins else "",
        "named": one.named.value,
        "last_at": one.last_at,
        "title": one.title,
    }


def _document(one: FiledDocument, who: AtDesk) -> dict[str, Any]:
    place = [who.mailbox.id, one.thread_id, one.message_id, url_path(one.path)]
    return {
        "id": one.id,
        "title": one.title or one.type_label or _("Document"),
        "type_label": one.type_label if one.type_label != one.title else "",
        "author": one.author,
        "when": one.when,
        "at": one.at,
        "sent": one.sent,
        "named": one.named.value,
        "patient": one.patient,
        "patient_url": reverse("desk_patient", args=[who.mailbox.id, one.patient]),
        "patient_name": one.patient_name or _("Patient without a name"),
        "birth_date": one.birth_date,
        "filed": one.filed_at is not None,
        "view_url": reverse("desk_piece", args=place) if one.thread_id else "",
        "thread_url": thread_url(who, one.thread_id, anchor=f"message-{one.message_id}") if one.thread_id else "",
        "older": [_document(old, who) for old in one.older],
    }
