"""A holder's conversations: the list, one of them, and what may be done with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from carnet.domain.directory.queries import MailboxFacts, mailboxes_by_id
from carnet.domain.messaging import rules
from carnet.domain.messaging.access import OpenedConversation
from carnet.domain.messaging.envelopes import EntryContent, address_name, content_name, subject_name
from carnet.domain.messaging.models import Contact, Conversation, ConversationEntry
from carnet.domain.messaging.values import EndingKind, ReplyOption
from carnet.domain.record.queries import held
from carnet.foundation.keys import OwnerKey
from carnet.foundation.owner_keys import owner_key
from carnet.foundation.places import read_place, write_place

PAGE = 20
MESSAGES = 200

_LIST = """
SELECT c.id, c.subject, c.last_at, c.ended, c.contact_id, t.address, t.mailbox_id, last.direction, last.has_attachments,
       EXISTS (SELECT 1 FROM messaging_conversation_entry e WHERE e.space_id = c.space_id
               AND e.conversation_id = c.id AND e.direction = 'in' AND e.read_at IS NULL) AS unread
FROM messaging_conversation c
JOIN messaging_contact t ON t.space_id = c.space_id AND t.id = c.contact_id
LEFT JOIN LATERAL (
    SELECT e.direction, e.has_attachments FROM messaging_conversation_entry e
    WHERE e.space_id = c.space_id AND e.conversation_id = c.id ORDER BY e.at DESC, e.message_id DESC LIMIT 1
) last ON true
WHERE c.space_id = %(space)s AND c.trashed_at IS NULL
  AND (%(before_at)s::timestamptz IS NULL OR (c.last_at, c.id) < (%(before_at)s, %(before_id)s))
  AND (NOT %(only_unread)s OR EXISTS (
      SELECT 1 FROM messaging_conversation_entry e WHERE e.space_id = c.space_id
      AND e.conversation_id = c.id AND e.direction = 'in' AND e.read_at IS NULL))
ORDER BY c.last_at DESC, c.id DESC LIMIT %(limit)s
"""


@dataclass(frozen=True)
class Correspondent:
    """Who is on the other side, as people see them."""

    contact_id: UUID
    name: str
    verified: bool
    domain: str
    active: bool


@dataclass(frozen=True)
class ConversationRow:
    id: UUID
    correspondent: Correspondent
    subject: str
    last_at: datetime
    unread: bool
    has_attachments: bool
    ended: bool
    direction_last: str


@dataclass(frozen=True)
class ConversationPage:
    rows: list[ConversationRow]
    next_before: str


def conversations(
    space_id: UUID, *, before: str = "", limit: int = PAGE, only_unread: bool = False
) -> ConversationPage:
    """The newest conversations of a space, at most ``limit``; ``before`` is the ``next_before`` of the page before.

    Access is decided by the caller. Index: ``conversation_newest``, ``entry_of_conversation``, ``entry_unread``.
    """
    before_at, before_id = read_place(before) or (None, None)
    with connection.cursor() as cursor:
        place = {"before_at": before_at, "before_id": before_id, "limit": limit + 1}
        cursor.execute(_LIST, {"space": space_id, "only_unread": only_unread, **place})
        found = cursor.fetchall()
    shown = found[:limit]
    key = owner_key(space_id)
    boxes = mailboxes_by_id([row[6] for row in shown if row[6]])
    rows = [
        ConversationRow(
            id=row[0],
            correspondent=_correspondent(key, row[4], row[5], boxes.get(row[6])),
            subject=key.open_text(subject_name(row[0]), row[1]),
            last_at=row[2],
            ended=bool(row[3]),
            direction_last=row[7] or "",
            has_attachments=bool(row[8]),
            unread=row[9],
        )
        for row in shown
    ]
    more = len(found) > limit
    return ConversationPage(rows, write_place(shown[-1][2], shown[-1][0]) if more else "")


def _correspondent(
    key: OwnerKey, contact_id: UUID, sealed: bytes | memoryview, mailbox: MailboxFacts | None
) -> Correspondent:
    address = key.open_text(address_name(contact_id), sealed)
    display = rules.sender_display(mailbox.label if mailbox else None, address)
    return Correspondent(contact_id, display.name, display.verified, display.domain, mailbox is None or mailbox.active)


def count_unread(space_id: UUID) -> int:
    """How many conversations of the space hold a message that was never displayed. Index: ``entry_unread``."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT e.conversation_id) FROM messaging_conversation_entry e"
            " JOIN messaging_conversation c ON c.space_id = e.space_id AND c.id = e.conversation_id"
            " WHERE e.space_id = %s AND e.direction = 'in' AND e.read_at IS NULL AND c.trashed_at IS NULL",
            [space_id],
        )
        return int(cursor.fetchone()[0])


@dataclass(frozen=True)
class ShownMessage:
    id: UUID
    direction: str
    at: datetime
    content: EntryContent
    unread: bool
    receipt_wanted: bool
    delivery: str


@dataclass(frozen=True)
class ShownConversation:
    """A conversation as its page shows it; ``held`` says which documents of it are in the record already."""

    id: UUID
    subject: str
    correspondent: Correspondent
    ended: str
    ended_at: datetime | None
    messages: list[ShownMessage]
    options: tuple[ReplyOption, ...]
    held: dict[str, UUID]


def conversation(opened: OpenedConversation) -> ShownConversation:
    """The conversation with its messages, the oldest first (the last 200 of a very long one)."""
    row = opened.conversation
    key = owner_key(row.space_id)
    entries = list(
        ConversationEntry.objects.filter(space_id=row.space_id, conversation_id=row.id).order_by("-at", "-message_id")[
            :MESSAGES
        ]
    )
    messages = [_shown(key, entry) for entry in reversed(entries)]
    box = mailboxes_by_id([opened.contact.mailbox_id]) if opened.contact.mailbox_id else {}
    mailbox = box.get(opened.contact.mailbox_id) if opened.contact.mailbox_id else None
    unique_ids = {one.unique_id for m in messages for one in m.content.attachments if one.unique_id}
    return ShownConversation(
        id=row.id,
        subject=opened.subject,
        correspondent=_correspondent(key, opened.contact.id, opened.contact.address, mailbox),
        ended=row.ended,
        ended_at=row.ended_at,
        messages=messages,
        options=rules.reply_options(conversation_state(row), contact_state(opened.contact)),
        held=held(row.space_id, unique_ids),
    )


def _shown(key: OwnerKey, entry: ConversationEntry) -> ShownMessage:
    return ShownMessage(
        id=entry.message_id,
        direction=entry.direction,
        at=entry.at,
        content=EntryContent.from_json(key.open(content_name(entry.message_id), entry.content)),
        unread=entry.direction == "in" and entry.read_at is None,
        receipt_wanted=entry.receipt_wanted,
        delivery=entry.delivery,
    )


def conversation_state(row: Conversation) -> rules.ConversationState:
    """A conversation as the rules of exchange see it."""
    return rules.ConversationState(ended=EndingKind(row.ended) if row.ended else None)


def contact_state(contact: Contact) -> rules.ContactState:
    """A contact as the rules of exchange see it."""
    return rules.ContactState(has_written=contact.has_written, ended=contact.ended_at is not None)


def contacts(space_id: UUID, limit: int = 200) -> Sequence[Correspondent]:
    """Whom the holder may write to: mailboxes that wrote and have not ended the exchange, the latest first."""
    rows = list(
        Contact.objects.filter(space_id=space_id, has_written=True, ended_at=None).order_by("-last_wrote_at")[:limit]
    )
    key = owner_key(space_id)
    boxes = mailboxes_by_id([row.mailbox_id for row in rows if row.mailbox_id])
    return [
        _correspondent(key, row.id, row.address, boxes.get(row.mailbox_id) if row.mailbox_id else None) for row in rows
    ]
