"""Address lists (RFC 5322 §3.4 and its obsolete forms): one reader for what is shown and for IMAP's ENVELOPE."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from carnet.domain.messaging.mime.charsets import clean_line
from carnet.domain.messaging.mime.words import decode_words

_TOKEN = re.compile(
    rb'([ \t\r\n]+)|("[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z))|(\[[^\]]*\]?)|([<>@,;:])|(\()|([^\s"()<>@,;:\[]+)|(.)',
    re.DOTALL,
)
_IN_COMMENT = re.compile(rb"[()\\]")
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_DOT_ATOM = re.compile(r"[^\s\"(),:;<>@\[\]\\.]+(?:\.[^\s\"(),:;<>@\[\]\\.]+)*\Z")
_DOMAIN = re.compile(r"[^\s\"(),:;<>@\[\]\\.]+(?:\.[^\s\"(),:;<>@\[\]\\.]+)*\Z|\[[0-9A-Za-z.:]+\]\Z")
_MAX_ADDRESS = 254
_SHORT_LIST = 256


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of a header: the display name as the sender wrote it (never to be trusted) and the address."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """What follows the last `@`, in small letters."""
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class RawAddress:
    """One element of an address list as bytes, for ENVELOPE (RFC 3501 §7.4.2).

    A group starts with only `local` set (`group` true) and ends with nothing set. `is_clean` is False when something
    stands beside the address that no address list may hold.
    """

    name: bytes | None
    route: bytes | None
    local: bytes | None
    domain: bytes | None
    group: bool = False
    is_clean: bool = True


_GROUP_END = RawAddress(None, None, None, None, group=True)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # word, quoted, literal, special, comment
    text: bytes
    spaced: bool


def parse_address_list(value: bytes, limit: int = 2_000) -> Sequence[RawAddress]:
    """The elements of an unfolded address list, at most `limit`; anything at all is read without an error."""
    # The same From is asked for by the door, by the reader (author, Sender, Reply-To) and by the envelope.
    return _short_list(value, limit) if len(value) < _SHORT_LIST else _read_list(value, limit)


@lru_cache(maxsize=512)
def _short_list(value: bytes, limit: int) -> tuple[RawAddress, ...]:
    return tuple(_read_list(value, limit))


def _read_list(value: bytes, limit: int) -> list[RawAddress]:
    found: list[RawAddress] = []
    gathered: list[_Token] = []
    in_angle = in_group = False

    def flush() -> None:
        if gathered:
            one = _element(gathered)
            if one is not None:
                found.append(one)
            gathered.clear()

    for token in _tokens(value):
        if len(found) >= limit:
            break
        mark = token.text if token.kind == "special" else b""
        if mark == b"<":
            in_angle = True
        elif mark == b">":
            in_angle = False
        elif not in_angle and mark == b",":
            flush()
            continue
        elif not in_angle and mark == b";":
            flush()
            if in_group:
                found.append(_GROUP_END)
                in_group = False
            continue
        elif not in_angle and mark == b":" and not in_group:
            found.append(RawAddress(None, None, _phrase(gathered), None, group=True))
            gathered.clear()
            in_group = True
            continue
        gathered.append(token)
    flush()
    if in_group:
        found.append(_GROUP_END)
    return found


def parse_addresses(values: list[bytes], limit: int = 2_000) -> tuple[tuple[Address, ...], bool]:
    """The addresses of the fields `values`, groups opened, and whether every element could be read."""
    found: list[Address] = []
    whole = True
    for value in values:
        for raw in parse_address_list(value, limit - len(found)):
            if raw.group:
                continue
            address = _address(raw)
            if address is None:
                whole = False
            else:
                found.append(address)
                whole = whole and raw.is_clean
        if len(found) >= limit:
            return tuple(found[:limit]), False
    return tuple(found), whole


def _address(raw: RawAddress) -> Address | None:
    if not raw.local or not raw.domain:
        return None
    try:
        local, domain = raw.local.decode("utf-8"), raw.domain.decode("utf-8").lower().removesuffix(".")
    except UnicodeDecodeError:
        return None
    if clean_line(local) != local or clean_line(domain) != domain or not _DOMAIN.match(domain):
        return None
    if not _DOT_ATOM.match(local):
        local = '"' + local.replace("\\", "\\\\").replace('"', '\\"') + '"'
    address = f"{local}@{domain}"
    if len(address) > _MAX_ADDRESS:
        return None
    return Address(decode_words(raw.name or b""), address)


def _tokens(value: bytes) -> Iterator[_Token]:
    at = 0
    spaced = False
    while at < len(value):
        match = _TOKEN.match(value, at)
        if match is None:
            return
        at = match.end()
        group = match.lastindex
        if group == 1:
            spaced = True
            continue
        if group == 2:
            inner = match[2][1:]
            inner = inner[:-1] if inner.endswith(b'"') and len(match[2]) > 1 else inner
            yield _Token("quoted", _ESCAPED.sub(rb"\1", inner), spaced)
        elif group == 5:
            at = _comment_end(value, at)
            yield _Token("comment", _ESCAPED.sub(rb"\1", value[match.end() : max(match.end(), at - 1)]), spaced)
        else:
            kind = {3: "literal", 4: "special"}.get(group or 0, "word")
            yield _Token(kind, match[0], spaced)
        spaced = False


def _comment_end(value: bytes, at: int) -> int:
    """The position after the comment whose inside starts at `at`; the end of the value when it never closes."""
    depth = 1
    while True:
        match = _IN_COMMENT.search(value, at)
        if match is None:
            return len(value) + 1
        at = match.end()
        if match[0] == b"\\":
            at += 1
        elif match[0] == b"(":
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                return at


def _element(tokens: list[_Token]) -> RawAddress | None:
    comments = [token for token in tokens if token.kind == "comment"]
    tokens = [token for token in tokens if token.kind != "comment"]
    opening = _index(tokens, b"<", 0)
    if opening is None:
        if not tokens:
            return None
        name = comments[-1].text if comments else None
        return _spec(tokens, name, None, clean=True)
    closing = _index(tokens, b">", opening)
    inside = tokens[opening + 1 : closing]
    after = tokens[closing + 1 :] if closing is not None else []
    before = tokens[:opening]
    clean = closing is not None and not after and all(token.kind != "special" for token in before)
    route = None
    if inside and inside[0].text == b"@":
        colon = _index(inside, b":", 0)
        if colon is not None:
            route = b"".join(token.text for token in inside[:colon])
            inside = inside[colon + 1 :]
    return _spec(inside, _phrase(before), route, clean=clean)


def _index(tokens: list[_Token], mark: bytes, start: int) -> int | None:
    for position in range(start, len(tokens)):
        if tokens[position].kind == "special" and tokens[position].text == mark:
            return position
    return None


def _spec(tokens: list[_Token], name: bytes | None, route: bytes | None, *, clean: bool) -> RawAddress:
    """`local@domain`; with more than one `@`, or with words that no dot joins, neither half can be told."""
    at = _index(tokens, b"@", 0)
    if at is None:
        return RawAddress(name, route, _dotted(tokens), None, is_clean=False)
    left, right = tokens[:at], tokens[at + 1 :]
    if any(token.kind == "special" for token in (*left, *right)):
        return RawAddress(name, route, None, None, is_clean=False)
    local, domain = _dotted(left), _dotted(right)
    return RawAddress(name, route, local, domain, is_clean=clean and local is not None and domain is not None)


def _dotted(tokens: list[_Token]) -> bytes | None:
    for previous, token in pairwise(tokens):
        if token.spaced and not previous.text.endswith(b".") and not token.text.startswith(b"."):
            return None
    return b"".join(token.text for token in tokens) or None


def _phrase(tokens: list[_Token]) -> bytes | None:
    """The words of a display name with the spaces that stood between them, quotes removed."""
    words = [b" " + token.text if token.spaced and place else token.text for place, token in enumerate(tokens)]
    return b"".join(words) or None
