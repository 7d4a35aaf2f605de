"""The words of the desk: views and filters of conversations, what is kept sealed of a conversation and of a message."""

from dataclasses import asdict, dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

import orjson

from carnet.domain.messaging.kept_json import from_kept

MOST_PEOPLE = 50
"""People of a conversation, and of the recipients of a message, that the desk keeps."""


class View(StrEnum):
    """Which conversations a list shows, by where their messages lie."""

    INBOX = "inbox"
    SENT = "sent"
    TRASH = "trash"
    ALL = "all"


class Taken(StrEnum):
    """Who looks after the conversations of a list."""

    ANYBODY = ""
    ME = "me"
    NOBODY = "nobody"
    SOMEONE = "someone"


class With(StrEnum):
    """Whom the conversations of a list are with."""

    ANYBODY = ""
    PATIENT = "patient"
    COLLEAGUE = "colleague"


class MessageKind(StrEnum):
    """What a message of a conversation is; all but the first tell of another message and wait for no answer."""

    MESSAGE = "message"
    RECEIPT = "receipt"
    REPORT = "report"
    AUTOMATIC = "automatic"


@dataclass(frozen=True)
class Filters:
    """Which conversations are wanted; all conditions together.

    ``waiting_hours``: somebody has been waiting for an answer for at least so long. ``since`` and ``until`` are days of
    Paris, of the last message. ``thread_of``: those with the same correspondent as that conversation.
    """

    view: View = View.INBOX
    unread: bool = False
    waiting: bool = False
    waiting_hours: int | None = None
    taken: Taken = Taken.ANYBODY
    documents: bool = False
    pathway_id: UUID | None = None
    with_whom: With = With.ANYBODY
    ended: bool | None = None
    since: date | None = None
    until: date | None = None
    thread_of: UUID | None = None
    patient_ins: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether nothing but the view is asked for."""
        return self == Filters(view=self.view)


@dataclass(frozen=True)
class Correspondent:
    """Who is on the other side, as the desk shows them.

    ``verified``: the directory vouches for the name, or for a patient the identity of their space or of the INS
    services. ``ins`` and the names are a patient's; ``others`` counts the further colleagues of a conversation.
    """

    address: str
    name: str
    patient: bool = False
    verified: bool = False
    domain: str = ""
    ins: str = ""
    birth_name: str = ""
    first_name: str = ""
    used_name: str = ""
    birth_date: date | None = None
    others: int = 0


@dataclass(frozen=True)
class ThreadHead:
    """What is kept sealed of a conversation: its subject, and who it is with, the correspondent first."""

    subject: str
    people: tuple[Correspondent, ...]

    @property
    def correspondent(self) -> Correspondent:
        first = self.people[0]
        known: dict[str, Any] = {one.name: getattr(first, one.name) for one in fields(first)}
        return Correspondent(**{**known, "others": len(self.people) - 1})

    def to_json(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def from_json(cls, kept: bytes) -> Self:
        found: dict[str, Any] = orjson.loads(kept)
        return cls(found["subject"], tuple(_correspondent(one) for one in found["people"]))


def _correspondent(kept: dict[str, Any]) -> Correspondent:
    born = kept["birth_date"]
    return Correspondent(**{**kept, "birth_date": date.fromisoformat(born) if born else None})


@dataclass(frozen=True)
class DeskHead:
    """What is kept sealed of a message of the desk, so that lists open no message.

    ``name`` is who wrote it, as shown; ``answer_to`` where an answer goes; ``to`` those it is addressed to, as shown;
    ``snippet`` its first words.
    """

    name: str = ""
    verified: bool = False
    address: str = ""
    answer_to: str = ""
    to: tuple[str, ...] = ()
    snippet: str = ""

    def to_json(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def from_json(cls, kept: bytes) -> Self:
        return from_kept(cls, kept, to=tuple)


def thread_name(thread_id: UUID) -> str:
    """What the head of a conversation is sealed as."""
    return f"desk-thread:{thread_id}"


def desk_head_name(message_id: UUID) -> str:
    """What the head of a message of the desk is sealed as."""
    return f"desk-message:{message_id}"


def note_name(note_id: UUID) -> str:
    """What an internal note is sealed as."""
    return f"desk-note:{note_id}"
