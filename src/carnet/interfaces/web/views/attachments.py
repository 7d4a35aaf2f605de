"""Attachments of a message: seen in place, downloaded, kept in the record."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from carnet.domain.messaging.access import OpenedAttachment, open_attachment
from carnet.domain.messaging.commands.save import SavedOne, save_all_attachments, save_attachment
from carnet.domain.spaces.values import Decision, Refusal, refused
from carnet.interfaces.web.pieces import (
    attachment_document,
    attachment_path,
    inner_file,
    page_picture,
    served,
    url_path,
)
from carnet.interfaces.web.sentences import refusal_sentence
from carnet.interfaces.web.session import SignedIn, begin_reading, for_holder, reading_goes_on, refusal_page


def _open(
    who: SignedIn, conversation_id: UUID, message_id: UUID, piece: str, *, goes_on: bool = False
) -> OpenedAttachment | Decision:
    path = attachment_path(piece)
    if path is None:
        return refused(Refusal.NOT_FOUND)
    return open_attachment(who.actor, who.space.id, conversation_id, message_id, path, goes_on=goes_on)


@require_safe
@for_holder
def show(request: HttpRequest, who: SignedIn, conversation_id: UUID, message_id: UUID, piece: str) -> HttpResponse:
    opened = _open(who, conversation_id, message_id, piece)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    begin_reading(request, f"{message_id}/{piece}")
    kept = opened.kept
    place = [conversation_id, message_id, url_path(kept.path)]
    document = attachment_document(
        kept,
        opened.content,
        content_url=reverse("attachment_content", args=place),
        page_url=lambda number: reverse("attachment_page", args=[*place, number]),
        download_url=reverse("attachment_download", args=place),
    )
    back = f"{reverse('conversation', args=[conversation_id])}#message-{message_id}"
    return render(
        request, "web/document.html", {"document": document, "back_url": back, "back_label": _("The message")}
    )


@require_safe
@for_holder
def page_of(
    request: HttpRequest, who: SignedIn, conversation_id: UUID, message_id: UUID, piece: str, number: int
) -> HttpResponse:
    """One page of a PDF, as a picture."""
    goes_on = reading_goes_on(request, f"{message_id}/{piece}")
    opened = _open(who, conversation_id, message_id, piece, goes_on=goes_on)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    return page_picture(opened.content, opened.kept.media_type, number)


@require_safe
@for_holder
def content(request: HttpRequest, who: SignedIn, conversation_id: UUID, message_id: UUID, piece: str) -> HttpResponse:
    return _serve(request, who, conversation_id, message_id, piece, inline=True)


@require_safe
@for_holder
def download(request: HttpRequest, who: SignedIn, conversation_id: UUID, message_id: UUID, piece: str) -> HttpResponse:
    return _serve(request, who, conversation_id, message_id, piece, inline=False)


def _serve(
    request: HttpRequest, who: SignedIn, conversation_id: UUID, message_id: UUID, piece: str, *, inline: bool
) -> HttpResponse:
    goes_on = inline and reading_goes_on(request, f"{message_id}/{piece}")
    opened = _open(who, conversation_id, message_id, piece, goes_on=goes_on)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    found = inner_file(opened.content, opened.kept.media_type, opened.kept.name or opened.kept.title)
    return served(*found, inline=inline)


@require_POST
@for_holder
def save(request: HttpRequest, who: SignedIn, conversation_id: UUID, message_id: UUID, piece: str) -> HttpResponse:
    path = attachment_path(piece)
    if path is None:
        return refusal_page(request, refused(Refusal.NOT_FOUND))
    done = save_attachment(who.actor, who.space.id, conversation_id, message_id, path)
    back = f"{reverse('conversation', args=[conversation_id])}#message-{message_id}"
    if isinstance(done, Decision):
        if done.reason in (Refusal.NOT_FOUND, Refusal.NOT_YOURS):
            return refusal_page(request, done)
        messages.error(request, _("Not kept in your documents. ") + refusal_sentence(done.reason))
        return redirect(back)
    document_id, was_there = done.documents[0]
    if was_there:
        messages.info(request, _("This document is already in your documents."))
    else:
        messages.success(request, _("It is in your documents now."))
    return redirect("document", document_id)


@require_POST
@for_holder
def save_all(request: HttpRequest, who: SignedIn, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """Keep every attachment of a message, and say of each what became of it."""
    done = save_all_attachments(who.actor, who.space.id, conversation_id, message_id)
    if isinstance(done, Decision):
        return refusal_page(request, done)
    back = f"{reverse('conversation', args=[conversation_id])}#message-{message_id}"
    return render(request, "web/attachments_saved.html", {"saved": [_saved(one) for one in done], "back_url": back})


def _saved(one: SavedOne) -> dict[str, object]:
    return {
        "name": one.attachment.title or one.attachment.name,
        "url": reverse("document", args=[one.document_id]) if one.document_id else "",
        "was_there": one.was_there,
        "reason": refusal_sentence(one.reason),
    }
