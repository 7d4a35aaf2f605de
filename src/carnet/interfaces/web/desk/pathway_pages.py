"""What the pages of pathways, templates and sendings have in common."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString, mark_safe

from carnet.domain.messaging.mime.html import text_to_html
from carnet.domain.pathways.queries import Rendered, SendingShown, open_sending
from carnet.domain.pathways.values import PathwayRefusal, Refused
from carnet.interfaces.web.desk.pathway_sentences import refusal_words
from carnet.interfaces.web.desk.session import AtDesk, for_desk
from carnet.interfaces.web.session import not_found

P = ParamSpec("P")


def for_sending(
    view: Callable[Concatenate[HttpRequest, AtDesk, SendingShown, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, UUID, UUID, P], HttpResponse]:
    """A view of one sending of the mailbox, which the address names as ``sending``: another's is not found."""

    @for_desk
    def wrapped(request: HttpRequest, who: AtDesk, sending: UUID, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        shown = open_sending(who.actor, sending)
        return not_found(request) if isinstance(shown, Refused) else view(request, who, shown, *args, **kwargs)

    return wraps(view)(wrapped)


def refuse(form: forms.Form, reason: PathwayRefusal, field: str = "") -> None:
    """Put a refusal beside the field that it is about, or above the form."""
    form.add_error(field if field in form.fields else None, refusal_words(reason))


def message_shown(rendered: Rendered) -> dict[str, object]:
    """A message as its patient will read it: the text made into paragraphs by the same function as in their page."""
    html: SafeString = mark_safe(text_to_html(rendered.text))  # noqa: S308 - escapes everything
    return {"message": rendered, "html": html}
