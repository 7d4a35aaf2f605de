"""Answering FETCH (RFC 3501 §6.4.5, §7.4.2): rows and bodies in, the answer's bytes out. No waiting, no database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any

from carnet.domain.messaging.folder_values import SEEN
from carnet.domain.messaging.mime.structure import header_fields
from carnet.interfaces.imap.grammar_fetch import BodyItem, Section
from carnet.interfaces.imap.shelf import Row

ROWS_AT_ONCE = 1000
MESSAGES_AT_ONCE = 100
_HEADER_OCTETS = 4096
_NEEDS_STRUCTURE = frozenset({"ENVELOPE", "BODY", "BODYSTRUCTURE"})

# What goes into the template of an answer, and where it is found in a row.
_TOLD = {
    "UID": (b"UID %d", "uid"),
    "FLAGS": (b"FLAGS %b", "flags_text"),
    "INTERNALDATE": (b"INTERNALDATE %b", "date_text"),
    "RFC822.SIZE": (b"RFC822.SIZE %d", "size"),
    "MODSEQ": (b"MODSEQ (%d)", "modseq"),
    "ENVELOPE": (b"ENVELOPE %b", "kept.structure.envelope"),
    "BODY": (b"BODY %b", "kept.structure.body"),
    "BODYSTRUCTURE": (b"BODYSTRUCTURE %b", "kept.structure.body_structure"),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What one FETCH tells of each message."""

    items: tuple[str | BodyItem, ...]

    @property
    def bodies(self) -> list[BodyItem]:
        return [item for item in self.items if isinstance(item, BodyItem)]

    @property
    def reads_content(self) -> bool:
        """Whether the structure of the messages is needed."""
        return any(isinstance(item, BodyItem) or item in _NEEDS_STRUCTURE for item in self.items)

    @property
    def opens(self) -> bool:
        """Whether somebody gets to see more than headers."""
        return any(not item.section.what.startswith(("HEADER", "MIME")) for item in self.bodies)

    @property
    def in_pieces(self) -> bool:
        """Whether the client reads messages piece by piece."""
        return any(item.partial for item in self.bodies)

    @property
    def sets_seen(self) -> bool:
        return any(not item.peek for item in self.bodies)

    def that_fit(self, rows: Sequence[Row], room: int) -> int:
        """How many of the first messages are answered in about `room` octets; one at least."""
        bodies = self.bodies
        for count, row in enumerate(rows):
            room -= sum(_octets(item, row.size) for item in bodies)
            if room < 0 and count:
                return count
        return len(rows)


def _octets(item: BodyItem, size: int) -> int:
    """About how much an item of a message of that size will answer."""
    if item.section.what.startswith(("HEADER", "MIME")):
        return min(size, _HEADER_OCTETS)
    return min(size, item.partial[1]) if item.partial else size


@lru_cache(256)
def _template(items: tuple[str, ...]) -> tuple[bytes, Callable[[Row], tuple[Any, ...]]]:
    """The form of an answer, and what fills it from a row."""
    form = b"* %d FETCH (" + b" ".join(_TOLD[item][0] for item in items) + b")\r\n"
    names = [_TOLD[item][1] for item in items]
    get = attrgetter(*names)
    return form, get if len(names) > 1 else lambda row: (get(row),)


def tell_rows(items: tuple[str, ...], numbered: Sequence[tuple[int, Row]]) -> bytes:
    """The answers about rows, of items without a body."""
    form, get = _template(items)
    return b"".join([form % (number, *get(row)) for number, row in numbered])


def tell_message(
    items: Sequence[str | BodyItem], number: int, row: Row, raw: bytes, seen_at: int | None, *, tells_modseq: bool
) -> list[bytes]:
    """The answer about one message `raw`, in pieces: large bodies as they are, not copied.

    `seen_at`: the modification sequence at which this very FETCH made it seen; then the flags are told too.
    """
    if seen_at is not None:
        row = row.changed([*row.flags, SEEN], seen_at)
        added = ["FLAGS", "MODSEQ"] if tells_modseq else ["FLAGS"]
        items = [*items, *(one for one in added if one not in items)]
    pieces: list[bytes] = []
    small = [b"* %d FETCH (" % number]
    for place, item in enumerate(items):
        if place:
            small.append(b" ")
        if isinstance(item, str):
            form, get = _TOLD[item]
            small.append(form % attrgetter(get)(row))
            continue
        content = _content(item, row, raw)
        small.append(b"%b {%d}\r\n" % (item.name.encode("ascii"), len(content)))
        if len(content) < _HEADER_OCTETS:
            small.append(content)
        else:
            pieces += [b"".join(small), content]
            small = []
    small.append(b")\r\n")
    pieces.append(b"".join(small))
    return pieces


def _content(item: BodyItem, row: Row, raw: bytes) -> bytes:
    """The octets of a section, none when the message has no such section, as Dovecot answers."""
    found = _section(item.section, row, raw)
    if item.partial is None:
        return found
    first, octets = item.partial
    return found[first : first + octets]


def _section(section: Section, row: Row, raw: bytes) -> bytes:
    if not section.part and not section.what:
        return raw
    what = "HEADER" if section.fields else section.what
    assert row.kept is not None
    place = row.kept.structure.section(".".join(word for word in (section.part, what) if word))
    if place is None:
        return b""
    content = raw[place[0] : place[1]]
    if not section.fields:
        return content
    names = [name.decode("ascii") for name in section.fields]
    return header_fields(content, names, excluded=section.what.endswith(".NOT"))
