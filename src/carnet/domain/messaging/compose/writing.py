"""Header fields and parts written strictly: 7-bit, folded, every value checked against a second line of header."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote

from carnet.domain.messaging.mime.addresses import Address
from carnet.domain.messaging.mime.charsets import clean_line, clean_text
from carnet.domain.messaging.mime.words import clean_file_name

# RFC 5322 §2.1.1 asks for 78 characters a line, and forbids more than 998.
_LINE = 76
_MAX_RAW_WORD = 900
_PIECE = re.compile(r" *[^ ]+")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z")
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\Z")
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,100}/[A-Za-z0-9!#$&^_.+-]{1,100}\Z")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,990}>\Z")
_LINE_BREAK = re.compile("[\r\n\x00]")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class ComposeProblem(StrEnum):
    """Why a mail is not written."""

    LINE_BREAK = "line-break"
    BAD_ADDRESS = "bad-address"
    BAD_MESSAGE_ID = "bad-message-id"
    BAD_FIELD = "bad-field"
    NAIVE_DATE = "naive-date"
    NO_RECIPIENT = "no-recipient"


class ComposeRefused(ValueError):
    """A mail that is not written: `code` says why and `field` which field; the value is never repeated."""

    def __init__(self, code: ComposeProblem, field: str) -> None:
        super().__init__(f"{field}: {code.value}")
        self.code = code
        self.field = field


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """A mail ready to leave: the envelope, and the bytes with CRLF line ends. An empty return path is `<>`."""

    message_id: str
    return_path: str
    recipients: tuple[str, ...]
    content: bytes


@dataclass(frozen=True, slots=True)
class Body:
    """One part ready to write: its header fields as lines without line end, and its encoded content."""

    fields: tuple[str, ...]
    content: bytes


def make_message_id(domain: str, unique: str) -> str:
    """`<unique@domain>`: `unique` must be random enough never to come twice, `domain` one of ours."""
    return checked_message_id(f"<{unique}@{checked_domain(domain, 'Message-ID')}>", "Message-ID")


def one_line(value: str, field: str) -> str:
    """`value` itself; refused when it holds a line break or a NUL, which could start another header field."""
    if _LINE_BREAK.search(value):
        raise ComposeRefused(ComposeProblem.LINE_BREAK, field)
    return value


def checked_domain(domain: str, field: str) -> str:
    """`domain` as it travels: small letters, international names in their ASCII form."""
    text = one_line(domain, field).lower().removesuffix(".")
    try:
        text = text if text.isascii() else text.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise ComposeRefused(ComposeProblem.BAD_ADDRESS, field) from error
    if not _DOMAIN.match(text):
        raise ComposeRefused(ComposeProblem.BAD_ADDRESS, field)
    return text


def checked_address(address: str, field: str) -> str:
    """`address` as it travels; refused unless it is a plain `local@domain` of RFC 5321 §4.1.2, without quotes."""
    local, _, domain = one_line(address, field).rpartition("@")
    if len(local) > 64 or not _LOCAL.match(local):
        raise ComposeRefused(ComposeProblem.BAD_ADDRESS, field)
    return f"{local}@{checked_domain(domain, field)}"


def checked_message_id(identifier: str, field: str) -> str:
    """`identifier` with its angle brackets, refused when it has none or holds a space."""
    if not _MESSAGE_ID.match(one_line(identifier, field)):
        raise ComposeRefused(ComposeProblem.BAD_MESSAGE_ID, field)
    return identifier


def usable_message_ids(identifiers: Iterable[str]) -> tuple[str, ...]:
    """Those of a stranger's `identifiers` that can be written again: References may lose an odd one."""
    return tuple(one for one in identifiers if _MESSAGE_ID.match(one))


def text_field(name: str, value: str) -> str:
    """An unstructured field. ASCII at the front stays legible as it is (`XDM/1.0/DDM+…`); encoded words follow."""
    text = clean_line(one_line(value, name))
    start = _first_to_encode(text)
    if start is None:
        return _folded(f"{name}: {text}")
    head, rest = text[:start], text[start:]
    return _folded(f"{name}: {head}{_encoded_words(rest)}")


def _first_to_encode(text: str) -> int | None:
    """Where the first word starts that cannot travel as it is, or None. What precedes ends with one plain space."""
    if "=?" in text:
        return 0
    start = 0
    for match in _PIECE.finditer(text):
        word = match[0]
        if not word.isascii() or len(word) > _MAX_RAW_WORD:
            # The one space that separates raw text from an encoded word belongs to neither.
            return match.start() + 1 if start else 0
        start = match.end()
    return None


def address_field(name: str, addresses: Sequence[Address]) -> str:
    """A field of addresses: `Prénom Nom <local@domain>, …`."""
    return _folded(f"{name}: " + ", ".join(_address(one, name) for one in addresses))


def _address(address: Address, field: str) -> str:
    checked = checked_address(address.address, field)
    name = clean_line(one_line(address.name, field))
    if not name:
        return checked
    if _ATOMS.match(name) and "=?" not in name and len(name) <= _LINE:
        return f"{name} <{checked}>"
    if name.isascii() and "=?" not in name and "  " not in name and len(name) <= _LINE:
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{checked}>'
    return f"{_encoded_words(name)} <{checked}>"


def _encoded_words(text: str) -> str:
    """RFC 2047 words of at most 75 characters, cut between characters."""
    words: list[str] = []
    piece = b""
    for character in text:
        encoded = character.encode("utf-8")
        if len(piece) + len(encoded) > 42:
            words.append(_encoded_word(piece))
            piece = b""
        piece += encoded
    if piece:
        words.append(_encoded_word(piece))
    return " ".join(words)


def _encoded_word(piece: bytes) -> str:
    return f"=?utf-8?B?{base64.b64encode(piece).decode('ascii')}?="


def _folded(line: str) -> str:
    """`line` broken before spaces so that no line is longer than 76 characters, where its words allow it."""
    lines: list[str] = []
    current = ""
    for match in _PIECE.finditer(line):
        if current and len(current) + len(match[0]) > _LINE:
            lines.append(current)
            current = ""
        current += match[0]
    return "\r\n".join([*lines, current])


def date_field(date: datetime) -> str:
    """The Date field (RFC 5322 §3.3), independent of the locale."""
    if date.tzinfo is None:
        raise ComposeRefused(ComposeProblem.NAIVE_DATE, "Date")
    zone = date.strftime("%z")[:5]
    return f"Date: {_DAYS[date.weekday()]}, {date.day} {_MONTHS[date.month - 1]} {date.year:04d} {date:%H:%M:%S} {zone}"


def ids_field(name: str, identifiers: Sequence[str]) -> str:
    """In-Reply-To or References, one identifier a line at most."""
    return _folded(f"{name}: " + " ".join(checked_message_id(one, name) for one in identifiers))


def text_body(text: str) -> Body:
    """A text/plain part in UTF-8, encoded so that 7-bit relays carry it unchanged."""
    content = clean_text(text).encode("utf-8")
    others = sum(byte > 0x7E for byte in content)
    if others * 3 <= len(content):
        encoding, encoded = "quoted-printable", _quoted_printable(content)
    else:
        encoding, encoded = "base64", _base64_lines(content.replace(b"\n", b"\r\n"))
    return Body(("Content-Type: text/plain; charset=utf-8", f"Content-Transfer-Encoding: {encoding}"), encoded)


def _quoted_printable(content: bytes) -> bytes:
    encoded = binascii.b2a_qp(content).replace(b"\n", b"\r\n")
    # RFC 2049 §3: a line "From …" is altered by mailboxes, a line of one dot by relays.
    encoded = re.sub(rb"(?m)^From ", b"=46rom ", encoded)
    return re.sub(rb"(?m)^\.(?=\r$|\Z)", b"=2E", encoded)


def _base64_lines(content: bytes) -> bytes:
    return base64.encodebytes(content).replace(b"\n", b"\r\n").removesuffix(b"\r\n")


def attachment_body(file_name: str, media_type: str, content: bytes) -> Body:
    """An attachment in base64, its name in RFC 2231 form with an ASCII likeness for old software.

    A type that is no plain `type/subtype`, or that may not travel in base64 (RFC 2046 §5), goes as octet-stream.
    """
    name = clean_file_name(one_line(file_name, "file name"))
    kind = one_line(media_type, "media type").lower()
    if not _MEDIA_TYPE.match(kind) or kind.startswith(("multipart/", "message/")):
        kind = "application/octet-stream"
    fields = [f"Content-Type: {kind}"]
    disposition = "Content-Disposition: attachment"
    if name:
        plain = "".join(one if one.isascii() and one not in '"\\%' else "_" for one in name)
        if plain == name and len(name) <= 60:
            disposition += f';\r\n filename="{plain}"'
        else:
            disposition += "".join(f";\r\n {piece}" for piece in _extended_parameter("filename", name))
    fields += [disposition, "Content-Transfer-Encoding: base64"]
    return Body(tuple(fields), _base64_lines(content))


def _extended_parameter(name: str, value: str) -> list[str]:
    """`name*=utf-8''…`, in numbered pieces when one line does not hold it (RFC 2231 §3 and §4)."""
    pieces = [""]
    for character in value:
        escaped = quote(character, safe="")
        if len(pieces[-1]) + len(escaped) > 50:
            pieces.append("")
        pieces[-1] += escaped
    pieces[0] = "utf-8''" + pieces[0]
    if len(pieces) == 1:
        return [f"{name}*={pieces[0]}"]
    return [f"{name}*{number}*={piece}" for number, piece in enumerate(pieces)]


def message_bytes(fields: Sequence[str], bodies: Sequence[Body], *, kind: str = "mixed", unique: str) -> bytes:
    """The whole message: `fields`, then the one body or a multipart of `kind` (`report; report-type=…`).

    The boundary is drawn from `unique`; `=_` at its start cannot occur in quoted-printable or base64 content.
    """
    head = [*fields, "MIME-Version: 1.0"]
    if len(bodies) == 1:
        head += bodies[0].fields
        return _joined(head) + b"\r\n" + bodies[0].content + b"\r\n"
    boundary = "=_" + hashlib.sha256(unique.encode("utf-8")).hexdigest()[:40]
    head.append(f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"')
    out = [_joined(head), b"\r\n"]
    for body in bodies:
        out += [b"--", boundary.encode(), b"\r\n", _joined(body.fields), b"\r\n", body.content, b"\r\n"]
    out += [b"--", boundary.encode(), b"--\r\n"]
    return b"".join(out)


def _joined(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")
