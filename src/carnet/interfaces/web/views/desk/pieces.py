"""Attachments of a conversation of the desk: seen in place, page by page, downloaded."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from carnet.domain.messaging.access import OpenedAttachment
from carnet.domain.messaging.desk.access import open_desk_attachment
from carnet.domain.spaces.values import Decision, Refusal, refused
from carnet.interfaces.web.desk_rows import thread_url
from carnet.interfaces.web.desk_session import AtDesk, for_desk
from carnet.interfaces.web.pieces import (
    attachment_document,
    attachment_path,
    inner_file,
    page_picture,
    served,
    url_path,
)
from carnet.interfaces.web.session import begin_reading, reading_goes_on, refusal_page


def _open(
    who: AtDesk, thread: UUID, message: UUID, piece: str, *, goes_on: bool = False
) -> OpenedAttachment | Decision:
    path = attachment_path(piece)
    if path is None:
        return refused(Refusal.NOT_FOUND)
    return open_desk_attachment(who.actor, thread, message, path, goes_on=goes_on)


def _reading(who: AtDesk, message: UUID, piece: str) -> str:
    return f"{who.mailbox.id}/{message}/{piece}"


@require_safe
@for_desk
def show(request: HttpRequest, who: AtDesk, thread: UUID, message: UUID, piece: str) -> HttpResponse:
    opened = _open(who, thread, message, piece)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    begin_reading(request, _reading(who, message, piece))
    place: list[Any] = [who.mailbox.id, thread, message, url_path(opened.kept.path)]
    document = attachment_document(
        opened.kept,
        opened.content,
        content_url=reverse("desk_piece_content", args=place),
        page_url=lambda number: reverse("desk_piece_page", args=[*place, number]),
        download_url=reverse("desk_piece_download", args=place),
    )
    return render(
        request,
        "web/document.html",
        {
            "frame": "web/desk/base.html",
            "document": document,
            "back_url": thread_url(who, thread, anchor=f"message-{message}"),
            "back_label": _("The conversation"),
        },
    )


@require_safe
@for_desk
def page_of(request: HttpRequest, who: AtDesk, thread: UUID, message: UUID, piece: str, number: int) -> HttpResponse:
    """One page of a PDF, as a picture."""
    goes_on = reading_goes_on(request, _reading(who, message, piece))
    opened = _open(who, thread, message, piece, goes_on=goes_on)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    return page_picture(opened.content, opened.kept.media_type, number)


@require_safe
@for_desk
def content(request: HttpRequest, who: AtDesk, thread: UUID, message: UUID, piece: str) -> HttpResponse:
    return _serve(request, who, thread, message, piece, inline=True)


@require_safe
@for_desk
def download(request: HttpRequest, who: AtDesk, thread: UUID, message: UUID, piece: str) -> HttpResponse:
    return _serve(request, who, thread, message, piece, inline=False)


def _serve(request: HttpRequest, who: AtDesk, thread: UUID, message: UUID, piece: str, *, inline: bool) -> HttpResponse:
    goes_on = inline and reading_goes_on(request, _reading(who, message, piece))
    opened = _open(who, thread, message, piece, goes_on=goes_on)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    found = inner_file(opened.content, opened.kept.media_type, opened.kept.name or opened.kept.title)
    return served(*found, inline=inline)
