"""ENVELOPE and BODYSTRUCTURE written as RFC 3501 §7.4.2 wants them, from the tree of a message."""

import re
from collections.abc import Sequence

from carnet.domain.messaging.mime.addresses import RawAddress, parse_address_list
from carnet.domain.messaging.mime.parameters import ContentValue, parse_content_value
from carnet.domain.messaging.mime.scan import Entity

_WHITE_SPACE = re.compile(rb"[ \t]+")
_QUOTABLE = re.compile(rb"[\x01-\x09\x0b\x0c\x0e-\x7f]*\Z")
_ENVELOPE_ADDRESSES = ("from", "sender", "reply-to", "to", "cc", "bcc")
# A multipart that holds nothing still needs one part in the answer.
_EMPTY_TEXT = b'"text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0'
_MAX_QUOTED = 1_000


def nstring(value: bytes | None) -> bytes:
    """NIL, a quoted string, or a literal where a quoted string may not hold the value; NUL is left out."""
    if value is None:
        return b"NIL"
    value = value.replace(b"\0", b"")
    if len(value) <= _MAX_QUOTED and _QUOTABLE.match(value):
        return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    return b"{%d}\r\n%s" % (len(value), value)


def _for_people(value: bytes | None) -> bytes:
    """A text that people read, its white space brought to single spaces, as Dovecot does."""
    return nstring(None if value is None else _WHITE_SPACE.sub(b" ", value))


def envelope_of(message: Entity) -> bytes:
    """The ENVELOPE of a message: date, subject, from, sender, reply-to, to, cc, bcc, in-reply-to, message-id.

    Sender and Reply-To are From when the message does not give them. Of a repeated field the last counts, of repeated
    address fields all, as Dovecot answers.
    """
    lists = {name: _addresses(message.all(name)) for name in _ENVELOPE_ADDRESSES}
    for name in ("sender", "reply-to"):
        if lists[name] == b"NIL":
            lists[name] = lists["from"]
    return b"(%s)" % b" ".join(
        [
            _text(message, "date"),
            _text(message, "subject"),
            *(lists[name] for name in _ENVELOPE_ADDRESSES),
            _text(message, "in-reply-to"),
            _text(message, "message-id"),
        ]
    )


def _text(message: Entity, name: str) -> bytes:
    values = message.all(name)
    return _for_people(values[-1] if values else None)


def _addresses(values: Sequence[bytes]) -> bytes:
    found: list[RawAddress] = []
    for value in values:
        found.extend(parse_address_list(value))
    return b"(%s)" % b"".join(map(_address, found)) if found else b"NIL"


def _address(raw: RawAddress) -> bytes:
    if raw.group:
        return b"(NIL NIL %s NIL)" % nstring(raw.local)
    return b"(%s %s %s %s)" % (
        _for_people(raw.name),
        nstring(raw.route),
        nstring(raw.local or b"MISSING_MAILBOX"),
        nstring(raw.domain or b"MISSING_DOMAIN"),
    )


def body_structure_of(raw: bytes, entity: Entity, *, extended: bool) -> bytes:
    """The BODYSTRUCTURE of a message or part, or its BODY form when not `extended`."""
    if entity.is_multipart:
        inner = [body_structure_of(raw, child, extended=extended) for child in entity.children]
        empty = b"(%s)" % (_EMPTY_TEXT + (b" NIL NIL NIL NIL" if extended else b""))
        subtype = entity.media_type.partition("/")[2].encode("ascii")
        tail = b" %s%s" % (_parameters(entity.content_type), _extension(entity)) if extended else b""
        return b"(%s %s%s)" % (b"".join(inner) or empty, nstring(subtype), tail)
    return b"(%s)" % b" ".join(_single(raw, entity, extended=extended))


def _single(raw: bytes, entity: Entity, *, extended: bool) -> list[bytes]:
    kind, _, subtype = entity.media_type.partition("/")
    parameters = entity.content_type
    if entity.media_type == "message/rfc822" and not entity.children:
        # Its content was not opened; without an envelope IMAP may not call it a message.
        kind, subtype = "application", "octet-stream"
    if kind == "text" and not parameters.parameter("charset") and not parameters.parameter("charset*"):
        parameters = ContentValue(parameters.value, (*parameters.parameters, ("charset", b"us-ascii")))
    fields = [
        nstring(kind.encode("ascii")),
        nstring(subtype.encode("ascii")),
        _parameters(parameters),
        nstring(entity.first("content-id")),
        nstring(entity.first("content-description")),
        nstring(_encoding(entity)),
        b"%d" % (entity.body_end - entity.body_start),
    ]
    lines = b"%d" % raw.count(b"\n", entity.body_start, entity.body_end)
    if kind == "message" and subtype == "rfc822":
        inner = entity.children[0]
        fields += [envelope_of(inner), body_structure_of(raw, inner, extended=extended), lines]
    elif kind == "text":
        fields.append(lines)
    if extended:
        fields.append(nstring(entity.first("content-md5")))
        fields[-1] += _extension(entity)
    return fields


def _encoding(entity: Entity) -> bytes:
    """The Content-Transfer-Encoding as it was written, without comment."""
    written = (entity.first("content-transfer-encoding") or b"").split()
    return written[0] if written else b"7bit"


def _parameters(content: ContentValue) -> bytes:
    if not content.parameters:
        return b"NIL"
    pairs = (b"%s %s" % (nstring(name.encode("ascii")), nstring(value)) for name, value in content.parameters)
    return b"(%s)" % b" ".join(pairs)


def _extension(entity: Entity) -> bytes:
    """Disposition, language and location, each after a space."""
    written = entity.first("content-disposition")
    disposition = b"NIL"
    if written:
        content = parse_content_value(written)
        disposition = b"(%s %s)" % (nstring(content.value.encode("ascii")), _parameters(content))
    languages = [one.strip() for one in (entity.first("content-language") or b"").split(b",") if one.strip()]
    language = b"(%s)" % b" ".join(map(nstring, languages)) if languages else b"NIL"
    return b" %s %s %s" % (disposition, language, nstring(entity.first("content-location")))
