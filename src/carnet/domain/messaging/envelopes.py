"""What is kept of a message beside its bytes: the envelope it came in, and what was read of its headers and parts.

All of it is JSON, to be sealed: the spooled envelope with the spool's record, the others under the owner's key.
"""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import orjson

from carnet.domain.messaging.kept_json import from_kept
from carnet.domain.messaging.mime.message import ParsedMessage


@dataclass(frozen=True)
class SpooledEnvelope:
    """The SMTP envelope of an accepted message: who gave it to which door, for whom, when.

    ``mailbox`` is the hosted mailbox that signed in at the submission door, ``author`` who was proved then (see
    ``directory.traces``), ``session`` the door's name for that session. ``tracing`` are the header lines that
    this hop adds in front (RFC 5321 §4.4), as text with CRLF. ``ret``, ``envelope_id`` and, by recipient, ``reports``
    (the words of NOTIFY, the original recipient) are what the sender asked to be told (RFC 3461).
    """

    door: str
    sender: str
    recipients: tuple[str, ...]
    accepted_at: datetime
    tracing: str = ""
    envelope_id: str = ""
    mailbox: str = ""
    author: str = ""
    session: str = ""
    ret: str = ""
    reports: dict[str, tuple[str, str]] = field(default_factory=dict)

    def asked(self, recipient: str) -> "Asked":
        """What the sender asked to be told about one recipient."""
        notify, orcpt = self.reports.get(recipient, ("", ""))
        return Asked(tuple(notify.split(",")) if notify else (), orcpt, self.ret, self.envelope_id)

    def to_json(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    def from_json(cls, kept: bytes) -> Self:
        return from_kept(cls, kept, recipients=tuple, accepted_at=datetime.fromisoformat)


@dataclass(frozen=True)
class Asked:
    """The reports that a sender asked for (RFC 3461): `notify` words, original recipient, RET, envelope identifier."""

    notify: tuple[str, ...] = ()
    orcpt: str = ""
    ret: str = ""
    envid: str = ""


NOTHING_ASKED = Asked()


@dataclass(frozen=True)
class MessageHead:
    """What was read of a message's headers, kept under its owner's key beside the message."""

    message_id: str = ""
    references: tuple[str, ...] = ()
    from_address: str = ""
    answer_address: str = ""
    to: tuple[str, ...] = ()
    subject: str = ""
    date: str = ""
    return_path: str = ""
    receipt_to: str = ""

    def to_json(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    def from_json(cls, kept: bytes) -> Self:
        return from_kept(cls, kept, references=tuple, to=tuple)

    @classmethod
    def of(cls, parsed: ParsedMessage, *, return_path: str, answer_address: str, receipt_to: str = "") -> Self:
        return cls(
            message_id=parsed.message_id or "",
            references=parsed.references[-20:],
            from_address=parsed.from_[0].address if parsed.from_ else "",
            answer_address=answer_address,
            to=tuple(one.address for one in (*parsed.to, *parsed.cc))[:50],
            subject=parsed.subject,
            date=parsed.date.isoformat() if parsed.date else "",
            return_path=return_path,
            receipt_to=receipt_to,
        )


@dataclass(frozen=True)
class KeptAttachment:
    """An attachment as a conversation lists it.

    ``path`` is the part's number; a clinical document of an archive adds ``#`` and its rank (``2#0``). Documents
    carry what their metadata say. ``copy_of`` is the uniqueId of the document that the file doubles; ``problem`` says
    why an archive was not opened: then it is not given out either.
    """

    path: str
    name: str
    media_type: str
    size: int
    unique_id: str = ""
    title: str = ""
    type_code: str = ""
    type_label: str = ""
    author: str = ""
    date: str = ""
    copy_of: str = ""
    problem: str = ""

    @property
    def is_document(self) -> bool:
        """Whether it is a clinical document, with metadata of its own."""
        return "#" in self.path


@dataclass(frozen=True)
class EntryContent:
    """What a conversation shows of a message: who wrote it as shown, the text or the cleaned HTML, the attachments.

    ``scan`` is what the antivirus found (``foundation.clamd.Verdict``), empty for what the holder wrote.
    """

    author_name: str = ""
    author_domain: str = ""
    verified: bool = False
    text: str = ""
    html: str = ""
    attachments: tuple[KeptAttachment, ...] = ()
    findings: tuple[str, ...] = field(default=())
    scan: str = ""

    def to_json(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def from_json(cls, kept: bytes) -> Self:
        return from_kept(cls, kept, attachments=_attachments, findings=tuple)


def _attachments(kept: list[dict[str, Any]]) -> tuple[KeptAttachment, ...]:
    return tuple(KeptAttachment(**one) for one in kept)


def outbound_name(mail_id: UUID) -> str:
    """What the addresses of a mail to another operator are sealed as."""
    return f"outbound:{mail_id}"


def envelope_name(message_id: UUID) -> str:
    """What the head of a message is sealed as."""
    return f"message:{message_id}:envelope"


def structure_name(message_id: UUID) -> str:
    return f"message:{message_id}:structure"


def content_name(message_id: UUID) -> str:
    return f"message:{message_id}:content"


def draft_name(draft_id: UUID) -> str:
    """What a holder's draft is sealed as."""
    return f"draft:{draft_id}"


def draft_file_name(file_id: UUID) -> str:
    """What the name of a file in a draft is sealed as."""
    return f"draft-file:{file_id}:name"


def quarantine_name(mail_id: UUID) -> str:
    """What the SMTP envelope of a message in quarantine is sealed as."""
    return f"quarantine:{mail_id}:envelope"


def address_name(contact_id: UUID) -> str:
    return f"contact:{contact_id}:address"


def subject_name(conversation_id: UUID) -> str:
    return f"conversation:{conversation_id}:subject"
