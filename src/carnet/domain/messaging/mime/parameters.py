"""Values of Content-* fields: a token and its parameters (RFC 2045 §5.1, RFC 2231), read as leniently as mail needs."""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

# name=value or name="value", the value unquoted up to the next semicolon: software forgets quotes around spaces.
_PARAMETER = re.compile(
    rb';[ \t]*([^\s;="()]{1,100})[ \t]*=[ \t]*(?:"([^"\\]*(?:\\.[^"\\]*)*)(?:"|\\?\Z)|([^;]*))', re.DOTALL
)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_VALUE = re.compile(rb"[^;(]*")
_SECTION = re.compile(r"(.+?)\*(\d{1,3})(\*?)\Z")
_MAX_PARAMETERS = 100
# Longer than any boundary or file name that is read; undoing escapes costs time for each of them.
_MAX_QUOTED = 4_096


@dataclass(frozen=True, slots=True)
class ContentValue:
    """`value` in small letters and the parameters in their order, names in small letters, values as raw bytes.

    Continuations (`name*0`, `name*1*`) are joined, under `name*` when a piece is percent-encoded.
    """

    value: str
    parameters: tuple[tuple[str, bytes], ...]

    def parameter(self, name: str) -> bytes:
        """The first parameter `name`, empty when there is none."""
        for found, value in self.parameters:
            if found == name:
                return value
        return b""


@lru_cache(maxsize=512)
def _short_content_value(field: bytes) -> ContentValue:
    return _parse(field)


def parse_content_value(field: bytes) -> ContentValue:
    """The value and parameters of an unfolded Content-Type, Content-Disposition or Content-Transfer-Encoding."""
    # Short values ("text/plain; charset=utf-8", "base64") come again and again.
    return _short_content_value(field) if len(field) < 64 else _parse(field)


def _parse(field: bytes) -> ContentValue:
    head = _VALUE.match(field)
    value = head[0] if head else b""
    main = "".join(value.decode("ascii", "ignore").split()).lower()
    found: list[tuple[str, bytes]] = []
    for match in _PARAMETER.finditer(field, len(value)):
        name = match[1].decode("ascii", "ignore").lower()
        quoted, bare = match[2], match[3]
        found.append(
            (name, _without_comment(bare.strip()) if quoted is None else _ESCAPED.sub(rb"\1", quoted[:_MAX_QUOTED]))
        )
        if len(found) >= _MAX_PARAMETERS:
            break
    return ContentValue(main, _joined(found))


def _without_comment(value: bytes) -> bytes:
    """An unquoted value without the comment that ends it, if any."""
    if value.endswith(b")"):
        before, opened, _ = value.rpartition(b"(")
        if opened:
            return before.rstrip()
    return value


def _joined(found: list[tuple[str, bytes]]) -> tuple[tuple[str, bytes], ...]:
    """Parameters with the continuations of RFC 2231 §3 put together after the plain ones."""
    plain: list[tuple[str, bytes]] = []
    sections: dict[str, dict[int, tuple[bytes, bool]]] = {}
    for name, value in found:
        match = _SECTION.match(name)
        if match:
            sections.setdefault(match[1], {}).setdefault(int(match[2]), (value, bool(match[3])))
        else:
            plain.append((name, value))
    for name, numbered in sections.items():
        pieces: list[tuple[bytes, bool]] = []
        while len(pieces) in numbered:
            pieces.append(numbered[len(pieces)])
        if not pieces:
            continue
        if any(encoded for _, encoded in pieces):
            joined = b"".join(value if encoded else value.replace(b"%", b"%25") for value, encoded in pieces)
            plain.append((name + "*", joined))
        else:
            plain.append((name, b"".join(value for value, _ in pieces)))
    return tuple(plain)


def extended_value(value: bytes) -> tuple[str, bytes]:
    """Charset and decoded bytes of an extended parameter, `charset'language'percent-encoded` (RFC 2231 §4)."""
    charset, quote, rest = value.partition(b"'")
    if not quote:
        return "", unquote_to_bytes(value)
    _, quote, text = rest.partition(b"'")
    if not quote:
        return "", unquote_to_bytes(value)
    return charset.decode("ascii", "ignore"), unquote_to_bytes(text)
