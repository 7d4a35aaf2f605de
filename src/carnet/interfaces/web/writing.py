"""What a holder is writing, as its form shows it: the draft behind it, its files, and whom it is for."""

import secrets
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from carnet.domain.messaging.commands.drafts import Conflict
from carnet.domain.messaging.draft_content import DraftContent
from carnet.domain.messaging.queries.contacts import contact_list, contact_row, pharmacy
from carnet.domain.messaging.queries.drafts import ShownDraft
from carnet.interfaces.web.contact_sentences import delay_words, recipient
from carnet.interfaces.web.forms import AnswerForm, NewMessageForm, on_one_line
from carnet.interfaces.web.pieces import kind_label
from carnet.interfaces.web.templatetags.web import file_size


@dataclass(frozen=True)
class Asked:
    """What a form of writing brings: the words, whom they are for, and what is to be done with them."""

    draft_id: UUID
    content: DraftContent
    contact_id: UUID | None
    version: int
    act: str

    @classmethod
    def of(cls, request: HttpRequest, draft_id: UUID | None = None) -> "Asked":
        """Read from what was posted; what cannot be read is as if it were not there."""
        posted = request.POST
        pharmacy_id = as_uuid(posted.get("pharmacy", ""))
        version = posted.get("version", "0")
        return cls(
            draft_id=draft_id or as_uuid(posted.get("draft", "")) or uuid4(),
            content=DraftContent(
                subject=on_one_line(posted.get("subject", "")),
                text=posted.get("text", "").replace("\r\n", "\n"),
                everyone=posted.get("everyone") == "on",
                pharmacy=str(pharmacy_id) if pharmacy_id else "",
                writer=posted.get("writer", "")[:40],
            ),
            contact_id=as_uuid(posted.get("contact", "")),
            version=int(version) if version.isascii() and version.isdigit() and len(version) < 9 else 0,
            act=posted.get("do", "send"),
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing is written yet: then nothing is kept."""
        return self.version == 0 and not self.content.text.strip() and not self.content.subject


def as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@dataclass
class Writing:
    """The state of one form of writing. ``conflict``: what was kept meanwhile by another page."""

    space_id: UUID
    draft: ShownDraft | None = None
    asked: Asked | None = None
    conversation_id: UUID | None = None
    contact_id: UUID | None = None
    conflict: Conflict | None = None
    errors: list[tuple[str | None, str]] = field(default_factory=list)

    @property
    def draft_id(self) -> UUID:
        if self.conflict is not None and self.conflict.content is not None:
            return self.conflict.draft_id
        if self.draft is not None:
            return self.draft.id
        return self.asked.draft_id if self.asked is not None and self.conflict is None else uuid4()

    @property
    def content(self) -> DraftContent:
        """The writer's own words come first: what is kept is shown beside them when it differs."""
        if self.asked is not None:
            return self.asked.content
        return self.draft.content if self.draft is not None else DraftContent()

    @property
    def version(self) -> int:
        if self.conflict is not None:
            return self.conflict.version if self.conflict.content is not None else 0
        return self.draft.version if self.draft is not None else 0

    @property
    def chosen_contact(self) -> UUID | None:
        if self.asked is not None and self.asked.contact_id is not None:
            return self.asked.contact_id
        return self.draft.contact_id if self.draft is not None and self.draft.contact_id else self.contact_id


def answer_context(writing: Writing, others: tuple[str, ...] = ()) -> dict[str, Any]:
    """What the form of an answer shows, under ``writing``, with its Django form."""
    form = AnswerForm(initial={"text": writing.content.text})
    assert writing.conversation_id is not None
    action = reverse("conversation_answer", args=[writing.conversation_id])
    return {**_context(writing, form, action), "others": others, "everyone": writing.content.everyone}


def new_context(writing: Writing) -> dict[str, Any]:
    """What the form of a new message shows: its recipient, once one is chosen, with what should be known first."""
    contacts = [row for row in contact_list(writing.space_id) if row.standing.may_write]
    form = NewMessageForm(
        [(str(row.correspondent.contact_id), _choice(row.correspondent.name, row.standing)) for row in contacts],
        initial={
            "subject": writing.content.subject,
            "text": writing.content.text,
            "contact": str(writing.chosen_contact or ""),
        },
    )
    to = _recipient(writing)
    return {
        **_context(writing, form, reverse("new_message")),
        "to": to,
        "pharmacy": writing.content.pharmacy_id,
        "nobody": not contacts and to is None,
    }


def _choice(name: str, standing: Any) -> str:
    if standing.absent:
        return _("%(name)s – absent for the moment") % {"name": name}
    delay = delay_words(standing.answer_hours)
    return f"{name} – {delay[:1].lower()}{delay[1:]}" if delay else name


def _recipient(writing: Writing) -> dict[str, Any] | None:
    """Who is written to, when that is settled: a pharmacy, or a contact that was chosen before."""
    if writing.content.pharmacy_id is not None:
        chosen = pharmacy(writing.content.pharmacy_id)
        if chosen is None:
            return {"name": _("A pharmacy"), "why_not": _("It cannot be written to any more."), "is_pharmacy": True}
        place = " ".join(part for part in (chosen.street, chosen.postal_code, chosen.city) if part)
        return {
            "name": chosen.name,
            "place": place,
            "verified": True,
            "is_pharmacy": True,
            "delay": delay_words(chosen.answer_hours),
        }
    if writing.chosen_contact is None:
        return None
    row = contact_row(writing.space_id, writing.chosen_contact)
    return recipient(row) if row is not None else None


def _context(writing: Writing, form: AnswerForm, action: str) -> dict[str, Any]:
    for name, words in writing.errors:
        form.errors.setdefault(name or "__all__", form.error_class()).append(words)
    budget = settings.CARNET_HOLDER_MESSAGE_BYTES
    kept = writing.draft
    used = kept.used if kept is not None else 0
    return {
        "form": form,
        "action": action,
        "draft_id": writing.draft_id,
        "version": writing.version,
        "writer": secrets.token_urlsafe(12),
        "conversation_id": writing.conversation_id,
        "is_kept": kept is not None,
        "saved_at": kept.saved_at if kept is not None else None,
        "files": [file_row(one) for one in kept.files] if kept is not None else [],
        "used": used,
        "left": max(0, budget - used),
        "budget": budget,
        "budget_words": budget_words(used),
        "conflict": writing.conflict,
    }


def file_row(file: Any) -> dict[str, Any]:
    """A file of a draft, as its list shows it."""
    return {
        "id": file.id,
        "name": file.name,
        "kind": kind_label(file.media_type),
        "size": file.size,
        "size_words": file_size(file.size),
    }


def budget_words(used: int) -> str:
    """How much of a message's room its files take, in words: ``Files: 2.1 MB of 18 MB, 15.9 MB left``."""
    budget = settings.CARNET_HOLDER_MESSAGE_BYTES
    if not used:
        return _("Files: up to %(budget)s in all") % {"budget": file_size(budget)}
    return _("Files: %(used)s of %(budget)s, %(left)s left") % {
        "used": file_size(used),
        "budget": file_size(budget),
        "left": file_size(max(0, budget - used)),
    }
