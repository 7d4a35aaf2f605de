"""A message as it is stored in a mailbox, read for the desk: which way it went, who wrote it, what it tells of."""

import html as escaping
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings

from carnet.domain.directory.queries import TrustSpace
from carnet.domain.directory.values import InvalidAddress, MailboxAddress
from carnet.domain.identity.values import (
    InvalidPatientAddress,
    is_patient_domain,
    parse_patient_address,
    patient_address,
)
from carnet.domain.messaging import rules
from carnet.domain.messaging.delivery.incoming import Incoming, read_incoming
from carnet.domain.messaging.desk.values import MOST_PEOPLE, MessageKind
from carnet.domain.messaging.envelopes import EntryContent, MessageHead, SpooledEnvelope
from carnet.domain.messaging.folder_values import UNSCANNED as UNSCANNED_FLAG
from carnet.domain.messaging.mime.html import split_quoted
from carnet.domain.messaging.values import Direction, EndingKind
from carnet.foundation.clamd import CLEAN, UNSCANNED
from carnet.foundation.spool import Accepted

SNIPPET = 160
_TAG = re.compile(r"<[^>]*>")
_SPACES = re.compile(r"\s+")
_IDENTIFIER = re.compile(rb"<[^<>\s]{3,250}>")
_MESSAGE_ID = re.compile(rb"^Message-ID:[ \t]*(?:\r?\n[ \t]+)?(<[^<>\s]{3,250}>)", re.IGNORECASE | re.MULTILINE)
_ORIGINAL = re.compile(rb"^Original-Message-ID:[ \t]*(?:\r?\n[ \t]+)?(<[^<>\s]{3,250}>)", re.IGNORECASE | re.MULTILINE)
_DISPOSITION = re.compile(rb"^Disposition:[^\r\n;]*;[ \t]*(?:\r?\n[ \t]+)?([a-z]+)", re.IGNORECASE | re.MULTILINE)
_ACTION = re.compile(rb"^Action:[ \t]*([a-z]+)", re.IGNORECASE | re.MULTILINE)
_REPORT_BYTES = 256 * 1024
_REPORTED = {"displayed", "deleted", "dispatched", "processed", "failed", "delayed", "delivered", "relayed", "expanded"}
_MOST_NAMED = 20


@dataclass(frozen=True)
class StoredMessage:
    """A copy of the mailbox and where it lies. ``spooled``: it came through a door, or was sent from here."""

    message_id: UUID
    raw: bytes
    head: MessageHead
    at: datetime
    flags: Sequence[str] = ()
    spooled: bool = False
    folder_id: int = 0
    uid: int = 0


@dataclass(frozen=True)
class ReadMessage:
    """What was read of a stored message. ``people`` are the canonical addresses of the other side: who wrote it, or
    whom it went to, patients first; ``shown_names`` the names that the mailbox itself gave them.

    ``named`` are the Message-IDs of what a receipt or a report tells of, ``told`` what it says of it.
    """

    stored: StoredMessage
    incoming: Incoming
    direction: Direction
    people: tuple[str, ...]
    shown_names: dict[str, str]
    answer_to: str
    kind: MessageKind
    waits: bool
    answers: bool
    ending: EndingKind | None
    named: tuple[str, ...] = ()
    told: str = ""

    @property
    def references(self) -> tuple[str, ...]:
        return self.incoming.parsed.references

    @property
    def in_reply_to(self) -> str | None:
        return self.incoming.parsed.in_reply_to


def read_stored(message: StoredMessage, own_address: str, trust: TrustSpace) -> ReadMessage:
    """Read a copy of the mailbox at ``own_address``; what cannot be read as mail is a message without content."""
    incoming = as_incoming(message)
    parsed = incoming.parsed
    author = canonical(incoming.author) or canonical(message.head.from_address)
    if author == own_address.lower():
        return _read_sent(message, incoming, own_address)
    kind, named, told = _what_it_tells(message, incoming)
    patient = is_patient(author)
    answer_to = author
    if not patient:
        replies = [canonical(one.address) for one in parsed.reply_to]
        answer_to = rules.answer_address(
            author, [one for one in replies if one], trust.listed, [settings.CARNET_PATIENT_DOMAIN]
        )
    delivered = message.spooled or bool(message.head.return_path)
    return ReadMessage(
        stored=message,
        incoming=incoming,
        direction=Direction.RECEIVED,
        people=tuple(dict.fromkeys(one for one in (author, answer_to) if one)),
        shown_names={},
        answer_to=answer_to,
        kind=kind,
        waits=delivered and bool(author) and not parsed.is_automatic,
        answers=False,
        ending=None,
        named=named,
        told=told,
    )


def _read_sent(message: StoredMessage, incoming: Incoming, own_address: str) -> ReadMessage:
    parsed = incoming.parsed
    names: dict[str, str] = {}
    for one in (*parsed.to, *parsed.cc):
        address = canonical(one.address)
        if address and address != own_address.lower():
            names.setdefault(address, one.name)
    people = sorted(names, key=lambda one: not is_patient(one))[:MOST_PEOPLE]
    to_patient = bool(people) and is_patient(people[0])
    return ReadMessage(
        stored=message,
        incoming=incoming,
        direction=Direction.SENT,
        people=tuple(people) or (own_address.lower(),),
        shown_names=names,
        answer_to="",
        kind=MessageKind.MESSAGE,
        waits=False,
        answers=not parsed.is_automatic,
        ending=rules.ending_of(parsed, recipient_is_patient=to_patient),
    )


def as_incoming(message: StoredMessage) -> Incoming:
    """The message as the drain read it; of its envelope only the sender matters here."""
    envelope = SpooledEnvelope("", message.head.return_path, (), message.at)
    incoming = read_incoming(Accepted(message.message_id, 0, envelope.to_json(), message.raw))
    unscanned = UNSCANNED_FLAG in message.flags
    incoming.scanned = UNSCANNED if unscanned else CLEAN
    return incoming


def _what_it_tells(message: StoredMessage, incoming: Incoming) -> tuple[MessageKind, tuple[str, ...], str]:
    """Whether it is a receipt (RFC 8098), a report (RFC 3464) or an automatic answer (RFC 3834), of what, and what it
    says."""
    parsed = incoming.parsed
    start = message.raw[:_REPORT_BYTES]
    if parsed.report_type == "disposition-notification":
        told = _word(_DISPOSITION.findall(start))
        return MessageKind.RECEIPT, _identifiers(_ORIGINAL.findall(start)), told
    if parsed.report_type == "delivery-status":
        told_of = {one.decode("ascii", "replace").lower() for one in _ACTION.findall(start)}
        told = next((one for one in ("failed", "delayed", "delivered") if one in told_of), "" if told_of else "failed")
        end = message.raw[-_REPORT_BYTES:]
        return MessageKind.REPORT, _identifiers(_MESSAGE_ID.findall(end) + _IDENTIFIER.findall(end)), told
    if rules.answers_by_itself(parsed):
        return MessageKind.AUTOMATIC, (), ""
    return MessageKind.MESSAGE, (), ""


def _word(found: list[bytes]) -> str:
    word = found[0].decode("ascii", "replace").lower() if found else ""
    return word if word in _REPORTED else ""


def _identifiers(found: list[bytes]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.decode("ascii", "replace") for one in found))[:_MOST_NAMED]


def canonical(address: str) -> str:
    """The one writing of an address; empty for what is none."""
    try:
        if is_patient(address):
            ins = parse_patient_address(address, settings.CARNET_PATIENT_DOMAIN)
            return patient_address(ins, settings.CARNET_PATIENT_DOMAIN)
        return MailboxAddress.parse(address).key
    except (InvalidAddress, InvalidPatientAddress):
        return ""


def is_patient(address: str) -> bool:
    return is_patient_domain(address, settings.CARNET_PATIENT_DOMAIN)


def ins_of(address: str) -> str:
    """The INS of a patient's canonical address, empty for another's."""
    return address.partition("@")[0] if is_patient(address) else ""


def plain_text(content: EntryContent) -> str:
    """The text of a message without mark-up."""
    if not content.html:
        return content.text
    return escaping.unescape(_TAG.sub(" ", content.html))


def snippet_of(text: str) -> str:
    """The first words of a text, on one line, without the message that it quotes."""
    new, _ = split_quoted(text[:20_000])
    line = _SPACES.sub(" ", new or text[:1_000]).strip()
    return line if len(line) <= SNIPPET else line[: SNIPPET - 1].rstrip() + "…"
