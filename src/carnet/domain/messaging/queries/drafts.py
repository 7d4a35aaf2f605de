"""Reading a holder's drafts: one of them, and what is begun and not sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from carnet.domain.messaging.draft_content import DraftContent, file_name, files_of, open_content
from carnet.domain.messaging.models import Draft
from carnet.domain.messaging.queries.contacts import contact_row, pharmacy
from carnet.foundation.owner_keys import owner_key

MOST_SHOWN = 20


@dataclass(frozen=True)
class DraftFileRow:
    """A file of a draft as its page lists it."""

    id: UUID
    name: str
    media_type: str
    size: int


@dataclass(frozen=True)
class ShownDraft:
    """A draft as its page shows it; the recipient of a new message is a contact, a pharmacy, or not chosen yet."""

    id: UUID
    conversation_id: UUID | None
    contact_id: UUID | None
    content: DraftContent
    version: int
    saved_at: datetime
    files: tuple[DraftFileRow, ...]

    @property
    def used(self) -> int:
        """The size of its files in all, in bytes."""
        return sum(one.size for one in self.files)


@dataclass(frozen=True)
class DraftRow:
    """One line of the list of drafts."""

    id: UUID
    recipient: str
    subject: str
    beginning: str
    saved_at: datetime
    files: int


def draft(space_id: UUID, draft_id: UUID) -> ShownDraft | None:
    """A draft of the space that is not sent. Access is decided by the caller, as for all reads here."""
    found = Draft.objects.filter(space_id=space_id, id=draft_id, sent_as=None).first()
    return shown(found) if found else None


def draft_of_conversation(space_id: UUID, conversation_id: UUID) -> ShownDraft | None:
    """The answer that is begun in a conversation, if one is. Index: ``one_draft_a_conversation``."""
    found = Draft.objects.filter(space_id=space_id, conversation_id=conversation_id, sent_as=None).first()
    return shown(found) if found else None


def shown(row: Draft) -> ShownDraft:
    """A stored draft with its words and its files."""
    key = owner_key(row.space_id)
    files = [
        DraftFileRow(one.id, file_name(key, one), one.media_type, one.size) for one in files_of(row.space_id, row.id)
    ]
    return ShownDraft(
        row.id, row.conversation_id, row.contact_id, open_content(key, row), row.version, row.saved_at, tuple(files)
    )


def sent_as(space_id: UUID, draft_id: UUID) -> tuple[UUID, UUID] | None:
    """The conversation and the message that a draft became, if it was sent."""
    row = Draft.objects.filter(space_id=space_id, id=draft_id, sent_as__isnull=False).first()
    if row is None or row.conversation_id is None or row.sent_as is None:
        return None
    return row.conversation_id, row.sent_as


def new_messages_begun(space_id: UUID, limit: int = MOST_SHOWN) -> Sequence[DraftRow]:
    """New messages that are begun and not sent, the newest first. Index: ``draft_newest``."""
    rows = list(
        Draft.objects.filter(space_id=space_id, sent_as=None, conversation_id=None).order_by("-saved_at")[:limit]
    )
    if not rows:
        return []
    key = owner_key(space_id)
    counts = _file_counts(space_id, [row.id for row in rows])
    found = []
    for row in rows:
        content = open_content(key, row)
        found.append(
            DraftRow(
                row.id,
                _recipient(space_id, row, content),
                content.subject,
                " ".join(content.text.split())[:120],
                row.saved_at,
                counts.get(row.id, 0),
            )
        )
    return found


def _recipient(space_id: UUID, row: Draft, content: DraftContent) -> str:
    if content.pharmacy_id is not None:
        chosen = pharmacy(content.pharmacy_id)
        return chosen.name if chosen else ""
    contact = contact_row(space_id, row.contact_id) if row.contact_id else None
    return contact.correspondent.name if contact else ""


def _file_counts(space_id: UUID, draft_ids: Sequence[UUID]) -> dict[UUID, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT draft_id, count(*) FROM messaging_draft_file WHERE space_id = %s AND draft_id = ANY(%s)"
            " GROUP BY draft_id",
            [space_id, list(draft_ids)],
        )
        return dict(cursor.fetchall())
