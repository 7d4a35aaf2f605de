"""A holder's conversations: the list, one of them, and what may be done with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection

from carnet.domain.directory.queries import MailboxFacts, mailboxes_by_address, mailboxes_by_id, trust_space
from carnet.domain.directory.queries.pharmacies import pharmacies_by_mailbox
from carnet.domain.messaging import rules
from carnet.domain.messaging.access import OpenedConversation
from carnet.domain.messaging.envelopes import (
    EntryContent,
    MessageHead,
    address_name,
    content_name,
    envelope_name,
    subject_name,
)
from carnet.domain.messaging.models import Contact, Conversation, ConversationEntry, Message
from carnet.domain.messaging.queries.recipients import look_up
from carnet.domain.messaging.values import EndingKind, RecipientState, ReplyOption
from carnet.domain.record.queries import held
from carnet.foundation.keys import OwnerKey
from carnet.foundation.owner_keys import owner_key
from carnet.foundation.places import read_place, write_place

PAGE = 20
MESSAGES = 200

_LIST = """
SELECT c.id, c.subject, c.last_at, c.ended, c.contact_id, t.address, t.mailbox_id, last.direction, last.has_attachments,
       EXISTS (SELECT 1 FROM messaging_conversation_entry e WHERE e.space_id = c.space_id
               AND e.conversation_id = c.id AND e.direction = 'in' AND e.read_at IS NULL) AS unread,
       EXISTS (SELECT 1 FROM messaging_conversation_entry e WHERE e.space_id = c.space_id
               AND e.conversation_id = c.id AND e.direction = 'in' AND e.read_at IS NULL AND e.receipt_wanted
               AND e.receipt_sent_at IS NULL) AS receipt,
       EXISTS (SELECT 1 FROM messaging_draft d WHERE d.space_id = c.space_id AND d.conversation_id = c.id
               AND d.sent_as IS NULL) AS draft
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
    """One line of the list. ``receipt_due``: its sender will be told when it is opened; ``has_draft``: an answer is
    begun."""

    id: UUID
    correspondent: Correspondent
    subject: str
    last_at: datetime
    unread: bool
    has_attachments: bool
    ended: bool
    direction_last: str
    receipt_due: bool = False
    has_draft: bool = False


@dataclass(frozen=True)
class ConversationPage:
    rows: list[ConversationRow]
    next_before: str


def conversations(
    space_id: UUID, *, before: str = "", limit: int = PAGE, only_unread: bool = False
) -> ConversationPage:
    """The newest conversations of a space, at most ``limit``; ``before`` is the ``next_before`` of the page before.

    Access is decided by the caller. Index: ``conversation_newest``, ``entry_of_conversation``, ``entry_unread``,
    ``one_draft_a_conversation``.
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
            correspondent=correspondent_of(key, row[4], row[5], boxes.get(row[6])),
            subject=key.open_text(subject_name(row[0]), row[1]),
            last_at=row[2],
            ended=bool(row[3]),
            direction_last=row[7] or "",
            has_attachments=bool(row[8]),
            unread=row[9],
            receipt_due=row[10],
            has_draft=row[11],
        )
        for row in shown
    ]
    more = len(found) > limit
    return ConversationPage(rows, write_place(shown[-1][2], shown[-1][0]) if more else "")


def correspondent_of(
    key: OwnerKey, contact_id: UUID, sealed: bytes | memoryview, mailbox: MailboxFacts | None
) -> Correspondent:
    """A contact under the name that the directory gives it, else under its address."""
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
    """A conversation as its page shows it; ``held`` says which documents of it are in the record already.

    ``others`` are the names of the mailboxes that an answer to all reaches besides the correspondent.
    """

    id: UUID
    subject: str
    correspondent: Correspondent
    ended: str
    ended_at: datetime | None
    messages: list[ShownMessage]
    options: tuple[ReplyOption, ...]
    held: dict[str, UUID]
    others: tuple[str, ...] = ()


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
    unique_ids = {one.unique_id for m in messages for one in m.content.attachments if one.unique_id}
    others = others_in(opened)
    contact = contact_state(opened.contact, takes_first_message=takes_first_message(opened.contact))
    return ShownConversation(
        id=row.id,
        subject=opened.subject,
        correspondent=correspondent(opened),
        ended=row.ended,
        ended_at=row.ended_at,
        messages=messages,
        options=rules.reply_options(conversation_state(row, professionals=1 + len(others)), contact),
        held=held(row.space_id, unique_ids),
        others=_names(others),
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


def receipt_due_since(space_id: UUID, conversation_id: UUID) -> datetime | None:
    """When the newest message arrived whose sender will be told that the conversation was opened; None for none.

    Index: ``entry_unread``.
    """
    due = ConversationEntry.objects.filter(
        space_id=space_id,
        conversation_id=conversation_id,
        direction="in",
        read_at=None,
        receipt_wanted=True,
        receipt_sent_at=None,
    )
    return due.order_by("-at").values_list("at", flat=True).first()


def correspondent(opened: OpenedConversation) -> Correspondent:
    """Who is on the other side of a conversation."""
    contact = opened.contact
    boxes = mailboxes_by_id([contact.mailbox_id]) if contact.mailbox_id else {}
    mailbox = boxes.get(contact.mailbox_id) if contact.mailbox_id else None
    return correspondent_of(owner_key(contact.space_id), contact.id, contact.address, mailbox)


def last_message(row: Conversation, *, received: bool = False) -> MessageHead | None:
    """The head of the newest message of the conversation, which an answer refers to; or of the newest ``received``."""
    entries = ConversationEntry.objects.filter(space_id=row.space_id, conversation_id=row.id)
    entry = (
        (entries.filter(direction="in") if received else entries)
        .order_by("-at", "-message_id")
        .values_list("message_id", flat=True)
        .first()
    )
    if entry is None:
        return None
    sealed = Message.objects.values_list("envelope", flat=True).get(owner_id=row.space_id, id=entry)
    return MessageHead.from_json(owner_key(row.space_id).open(envelope_name(entry), sealed))


def others_in(opened: OpenedConversation) -> tuple[str, ...]:
    """The addresses that an answer to all reaches besides the contact: those that the last message received names and
    that take mail today."""
    head = last_message(opened.conversation, received=True)
    if head is None:
        return ()
    key = owner_key(opened.conversation.space_id)
    contact = key.open_text(address_name(opened.contact.id), opened.contact.address)
    named = rules.others_to_answer(
        (head.answer_address, *head.to), contact, trust_space().listed, [settings.CARNET_PATIENT_DOMAIN]
    )
    reached = look_up(named)
    return tuple(one for one in named if reached[one].state is RecipientState.OPEN)


def _names(addresses: Sequence[str]) -> tuple[str, ...]:
    boxes = mailboxes_by_address(addresses)
    labels = [box.label if (box := boxes.get(one.lower())) else None for one in addresses]
    return tuple(rules.sender_display(label, one).name for label, one in zip(labels, addresses, strict=True))


def conversation_state(row: Conversation, *, professionals: int = 1) -> rules.ConversationState:
    """A conversation as the rules of exchange see it."""
    ended = EndingKind(row.ended) if row.ended else None
    return rules.ConversationState(ended=ended, professionals=professionals)


def contact_state(contact: Contact, *, takes_first_message: bool = False) -> rules.ContactState:
    """A contact as the rules of exchange see it; see ``takes_first_message``."""
    return rules.ContactState(
        has_written=contact.has_written,
        ended=contact.ended_at is not None,
        takes_first_message=takes_first_message,
    )


def takes_first_message(contact: Contact) -> bool:
    """Whether the contact is a pharmacy that holders may write to first, as the directory stands now.

    Who has written already need not be asked about.
    """
    if contact.has_written or contact.mailbox_id is None:
        return False
    return contact.mailbox_id in pharmacies_by_mailbox([contact.mailbox_id])
