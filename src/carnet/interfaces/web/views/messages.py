"""Messages: the conversations, one of them, what is told before one is opened, the trash."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from carnet.domain.messaging.access import OpenedConversation, open_conversation
from carnet.domain.messaging.commands.read import mark_displayed, move_to_trash, put_back
from carnet.domain.messaging.queries.contacts import contact_row
from carnet.domain.messaging.queries.conversations import (
    ShownConversation,
    ShownMessage,
    conversation,
    conversations,
    correspondent,
    receipt_due_since,
)
from carnet.domain.messaging.queries.drafts import draft_of_conversation, new_messages_begun
from carnet.domain.messaging.queries.trash import has_trash, is_in_trash, trashed_conversations
from carnet.domain.messaging.values import Direction, ReplyOption
from carnet.domain.spaces.access import open_space
from carnet.domain.spaces.values import Act, Decision, Refusal
from carnet.foundation.clamd import Verdict
from carnet.interfaces.web.contact_sentences import recipient
from carnet.interfaces.web.pieces import attachment_row, bodies, is_withheld
from carnet.interfaces.web.rows import conversation_row, draft_row, page, told_until, trashed_row
from carnet.interfaces.web.sentences import subject_words
from carnet.interfaces.web.session import SignedIn, for_holder, is_prefetch, refusal_page
from carnet.interfaces.web.writing import Writing, answer_context


@require_safe
@for_holder
def inbox(request: HttpRequest, who: SignedIn) -> HttpResponse:
    opened = open_space(who.actor, Act.LIST_MESSAGES, who.space.id)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    before = request.GET.get("before", "")
    found = conversations(who.space.id, before=before)
    return render(
        request,
        "web/messages.html",
        {
            "page": page(request, [conversation_row(row, who.actor.label) for row in found.rows], found.next_before),
            "drafts": [] if before else [draft_row(row) for row in new_messages_begun(who.space.id)],
            "has_trash": has_trash(who.space.id),
        },
    )


@require_safe
@for_holder
def show(request: HttpRequest, who: SignedIn, conversation_id: UUID) -> HttpResponse:
    """A conversation. Showing it is reading it: its messages are read from now on, unless a program reads ahead.

    Where a sender asked to be told of that, it is said first: in the list, whose link says up to which moment it was
    (``?lu=``), else on a page of its own.
    """
    due = receipt_due_since(who.space.id, conversation_id)
    if due is not None and not is_prefetch(request) and not _was_told(request, due):
        return _say_first(request, who, conversation_id, due)
    response = conversation_page(request, who, conversation_id)
    if response.status_code == 200:
        mark_displayed(who.actor, who.space.id, conversation_id, is_prefetch=is_prefetch(request))
    return response


def _was_told(request: HttpRequest, due: datetime) -> bool:
    """Whether the reader was told of receipts up to this moment: a newer message is told anew."""
    told = request.GET.get("lu", "")
    return told.isascii() and told.isdigit() and len(told) < 20 and int(told) >= told_until(due)


def _say_first(request: HttpRequest, who: SignedIn, conversation_id: UUID, due: datetime) -> HttpResponse:
    opened = open_conversation(who.actor, Act.LIST_MESSAGES, who.space.id, conversation_id)
    if isinstance(opened, Decision):
        return not_opened(request, who, conversation_id, opened)
    shown = {
        "sender_name": correspondent(opened).name,
        "subject": subject_words(opened.subject, who.actor.label),
        "open_url": f"{reverse('conversation', args=[conversation_id])}?lu={told_until(due)}",
    }
    return render(request, "web/receipt.html", shown)


@require_http_methods(["GET", "POST"])
@for_holder
def trash(request: HttpRequest, who: SignedIn, conversation_id: UUID) -> HttpResponse:
    if request.method == "POST":
        refusal = move_to_trash(who.actor, who.space.id, conversation_id)
        if refusal is not None and refusal.reason is not Refusal.ALREADY_THERE:
            return refusal_page(request, refusal)
        return _in_trash(request)
    opened = open_conversation(who.actor, Act.LIST_MESSAGES, who.space.id, conversation_id)
    if isinstance(opened, Decision):
        return _in_trash(request) if is_in_trash(who.space.id, conversation_id) else refusal_page(request, opened)
    return render(
        request,
        "web/confirm.html",
        {
            "title": _("Move this conversation to the trash?"),
            "text": _(
                "You can put it back from there. What you kept in your documents stays in them. "
                "If somebody writes to you in it again, it comes back by itself."
            ),
            "goes": _what_goes(opened, who),
            "action_url": reverse("conversation_trash", args=[conversation_id]),
            "confirm_label": _("Move to the trash"),
            "cancel_url": reverse("conversation", args=[conversation_id]),
        },
    )


def _in_trash(request: HttpRequest) -> HttpResponse:
    """To the list. Who asks twice, from two pages, is told the same twice."""
    messages.success(request, _("The conversation is in the trash: you can put it back from there."))
    return redirect("messages")


@require_safe
@for_holder
def show_trash(request: HttpRequest, who: SignedIn) -> HttpResponse:
    opened = open_space(who.actor, Act.LIST_MESSAGES, who.space.id)
    if isinstance(opened, Decision):
        return refusal_page(request, opened)
    found = trashed_conversations(who.space.id, before=request.GET.get("before", ""))
    rows = [trashed_row(row, who.actor.label) for row in found.rows]
    return render(request, "web/trash.html", {"page": page(request, rows, found.next_before)})


@require_POST
@for_holder
def take_back(request: HttpRequest, who: SignedIn, conversation_id: UUID) -> HttpResponse:
    """Put a conversation back; one that another page has put back already is shown."""
    refusal = put_back(who.actor, who.space.id, conversation_id)
    if refusal is not None and refusal.reason is not Refusal.ALREADY_THERE:
        return refusal_page(request, refusal)
    messages.success(request, _("The conversation is back in your messages."))
    return redirect("conversation", conversation_id) if refusal is not None else redirect("trash")


def _what_goes(opened: OpenedConversation, who: SignedIn) -> list[str]:
    """What goes to the trash: the conversation by its name, its messages, its attachments, the answer begun in it."""
    shown = conversation(opened)
    files = [kept.title or kept.name for one in shown.messages for kept in one.content.attachments if not kept.copy_of]
    goes = [
        _("The conversation “%(subject)s” with %(name)s")
        % {
            "subject": subject_words(opened.subject, who.actor.label) or _("(no subject)"),
            "name": shown.correspondent.name,
        },
        ngettext("%(n)s message", "%(n)s messages", len(shown.messages)) % {"n": len(shown.messages)},
    ]
    if files:
        goes.append(
            ngettext("%(n)s attachment: %(names)s", "%(n)s attachments: %(names)s", len(files))
            % {"n": len(files), "names": ", ".join(files[:10]) + ("…" if len(files) > 10 else "")}
        )
    if draft_of_conversation(who.space.id, opened.conversation.id) is not None:
        goes.append(_("The answer that you have begun"))
    return goes


def not_opened(request: HttpRequest, who: SignedIn, conversation_id: UUID, refusal: Decision) -> HttpResponse:
    """Where one gets who asks for a conversation that is not in the list: to the trash when it is there."""
    if refusal.reason is not Refusal.NOT_FOUND or not is_in_trash(who.space.id, conversation_id):
        return refusal_page(request, refusal)
    messages.info(request, in_trash_sentence())
    return redirect("trash")


def in_trash_sentence() -> str:
    return _(
        "This conversation is in the trash: put it back to read it and to answer. What you have written in it is kept."
    )


def conversation_page(
    request: HttpRequest, who: SignedIn, conversation_id: UUID, writing: Writing | None = None, status: int = 200
) -> HttpResponse:
    """The page of a conversation, with the answer that is being written in it."""
    opened = open_conversation(who.actor, Act.READ_CONVERSATION, who.space.id, conversation_id)
    if isinstance(opened, Decision):
        return not_opened(request, who, conversation_id, opened)
    shown = conversation(opened)
    may_answer = ReplyOption.REPLY in shown.options
    kept = draft_of_conversation(who.space.id, conversation_id)
    if writing is None:
        writing = Writing(who.space.id, kept, conversation_id=conversation_id)
    to = contact_row(who.space.id, opened.contact.id)
    answering = answer_context(writing, shown.others if ReplyOption.REPLY_TO_ALL in shown.options else ())
    return render(
        request,
        "web/conversation.html",
        {
            "conversation": _heading(shown, may_answer, who.actor.label),
            "messages": [_message(shown, message) for message in shown.messages],
            "writing": answering if may_answer else None,
            "form": answering["form"],
            "unsent": kept if kept is not None and not may_answer else None,
            "to": recipient(to) if to is not None else None,
            "receipt_notice": any(message.unread and message.receipt_wanted for message in shown.messages),
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
        "ended_by": shown.correspondent.name if state == "ended" else "",
        "ended_at": shown.ended_at,
        "trash_url": reverse("conversation_trash", args=[shown.id]),
    }


def _message(shown: ShownConversation, message: ShownMessage) -> dict[str, Any]:
    html, quoted = bodies(message.content)
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
        "save_all_url": _save_all_url(shown, message),
        "withheld": is_withheld(message.content),
    }


def _save_all_url(shown: ShownConversation, message: ShownMessage) -> str:
    """Where all attachments of a message are kept at once; empty when there are fewer than two to keep."""
    wanted = [
        one
        for one in message.content.attachments
        if not one.copy_of and not one.problem and one.unique_id not in shown.held
    ]
    return reverse("attachments_save", args=[shown.id, message.id]) if len(wanted) > 1 else ""


def _is_unscanned(message: ShownMessage) -> bool:
    """Whether no antivirus has looked at what the message brought: none was there, or it was away."""
    return message.direction == Direction.RECEIVED and message.content.scan != Verdict.CLEAN
