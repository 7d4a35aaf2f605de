"""What IMAP answers about a message without reading it again: ENVELOPE, BODYSTRUCTURE and the place of every section.

RFC 3501 §6.4.5 and §7.4.2. Computed once when a message is delivered, stored beside it; a FETCH is then a slice.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import orjson

from carnet.domain.messaging.mime.imap import body_structure_of, envelope_of
from carnet.domain.messaging.mime.limits import DEFAULT_LIMITS, MimeLimits
from carnet.domain.messaging.mime.scan import Entity, scan

_SECTION = re.compile(r"(?:(\d{1,4}(?:\.\d{1,4}){0,40})(?:\.(MIME|HEADER|TEXT))?|(HEADER|TEXT)|)\Z", re.IGNORECASE)
_FIELD = re.compile(rb"[^\r\n]*\r?\n?(?:[ \t][^\r\n]*\r?\n?)*")


@dataclass(frozen=True, slots=True)
class PartSpan:
    """The place of a part in the message, as byte offsets: header from `header` to `body`, body from there to `end`."""

    path: str
    header: int
    body: int
    end: int


@dataclass(frozen=True)
class MessageStructure:
    """The answers of IMAP about one message of `size` bytes.

    `parts` are numbered sections (`1.2`); `messages` the mail itself (path empty) and every message inside it (path of
    the message/rfc822 part that holds it), for HEADER and TEXT.
    """

    size: int
    envelope: bytes
    body: bytes
    body_structure: bytes
    parts: tuple[PartSpan, ...]
    messages: tuple[PartSpan, ...]

    def section(self, specification: str) -> tuple[int, int] | None:
        """Start and end of the section `specification` of BODY[…]: empty, HEADER, TEXT, `1.2`, `1.2.MIME`,
        `2.HEADER`, `2.TEXT`. None when the message has no such section.

        HEADER.FIELDS is the section HEADER passed through `header_fields`.
        """
        match = _SECTION.match(specification)
        if match is None:
            return None
        path, what = match[1] or "", (match[2] or match[3] or "").upper()
        if what in ("HEADER", "TEXT"):
            span = self._messages.get(path)
            if span is None:
                return None
            return (span.header, span.body) if what == "HEADER" else (span.body, span.end)
        if not path:
            return 0, self.size
        span = self._parts.get(path)
        if span is None:
            return None
        return (span.header, span.body) if what == "MIME" else (span.body, span.end)

    @cached_property
    def _parts(self) -> dict[str, PartSpan]:
        return {span.path: span for span in self.parts}

    @cached_property
    def _messages(self) -> dict[str, PartSpan]:
        return {span.path: span for span in self.messages}

    def to_json(self) -> bytes:
        """Compact JSON, for storage."""
        return orjson.dumps(
            {
                "n": self.size,
                "e": self.envelope.decode("latin-1"),
                "b": self.body.decode("latin-1"),
                "s": self.body_structure.decode("latin-1"),
                "p": [[span.path, span.header, span.body, span.end] for span in self.parts],
                "m": [[span.path, span.header, span.body, span.end] for span in self.messages],
            }
        )

    @classmethod
    def from_json(cls, stored: bytes | str) -> Self:
        """The structure that `to_json` stored."""
        found: dict[str, Any] = orjson.loads(stored)
        return cls(
            size=found["n"],
            envelope=found["e"].encode("latin-1"),
            body=found["b"].encode("latin-1"),
            body_structure=found["s"].encode("latin-1"),
            parts=tuple(PartSpan(*one) for one in found["p"]),
            messages=tuple(PartSpan(*one) for one in found["m"]),
        )


def message_structure(
    raw: bytes, limits: MimeLimits = DEFAULT_LIMITS, *, root: Entity | None = None
) -> MessageStructure:
    """The structure of any bytes at all, never failing: a part beyond `limits` is described as one whole.

    Sizes are those of `raw` as it stands: store messages with CRLF line ends (`scan.with_crlf`).
    """
    root = root or scan(raw, limits, strict=False)
    parts: list[PartSpan] = []
    messages: list[PartSpan] = []
    for entity, holder in _walk(root, ""):
        span = (entity.header_start, entity.body_start, entity.body_end)
        if holder is not None:
            messages.append(PartSpan(holder, *span))
        # The multipart body of a message has no number of its own.
        if holder is None or not entity.is_multipart:
            parts.append(PartSpan(entity.path, *span))
        if entity.is_multipart and not entity.children:
            # The one empty part that the answer shows.
            parts.append(PartSpan(f"{entity.path}.1".lstrip("."), *[entity.body_end] * 3))
    return MessageStructure(
        size=len(raw),
        envelope=envelope_of(root),
        body=body_structure_of(raw, root, extended=False),
        body_structure=body_structure_of(raw, root, extended=True),
        parts=tuple(parts),
        messages=tuple(messages),
    )


def _walk(entity: Entity, holder: str | None) -> Iterator[tuple[Entity, str | None]]:
    """Every entity with, for the root of a message, the path of the part that holds that message."""
    yield entity, holder
    for child in entity.children:
        yield from _walk(child, None if entity.is_multipart else entity.path)


def envelope(raw: bytes) -> bytes:
    """The ENVELOPE of the message `raw`, parentheses included."""
    return envelope_of(scan(raw, strict=False))


def body_structure(raw: bytes, *, extended: bool = True) -> bytes:
    """The BODYSTRUCTURE of the message `raw`, or its BODY when not `extended`."""
    return body_structure_of(raw, scan(raw, strict=False), extended=extended)


def header_fields(header: bytes, names: Iterable[str], *, excluded: bool = False) -> bytes:
    """The fields `names` of the block `header` (all but them when `excluded`) and its blank line: HEADER.FIELDS.

    A message without a body may have no blank line; its answer has none either (RFC 3501 §6.4.5).
    """
    wanted = {name.lower().encode("ascii", "replace") for name in names}
    kept: list[bytes] = []
    for field in _FIELD.findall(header):
        if not field.strip(b"\r\n"):
            continue
        name, colon, _ = field.partition(b":")
        is_named = bool(colon) and name.rstrip(b" \t").lower() in wanted
        if is_named is not excluded:
            kept.append(field if field.endswith(b"\n") else field + b"\r\n")
    blank = b"\r\n" if header.endswith((b"\n\r\n", b"\n\n")) or header in (b"\r\n", b"\n") else b""
    return b"".join(kept) + blank
