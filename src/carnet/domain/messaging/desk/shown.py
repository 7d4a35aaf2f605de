"""A conversation of the desk as its page shows it: messages, events, notes, readers."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from carnet.domain.directory.queries import MailboxFacts
from carnet.domain.messaging.desk.values import Correspondent
from carnet.domain.messaging.envelopes import EntryContent
from carnet.domain.spaces.values import Refusal


@dataclass(frozen=True)
class Event:
    """A receipt, a report or an automatic answer: told in one line, nothing to answer.

    ``outcome``: what a receipt (``displayed``, ``deleted`` …) or a report (``failed``, ``delayed``, ``delivered``)
    says of the message ``about``, which is None when it is not known here. ``text`` is an automatic answer's.
    """

    id: UUID
    at: datetime
    kind: str
    outcome: str
    about: UUID | None
    text: str


@dataclass(frozen=True)
class DeskShownMessage:
    """A message of a conversation as the desk shows it.

    ``direction`` is seen from the mailbox. ``author_name`` is, for what went out, who wrote it at the desk. ``state``
    of what went out: ``sent``, ``queued``, ``failed`` or ``read``, since ``state_at``; ``outcome`` why it was refused.
    ``withheld``: it cannot be read as mail, and nothing of it is shown.
    """

    id: UUID
    direction: str
    at: datetime
    content: EntryContent
    unread: bool
    in_trash: bool
    author_name: str
    recipients: tuple[str, ...]
    state: str
    state_at: datetime | None
    outcome: str
    withheld: bool


@dataclass(frozen=True)
class ShownNote:
    """An internal note, which is never sent."""

    id: UUID
    author: str
    author_name: str
    at: datetime
    text: str


@dataclass(frozen=True)
class Reader:
    """Who of the team opened the conversation, and when last."""

    rpps: str
    name: str
    at: datetime


@dataclass(frozen=True)
class OpenedThread:
    """A conversation as its page shows it; ``messages`` the oldest first, ``earlier`` older ones that are not shown.

    ``last_message`` is what an answer was written in sight of; ``answer_to`` where an answer goes, empty with an
    ``answer_refusal`` when it can go nowhere. ``mailbox``: the colleague's, as the directory has it.
    """

    id: UUID
    correspondent: Correspondent
    people: tuple[Correspondent, ...]
    subject: str
    started_at: datetime
    last_at: datetime
    waiting_since: datetime | None
    late: bool
    ended_at: datetime | None
    taken_by: str
    taken_by_name: str
    taken_at: datetime | None
    pathway_id: UUID | None
    in_trash: bool
    unread: int
    messages: list[DeskShownMessage]
    earlier: int
    events: list[Event]
    notes: list[ShownNote]
    readers: list[Reader]
    last_message: UUID | None
    answer_to: tuple[str, ...]
    answer_refusal: Refusal | None
    mailbox: MailboxFacts | None
