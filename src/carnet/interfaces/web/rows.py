"""What the templates show, made from what the queries give."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from carnet.domain.audit.queries import Event
from carnet.domain.messaging.queries.conversations import ConversationRow
from carnet.domain.messaging.queries.drafts import DraftRow
from carnet.domain.messaging.queries.trash import TrashedRow
from carnet.domain.record.queries import DocumentRow
from carnet.domain.spaces.values import ActorKind, Refusal
from carnet.interfaces.web.sentences import (
    ACTOR_KINDS,
    SOURCES,
    act_sentence,
    category_label,
    refusal_sentence,
    subject_words,
)


@dataclass(frozen=True)
class Page:
    rows: list[dict[str, Any]]
    next_url: str = ""
    previous_url: str = ""


def page(request: HttpRequest, rows: list[dict[str, Any]], next_before: object) -> Page:
    """A page of a list, with the addresses of the next one and of the first."""
    kept = {name: value for name, value in request.GET.items() if name != "before" and value}
    next_url = f"?{urlencode({**kept, 'before': str(next_before)})}" if next_before else ""
    previous_url = (f"?{urlencode(kept)}" if kept else request.path) if request.GET.get("before") else ""
    return Page(rows, next_url, previous_url)


def told_until(at: datetime) -> int:
    """A moment as an address holds it, in millionths of a second."""
    return int(at.timestamp() * 1_000_000)


def conversation_row(row: ConversationRow, reader: str = "") -> dict[str, Any]:
    """A line of the list; where a receipt is due the line says so, and its link that this was said."""
    told = f"?lu={told_until(row.last_at)}" if row.receipt_due else ""
    return {
        "url": f"{reverse('conversation', args=[row.id])}{told}",
        "receipt_due": row.receipt_due,
        "has_draft": row.has_draft,
        "sender_name": row.correspondent.name,
        "verified": row.correspondent.verified,
        "domain": row.correspondent.domain,
        "subject": subject_words(row.subject, reader),
        "last_at": row.last_at,
        "unread": row.unread,
        "has_attachments": row.has_attachments,
        "ended": row.ended,
        "direction_last": row.direction_last,
    }


def trashed_row(row: TrashedRow, reader: str = "") -> dict[str, Any]:
    return {
        "put_back_url": reverse("conversation_put_back", args=[row.id]),
        "sender_name": row.correspondent.name,
        "verified": row.correspondent.verified,
        "domain": row.correspondent.domain,
        "subject": subject_words(row.subject, reader),
        "last_at": row.last_at,
        "trashed_at": row.trashed_at,
    }


def draft_row(row: DraftRow) -> dict[str, Any]:
    return {
        "url": reverse("draft", args=[row.id]),
        "recipient": row.recipient,
        "subject": row.subject,
        "beginning": row.beginning,
        "saved_at": row.saved_at,
        "files": row.files,
    }


def document_row(row: DocumentRow) -> dict[str, Any]:
    return {
        "url": reverse("document", args=[row.id]),
        "title": row.title,
        "type_label": row.type_label,
        "category_label": category_label(row.category),
        "author": row.author,
        "date": row.date,
        "added_at": row.added_at,
        "mime": row.mime,
        "size": row.size,
        "is_new": row.is_new,
        "replaced": row.replaced,
        "source": str(SOURCES.get(row.source, "")),
    }


def event_row(event: Event, reader: str = "") -> dict[str, Any]:
    when: datetime = event.at
    return {
        "when": when,
        "who": event.who,
        "who_kind_label": str(ACTOR_KINDS[ActorKind(event.actor_kind)]),
        "what": act_sentence(event, reader),
        "allowed": event.allowed,
        "reason": refusal_sentence(Refusal(event.reason)) if event.reason else "",
    }
