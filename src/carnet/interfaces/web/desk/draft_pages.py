"""What the pages of writing at the desk show."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from carnet.domain.directory.queries.colleagues import find_colleagues
from carnet.domain.identity.values import is_patient_domain
from carnet.domain.messaging.desk.begun_answers import BegunAnswerRow
from carnet.domain.messaging.desk.draft_values import DOCUMENTS, DraftContent
from carnet.domain.messaging.desk.drafts import OpenedDraft
from carnet.domain.messaging.desk.preparing import MOST_DOCUMENTS, DocumentFault, MadeDocument
from carnet.domain.messaging.desk.sending_drafts import recipients_of
from carnet.domain.messaging.desk.writing import RecipientCheck
from carnet.domain.record.media_types import PDF
from carnet.interfaces.web.desk.rows import person, thread_url
from carnet.interfaces.web.desk.session import AtDesk
from carnet.interfaces.web.desk.writing_forms import ColleagueForm, DraftDocumentForm, WritingForm
from carnet.interfaces.web.desk.writing_sentences import fault_sentence, warning_sentence
from carnet.interfaces.web.pieces import view_of
from carnet.interfaces.web.sentences import refusal_sentence


def typed(request: HttpRequest, who: AtDesk, opened: OpenedDraft) -> tuple[WritingForm, list[DraftDocumentForm]]:
    """The forms as they were sent."""
    content = opened.content
    form = WritingForm(
        request.POST, request.FILES, patient=content.patient is not None, documents=content.kind == DOCUMENTS
    )
    if content.kind != DOCUMENTS:
        return form, []
    return form, [DraftDocumentForm(one, request.POST) for one in content.documents]


def draft_page(
    request: HttpRequest,
    who: AtDesk,
    opened: OpenedDraft,
    form: WritingForm | None = None,
    document_forms: Sequence[DraftDocumentForm] | None = None,
    *,
    words: str = "",
    problem: str = "",
    faults: dict[int, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The message while it is written. ``faults`` are what is wrong with documents, by their rank (-1: with all)."""
    content = opened.content
    documents = content.kind == DOCUMENTS
    faults = faults or {}
    form = form or _form(content)
    names = {one.id: one for one in opened.files}
    forms = document_forms if document_forms is not None else [DraftDocumentForm(one) for one in content.documents]
    return render(
        request,
        "web/desk/write.html",
        {
            "draft": opened,
            "patient": content.patient,
            "may_hold_documents": content.patient is not None and content.patient.may_be_named,
            "documents": documents,
            "document_rows": [
                {
                    "form": one,
                    "id": one.document.id,
                    "file": names.get(one.document.file_id) if one.document.file_id else None,
                    "replaces": one.document.replaces is not None,
                    "fault": faults.get(rank, ""),
                }
                for rank, one in enumerate(forms if documents else [])
            ],
            "may_add": len(content.documents) < MOST_DOCUMENTS,
            "form": form,
            "wrong": [one for one in (form, *(forms if documents else ())) if one.errors],
            "colleague": ColleagueForm(initial={"colleague_words": words}),
            "found": find_colleagues(words, besides=who.mailbox.address) if words else [],
            "words": words,
            "recipients": recipient_rows(recipients_of(who.actor, content), content),
            "files": [] if documents else opened.files,
            "problem": problem or faults.get(-1, ""),
            "budget": settings.CARNET_HOLDER_MESSAGE_BYTES,
        },
        status=status,
    )


def _form(content: DraftContent) -> WritingForm:
    initial = {
        "subject": content.subject,
        "text": content.text,
        "to_patient": content.to_patient,
        "receipt": content.receipt,
        "end": content.end,
    }
    return WritingForm(initial=initial, patient=content.patient is not None, documents=content.kind == DOCUMENTS)


def wrong_documents(opened: OpenedDraft, fault: DocumentFault) -> dict[int, str]:
    return {-1 if fault.document is None else fault.document: fault_sentence(fault)}


def recipient_rows(checks: Sequence[RecipientCheck], content: DraftContent) -> list[dict[str, Any]]:
    """Whom a message goes to, with why it cannot, or what to know before."""
    return [
        {
            "address": one.address,
            "name": _name(one, content),
            "patient": is_patient_domain(one.address, settings.CARNET_PATIENT_DOMAIN),
            "refusal": refusal_sentence(one.refusal) if one.refusal else "",
            "warning": warning_sentence(one.warning),
        }
        for one in checks
    ]


def _name(one: RecipientCheck, content: DraftContent) -> str:
    """A patient is shown by the identity that was checked, not by an address that is their number."""
    if content.patient is not None and is_patient_domain(one.address, settings.CARNET_PATIENT_DOMAIN):
        return content.patient.name or content.patient.ins_display
    return one.name or one.address


def made_rows(who: AtDesk, opened: OpenedDraft, made: Sequence[MadeDocument]) -> list[dict[str, Any]]:
    """The documents as they will leave, with their pages in place."""
    rows = []
    for number, one in enumerate(made, 1):
        place = [who.mailbox.id, opened.id, number]
        frame_url = reverse("desk_new_piece", args=place)
        rows.append(
            {
                "title": one.title,
                "type_label": one.type.label_fr,
                "file_name": one.pdf_name,
                "size": len(one.pdf),
                "url": frame_url,
                **view_of(
                    one.pdf,
                    PDF,
                    frame_url,
                    lambda page, place=place: reverse("desk_new_piece_page", args=[*place, page]),  # type: ignore[misc]
                ),
            }
        )
    return rows


def begun_rows(
    who: AtDesk, begun: Sequence[OpenedDraft], answers: Sequence[BegunAnswerRow] = ()
) -> list[dict[str, Any]]:
    """What was begun and not sent, new messages and answers in conversations, the newest first."""
    rows = [
        {
            "url": reverse("desk_new_draft", args=[who.mailbox.id, one.id]),
            "discard_url": reverse("desk_new_discard", args=[who.mailbox.id, one.id]),
            "to": one.content.patient.name or _("A patient")
            if one.content.patient
            else ", ".join(one.content.colleagues) or _("Nobody yet"),
            "patient": one.content.patient is not None,
            "subject": one.content.subject,
            "documents": one.content.kind == DOCUMENTS,
            "answer": False,
            "saved_at": one.saved_at,
        }
        for one in begun
    ]
    rows += [
        {
            "url": thread_url(who, one.thread_id, anchor="answer"),
            "discard_url": reverse("desk_answer_discard", args=[who.mailbox.id, one.thread_id]),
            "to": person(one.correspondent)["name"],
            "patient": one.correspondent.patient,
            "subject": one.subject,
            "documents": False,
            "answer": True,
            "saved_at": one.saved_at,
        }
        for one in answers
    ]
    return sorted(rows, key=lambda row: row["saved_at"], reverse=True)
