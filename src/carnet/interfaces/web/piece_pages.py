"""An attachment that a page asks for, whoever asks: seen in place, page by page, downloaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from carnet.domain.messaging.access import OpenedAttachment
from carnet.domain.spaces.values import Decision, Refusal, refused
from carnet.interfaces.web.pieces import (
    attachment_document,
    attachment_path,
    inner_file,
    page_picture,
    served,
    url_path,
)
from carnet.interfaces.web.session import begin_reading, reading_goes_on, refusal_page


class OpenPiece(Protocol):
    """Opens the attachment at a path of a message. ``goes_on``: its opening stands in the trail already."""

    def __call__(self, path: str, *, goes_on: bool) -> OpenedAttachment | Decision: ...


@dataclass(frozen=True)
class AskedPiece:
    """An attachment as an address names it.

    ``url_name`` is that of its page, ``…_content``, ``…_page`` and ``…_download`` of what is shown in it; ``place`` are
    their arguments before ``piece``. ``reading`` tells this reading from the others of a session.
    """

    piece: str
    place: Sequence[UUID]
    url_name: str
    reading: str
    open: OpenPiece

    def opened(self, *, goes_on: bool = False) -> OpenedAttachment | Decision:
        """The attachment; its opening, or its refusal, is in the trail. What is no path names nothing that could be
        opened, and leaves none."""
        path = attachment_path(self.piece)
        return refused(Refusal.NOT_FOUND) if path is None else self.open(path, goes_on=goes_on)


def show_piece(request: HttpRequest, asked: AskedPiece, context: dict[str, Any]) -> HttpResponse:
    """Its page. ``context`` says where it leads back to, and its frame."""
    opened = asked.opened()
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    begin_reading(request, asked.reading)
    place = [*asked.place, url_path(opened.kept.path)]
    document = attachment_document(
        opened.kept,
        opened.content,
        content_url=reverse(f"{asked.url_name}_content", args=place),
        page_url=lambda number: reverse(f"{asked.url_name}_page", args=[*place, number]),
        download_url=reverse(f"{asked.url_name}_download", args=place),
    )
    return render(request, "web/document.html", {**context, "document": document})


def page_of_piece(request: HttpRequest, asked: AskedPiece, number: int) -> HttpResponse:
    """One page of a PDF, as a picture."""
    opened = asked.opened(goes_on=reading_goes_on(request, asked.reading))
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    return page_picture(opened.content, opened.kept.media_type, number)


def serve_piece(request: HttpRequest, asked: AskedPiece, *, inline: bool) -> HttpResponse:
    """Its bytes: to be shown in its page, or to be kept. What is kept is one more opening in the trail."""
    opened = asked.opened(goes_on=inline and reading_goes_on(request, asked.reading))
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    found = inner_file(opened.content, opened.kept.media_type, opened.kept.name or opened.kept.title)
    return served(*found, inline=inline)
