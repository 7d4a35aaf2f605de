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
from carnet.domain.messaging.desk.begun_answers import begun_answers
from carnet.domain.messaging.desk.draft_acts import (
    add_documents,
    begun_about,
    of_kind,
    patient_of_documents,
    unready,
    with_letter,
)
from carnet.domain.messaging.desk.draft_values import DOCUMENTS, MESSAGE, DraftContent
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
from carnet.domain.messaging.desk.patients import seal_patient
from carnet.domain.messaging.desk.preparing import DocumentFault, WrongFile
from carnet.domain.messaging.desk.sending_drafts import documents_of, recipients_of, send_draft
from carnet.domain.record.media_types import PDF
from carnet.domain.spaces.values import Decision
from carnet.interfaces.web.asked import uuid_of
from carnet.interfaces.web.desk.draft_pages import (
    begun_rows,
    draft_page,
    made_rows,
    recipient_rows,
    typed,
    wrong_documents,
)
from carnet.interfaces.web.desk.patient import chosen_patient
from carnet.interfaces.web.desk.sentences import say_sent
from carnet.interfaces.web.desk.session import AtDesk, for_desk
from carnet.interfaces.web.desk.writing_sentences import fault_sentence, unready_sentence
from carnet.interfaces.web.pieces import page_picture, served
from carnet.interfaces.web.sentences import refusal_sentence
from carnet.interfaces.web.session import not_found

_KINDS = {"to_documents": DOCUMENTS, "to_message": MESSAGE}


@require_http_methods(["GET", "HEAD", "POST"])
@for_desk
def new(request: HttpRequest, who: AtDesk) -> HttpResponse:
    """Begin a message: to the patient or the colleague whom the form before chose. Read, it shows what was begun."""
    if request.method != "POST":
        rows = begun_rows(who, drafts_of(who.actor), begun_answers(who.actor))
        if not rows:
            return redirect("desk_find", box=who.mailbox.id)
        return render(request, "web/desk/drafts.html", {"rows": rows})
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
    thread = uuid_of(asked.get("thread", ""))
    corrected = uuid_of(asked.get("replaces", ""))
    if "patient" in asked:
        patient = chosen_patient(request, who)
    elif thread is not None:
        patient = patient_of_thread(who.actor, thread)
    elif corrected is not None or "file" in asked:
        patient = patient_of_documents(who.actor, file=asked.get("file", ""), document_id=corrected)
    else:
        address = _address(asked.get("colleague", ""))
        return DraftContent(colleagues=(address,)) if address else None
    if patient is None:
        return None
    documents = asked.get("kind") == DOCUMENTS
    return begun_about(who.actor, patient, documents=documents, thread_id=thread, corrects=corrected)


def _address(text: str) -> str:
    """The address of a mailbox as a form gives it; empty when it is none."""
    address = text.strip().lower()
    return address if "@" in address and len(address) < 255 else ""


@require_http_methods(["GET", "HEAD", "POST"])
@for_desk
def write(request: HttpRequest, who: AtDesk, draft: UUID) -> HttpResponse:
    """The message as it stands. Whatever is asked for, what was typed is kept first."""
    opened = open_draft(who.actor, draft)
    if opened is None:
        return not_found(request)
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
    if content.kind == DOCUMENTS:
        kept_out = add_documents(who.actor, draft, content, files)
    else:
        added = add_files(who.actor, draft, files)
        kept_out = added if isinstance(added, Decision) else None
    if isinstance(kept_out, WrongFile):
        why = fault_sentence(DocumentFault(kept_out.problem))
        return _("%(name)s: %(why)s") % {"name": kept_out.name, "why": why}
    if isinstance(kept_out, DocumentFault):
        return fault_sentence(kept_out)
    return refusal_sentence(kept_out.reason) if kept_out is not None else ""


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
        if address := _address(asked["add"]):
            changed = replace(content, colleagues=tuple(dict.fromkeys((*content.colleagues, address))))
    elif "drop" in asked:
        changed = replace(content, colleagues=tuple(one for one in content.colleagues if one != asked["drop"]))
    elif act == "letter":
        changed = with_letter(content)
    elif "drop_document" in asked:
        changed = _without_document(who, opened, uuid_of(asked["drop_document"]))
    elif "drop_file" in asked and (file_id := uuid_of(asked["drop_file"])):
        remove_file(who.actor, opened.id, file_id)
        changed = content = _again(who, opened).content
    elif act in _KINDS:
        changed = of_kind(content, _KINDS[act])
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
        return not_found(request)
    content = opened.content
    made = documents_of(who.actor, opened) if content.kind == DOCUMENTS else []
    if isinstance(made, DocumentFault):
        return draft_page(request, who, opened, faults=wrong_documents(opened, made), status=422)
    recipients = recipient_rows(recipients_of(who.actor, content), content)
    if lacking := unready(opened, recipients=len(recipients)):
        return draft_page(request, who, opened, problem=unready_sentence(lacking), status=422)
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


@require_GET
@for_desk
def piece(request: HttpRequest, who: AtDesk, draft: UUID, number: int) -> HttpResponse:
    """A document of a draft, as the PDF that will leave."""
    found = _made(who, draft, number)
    if found is None:
        return not_found(request)
    return served(found.pdf, PDF, found.pdf_name, inline=True)


@require_GET
@for_desk
def piece_page(request: HttpRequest, who: AtDesk, draft: UUID, number: int, page: int) -> HttpResponse:
    """A page of it, as a picture."""
    found = _made(who, draft, number)
    if found is None:
        return not_found(request)
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
            return not_found(request)
        problem = fault_sentence(done) if isinstance(done, DocumentFault) else refusal_sentence(done.reason)
        return draft_page(request, who, opened, problem=problem, status=422)
    say_sent(request, *done)
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
