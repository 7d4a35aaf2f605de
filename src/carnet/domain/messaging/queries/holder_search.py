"""Searching in a space's messages: decrypted and looked at one by one, the newest first, as long as it takes.

There is no index of a holder's words: whoever held the database could read in it what people write about.
"""

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from uuid import UUID

from django.db import connection

from carnet.domain.directory.queries import mailboxes_by_id
from carnet.domain.messaging.envelopes import EntryContent, content_name, subject_name
from carnet.domain.messaging.queries.conversations import Correspondent, correspondent_of
from carnet.domain.messaging.wanted_words import Excerpt, Wanted, excerpt_of
from carnet.foundation.keys import OwnerKey
from carnet.foundation.owner_keys import owner_key
from carnet.foundation.places import read_place, write_place

HITS = 20
MOST_LOOKED_AT = 5_000
_BATCH = 200
_SECONDS = 2.0
_TAG = re.compile(r"<[^>]*>")
_PLACES = """
SELECT e.message_id, e.at FROM messaging_conversation_entry e
JOIN messaging_conversation c ON c.space_id = e.space_id AND c.id = e.conversation_id AND c.trashed_at IS NULL
WHERE e.space_id = %(space)s
  AND (%(before_at)s::timestamptz IS NULL OR (e.at, e.message_id) < (%(before_at)s, %(before_id)s))
ORDER BY e.at DESC, e.message_id DESC LIMIT %(limit)s
"""
_ROWS = """
SELECT e.message_id, e.conversation_id, e.direction, e.at, e.content, c.subject, t.id, t.address, t.mailbox_id
FROM messaging_conversation_entry e
JOIN messaging_conversation c ON c.space_id = e.space_id AND c.id = e.conversation_id
JOIN messaging_contact t ON t.space_id = c.space_id AND t.id = c.contact_id
WHERE e.space_id = %(space)s AND e.message_id = ANY(%(ids)s) ORDER BY e.at DESC, e.message_id DESC
"""


@dataclass(frozen=True)
class Hit:
    """A message in which every word stands, and the lines around them."""

    conversation_id: UUID
    message_id: UUID
    correspondent: Correspondent
    direction: str
    at: datetime
    subject: Excerpt
    excerpt: Excerpt
    files: tuple[Excerpt, ...]


@dataclass(frozen=True)
class Found:
    """The hits, how many messages were looked at, and where to go on (empty at the end)."""

    hits: list[Hit]
    looked_at: int
    next_before: str


def search_messages(
    space_id: UUID, text: str, *, before: str = "", hits: int = HITS, seconds: float = _SECONDS
) -> Found:
    """Messages of the space in which each word of ``text`` stands: in the subject, a name, the text or a file's name.

    Case and accents do not count. Stops at ``hits``, after ``seconds`` or 5,000 messages, whichever comes first;
    ``before`` is the ``next_before`` of the page before. Access is decided by the caller.
    """
    wanted = Wanted.of(text)
    if not wanted:
        return Found([], 0, "")
    until = time.monotonic() + seconds
    found: list[Hit] = []
    looked_at = 0
    place = ""
    for row in _newest_first(space_id, before):
        hit = _hit(row, wanted)
        looked_at += 1
        place = write_place(row.at, row.message_id)
        if hit is not None:
            found.append(hit)
        if len(found) >= hits or looked_at >= MOST_LOOKED_AT or time.monotonic() > until:
            return Found(found, looked_at, place)
    return Found(found, looked_at, "")


@dataclass(frozen=True)
class _Row:
    message_id: UUID
    conversation_id: UUID
    direction: str
    at: datetime
    content: EntryContent
    subject: str
    correspondent: Correspondent


def _newest_first(space_id: UUID, before: str) -> Iterator[_Row]:
    """The messages of a space, opened batch by batch: most searches end in the first."""
    before_at, before_id = read_place(before) or (None, None)
    key = owner_key(space_id)
    with connection.cursor() as cursor:
        place = {"space": space_id, "before_at": before_at, "before_id": before_id, "limit": MOST_LOOKED_AT}
        cursor.execute(_PLACES, place)
        ids = [row[0] for row in cursor.fetchall()]
    for first in range(0, len(ids), _BATCH):
        with connection.cursor() as cursor:
            cursor.execute(_ROWS, {"space": space_id, "ids": ids[first : first + _BATCH]})
            rows = cursor.fetchall()
        yield from _opened(key, rows)


def _opened(key: OwnerKey, rows: Sequence[tuple]) -> Iterator[_Row]:
    boxes = mailboxes_by_id({row[8] for row in rows if row[8]})
    people: dict[UUID, Correspondent] = {}
    subjects: dict[UUID, str] = {}
    for message_id, conversation_id, direction, at, content, subject, contact_id, address, mailbox_id in rows:
        if contact_id not in people:
            people[contact_id] = correspondent_of(key, contact_id, address, boxes.get(mailbox_id))
        if conversation_id not in subjects:
            subjects[conversation_id] = key.open_text(subject_name(conversation_id), subject)
        opened = EntryContent.from_json(key.open(content_name(message_id), content))
        yield _Row(message_id, conversation_id, direction, at, opened, subjects[conversation_id], people[contact_id])


def _hit(row: _Row, wanted: Wanted) -> Hit | None:
    content = row.content
    text = unescape(_TAG.sub(" ", content.html)) if content.html else content.text  # cleaned when it was read
    files = [one.title or one.name for one in content.attachments if not one.copy_of]
    places = [row.subject, row.correspondent.name, content.author_name, text, *files]
    if not wanted.stands_in(places):
        return None
    return Hit(
        conversation_id=row.conversation_id,
        message_id=row.message_id,
        correspondent=row.correspondent,
        direction=row.direction,
        at=row.at,
        subject=excerpt_of(row.subject, wanted, whole=True),
        excerpt=excerpt_of(text, wanted),
        files=tuple(excerpt_of(one, wanted, whole=True) for one in files if wanted.any_in(one)),
    )
