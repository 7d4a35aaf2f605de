"""Answering FETCH (RFC 3501 §6.4.5, §7.4.2): windows of entries read at once, bodies one at a time.

Runs in a worker thread: it reads the database and opens what is sealed.
"""

import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from carnet.domain.messaging.commands.entries import store_flags
from carnet.domain.messaging.folder_values import SEEN, FolderProblem, StoreMode
from carnet.domain.messaging.mime.structure import MessageStructure, header_fields
from carnet.domain.messaging.queries import folders as queries
from carnet.domain.messaging.queries.folders import Entry
from carnet.interfaces.imap.grammar_fetch import BodyItem, Section
from carnet.interfaces.imap.text import date_time_text, flags_text

ENTRIES_AT_ONCE = 2000
MESSAGES_AT_ONCE = 100
_HEADER_OCTETS = 4096
_NEEDS_STRUCTURE = frozenset({"ENVELOPE", "BODY", "BODYSTRUCTURE"})


class BodyCache:
    """The last large bodies that were read in pieces: clients ask for big messages a few kilobytes at a time.

    Bounded, shared by the sessions of a process, safe between threads.
    """

    def __init__(self, octets: int = 64 * 1024 * 1024) -> None:
        self._room = octets
        self._bodies: OrderedDict[tuple[UUID, bytes], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, mailbox_id: UUID, address: bytes, load: Callable[[], bytes]) -> bytes:
        """The body, loaded if it is not there."""
        key = (mailbox_id, address)
        with self._lock:
            found = self._bodies.get(key)
            if found is not None:
                self._bodies.move_to_end(key)
                return found
        body = load()
        with self._lock:
            if key not in self._bodies and len(body) <= self._room:
                self._bodies[key] = body
                self._room -= len(body)
            while self._room < 0:
                _, dropped = self._bodies.popitem(last=False)
                self._room += len(dropped)
        return body


@dataclass(frozen=True, slots=True)
class Plan:
    """What one FETCH reads and writes."""

    items: tuple[str | BodyItem, ...]
    mailbox_id: UUID
    folder_id: int
    read_only: bool
    tells_modseq: bool
    changed_since: int | None
    window: int

    @property
    def bodies(self) -> list[BodyItem]:
        return [item for item in self.items if isinstance(item, BodyItem)]

    @property
    def reads_content(self) -> bool:
        """Whether the structure of the messages is needed."""
        return any(isinstance(item, BodyItem) or item in _NEEDS_STRUCTURE for item in self.items)

    @property
    def sets_seen(self) -> bool:
        return not self.read_only and any(not item.peek for item in self.bodies)


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of the answer. `taken`: how many of the UIDs asked for it covers; `missing`: those no longer there."""

    chunks: list[bytes]
    taken: int
    missing: int
    seen: list[int]
    modseq: int


def read_window(
    plan: Plan, uids: Sequence[int], number: Callable[[int], int | None], cache: BodyCache | None
) -> Window:
    """Answer for the first of `uids`, as many as one window holds, one at least.

    Setting \\Seen comes before the answer, which tells the flags when it changed them.
    """
    asked = uids[: MESSAGES_AT_ONCE if plan.reads_content else ENTRIES_AT_ONCE]
    found = queries.entries(
        plan.mailbox_id, plan.folder_id, asked, content=plan.reads_content, changed_since=plan.changed_since
    )
    kept = _that_fit(plan, found)
    taken = len(asked) if len(kept) == len(found) else bisect_right(asked, kept[-1].uid)
    seen, modseq = _set_seen(plan, kept)
    chunks: list[bytes] = []
    for entry in kept:
        place = number(entry.uid)
        if place is not None:
            chunks += _Answer(plan, entry, entry.uid in seen, modseq, cache).chunks(place)
    # With CHANGEDSINCE an absent entry is one that did not change.
    missing = 0 if plan.changed_since is not None else taken - len(kept)
    return Window(chunks, taken, missing, sorted(seen), modseq)


def _that_fit(plan: Plan, found: list[Entry]) -> list[Entry]:
    if not plan.bodies:
        return found
    room = plan.window
    for count, entry in enumerate(found):
        room -= sum(_octets(item, entry.size) for item in plan.bodies)
        if room < 0 and count:
            return found[:count]
    return found


def _octets(item: BodyItem, size: int) -> int:
    """About how much an item of a message of that size will answer."""
    if item.section.what.startswith(("HEADER", "MIME")):
        return min(size, _HEADER_OCTETS)
    return min(size, item.partial[1]) if item.partial else size


def _set_seen(plan: Plan, kept: list[Entry]) -> tuple[set[int], int]:
    unseen = [entry.uid for entry in kept if SEEN not in entry.flags] if plan.sets_seen else []
    if not unseen:
        return set(), 0
    stored = store_flags(plan.mailbox_id, plan.folder_id, unseen, StoreMode.ADD, [SEEN])
    if isinstance(stored, FolderProblem):
        return set(), 0
    return set(stored.changed), stored.modseq


class _Answer:
    """The answer about one message."""

    def __init__(self, plan: Plan, entry: Entry, seen_now: bool, modseq: int, cache: BodyCache | None) -> None:
        self.plan = plan
        self.entry = entry
        self.flags = [*entry.flags, SEEN] if seen_now else entry.flags
        self.modseq = modseq if seen_now else entry.modseq
        self.items: list[str | BodyItem] = list(plan.items)
        if seen_now and "FLAGS" not in self.items:
            self.items.append("FLAGS")
        if seen_now and plan.tells_modseq and "MODSEQ" not in self.items:
            self.items.append("MODSEQ")
        self.cache = cache
        self._raw: bytes | None = None

    def chunks(self, number: int) -> list[bytes]:
        """Small pieces put together, large bodies as they are: they are not copied."""
        pieces: list[bytes] = []
        small = [b"* %d FETCH (" % number]
        for place, item in enumerate(self.items):
            if place:
                small.append(b" ")
            if isinstance(item, str):
                small += [item.encode("ascii"), b" ", self.told(item)]
                continue
            small += [item.name.encode("ascii"), b" "]
            content = self.content(item)
            pieces += [b"".join(small), b"{%d}\r\n" % len(content), content]
            small = []
        small.append(b")\r\n")
        pieces.append(b"".join(small))
        return pieces

    def told(self, item: str) -> bytes:
        entry = self.entry
        match item:
            case "UID":
                return b"%d" % entry.uid
            case "FLAGS":
                return flags_text(self.flags)
            case "INTERNALDATE":
                return date_time_text(entry.internal_date)
            case "RFC822.SIZE":
                return b"%d" % entry.size
            case "MODSEQ":
                return b"(%d)" % self.modseq
            case "ENVELOPE":
                return self.structure.envelope
            case "BODY":
                return self.structure.body
        return self.structure.body_structure

    @property
    def structure(self) -> MessageStructure:
        assert self.entry.structure is not None
        return self.entry.structure

    def content(self, item: BodyItem) -> bytes:
        """The octets of a section, none when the message has no such section, as Dovecot answers."""
        found = self.section(item.section)
        if item.partial is None:
            return found
        first, octets = item.partial
        return found[first : first + octets]

    def section(self, section: Section) -> bytes:
        what = "HEADER" if section.fields else section.what
        place = self.structure.section(".".join(word for word in (section.part, what) if word))
        if place is None:
            return b""
        content = self.raw[place[0] : place[1]]
        if not section.fields:
            return content
        names = [name.decode("ascii") for name in section.fields]
        return header_fields(content, names, excluded=section.what.endswith(".NOT"))

    @property
    def raw(self) -> bytes:
        if self._raw is None:
            mailbox_id, address = self.plan.mailbox_id, self.entry.body
            if self.cache is not None and any(item.partial for item in self.plan.bodies):
                self._raw = self.cache.get(mailbox_id, address, lambda: queries.content(mailbox_id, address))
            else:
                self._raw = queries.content(mailbox_id, address)
        return self._raw
