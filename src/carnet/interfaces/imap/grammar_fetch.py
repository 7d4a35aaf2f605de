"""What a FETCH asks for (RFC 3501 §6.4.5, RFC 7162 §3.1.4)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from carnet.interfaces.imap.parser import MAX_MODSEQ, BadSyntax, NumberSet, Scanner
from carnet.interfaces.imap.wire import RawCommand

MAX_ITEMS = 50
MAX_FIELDS = 200
_MAX_REMEMBERED = 500

SIMPLE = frozenset({"ENVELOPE", "FLAGS", "INTERNALDATE", "RFC822.SIZE", "BODY", "BODYSTRUCTURE", "UID", "MODSEQ"})
_MACROS = {
    "FAST": ("FLAGS", "INTERNALDATE", "RFC822.SIZE"),
    "ALL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"),
    "FULL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"),
}
_NAME = re.compile(rb"[A-Za-z0-9.]{1,40}")
_SECTION = re.compile(
    rb"(?:(?P<part>[1-9]\d{0,3}(?:\.[1-9]\d{0,3}){0,40})(?:\.(?=[A-Za-z])|(?=\])))?"
    rb"(?P<what>HEADER\.FIELDS\.NOT|HEADER\.FIELDS|HEADER|TEXT|MIME)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a message: `part` is its number (empty for the mail itself), `what` of it, and which header fields."""

    part: str = ""
    what: str = ""
    fields: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class BodyItem:
    """BODY[section]<partial>, under the `name` that the answer gives it. Without `peek` it sets \\Seen."""

    name: str
    section: Section
    peek: bool = False
    partial: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Fetch:
    """`changed_since`: only messages modified after that modification sequence."""

    numbers: NumberSet
    items: tuple[str | BodyItem, ...]
    changed_since: int | None = None
    vanished: bool = False
    """Tell the removals since then too (RFC 7162 §3.2.6)."""


_What = tuple[tuple[str | BodyItem, ...], int | None, bool]

# RFC 3501 §6.4.5: the three older items are functions of the newer.
_OLDER = {
    "RFC822": BodyItem("RFC822", Section()),
    "RFC822.HEADER": BodyItem("RFC822.HEADER", Section(what="HEADER"), peek=True),
    "RFC822.TEXT": BodyItem("RFC822.TEXT", Section(what="TEXT")),
}


def parse_fetch(scanner: Scanner) -> Fetch:
    """The arguments of FETCH."""
    numbers = scanner.numbers()
    scanner.space()
    asked = scanner.text[scanner.at :]
    known = _asked_before(asked) if b"{" not in asked and len(asked) <= _MAX_REMEMBERED else None
    if known is not None:
        scanner.at = len(scanner.text)
        return Fetch(numbers, *known)
    return Fetch(numbers, *_what(scanner))


@lru_cache(256)
def _asked_before(asked: bytes) -> _What | None:
    """What these words ask for: mail software says the same few again and again. None when they are not understood."""
    scanner = Scanner(RawCommand(asked))
    try:
        found = _what(scanner)
        scanner.end()
    except BadSyntax:
        return None
    return found


def _what(scanner: Scanner) -> _What:
    """The items, since which modification sequence, and whether removals since then are wanted."""
    items = _items(scanner)
    changed_since = None
    vanished = False
    if not scanner.ended:
        scanner.space()
    if not scanner.ended:
        scanner.expect(b"(", "a modifier in parentheses")
        while True:
            word = scanner.word("CHANGEDSINCE")
            if word == "VANISHED":
                vanished = True
            elif word == "CHANGEDSINCE":
                scanner.space()
                changed_since = scanner.number(least=1, most=MAX_MODSEQ)
            else:
                raise BadSyntax("Of the modifiers of FETCH only CHANGEDSINCE and VANISHED are known")
            if scanner.skip(b")"):
                break
            scanner.space()
        if vanished and changed_since is None:
            raise BadSyntax("VANISHED goes with CHANGEDSINCE")
    found = list(dict.fromkeys(items))
    if changed_since is not None and "MODSEQ" not in found:
        found.append("MODSEQ")
    return tuple(found), changed_since, vanished


def _items(scanner: Scanner) -> Sequence[str | BodyItem]:
    if not scanner.skip(b"("):
        name = _name(scanner)
        return _MACROS[name] if name in _MACROS else [_item(scanner, name)]
    found: list[str | BodyItem] = []
    while not scanner.skip(b")"):
        if found:
            scanner.space()
        found.append(_item(scanner, _name(scanner)))
        if len(found) > MAX_ITEMS:
            raise BadSyntax(f"A FETCH asks for at most {MAX_ITEMS} items")
    if not found:
        raise scanner.fail("an item to fetch")
    return found


def _name(scanner: Scanner) -> str:
    return scanner.match(_NAME, "an item to fetch").decode("ascii").upper()


def _item(scanner: Scanner, name: str) -> str | BodyItem:
    if name in ("BODY", "BODY.PEEK") and scanner.skip(b"["):
        return _body(scanner, peek=name == "BODY.PEEK")
    if name in _OLDER:
        return _OLDER[name]
    if name not in SIMPLE:
        raise scanner.fail("a known item to fetch")
    return name


def _body(scanner: Scanner, *, peek: bool) -> BodyItem:
    start = scanner.at
    found = _SECTION.match(scanner.text, start)
    if found is None:
        raise scanner.fail("a section")
    scanner.at = found.end()
    part = (found["part"] or b"").decode("ascii")
    what = (found["what"] or b"").decode("ascii").upper()
    fields = _fields(scanner) if what.startswith("HEADER.FIELDS") else ()
    scanner.expect(b"]", "the end of the section")
    if what == "MIME" and not part:
        scanner.at = start
        raise scanner.fail("the number of a part before MIME")
    section = Section(part, what, fields)
    name = f"BODY[{section_text(section)}]"
    if not scanner.skip(b"<"):
        return BodyItem(name, section, peek)
    first = scanner.number()
    scanner.expect(b".", "a dot")
    octets = scanner.number(least=1)
    scanner.expect(b">", "the end of the partial")
    return BodyItem(f"{name}<{first}>", section, peek, (first, octets))


def _fields(scanner: Scanner) -> tuple[bytes, ...]:
    scanner.space()
    scanner.expect(b"(", "names of header fields in parentheses")
    found: list[bytes] = []
    while not scanner.skip(b")"):
        if found:
            scanner.space()
        start = scanner.at
        name = scanner.astring()
        if not 0 < len(name) <= 100 or not name.isascii() or not name.decode("ascii").isprintable() or b" " in name:
            scanner.at = start
            raise scanner.fail("the name of a header field")
        found.append(name.upper())
        if len(found) > MAX_FIELDS:
            raise BadSyntax(f"At most {MAX_FIELDS} header fields are named")
    if not found:
        raise scanner.fail("the name of a header field")
    return tuple(found)


def section_text(section: Section) -> str:
    """The section as the answer names it."""
    words = ".".join(word for word in (section.part, section.what) if word)
    if not section.fields:
        return words
    return f"{words} ({' '.join(map(_field_text, section.fields))})"


def _field_text(name: bytes) -> str:
    text = name.decode("ascii")
    if any(one in '(){%*"\\]' for one in text):
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return text
