"""Attachments of a message: seen in place, downloaded, kept in the record."""

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from carnet.domain.messaging.access import open_attachment
from carnet.domain.messaging.commands.save import SavedOne, save_all_attachments, save_attachment
from carnet.domain.spaces.values import Decision, Refusal
from carnet.interfaces.web.piece_pages import AskedPiece, page_of_piece, serve_piece, show_piece
from carnet.interfaces.web.pieces import attachment_path
from carnet.interfaces.web.sentences import refusal_sentence
from carnet.interfaces.web.session import SignedIn, for_holder, not_found, refusal_page


def _asked(who: SignedIn, conversation_id: UUID, message_id: UUID, piece: str) -> AskedPiece:
    return AskedPiece(
        piece,
        place=(conversation_id, message_id),
        url_name="attachment",
        reading=f"{message_id}/{piece}",
        open=partial(open_attachment, who.actor, who.space.id, conversation_id, message_id),
    )


def _message_url(conversation_id: UUID, message_id: UUID) -> str:
    return f"{reverse('conversation', args=[conversation_id])}#message-{message_id}"


@require_safe
@for_holder
def show(request: HttpRequest, who: SignedIn, conversation_id: UUID, message_id: UUID, piece: str) -> HttpResponse:
    back = {"back_url": _message_url(conversation_id, message_id), "back_label": _("The message")}
    return show_piece(request, _asked(who, conversation_id, message_id, piece), back)


@require_safe
@for_holder
def page_of(
    request: HttpRequest, who: SignedIn, conversation_id: UUID, message_id: UUID, piece: str, number: int
) -> HttpResponse:
    """One page of a PDF, as a picture."""
    return page_of_piece(request, _asked(who, conversation_id, message_id, piece), number)


@require_safe
@for_holder
def content(request: HttpRequest, who: SignedIn, conversation_id: UUID, message_id: UUID, piece: str) -> HttpResponse:
    return serve_piece(request, _asked(who, conversation_id, message_id, piece), inline=True)


@require_safe
@for_holder
def download(request: HttpRequest, who: SignedIn, conversation_id: UUID, message_id: UUID, piece: str) -> HttpResponse:
    return serve_piece(request, _asked(who, conversation_id, message_id, piece), inline=False)


@require_POST
@for_holder
def save(request: HttpRequest, who: SignedIn, conversation_id: UUID, message_id: UUID, piece: str) -> HttpResponse:
    path = attachment_path(piece)
    if path is None:
        return not_found(request)
    done = save_attachment(who.actor, who.space.id, conversation_id, message_id, path)
    back = _message_url(conversation_id, message_id)
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
    back = _message_url(conversation_id, message_id)
    return render(request, "web/attachments_saved.html", {"saved": [_saved(one) for one in done], "back_url": back})


def _saved(one: SavedOne) -> dict[str, object]:
    return {
        "name": one.attachment.title or one.attachment.name,
        "url": reverse("document", args=[one.document_id]) if one.document_id else "",
        "was_there": one.was_there,
        "reason": refusal_sentence(one.reason),
    }
