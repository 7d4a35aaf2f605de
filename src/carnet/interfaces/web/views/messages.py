"""Messages: the conversations, one of them, answering, writing anew, deleting."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from carnet.domain.messaging.access import OpenedConversation, open_conversation
from carnet.domain.messaging.commands.read import mark_displayed, move_to_trash
from carnet.domain.messaging.commands.write import NewFile, answer, write_new
from carnet.domain.messaging.mime.html import split_quoted, text_to_html
from carnet.domain.messaging.queries.conversations import (
    ShownConversation,
    ShownMessage,
    contacts,
    conversation,
    conversations,
)
from carnet.domain.messaging.values import Direction, ReplyOption
from carnet.domain.spaces.access import open_space
from carnet.domain.spaces.values import Act, Decision, Refusal
from carnet.foundation.clamd import Verdict
from carnet.interfaces.web.forms import AnswerForm, NewMessageForm
from carnet.interfaces.web.pieces import attachment_row
from carnet.interfaces.web.rows import conversation_row, page
from carnet.interfaces.web.sentences import could_harm, refusal_sentence, subject_words
from carnet.interfaces.web.session import SignedIn, for_holder, is_prefetch, refusal_page


@require_safe
@for_holder
def inbox(request: HttpRequest, who: SignedIn) -> HttpResponse:
    opened = open_space(who.actor, Act.LIST_MESSAGES, who.space.id)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    found = conversations(who.space.id, before=request.GET.get("before", ""))
    return render(
        request,
        "web/messages.html",
        {
            "page": page(request, [conversation_row(row, who.actor.label) for row in found.rows], found.next_before),
            "may_write_new": bool(contacts(who.space.id, limit=1)),
        },
    )


@require_safe
@for_holder
def show(request: HttpRequest, who: SignedIn, conversation_id: UUID) -> HttpResponse:
    """A conversation. Showing it is reading it: its messages are read from now on, unless a program reads ahead."""
    opened = open_conversation(who.actor, Act.READ_CONVERSATION, who.space.id, conversation_id)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    response = _page(request, who, opened, AnswerForm())
    mark_displayed(who.actor, who.space.id, conversation_id, is_prefetch=is_prefetch(request))
    return response


@require_http_methods(["POST"])
@for_holder
def send_answer(request: HttpRequest, who: SignedIn, conversation_id: UUID) -> HttpResponse:
    form = AnswerForm(request.POST, request.FILES)
    if form.is_valid():
        done = answer(
            who.actor, who.space.id, conversation_id, form.cleaned_data["text"], _files(form.cleaned_data["attached"])
        )
        if not isinstance(done, Decision):
            messages.success(request, _("Your answer is sent."))
            return redirect(f"{reverse('conversation', args=[conversation_id])}#message-{done.message_id}")
        if done.reason in (Refusal.NOT_FOUND, Refusal.NOT_YOURS):
            return refusal_page(request, done)
        form.add_error(None, refusal_sentence(done.reason))
    opened = open_conversation(who.actor, Act.READ_CONVERSATION, who.space.id, conversation_id)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    return _page(request, who, opened, form, status=422)


@require_http_methods(["GET", "POST"])
@for_holder
def new(request: HttpRequest, who: SignedIn) -> HttpResponse:
    opened = open_space(who.actor, Act.LIST_MESSAGES, who.space.id)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    people = contacts(who.space.id)
    sent = request.method == "POST"
    form = NewMessageForm(people, *([request.POST, request.FILES] if sent else []))
    if sent and form.is_valid():
        values = form.cleaned_data
        done = write_new(
            who.actor,
            who.space.id,
            UUID(values["contact"]),
            values["subject"],
            values["text"],
            _files(values["attached"]),
        )
        if not isinstance(done, Decision):
            messages.success(request, _("Your message is sent."))
            return redirect("conversation", done.conversation_id)
        form.add_error(None, refusal_sentence(done.reason))
    return render(
        request,
        "web/new_message.html",
        {"form": form, "budget": settings.CARNET_HOLDER_MESSAGE_BYTES},
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "POST"])
@for_holder
def trash(request: HttpRequest, who: SignedIn, conversation_id: UUID) -> HttpResponse:
    if request.method == "POST":
        refusal = move_to_trash(who.actor, who.space.id, conversation_id)
        if refusal is not None:
            return refusal_page(request, refusal)
        messages.success(request, _("The conversation is deleted."))
        return redirect("messages")
    return render(
        request,
        "web/confirm.html",
        {
            "title": _("Delete this conversation?"),
            "text": _("Its messages and their attachments leave your space. What you kept in your documents stays."),
            "action_url": reverse("conversation_trash", args=[conversation_id]),
            "confirm_label": _("Delete"),
            "cancel_url": reverse("conversation", args=[conversation_id]),
            "danger": True,
        },
    )


def _files(chosen: Sequence[UploadedFile]) -> list[NewFile]:
    return [NewFile(file.name or "", file.read()) for file in chosen]


def _page(
    request: HttpRequest, who: SignedIn, opened: OpenedConversation, form: AnswerForm, status: int = 200
) -> HttpResponse:
    shown = conversation(opened)
    may_answer = ReplyOption.REPLY in shown.options
    return render(
        request,
        "web/conversation.html",
        {
            "conversation": _heading(shown, may_answer, who.actor.label),
            "messages": [_message(shown, message) for message in shown.messages],
            "form": form if may_answer else None,
            "receipt_notice": any(message.unread and message.receipt_wanted for message in shown.messages),
            "budget": settings.CARNET_HOLDER_MESSAGE_BYTES,
        },
        status=status,
    )


def _heading(shown: ShownConversation, may_answer: bool, reader: str) -> dict[str, Any]:
    state = "open" if may_answer else "ended" if ReplyOption.REPLY_BLOCKED in shown.options else "no-reply"
    return {
        "id": shown.id,
        "subject": subject_words(shown.subject, reader),
        "sender_name": shown.correspondent.name,
        "verified": shown.correspondent.verified,
        "domain": shown.correspondent.domain,
        "state": state,
        "inactive": not shown.correspondent.active,
        "ended_by": shown.correspondent.name if state == "ended" else "",
        "ended_at": shown.ended_at,
        "trash_url": reverse("conversation_trash", args=[shown.id]),
    }


def _message(shown: ShownConversation, message: ShownMessage) -> dict[str, Any]:
    html, quoted = _bodies(message)
    return {
        "id": message.id,
        "direction": message.direction,
        "author_name": message.content.author_name,
        "verified": message.content.verified,
        "at": message.at,
        "html": html,
        "quoted_html": quoted,
        "attachments": [
            attachment_row(shown.id, message.id, kept, shown.held, unscanned=_is_unscanned(message))
            for kept in message.content.attachments
            if not kept.copy_of
        ],
        "delivery": message.delivery,
        "withheld": any(could_harm(kept.problem) for kept in message.content.attachments)
        or message.content.scan == Verdict.INFECTED,
    }


def _is_unscanned(message: ShownMessage) -> bool:
    """Whether no antivirus has looked at what the message brought: none was there, or it was away."""
    return message.direction == Direction.RECEIVED and message.content.scan != Verdict.CLEAN


def _bodies(message: ShownMessage) -> tuple[SafeString, SafeString]:
    """What is new and what is quoted, as HTML that was cleaned when the message arrived."""
    if message.content.html:
        return mark_safe(message.content.html), SafeString()  # noqa: S308 - cleaned by mime.html.clean_html
    new, quoted = split_quoted(message.content.text)
    return (
        mark_safe(text_to_html(new)) if new.strip() else SafeString(),  # noqa: S308 - escapes everything
        mark_safe(text_to_html(quoted)) if quoted.strip() else SafeString(),  # noqa: S308
    )
