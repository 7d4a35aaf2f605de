"""Who acts, what they want to do, and what is answered."""

import re
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class ActorKind(StrEnum):
    """Who may ask for something of a space (the groups that a holder's history shows)."""

    HOLDER = "holder"
    REPRESENTATIVE = "representative"
    CARER = "carer"
    PROFESSIONAL = "professional"
    ORGANIZATION = "organization"
    SYSTEM = "system"


@dataclass(frozen=True)
class Actor:
    """Someone who acts. ``space_id`` is the holder's own; ``mailbox_id`` the mailbox a professional side acts by.

    ``label`` is the name that the holder's history shows.
    """

    kind: ActorKind
    label: str
    space_id: UUID | None = None
    mailbox_id: UUID | None = None


SYSTEM = Actor(ActorKind.SYSTEM, "Carnet")


class Act(StrEnum):
    """What can be done to a space. The value is what the trail keeps."""

    SIGN_IN = "sign-in"
    SIGN_OUT = "sign-out"
    ACTIVATE = "activate"
    CHANGE_SETTINGS = "change-settings"
    READ_HOME = "read-home"
    LIST_MESSAGES = "list-messages"
    READ_CONVERSATION = "read-conversation"
    READ_ATTACHMENT = "read-attachment"
    RECEIVE_MESSAGE = "receive-message"
    WITHHOLD_MESSAGE = "withhold-message"
    SEND_MESSAGE = "send-message"
    WRITE_DRAFT = "write-draft"
    DELETE_DRAFT = "delete-draft"
    SEARCH_MESSAGES = "search-messages"
    SEND_RECEIPT = "send-receipt"
    TRASH_CONVERSATION = "trash-conversation"
    PUT_BACK_CONVERSATION = "put-back-conversation"
    END_CONVERSATION = "end-conversation"
    LIST_DOCUMENTS = "list-documents"
    READ_DOCUMENT = "read-document"
    ADD_DOCUMENT = "add-document"
    REPLACE_DOCUMENT = "replace-document"
    READ_PROFILE = "read-profile"
    CHANGE_PROFILE = "change-profile"
    READ_ACTIVITY = "read-activity"


class Refusal(StrEnum):
    """Why something is refused. Each has a sentence that a person understands (``interfaces.web.sentences``)."""

    NOT_YOURS = "not-yours"
    NOT_FOUND = "not-found"
    SPACE_CLOSED = "space-closed"
    NOT_ACTIVATED = "not-activated"
    NOT_SIGNED_IN = "not-signed-in"
    NOT_PROVIDED = "not-provided"
    CANNOT_WRITE_FIRST = "cannot-write-first"
    EXCHANGE_ENDED = "exchange-ended"
    NO_REPLY = "no-reply"
    MAILBOX_CLOSED = "mailbox-closed"
    MAILBOX_SUSPENDED = "mailbox-suspended"
    NO_RECIPIENT = "no-recipient"
    NO_SUBJECT = "no-subject"
    EMPTY_MESSAGE = "empty-message"
    EMPTY_FILE = "empty-file"
    TOO_LARGE = "too-large"
    TOO_MANY = "too-many"
    TYPE_NOT_ACCEPTED = "type-not-accepted"
    CONTENT_MISMATCH = "content-mismatch"
    ALREADY_THERE = "already-there"
    WRONG_PATIENT = "wrong-patient"
    UNREADABLE = "unreadable"
    INFECTED = "infected"
    NOT_SCANNED = "not-scanned"
    WRONG_CODE = "wrong-code"
    TOO_MANY_TRIES = "too-many-tries"
    ANSWERED_MEANWHILE = "answered-meanwhile"
    TAKEN_BY_ANOTHER = "taken-by-another"
    BAD_RECIPIENT = "bad-recipient"
    OUTSIDE_TRUST = "outside-trust"
    PATIENT_OPPOSED = "patient-opposed"
    NOT_DELIVERED = "not-delivered"


@dataclass(frozen=True)
class Decision:
    """Allowed, or refused with the reason. Truthy when allowed."""

    allowed: bool
    reason: Refusal | None = None

    def __bool__(self) -> bool:
        return self.allowed


ALLOWED = Decision(True)


def refused(reason: Refusal) -> Decision:
    """Refused, for this reason."""
    return Decision(False, reason)


_LOGIN = re.compile(r"[0-9a-z_.\-]{8,100}")
_IBAN = re.compile(r"fr76\d{10,28}")


class InvalidLogin(ValueError):
    """The text cannot be a login; the message says which rule it breaks."""


class Login(str):
    """A sign-in name: 8 to 100 of ``0-9 a-z _ . -``, neither a social security number nor a bank account (MES app)."""

    __slots__ = ()

    def __new__(cls, text: str) -> "Login":
        text = text.strip().lower()
        if not _LOGIN.fullmatch(text):
            raise InvalidLogin("8 to 100 characters among 0-9 a-z _ . -")
        if re.fullmatch(r"[1-8]\d{4}[\dab]{2}\d{6}(\d{2})?", text):
            raise InvalidLogin("not a social security number")
        if _IBAN.fullmatch(text):
            raise InvalidLogin("not a bank account number")
        return super().__new__(cls, text)
