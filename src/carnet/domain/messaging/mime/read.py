"""Bytes of a stranger's mail to a `ParsedMessage`: bounded first, then as tolerant as mail software requires."""

import binascii
import re
from collections.abc import Iterator

from carnet.domain.messaging.mime.addresses import Address, parse_addresses
from carnet.domain.messaging.mime.charsets import clean_text, decode
from carnet.domain.messaging.mime.html import text_to_html
from carnet.domain.messaging.mime.limits import DEFAULT_LIMITS, MalformedCode, MalformedMessage, MimeLimits
from carnet.domain.messaging.mime.message import Defect, FromProblem, ParsedMessage, Part
from carnet.domain.messaging.mime.parameters import ContentValue, parse_content_value
from carnet.domain.messaging.mime.scan import Entity, scan
from carnet.domain.messaging.mime.words import (
    base64_bytes,
    base64_size,
    clean_file_name,
    decode_words,
    message_id,
    message_ids,
    parameter_text,
    parse_date,
)

_ONCE = frozenset(
    ("from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references")
)
_KNOWN_ENCODINGS = frozenset({"", "7bit", "8bit", "binary", "base64", "quoted-printable"})
_LOOKS_LIKE_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"']{1,64}@[^\s<>()\[\],;:\"']{1,253}")


def read_message(raw: bytes, limits: MimeLimits = DEFAULT_LIMITS) -> ParsedMessage:
    """The message in `raw`; raises `MalformedMessage`, and nothing else, when it is empty or beyond `limits`."""
    return read_scanned(raw, scan_message(raw, limits), limits)


def scan_message(raw: bytes, limits: MimeLimits = DEFAULT_LIMITS) -> Entity:
    """The tree of parts of the message `raw`; raises `MalformedMessage` when it is empty or beyond `limits`."""
    if not raw or raw.isspace():
        raise MalformedMessage(MalformedCode.EMPTY, "the message is empty")
    return scan(raw, limits)


def read_scanned(raw: bytes, root: Entity, limits: MimeLimits = DEFAULT_LIMITS) -> ParsedMessage:
    """The message in `raw`, whose tree is known already."""
    return _Reader(raw, root, limits).read()


def part_content(raw: bytes, path: str, limits: MimeLimits = DEFAULT_LIMITS, *, root: Entity | None = None) -> bytes:
    """The decoded content of the part numbered `path` in the message `raw`.

    Whoever asks for several parts gives the tree `root` of `raw`: to find it again for each would let one message take
    minutes. Raises `MalformedMessage`, with code NO_SUCH_PART when there is none.
    """
    for entity in _entities(root or scan(raw, limits)):
        if entity.path == path and not entity.is_multipart:
            return _content(raw, entity)
    raise MalformedMessage(MalformedCode.NO_SUCH_PART, "the message has no part of that number")


def _entities(entity: Entity) -> Iterator[Entity]:
    yield entity
    for child in entity.children:
        yield from _entities(child)


def _content(raw: bytes, entity: Entity) -> bytes:
    body = raw[entity.body_start : entity.body_end]
    encoding = entity.transfer_encoding
    if encoding == "base64":
        return base64_bytes(body)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body)
    return body


def _size(raw: bytes, entity: Entity) -> int:
    if entity.transfer_encoding == "base64":
        return base64_size(raw[entity.body_start : entity.body_end])
    if entity.transfer_encoding == "quoted-printable":
        return len(_content(raw, entity))
    return entity.body_end - entity.body_start


class _Reader:
    def __init__(self, raw: bytes, root: Entity, limits: MimeLimits) -> None:
        self.raw = raw
        self.root = root
        self.limits = limits
        self.defects: dict[Defect, None] = {}
        self.texts: list[str] = []
        # True for HTML, False for plain text that no HTML of the message repeats.
        self.shown: list[tuple[bool, str]] = []
        self.attachments: list[Part] = []

    def note(self, defect: Defect) -> None:
        self.defects[defect] = None

    def read(self) -> ParsedMessage:
        root = self.root
        if root.has_odd_lines:
            self.note(Defect.ODD_HEADER_LINE)
        names = [name for name, _ in root.fields if name in _ONCE]
        if len(set(names)) != len(names):
            self.note(Defect.REPEATED_HEADER)
        authors = self.addresses("from")
        date = parse_date(root.first("date") or b"")
        if date is None and root.first("date") is not None:
            self.note(Defect.BAD_DATE)
        identifier = message_id(root.first("message-id") or b"")
        if identifier is None:
            self.note(Defect.BAD_MESSAGE_ID)
        self.walk(root)
        in_reply_to = message_ids(root.first("in-reply-to") or b"")
        return ParsedMessage(
            message_id=identifier,
            in_reply_to=in_reply_to[0] if in_reply_to else None,
            references=message_ids(b" ".join(root.all("references"))),
            from_=authors,
            from_problem=_from_problem(root.all("from"), authors, self.whole("from")),
            sender=self.addresses("sender"),
            reply_to=self.addresses("reply-to"),
            to=self.addresses("to"),
            cc=self.addresses("cc"),
            subject=decode_words(root.first("subject") or b""),
            date=date,
            text="\n\n".join(self.texts),
            html=self.html(),
            attachments=tuple(self.attachments),
            x_mss=self.mss_fields(),
            disposition_notification_to=self.addresses("disposition-notification-to"),
            auto_submitted=self.token("auto-submitted"),
            precedence=self.token("precedence"),
            received_count=len(root.all("received")),
            report_type=self.report_type(),
            defects=tuple(self.defects),
        )

    def addresses(self, name: str) -> tuple[Address, ...]:
        found, whole = parse_addresses(self.root.all(name), self.limits.addresses)
        if not whole:
            self.note(Defect.BAD_ADDRESS)
        return found

    def whole(self, name: str) -> bool:
        return parse_addresses(self.root.all(name), self.limits.addresses)[1]

    def token(self, name: str) -> str:
        return parse_content_value(self.root.first(name) or b"").value

    def mss_fields(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, value in self.root.fields:
            if name.startswith("x-mss-"):
                found.setdefault(name.upper(), decode_words(value))
        return found

    def report_type(self) -> str | None:
        if self.root.media_type != "multipart/report":
            return None
        return parameter_text(self.root.content_type, "report-type").lower()

    def html(self) -> str:
        """The HTML of the message, with the plain text that stands beside it; empty when all of it is plain."""
        if not any(is_html for is_html, _ in self.shown):
            return ""
        return "\n".join(text if is_html else text_to_html(text) for is_html, text in self.shown)

    def walk(self, entity: Entity, *, in_related: bool = False, in_alternative: bool = False) -> None:
        """Bodies to the texts, everything else to the attachments, in the order of the message."""
        kind = entity.media_type
        if entity.is_multipart:
            if not entity.children:
                self.note(Defect.NO_PARTS)
                # Nothing is hidden from the reader: what has no boundary is shown as it is.
                self.keep_text(entity, is_html=False, repeated=False)
            in_alternative = in_alternative or kind == "multipart/alternative"
            for place, child in enumerate(entity.children):
                # RFC 2387: what follows the root of a multipart/related is what that root shows.
                aside = kind == "multipart/related" and place > 0
                self.walk(child, in_related=aside, in_alternative=in_alternative)
            return
        disposition = parse_content_value(entity.first("content-disposition") or b"")
        file_name = _file_name(disposition, entity)
        is_body = kind in ("text/plain", "text/html") and not in_related
        if is_body and not file_name and disposition.value != "attachment":
            self.keep_text(entity, is_html=kind == "text/html", repeated=in_alternative)
        else:
            self.keep_attachment(entity, disposition, file_name, in_related=in_related)

    def keep_text(self, entity: Entity, *, is_html: bool, repeated: bool) -> None:
        kept = [text for html, text in self.shown if html] if is_html else self.texts
        room = self.limits.text - sum(map(len, kept))
        content = _content(self.raw, entity)
        if entity.transfer_encoding not in _KNOWN_ENCODINGS:
            self.note(Defect.UNKNOWN_ENCODING)
        # Four bytes a character at most, in every charset that is read.
        text, known = decode(content[: 4 * room], parameter_text(entity.content_type, "charset"))
        if len(content) > 4 * room or len(text) > room:
            self.note(Defect.TEXT_CUT)
        elif not known:
            self.note(Defect.UNKNOWN_CHARSET)
        text = clean_text(text[:room])
        if text and not is_html:
            self.texts.append(text)
        if text and (is_html or not repeated):
            self.shown.append((is_html, text))

    def keep_attachment(self, entity: Entity, disposition: ContentValue, file_name: str, *, in_related: bool) -> None:
        identifier = message_id(entity.first("content-id") or b"")
        if not file_name and entity.media_type == "message/rfc822":
            file_name = "message.eml"
        self.attachments.append(
            Part(
                path=entity.path,
                media_type=entity.media_type[:255],
                file_name=file_name,
                size=_size(self.raw, entity),
                content_id=identifier[1:-1] if identifier else None,
                disposition=disposition.value[:50],
                is_inline=disposition.value == "inline" or (in_related and disposition.value != "attachment"),
            )
        )


def _file_name(disposition: ContentValue, entity: Entity) -> str:
    declared = clean_file_name(parameter_text(disposition, "filename"))
    return declared or clean_file_name(parameter_text(entity.content_type, "name"))


def _from_problem(fields: list[bytes], authors: tuple[Address, ...], whole: bool) -> FromProblem | None:
    if not fields:
        return FromProblem.MISSING
    if len(fields) > 1:
        return FromProblem.SEVERAL_HEADERS
    if len(authors) > 1:
        return FromProblem.SEVERAL_ADDRESSES
    if not authors or not whole:
        return FromProblem.UNREADABLE
    author = authors[0]
    if "=?" in author.address:
        return FromProblem.ENCODED_ADDRESS
    shown = _LOOKS_LIKE_ADDRESS.findall(author.name)
    if any(one.lower().rstrip(".") != author.address.lower() for one in shown):
        return FromProblem.NAME_SHOWS_ANOTHER_ADDRESS
    return None
