"""Writing: what is typed is kept, sent, given up; files are added and taken out. With JavaScript or without."""

from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from carnet.domain.messaging.access import open_draft
from carnet.domain.messaging.commands.draft_files import add_document, add_file, add_profile, remove_file
from carnet.domain.messaging.commands.drafts import Conflict, delete_draft, save_draft, send_draft
from carnet.domain.messaging.commands.write import NewFile, Written
from carnet.domain.messaging.draft_content import DraftContent
from carnet.domain.messaging.queries.contacts import pharmacy
from carnet.domain.messaging.queries.drafts import draft, sent_as, shown
from carnet.domain.messaging.queries.trash import is_in_trash
from carnet.domain.record.queries import documents
from carnet.domain.spaces.access import open_space
from carnet.domain.spaces.values import Act, Decision, Refusal, refused
from carnet.interfaces.web.asked import wants_json
from carnet.interfaces.web.rows import document_row, page
from carnet.interfaces.web.sentences import refusal_sentence
from carnet.interfaces.web.session import SignedIn, for_holder, refusal_page
from carnet.interfaces.web.templatetags.web import moment_in_words
from carnet.interfaces.web.views.messages import conversation_page, in_trash_sentence
from carnet.interfaces.web.writing import Asked, Writing, as_uuid, budget_words, file_row, new_context

_DOCUMENTS = 50


@require_POST
@for_holder
def send_answer(request: HttpRequest, who: SignedIn, conversation_id: UUID) -> HttpResponse:
    """The form under a conversation."""
    return _written(request, who, Asked.of(request), conversation_id)


@require_http_methods(["GET", "POST"])
@for_holder
def new(request: HttpRequest, who: SignedIn) -> HttpResponse:
    """A new message to somebody who wrote before, chosen here or on the page of contacts (``?contact=``)."""
    if request.method == "POST":
        return _written(request, who, Asked.of(request), None)
    opened = open_space(who.actor, Act.LIST_MESSAGES, who.space.id)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    return _new_page(request, Writing(who.space.id, contact_id=as_uuid(request.GET.get("contact", ""))))


@require_http_methods(["GET", "POST"])
@for_holder
def show_draft(request: HttpRequest, who: SignedIn, draft_id: UUID) -> HttpResponse:
    """A draft that is resumed, or what its page saves of it. One that was sent leads to its conversation."""
    if request.method == "POST":
        kept = draft(who.space.id, draft_id)
        conversation_id = kept.conversation_id if kept else as_uuid(request.POST.get("conversation", ""))
        return _written(request, who, Asked.of(request, draft_id), conversation_id)
    sent = sent_as(who.space.id, draft_id)
    if sent is not None:
        return redirect("conversation", sent[0])
    opened = open_draft(who.actor, Act.WRITE_DRAFT, who.space.id, draft_id)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    kept = shown(opened)
    if kept.conversation_id is not None:
        return redirect(f"{reverse('conversation', args=[kept.conversation_id])}#answer")
    return _new_page(request, Writing(who.space.id, draft=kept))


def _new_page(request: HttpRequest, writing: Writing, status: int = 200) -> HttpResponse:
    return render(request, "web/new_message.html", {"writing": (shown := new_context(writing))} | shown, status=status)


# --- what a form of writing asks for -------------------------------------------------------------------------------


def _written(request: HttpRequest, who: SignedIn, asked: Asked, conversation_id: UUID | None) -> HttpResponse:
    """Keep what was written, add and take out files, then do what the button says."""
    attached = request.FILES.getlist("attached")
    if asked.is_empty and not attached and asked.act in ("send", "keep"):
        return _nothing_written(request, who, asked, conversation_id)
    saved = save_draft(
        who.actor,
        who.space.id,
        asked.draft_id,
        asked.content,
        conversation_id=conversation_id,
        contact_id=asked.contact_id,
        version=asked.version,
    )
    if isinstance(saved, Conflict):
        return _conflict(request, who, asked, conversation_id, saved)
    if isinstance(saved, Written):
        return _sent(request, saved, conversation_id)
    if isinstance(saved, Decision):
        return _refused(request, who, asked, conversation_id, [(None, refusal_sentence(saved.reason))], saved)
    not_taken = _files(who, saved.draft_id, attached)
    if asked.act.startswith("take-out:") and (file_id := as_uuid(asked.act.removeprefix("take-out:"))):
        remove_file(who.actor, who.space.id, saved.draft_id, file_id)
    if asked.act == "profile":
        done = add_profile(who.actor, who.space.id, saved.draft_id, get_language() or "fr")
        if isinstance(done, Decision):
            not_taken.append(_("Your medical profile was not added. ") + refusal_sentence(done.reason))
    if asked.act == "send":
        return _send(request, who, asked, conversation_id, saved.version, not_taken)
    return _kept(request, who, asked, conversation_id, not_taken)


def _files(who: SignedIn, draft_id: UUID, attached: list[UploadedFile]) -> list[str]:
    """Put files into the draft one by one. Returns why some were not taken, each with its name."""
    told = []
    for file in attached:
        done = add_file(who.actor, who.space.id, draft_id, NewFile(file.name or "", file.read()))
        if isinstance(done, Decision):
            told.append(_named(file.name or "", refusal_sentence(done.reason)))
    return told


def _named(name: str, sentence: str) -> str:
    return _("%(name)s: %(sentence)s") % {"name": name, "sentence": sentence}


def _send(
    request: HttpRequest,
    who: SignedIn,
    asked: Asked,
    conversation_id: UUID | None,
    version: int,
    not_taken: list[str],
) -> HttpResponse:
    errors: list[tuple[str | None, str]] = [("attached", words) for words in not_taken]
    if conversation_id is None and not asked.content.subject:
        errors.append(("subject", _("Say in a few words what it is about.")))
    if errors:
        return _refused(request, who, asked, conversation_id, errors)
    done = send_draft(who.actor, who.space.id, asked.draft_id, version=version)
    if isinstance(done, Written):
        return _sent(request, done, conversation_id)
    if isinstance(done, Conflict):
        return _conflict(request, who, asked, conversation_id, done)
    field = "contact" if done.reason is Refusal.NO_RECIPIENT else None
    return _refused(request, who, asked, conversation_id, [(field, refusal_sentence(done.reason))], done)


def _sent(request: HttpRequest, done: Written, conversation_id: UUID | None) -> HttpResponse:
    where = f"{reverse('conversation', args=[done.conversation_id])}#message-{done.message_id}"
    messages.success(request, _("Your answer is sent.") if conversation_id else _("Your message is sent."))
    return JsonResponse({"state": "sent", "url": where}) if wants_json(request) else redirect(where)


def _kept(
    request: HttpRequest, who: SignedIn, asked: Asked, conversation_id: UUID | None, not_taken: list[str]
) -> HttpResponse:
    kept = draft(who.space.id, asked.draft_id)
    if kept is None:
        return refusal_page(request, refused(Refusal.NOT_FOUND))
    if wants_json(request):
        return JsonResponse(
            {
                "state": "kept",
                "draft": str(kept.id),
                "version": kept.version,
                "saved": _("Draft kept, %(when)s") % {"when": moment_in_words(kept.saved_at)},
                "files": [{**file_row(one), "id": str(one.id)} for one in kept.files],
                "used": kept.used,
                "left": max(0, settings.CARNET_HOLDER_MESSAGE_BYTES - kept.used),
                "budget_words": budget_words(kept.used),
                "refused": not_taken,
            }
        )
    if asked.act == "documents":
        return redirect("draft_documents", kept.id)
    for words in not_taken:
        messages.error(request, words)
    if asked.act == "keep" and not not_taken:
        messages.success(request, _("Your draft is kept."))
    return redirect(_place(kept.id, conversation_id))


def _place(draft_id: UUID, conversation_id: UUID | None) -> str:
    if conversation_id is None:
        return reverse("draft", args=[draft_id])
    return f"{reverse('conversation', args=[conversation_id])}#answer"


def _nothing_written(request: HttpRequest, who: SignedIn, asked: Asked, conversation_id: UUID | None) -> HttpResponse:
    errors: list[tuple[str | None, str]] = [("text", refusal_sentence(Refusal.EMPTY_MESSAGE))]
    if conversation_id is None and asked.contact_id is None and not asked.content.pharmacy:
        errors.insert(0, ("contact", refusal_sentence(Refusal.NO_RECIPIENT)))
    if conversation_id is None:
        errors.append(("subject", _("Say in a few words what it is about.")))
    return _refused(request, who, asked, conversation_id, errors)


def _refused(
    request: HttpRequest,
    who: SignedIn,
    asked: Asked,
    conversation_id: UUID | None,
    errors: list[tuple[str | None, str]],
    decision: Decision | None = None,
) -> HttpResponse:
    """What was asked is not done; the words stay on the page, and what was kept of them is kept."""
    if decision is not None and decision.reason in (Refusal.NOT_FOUND, Refusal.NOT_YOURS):
        in_trash = conversation_id is not None and is_in_trash(who.space.id, conversation_id)
        if not wants_json(request):
            return redirect("conversation", conversation_id) if in_trash else refusal_page(request, decision)
        errors = [(None, in_trash_sentence())] if in_trash else errors
    kept = draft(who.space.id, asked.draft_id)
    if wants_json(request):
        version = kept.version if kept else 0
        sentence = " ".join(words for _field, words in errors)
        return JsonResponse({"state": "refused", "sentence": sentence, "version": version})
    writing = Writing(who.space.id, kept, asked, conversation_id, errors=errors)
    if conversation_id is not None:
        return conversation_page(request, who, conversation_id, writing, status=422)
    return _new_page(request, writing, 422)


def _conflict(
    request: HttpRequest, who: SignedIn, asked: Asked, conversation_id: UUID | None, found: Conflict
) -> HttpResponse:
    """Something newer is kept: both texts are shown, nothing is replaced until the writer says so."""
    sentence = conflict_sentence(found.content)
    if wants_json(request):
        content = found.content or DraftContent()
        return JsonResponse(
            {
                "state": "conflict",
                "draft": str(found.draft_id if found.content else uuid4()),
                "version": found.version,
                "deleted": found.content is None,
                "subject": content.subject,
                "text": content.text,
                "sentence": sentence,
            }
        )
    kept = draft(who.space.id, found.draft_id)
    writing = Writing(who.space.id, kept, asked, conversation_id, conflict=found, errors=[(None, sentence)])
    if conversation_id is not None:
        return conversation_page(request, who, conversation_id, writing, status=409)
    return _new_page(request, writing, 409)


def conflict_sentence(content: DraftContent | None) -> str:
    if content is None:
        return _("This draft was deleted on another page. What you wrote here is not lost: you can keep it again.")
    return _("This draft was changed on another page. Nothing is lost: choose which text to keep.")


# --- giving up, and files of the record ----------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@for_holder
def remove_draft(request: HttpRequest, who: SignedIn, draft_id: UUID) -> HttpResponse:
    opened = open_draft(who.actor, Act.WRITE_DRAFT, who.space.id, draft_id)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    where = _place(draft_id, opened.conversation_id)
    if request.method == "POST":
        decision = delete_draft(who.actor, who.space.id, draft_id)
        if not decision:
            return refusal_page(request, decision)
        messages.success(request, _("The draft is deleted."))
        return redirect("conversation", opened.conversation_id) if opened.conversation_id else redirect("messages")
    return render(
        request,
        "web/confirm.html",
        {
            "title": _("Delete this draft?"),
            "text": _("Its text and its files are deleted for good. Nothing has been sent."),
            "action_url": reverse("draft_delete", args=[draft_id]),
            "confirm_label": _("Delete the draft"),
            "cancel_url": where,
            "danger": True,
        },
    )


@require_http_methods(["GET", "POST"])
@for_holder
def choose_documents(request: HttpRequest, who: SignedIn, draft_id: UUID) -> HttpResponse:
    """Documents of the record to be put into the draft."""
    opened = open_draft(who.actor, Act.LIST_DOCUMENTS, who.space.id, draft_id)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    kept = shown(opened)
    where = _place(draft_id, kept.conversation_id)
    if request.method == "POST":
        _add_documents(request, who, draft_id)
        return redirect(where)
    found = documents(who.actor, before=request.GET.get("before", ""), limit=_DOCUMENTS)
    rows = [{**document_row(row), "id": row.id} for row in found.rows]
    context: dict[str, Any] = {
        "page": page(request, rows, found.next_before),
        "back_url": where,
        "budget_words": budget_words(kept.used),
        "action_url": reverse("draft_documents", args=[draft_id]),
    }
    return render(request, "web/draft_documents.html", context)


def _add_documents(request: HttpRequest, who: SignedIn, draft_id: UUID) -> None:
    chosen = [found for text in request.POST.getlist("document")[:_DOCUMENTS] if (found := as_uuid(text))]
    added = 0
    for document_id in chosen:
        done = add_document(who.actor, who.space.id, draft_id, document_id)
        if isinstance(done, Decision):
            messages.error(request, _("A document was not added. ") + refusal_sentence(done.reason))
        else:
            added += 1
    if added:
        messages.success(request, _("Added to your message: %(number)s.") % {"number": added})


@require_POST
@for_holder
def write_to_pharmacy(request: HttpRequest, who: SignedIn) -> HttpResponse:
    """Begin a message to a pharmacy; whether it may be written to is asked again when the message leaves."""
    mailbox_id = as_uuid(request.POST.get("pharmacy", ""))
    if mailbox_id is None or pharmacy(mailbox_id) is None:
        return refusal_page(request, refused(Refusal.CANNOT_WRITE_FIRST))
    draft_id = uuid4()
    saved = save_draft(who.actor, who.space.id, draft_id, DraftContent(pharmacy=str(mailbox_id)))
    if isinstance(saved, Decision):
        return refusal_page(request, saved)
    return redirect("draft", draft_id)
