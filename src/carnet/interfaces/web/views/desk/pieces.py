"""Attachments of a conversation of the desk: seen in place, page by page, downloaded."""

from functools import partial
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from carnet.domain.messaging.desk.access import open_desk_attachment
from carnet.interfaces.web.desk.rows import thread_url
from carnet.interfaces.web.desk.session import AtDesk, for_desk
from carnet.interfaces.web.piece_pages import AskedPiece, page_of_piece, serve_piece, show_piece


def _asked(who: AtDesk, thread: UUID, message: UUID, piece: str) -> AskedPiece:
    return AskedPiece(
        piece,
        place=(who.mailbox.id, thread, message),
        url_name="desk_piece",
        reading=f"{who.mailbox.id}/{message}/{piece}",
        open=partial(open_desk_attachment, who.actor, thread, message),
    )


@require_safe
@for_desk
def show(request: HttpRequest, who: AtDesk, thread: UUID, message: UUID, piece: str) -> HttpResponse:
    back = {"back_url": thread_url(who, thread, anchor=f"message-{message}"), "back_label": _("The conversation")}
    return show_piece(request, _asked(who, thread, message, piece), {"frame": "web/desk/base.html", **back})


@require_safe
@for_desk
def page_of(request: HttpRequest, who: AtDesk, thread: UUID, message: UUID, piece: str, number: int) -> HttpResponse:
    """One page of a PDF, as a picture."""
    return page_of_piece(request, _asked(who, thread, message, piece), number)


@require_safe
@for_desk
def content(request: HttpRequest, who: AtDesk, thread: UUID, message: UUID, piece: str) -> HttpResponse:
    return serve_piece(request, _asked(who, thread, message, piece), inline=True)


@require_safe
@for_desk
def download(request: HttpRequest, who: AtDesk, thread: UUID, message: UUID, piece: str) -> HttpResponse:
    return serve_piece(request, _asked(who, thread, message, piece), inline=False)
