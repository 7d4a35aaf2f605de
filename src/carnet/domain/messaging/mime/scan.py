"""One walk over the raw bytes of a message: where each part starts and ends, and its header fields.

RFC 2046 §5.1 and RFC 5322 §2.2. Nothing is decoded or copied but the header fields; the reader and the IMAP structure
stand on the same tree, so that they never disagree on what a part is.
"""

import re
from dataclasses import dataclass

from carnet.domain.messaging.mime.limits import DEFAULT_LIMITS, MalformedCode, MalformedMessage, MimeLimits
from carnet.domain.messaging.mime.parameters import ContentValue, parse_content_value

_BLANK_LINE = re.compile(rb"\n\r?\n")
_END_OF_DELIMITER = re.compile(rb"(--)?[ \t]*(?:\r?\n|\Z)")
_NEWLINES = re.compile(rb"\r\n|\r|\n")
# A boundary has at most 70 characters (RFC 2046 §5.1.1); some software exceeds it.
_MAX_BOUNDARY = 1_000
# Lines that begin like a boundary without being one: honest mail has a handful.
_MAX_FALSE_BOUNDARIES = 10_000
# Encodings that a message/rfc822 part may have (RFC 2046 §5.2.1); under another its content is one opaque attachment.
_OPEN_ENCODINGS = frozenset({"", "7bit", "8bit", "binary"})


@dataclass(frozen=True, slots=True)
class Entity:
    """A message or a part: `raw[header_start:body_start]` is its header, `raw[body_start:body_end]` its body.

    `path` is its IMAP number (`1.2`); the root of a message that is multipart has the path of that message (`""` for
    the whole mail). `children` are the parts of a multipart, or the one message inside a message/rfc822 part.
    """

    path: str
    header_start: int
    body_start: int
    body_end: int
    fields: tuple[tuple[str, bytes], ...]
    content_type: ContentValue
    children: tuple["Entity", ...]
    has_odd_lines: bool

    @property
    def media_type(self) -> str:
        """`type/subtype` in small letters."""
        return self.content_type.value

    @property
    def is_multipart(self) -> bool:
        """True when the parts of the entity, if any, stand between boundaries."""
        return self.media_type.startswith("multipart/")

    def first(self, name: str) -> bytes | None:
        """The unfolded value of the first field `name` (small letters), or None."""
        for field, value in self.fields:
            if field == name:
                return value
        return None

    def all(self, name: str) -> list[bytes]:
        """The unfolded values of every field `name` (small letters), in their order."""
        return [value for field, value in self.fields if field == name]

    @property
    def transfer_encoding(self) -> str:
        """The Content-Transfer-Encoding in small letters, empty when the part does not say."""
        return parse_content_value(self.first("content-transfer-encoding") or b"").value


def scan(raw: bytes, limits: MimeLimits = DEFAULT_LIMITS, *, strict: bool = True) -> Entity:
    """The tree of parts of `raw`.

    Beyond a limit, raises `MalformedMessage` when `strict`; otherwise never raises: the part that goes beyond is kept
    whole as one leaf, and header fields beyond the limits are left out.
    """
    if strict and len(raw) > limits.total:
        raise MalformedMessage(MalformedCode.TOO_LARGE, f"the message is larger than {limits.total} bytes")
    return _Scanner(raw, limits, strict).message(0, len(raw), "", 0)


def with_crlf(raw: bytes) -> bytes:
    """`raw` with every line ended by CRLF, as SMTP and IMAP want it: sizes and offsets then agree with any client."""
    return _NEWLINES.sub(b"\r\n", raw)


class _Scanner:
    def __init__(self, raw: bytes, limits: MimeLimits, strict: bool) -> None:
        self.raw = raw
        self.limits = limits
        self.strict = strict
        self.parts = 0
        self.false_boundaries = 0

    def beyond(self, code: MalformedCode, sentence: str) -> None:
        if self.strict:
            raise MalformedMessage(code, sentence)

    def message(self, start: int, end: int, base: str, depth: int) -> Entity:
        """A whole message, the mail itself (`base` empty) or the one inside the part `base`."""
        return self.entity(start, end, base, "text/plain", depth, is_message=True)

    def entity(
        self, start: int, end: int, path: str, default_type: str, depth: int, *, is_message: bool = False
    ) -> Entity:
        fields, body_start, odd = self.header(start, end)
        declared = next((value for name, value in fields if name == "content-type"), None)
        content_type = parse_content_value(declared or b"")
        if "/" not in content_type.value:  # absent, or no type at all: RFC 2045 §5.2
            content_type = ContentValue(default_type, content_type.parameters)
        multipart = content_type.value.startswith("multipart/")
        if is_message and not multipart:
            path = f"{path}.1" if path else "1"
        self.parts += 1
        children: tuple[Entity, ...] = ()
        if self.may_descend(depth, content_type):
            if multipart:
                children = self.multipart(body_start, end, path, content_type, depth)
            elif content_type.value == "message/rfc822" and self.encoding(fields) in _OPEN_ENCODINGS:
                children = (self.message(body_start, end, path, depth + 1),)
        return Entity(path, start, body_start, end, tuple(fields), content_type, children, odd)

    def may_descend(self, depth: int, content_type: ContentValue) -> bool:
        if not content_type.value.startswith("multipart/") and content_type.value != "message/rfc822":
            return False
        if depth >= self.limits.nesting:
            self.beyond(MalformedCode.TOO_DEEP, f"parts are nested deeper than {self.limits.nesting}")
            return False
        return self.has_room()

    def has_room(self) -> bool:
        if self.parts < self.limits.parts:
            return True
        self.beyond(MalformedCode.TOO_MANY_PARTS, f"the message has more than {self.limits.parts} parts")
        return False

    @staticmethod
    def encoding(fields: list[tuple[str, bytes]]) -> str:
        value = next((value for name, value in fields if name == "content-transfer-encoding"), b"")
        return parse_content_value(value).value

    def multipart(self, start: int, end: int, path: str, content_type: ContentValue, depth: int) -> tuple[Entity, ...]:
        boundary = content_type.parameter("boundary").rstrip()
        if not boundary or len(boundary) > _MAX_BOUNDARY:
            return ()
        default_type = "message/rfc822" if content_type.value == "multipart/digest" else "text/plain"
        prefix = f"{path}." if path else ""
        children: list[Entity] = []
        for part_start, part_end in self.between(start, end, b"--" + boundary):
            if not self.has_room():
                break
            number = f"{prefix}{len(children) + 1}"
            children.append(self.entity(part_start, part_end, number, default_type, depth + 1))
        return tuple(children)

    def between(self, start: int, end: int, marker: bytes) -> list[tuple[int, int]]:
        """The regions between the delimiter lines `marker`, the line break before a delimiter belonging to it."""
        raw = self.raw
        regions: list[tuple[int, int]] = []
        opened = -1
        at = start
        while len(regions) <= self.limits.parts:
            hit = raw.find(marker, at, end)
            if hit < 0:
                break
            at = hit + len(marker)
            tail = None
            if hit == start or raw[hit - 1] == 0x0A:
                # Not a mere prefix: the boundary of an inner multipart may begin with that of the outer one.
                tail = _END_OF_DELIMITER.match(raw, at, end)
            if tail is None:
                self.false_boundaries += 1
                if self.false_boundaries > _MAX_FALSE_BOUNDARIES:
                    self.beyond(MalformedCode.BOUNDARY_FLOOD, "too many lines resemble a boundary")
                    break
                continue
            if opened >= 0:
                regions.append((opened, _before_line_break(raw, opened, hit)))
            at = tail.end()
            if tail[1]:
                return regions
            opened = at
        if opened >= 0:
            regions.append((opened, end))
        return regions

    def header(self, start: int, end: int) -> tuple[list[tuple[str, bytes]], int, bool]:
        """Fields (name in small letters, unfolded value), start of the body, whether a line was no field."""
        raw = self.raw
        if raw.startswith(b"\n", start, end):
            return [], start + 1, False
        if raw.startswith(b"\r\n", start, end):
            return [], start + 2, False
        blank = _BLANK_LINE.search(raw, start, end)
        body_start = blank.end() if blank else end
        block_end = body_start
        if body_start - start > self.limits.header_block:
            self.beyond(
                MalformedCode.HEADER_BLOCK_TOO_LARGE,
                f"a block of headers is larger than {self.limits.header_block} bytes",
            )
            block_end = start + self.limits.header_block
        fields, odd = self.fields(raw[start:block_end])
        return fields, body_start, odd

    def fields(self, block: bytes) -> tuple[list[tuple[str, bytes]], bool]:
        fields: list[tuple[str, bytes]] = []
        pieces: list[bytes] = []
        name = ""
        odd = False
        for line in block.split(b"\n"):
            if line[:1] in (b" ", b"\t"):
                if name:
                    pieces.append(line.rstrip(b"\r"))
                continue
            if name:
                self.add(fields, name, pieces)
                name = ""
                if len(fields) >= self.limits.fields:
                    self.beyond(
                        MalformedCode.TOO_MANY_HEADERS,
                        f"a part has more than {self.limits.fields} header fields",
                    )
                    return fields, odd
            before, colon, after = line.partition(b":")
            before = before.rstrip(b" \t")
            if colon and before and _is_field_name(before):
                name = before.decode("ascii").lower()
                pieces = [after.rstrip(b"\r")]
            elif line.rstrip(b"\r"):
                odd = True
        if name:
            self.add(fields, name, pieces)
        return fields, odd

    def add(self, fields: list[tuple[str, bytes]], name: str, pieces: list[bytes]) -> None:
        value = b"".join(pieces).strip(b" \t\r")
        if len(value) > self.limits.header:
            self.beyond(MalformedCode.HEADER_TOO_LONG, f"a header field is longer than {self.limits.header} bytes")
            value = value[: self.limits.header]
        fields.append((name, value))


def _is_field_name(name: bytes) -> bool:
    return name.isascii() and b" " not in name and name.decode("ascii").isprintable()


def _before_line_break(raw: bytes, start: int, end: int) -> int:
    """`end` moved before the line break that stands just before it, never before `start`."""
    if end > start and raw[end - 1] == 0x0A:
        end -= 1
        if end > start and raw[end - 1] == 0x0D:
            end -= 1
    return end
