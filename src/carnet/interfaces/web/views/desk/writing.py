"""Writing at the desk: to a patient or to colleagues, a message or documents, looked at before it leaves.

What is begun is kept on the server under an identifier that says nothing: no patient stands in an address, and what was
typed or chosen survives an error, a search for a colleague and an expired session.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from carnet.domain.messaging.commands.write import NewFile
from carnet.domain.messaging.desk.document_values import Named
from carnet.domain.messaging.desk.draft_values import DOCUMENTS, DraftContent, DraftDocument
from carnet.domain.messaging.desk.drafts import (
    OpenedDraft,
    add_files,
    begin_draft,
    discard_draft,
    drafts_of,
    open_draft,
    patient_of_thread,
    remove_file,
    save_draft,
)
from carnet.domain.messaging.desk.filed import filed_document, patient_of_file
from carnet.domain.messaging.desk.patients import FoundPatient, seal_patient
from carnet.domain.messaging.desk.preparing import (
    MOST_DOCUMENTS,
    USUAL_TYPES,
    DocumentFault,
    DocumentProblem,
    WrongFile,
    archived_files,
)
from carnet.domain.messaging.desk.sending_drafts import documents_of, recipients_of, send_draft
from carnet.domain.record.media_types import PDF
from carnet.domain.spaces.values import Decision, Refusal, refused
from carnet.foundation.ids import new_id
from carnet.interfaces.web.desk_draft_pages import (
    begun_rows,
    draft_page,
    made_rows,
    recipient_rows,
    typed,
    wrong_documents,
)
from carnet.interfaces.web.desk_patient import chosen_patient
from carnet.interfaces.web.desk_sentences import outcome_sentence
from carnet.interfaces.web.desk_session import AtDesk, for_desk
from carnet.interfaces.web.desk_writing_sentences import fault_sentence
from carnet.interfaces.web.pieces import page_picture, served
from carnet.interfaces.web.sentences import refusal_sentence
from carnet.interfaces.web.session import refusal_page

_NOT_FOUND = refused(Refusal.NOT_FOUND)


@require_http_methods(["GET", "HEAD", "POST"])
@for_desk
def new(request: HttpRequest, who: AtDesk) -> HttpResponse:
    """Begin a message: to the patient or the colleague whom the form before chose. Read, it shows what was begun."""
    if request.method != "POST":
        begun = drafts_of(who.actor)
        if not begun:
            return redirect("desk_find", box=who.mailbox.id)
        return render(request, "web/desk/drafts.html", {"rows": begun_rows(who, begun)})
    content = _begun(request, who)
    if content is None:
        messages.warning(request, _("Choose again whom you write to: that choice is too old, or is not known here."))
        return redirect("desk_find", box=who.mailbox.id)
    patient = content.patient
    if patient is not None and not patient.verified:
        token = seal_patient(who.mailbox.id, patient)
        asked = {"patient": patient, "token": token, "unconfirmed": not patient.insi_agrees}
        return render(request, "web/desk/patient_found.html", asked)
    return redirect("desk_new_draft", box=who.mailbox.id, draft=begin_draft(who.actor, content))


def _begun(request: HttpRequest, who: AtDesk) -> DraftContent | None:
    """What the form says of whom is written to, and whether documents are: a token of a patient, a conversation, a
    patient's file, a document to correct, or a colleague's address."""
    asked = request.POST
    kind = DOCUMENTS if asked.get("kind") == DOCUMENTS else DraftContent().kind
    thread = _uuid(asked.get("thread", ""))
    corrected = _uuid(asked.get("replaces", ""))
    if "patient" in asked:
        patient = chosen_patient(request, who)
    elif thread is not None:
        patient = patient_of_thread(who.actor, thread)
    elif corrected is not None or "file" in asked:
        patient = _of_file(who, asked.get("file", ""), corrected)
    else:
        address = asked.get("colleague", "").strip().lower()
        return DraftContent(colleagues=(address,)) if "@" in address and len(address) < 255 else None
    if patient is None:
        return None
    documents: tuple[DraftDocument, ...] = ()
    if kind == DOCUMENTS or corrected is not None:
        kind = DOCUMENTS
        documents = (_first_document(who, corrected),)
    # Documents answer in the conversation that asked for them; a new message opens one of its own.
    continued = thread if kind == DOCUMENTS else None
    return DraftContent(kind=kind, patient=patient, thread_id=continued, documents=documents)


def _of_file(who: AtDesk, file: str, corrected: UUID | None) -> FoundPatient | None:
    """The patient of a file of documents that name one INS surely.

    To whom the mailbox has sent a letter that it corrects is known to it; whom somebody else's letter names is not:
    their identity is checked first. Either is known by what the documents say, and by nothing else.
    """
    found = patient_of_file(who.actor, file=file, document_id=corrected)
    if found is None or found.named is not Named.INS:
        return None
    return FoundPatient(
        ins=found.ins,
        oid=found.oid,
        birth_name=found.birth_name.upper(),
        given_names=found.given_names.upper(),
        birth_date=found.birth_day,
        sex=found.sex,
        how="thread",
        verified=found.side.own,
    )


def _first_document(who: AtDesk, corrected: UUID | None) -> DraftDocument:
    before = filed_document(who.actor, corrected) if corrected else None
    if before is None:
        return DraftDocument(new_id(), type_code=USUAL_TYPES[0])
    return DraftDocument(new_id(), type_code=before.type_code, title=before.title, replaces=corrected)


@require_http_methods(["GET", "HEAD", "POST"])
@for_desk
def write(request: HttpRequest, who: AtDesk, draft: UUID) -> HttpResponse:
    """The message as it stands. Whatever is asked for, what was typed is kept first."""
    opened = open_draft(who.actor, draft)
    if opened is None:
        return refusal_page(request, _NOT_FOUND)
    if request.method != "POST":
        return draft_page(request, who, opened)
    form, document_forms = typed(request, who, opened)
    valid = form.is_valid() and all(one.is_valid() for one in document_forms)
    content = opened.content
    if valid:
        content = _kept(content, form.cleaned_data, document_forms)
        save_draft(who.actor, draft, content)
    if request.headers.get("X-Carnet-Save"):
        return HttpResponse(status=204 if valid else 422)
    if not valid:
        return draft_page(request, who, opened, form, document_forms, status=422)
    fault = _with_files(who, draft, content, form.cleaned_data.get("attached") or [])
    if fault:
        form.add_error("attached", fault)
        return draft_page(request, who, _again(who, opened), form, status=422)
    return _act(request, who, _again(who, opened))


def _kept(content: DraftContent, values: dict[str, Any], document_forms: list[Any]) -> DraftContent:
    """The draft with what was typed."""
    documents = tuple(
        replace(
            one.document,
            type_code=one.cleaned_data["type_code"],
            title=one.cleaned_data["title"],
            service_on=one.cleaned_data["service_on"],
            text=one.cleaned_data.get("text", one.document.text),
        )
        for one in document_forms
    )
    return replace(
        content,
        subject=values.get("subject", content.subject),
        text=values["text"],
        receipt=values["receipt"],
        end=bool(values.get("end")),
        to_patient=bool(values["to_patient"]) if "to_patient" in values else content.to_patient,
        documents=documents,
    )


def _with_files(who: AtDesk, draft: UUID, content: DraftContent, chosen: list[Any]) -> str:
    """Put the files that came with the form into the draft; what kept them out, in words."""
    if not chosen:
        return ""
    files = [NewFile(one.name or "", one.read()) for one in chosen]
    written = [one for one in content.documents if one.file_id or one.text.strip() or one.replaces]
    if content.kind == DOCUMENTS:
        if len(written) + len(files) > MOST_DOCUMENTS:
            return fault_sentence(DocumentFault(DocumentProblem.TOO_MANY))
        ready = archived_files(files)
        if isinstance(ready, WrongFile):
            return _("%(name)s: %(why)s") % {"name": ready.name, "why": fault_sentence(DocumentFault(ready.problem))}
        files = ready
    added = add_files(who.actor, draft, files)
    if isinstance(added, Decision):
        return refusal_sentence(added.reason)
    if content.kind == DOCUMENTS:
        fresh = [DraftDocument(new_id(), type_code=USUAL_TYPES[0], file_id=file_id) for file_id in added]
        save_draft(who.actor, draft, replace(content, documents=(*written, *fresh)))
    return ""


def _again(who: AtDesk, opened: OpenedDraft) -> OpenedDraft:
    return open_draft(who.actor, opened.id) or opened


def _act(request: HttpRequest, who: AtDesk, opened: OpenedDraft) -> HttpResponse:
    """What was asked for beside keeping what was typed."""
    asked, content, box = request.POST, opened.content, who.mailbox.id
    act = asked.get("act", "")
    if act == "preview":
        return redirect("desk_new_preview", box=box, draft=opened.id)
    if act == "find":
        return draft_page(request, who, opened, words=asked.get("colleague_words", "").strip())
    changed = content
    if "add" in asked:
        address = asked["add"].strip().lower()
        if "@" in address and len(address) < 255:
            changed = replace(content, colleagues=tuple(dict.fromkeys((*content.colleagues, address))))
    elif "drop" in asked:
        changed = replace(content, colleagues=tuple(one for one in content.colleagues if one != asked["drop"]))
    elif act == "letter":
        fresh = DraftDocument(new_id(), type_code=USUAL_TYPES[0])
        changed = replace(content, documents=(*content.documents, fresh))
    elif "drop_document" in asked:
        changed = _without_document(who, opened, _uuid(asked["drop_document"]))
    elif "drop_file" in asked and (file_id := _uuid(asked["drop_file"])):
        remove_file(who.actor, opened.id, file_id)
        changed = content = _again(who, opened).content
    elif act in ("to_documents", "to_message") and content.patient is not None:
        changed = _of_kind(content, documents=act == "to_documents")
    if changed != content:
        save_draft(who.actor, opened.id, changed)
    if act == "save":
        messages.success(request, _("Kept. You can go on later today: only you can see it."))
    return redirect(reverse("desk_new_draft", args=[box, opened.id]) + _anchor(asked))


def _anchor(asked: Any) -> str:
    """Where the page goes on: beside what was changed."""
    if "add" in asked or "drop" in asked:
        return "#to"
    return "#content" if asked.get("act") != "save" else ""


def _of_kind(content: DraftContent, *, documents: bool) -> DraftContent:
    if not documents:
        return replace(content, kind=DraftContent().kind, to_patient=True)
    return replace(
        content, kind=DOCUMENTS, documents=content.documents or (DraftDocument(new_id(), type_code=USUAL_TYPES[0]),)
    )


def _without_document(who: AtDesk, opened: OpenedDraft, document_id: UUID | None) -> DraftContent:
    gone = next((one for one in opened.content.documents if one.id == document_id), None)
    if gone is not None and gone.file_id is not None:
        remove_file(who.actor, opened.id, gone.file_id)
    return replace(opened.content, documents=tuple(one for one in opened.content.documents if one.id != document_id))


@require_safe
@for_desk
def preview(request: HttpRequest, who: AtDesk, draft: UUID) -> HttpResponse:
    """The message as it will leave, and to whom: the last look before it does."""
    opened = open_draft(who.actor, draft)
    if opened is None:
        return refusal_page(request, _NOT_FOUND)
    content = opened.content
    made = documents_of(who.actor, opened) if content.kind == DOCUMENTS else []
    if isinstance(made, DocumentFault):
        return draft_page(request, who, opened, faults=wrong_documents(opened, made), status=422)
    recipients = recipient_rows(recipients_of(who.actor, content), content)
    problem = _unready(opened, recipients)
    if problem:
        return draft_page(request, who, opened, problem=problem, status=422)
    return render(
        request,
        "web/desk/preview.html",
        {
            "draft": opened,
            "content": content,
            "patient": content.patient,
            "recipients": recipients,
            "documents": made_rows(who, opened, made),
            "budget": settings.CARNET_HOLDER_MESSAGE_BYTES,
        },
    )


def _unready(opened: OpenedDraft, recipients: list[dict[str, Any]]) -> str:
    """What is missing before it can be looked at as a whole; empty when nothing is."""
    content = opened.content
    if not recipients:
        return _("Nobody is written to yet: add the patient or a colleague.")
    if content.kind == DOCUMENTS:
        return ""
    if not content.subject.strip():
        return _("Give the message a subject.")
    if not content.text.strip() and not opened.files:
        return refusal_sentence(Refusal.EMPTY_MESSAGE)
    return ""


@require_GET
@for_desk
def piece(request: HttpRequest, who: AtDesk, draft: UUID, number: int) -> HttpResponse:
    """A document of a draft, as the PDF that will leave."""
    found = _made(who, draft, number)
    if found is None:
        return refusal_page(request, _NOT_FOUND)
    return served(found.pdf, PDF, found.pdf_name, inline=True)


@require_GET
@for_desk
def piece_page(request: HttpRequest, who: AtDesk, draft: UUID, number: int, page: int) -> HttpResponse:
    """A page of it, as a picture."""
    found = _made(who, draft, number)
    if found is None:
        return refusal_page(request, _NOT_FOUND)
    return page_picture(found.pdf, PDF, page)


def _made(who: AtDesk, draft: UUID, number: int) -> Any:
    opened = open_draft(who.actor, draft)
    made = documents_of(who.actor, opened, only=number - 1) if opened and number > 0 else []
    return made[0] if isinstance(made, list) and made else None


@require_POST
@for_desk
def send(request: HttpRequest, who: AtDesk, draft: UUID) -> HttpResponse:
    done = send_draft(who.actor, draft)
    if isinstance(done, Decision | DocumentFault):
        opened = open_draft(who.actor, draft)
        if opened is None:
            return refusal_page(request, _NOT_FOUND)
        problem = fault_sentence(done) if isinstance(done, DocumentFault) else refusal_sentence(done.reason)
        return draft_page(request, who, opened, problem=problem, status=422)
    refused_to = [one for sent in done for one in sent.handed if one.outcome.is_refusal]
    for one in refused_to:
        why = outcome_sentence(one.outcome)
        messages.warning(request, _("Not delivered to %(address)s. %(why)s") % {"address": one.address, "why": why})
    if any(sent.again for sent in done):
        messages.info(request, _("This message was sent already: it was not sent twice."))
    else:
        messages.success(request, _("Your message is sent."))
    return redirect("desk_thread", who.mailbox.id, done[0].thread_id)


@require_http_methods(["GET", "HEAD", "POST"])
@for_desk
def discard(request: HttpRequest, who: AtDesk, draft: UUID) -> HttpResponse:
    if request.method == "POST":
        if discard_draft(who.actor, draft):
            messages.success(request, _("What you had begun is thrown away."))
        return redirect("desk_inbox", who.mailbox.id)
    return render(
        request,
        "web/confirm.html",
        {
            "frame": "web/desk/base.html",
            "title": _("Throw this message away?"),
            "text": _("What you typed and the files that you added are deleted. Nothing was sent."),
            "action_url": reverse("desk_new_discard", args=[who.mailbox.id, draft]),
            "confirm_label": _("Throw away"),
            "cancel_url": reverse("desk_new_draft", args=[who.mailbox.id, draft]),
            "danger": True,
        },
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
