"""A holder's trash: the conversations that they moved out of their list, and can put back."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from carnet.domain.directory.queries import mailboxes_by_id
from carnet.domain.messaging.envelopes import subject_name
from carnet.domain.messaging.models import Conversation
from carnet.domain.messaging.queries.conversations import PAGE, Correspondent, correspondent_of
from carnet.foundation.owner_keys import owner_key
from carnet.foundation.places import read_place, write_place

_LIST = """
SELECT c.id, c.subject, c.last_at, c.trashed_at, c.contact_id, t.address, t.mailbox_id
FROM messaging_conversation c
JOIN messaging_contact t ON t.space_id = c.space_id AND t.id = c.contact_id
WHERE c.space_id = %(space)s AND c.trashed_at IS NOT NULL
  AND (%(before_at)s::timestamptz IS NULL OR (c.trashed_at, c.id) < (%(before_at)s, %(before_id)s))
ORDER BY c.trashed_at DESC, c.id DESC LIMIT %(limit)s
"""


@dataclass(frozen=True)
class TrashedRow:
    """One line of the trash."""

    id: UUID
    correspondent: Correspondent
    subject: str
    last_at: datetime
    trashed_at: datetime


@dataclass(frozen=True)
class TrashPage:
    rows: list[TrashedRow]
    next_before: str


def trashed_conversations(space_id: UUID, *, before: str = "", limit: int = PAGE) -> TrashPage:
    """What is in the trash of a space, the latest moved there first, at most ``limit``; ``before`` is the
    ``next_before`` of the page before.

    Access is decided by the caller. Index: ``conversation_trashed``.
    """
    before_at, before_id = read_place(before) or (None, None)
    with connection.cursor() as cursor:
        place = {"before_at": before_at, "before_id": before_id, "limit": limit + 1}
        cursor.execute(_LIST, {"space": space_id, **place})
        found = cursor.fetchall()
    shown = found[:limit]
    key = owner_key(space_id)
    boxes = mailboxes_by_id([row[6] for row in shown if row[6]])
    rows = [
        TrashedRow(
            id=row[0],
            correspondent=correspondent_of(key, row[4], row[5], boxes.get(row[6])),
            subject=key.open_text(subject_name(row[0]), row[1]),
            last_at=row[2],
            trashed_at=row[3],
        )
        for row in shown
    ]
    more = len(found) > limit
    return TrashPage(rows, write_place(shown[-1][3], shown[-1][0]) if more else "")


def has_trash(space_id: UUID) -> bool:
    """Whether anything is in the trash of a space. Index: ``conversation_trashed``."""
    return Conversation.objects.filter(space_id=space_id, trashed_at__isnull=False).exists()


def is_in_trash(space_id: UUID, conversation_id: UUID) -> bool:
    """Whether a conversation of a space, which is not in its list, is in its trash. Access is decided by the caller."""
    return Conversation.objects.filter(space_id=space_id, id=conversation_id, trashed_at__isnull=False).exists()
