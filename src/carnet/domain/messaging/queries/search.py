"""Searching a folder. What the entries tell is asked of the database; what is sealed is opened window by window.

Nothing readable is indexed, so a search in contents costs an opening a message: it is bounded.
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db import connection

from carnet.domain.messaging.folder_values import SYSTEM_FLAGS
from carnet.domain.messaging.mime.limits import MalformedMessage
from carnet.domain.messaging.mime.read import part_content, read_message
from carnet.domain.messaging.mime.structure import MessageStructure
from carnet.domain.messaging.mime.words import decode_words, parse_date
from carnet.domain.messaging.queries.criteria import (
    BodyHas,
    Both,
    Criterion,
    Either,
    Everything,
    HasFlag,
    HeaderHas,
    InUids,
    LargerThan,
    ModifiedAt,
    Not,
    Received,
    SmallerThan,
    TextHas,
    When,
    Within,
    Written,
)
from carnet.domain.messaging.queries.folders import content, structures, unpacked

WINDOW = 200
"""Messages opened in one step."""

STEP_OCTETS = 16 * 1024 * 1024
"""Octets of bodies after which a step ends early, so that others get their turn."""

MAX_OPENED_OCTETS = 512 * 1024 * 1024
"""Octets of bodies that one search opens, after which it gives up."""

_MAX_INNER = 3
_ENVELOPE_TOKEN = re.compile(rb'\(|\)|NIL|"((?:[^"\\]|\\.)*)"|\{(\d+)\}\r\n', re.DOTALL)
_ENVELOPE_FIELDS = ("date", "subject", "from", "sender", "reply-to", "to", "cc", "bcc", "in-reply-to", "message-id")
# The envelope shows From where these are absent: it cannot tell whether they are there.
_ASSUMED = frozenset({"sender", "reply-to"})
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_FOLDED = re.compile(rb"\r?\n[ \t]+")

Sql = tuple[str, list[Any]]


class SearchTooWide(Exception):
    """The search would open more than it may: the reader must ask for less."""


class Search:
    """One search, in steps, so that it never holds a thread for long.

    >>> search = Search(mailbox_id, folder_id, criterion)   # doctest: +SKIP
    >>> while not search.step(): pass                       # doctest: +SKIP
    >>> search.found                                        # doctest: +SKIP
    """

    def __init__(self, mailbox_id: UUID, folder_id: int, criterion: Criterion) -> None:
        self.found: list[int] = []
        self.modseq = 0
        """The highest modification sequence among what was found."""
        self._mailbox_id = mailbox_id
        self._folder_id = folder_id
        self._after = 0
        self._opened = 0
        self._columns: list[Sql] = []
        parts = criterion.criteria if isinstance(criterion, Both) else (criterion,)
        told = [one for one in map(_sql, parts) if one is not None]
        self._where = " AND ".join(["true", *(text for text, _ in told)])
        self._where_values = [value for _, values in told for value in values]
        self._sealed = [self._split(part) for part in parts if _sql(part) is None]

    def step(self) -> bool:
        """Search a part of the folder; True when it is done. Raises ``SearchTooWide``."""
        if not self._sealed:
            self._ask_all()
            return True
        rows = self._rows(
            ", m.id, m.structure, m.body, e.internal_date" + "".join(f", {text}" for text, _ in self._columns),
            [value for _, values in self._columns for value in values],
            f"LIMIT {WINDOW}",
        )
        opened = structures(self._mailbox_id, [(row[2], row[3]) for row in rows])
        enough = self._opened + STEP_OCTETS
        for row, structure in zip(rows, opened, strict=True):
            message = _Message(self, structure, bytes(row[4]), row[5])
            if all(_holds(one, message, row[6:]) for one in self._sealed):
                self.found.append(row[0])
                self.modseq = max(self.modseq, row[1])
            self._after = row[0]
            if self._opened > enough:
                return False
        return len(rows) < WINDOW

    def open_body(self, body: bytes, size: int) -> bytes:
        """A message's content, counted against what a search may open."""
        self._opened += size
        if self._opened > MAX_OPENED_OCTETS:
            raise SearchTooWide("the search opens too much")
        return content(self._mailbox_id, body)

    def _ask_all(self) -> None:
        """What the database can tell alone, packed: thousands of numbers as one value."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT string_agg(int8send(e.uid), ''::bytea ORDER BY e.uid), max(e.modseq)"  # noqa: S608 (likewise)
                " FROM messaging_folder_entry e"
                f" WHERE e.mailbox_id = %s AND e.folder_id = %s AND {self._where}",
                [self._mailbox_id, self._folder_id, *self._where_values],
            )
            packed, modseq = cursor.fetchone()
        self.found = unpacked(packed).tolist()
        self.modseq = modseq or 0

    def _rows(self, columns: str, values: list[Any], limit: str) -> list[tuple[Any, ...]]:
        join = "JOIN messaging_message m ON m.owner_id = e.mailbox_id AND m.id = e.message_id" if columns else ""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT e.uid, e.modseq{columns} FROM messaging_folder_entry e {join}"  # noqa: S608 (only texts of this module)
                f" WHERE e.mailbox_id = %s AND e.folder_id = %s AND e.uid > %s AND {self._where}"
                f" ORDER BY e.uid {limit}",
                [*values, self._mailbox_id, self._folder_id, self._after, *self._where_values],
            )
            return cursor.fetchall()

    def _split(self, criterion: Criterion) -> "Criterion | _Column":
        """The criterion with what the database can tell replaced by a column of its answer."""
        told = _sql(criterion)
        if told is not None:
            self._columns.append(told)
            return _Column(len(self._columns) - 1)
        if isinstance(criterion, Not):
            return Not(self._split(criterion.criterion))  # type: ignore[arg-type] # a column stands for a criterion
        if isinstance(criterion, Both | Either):
            return type(criterion)(tuple(map(self._split, criterion.criteria)))  # type: ignore[arg-type] # likewise
        return criterion


class _Column:
    """What the database has told already."""

    __slots__ = ("place",)

    def __init__(self, place: int) -> None:
        self.place = place


def _sql(criterion: Criterion) -> Sql | None:
    """The condition on the entry ``e``, or None when the message itself must be read."""
    match criterion:
        case Everything():
            return "true", []
        case HasFlag(flag):
            if flag in SYSTEM_FLAGS:
                return "%s = ANY(e.flags)", [flag]
            return "EXISTS (SELECT 1 FROM unnest(e.flags) AS k WHERE lower(k) = %s)", [flag.lower()]
        case InUids(ranges):
            if not ranges:
                return "false", []
            within = "".join(["{", ",".join(f"[{low},{high}]" for low, high in ranges), "}"])
            low, high = min(one[0] for one in ranges), max(one[1] for one in ranges)
            return "(e.uid BETWEEN %s AND %s AND e.uid <@ %s::int8multirange)", [low, high, within]
        case Received(when, day):
            return _day_sql(when, day)
        case Within(seconds, older):
            moment = "now() - make_interval(secs => %s)"
            return f"e.internal_date {'<=' if older else '>='} {moment}", [seconds]
        case LargerThan(octets):
            return "e.size > %s", [octets]
        case SmallerThan(octets):
            return "e.size < %s", [octets]
        case ModifiedAt(modseq):
            return "e.modseq >= %s", [modseq]
        case Not(inner):
            told = _sql(inner)
            return None if told is None else (f"NOT ({told[0]})", told[1])
        case Both(criteria):
            return _joined(criteria, " AND ", "true")
        case Either(criteria):
            return _joined(criteria, " OR ", "false")
    return None


def _joined(criteria: Sequence[Criterion], word: str, none: str) -> Sql | None:
    told = [_sql(one) for one in criteria]
    known = [one for one in told if one is not None]
    if len(known) < len(told):
        return None
    return f"({word.join(text for text, _ in known) or none})", [value for _, values in known for value in values]


def _day_sql(when: When, day: date) -> Sql:
    start = datetime.combine(day, time(), UTC)
    end = start + timedelta(days=1) if day < date.max else start
    if when is When.BEFORE:
        return "e.internal_date < %s", [start]
    if when is When.SINCE:
        return "e.internal_date >= %s", [start]
    return "(e.internal_date >= %s AND e.internal_date < %s)", [start, end]


def _holds(criterion: "Criterion | _Column", message: "_Message", told: Sequence[bool]) -> bool:
    match criterion:
        case _Column():
            return bool(told[criterion.place])
        case Not(inner):
            return not _holds(inner, message, told)
        case Both(criteria):
            return all(_holds(one, message, told) for one in criteria)
        case Either(criteria):
            return any(_holds(one, message, told) for one in criteria)
        case Written(when, day):
            return _on_day(message.written, when, day)
        case HeaderHas(name, text):
            return any(plain(text) in plain(value) for value in message.field(name))
        case BodyHas(text):
            return plain(text) in message.body
        case TextHas(text):
            return plain(text) in message.header_text or plain(text) in message.body
    return False


def _on_day(written: date, when: When, day: date) -> bool:
    return {When.BEFORE: written < day, When.ON: written == day, When.SINCE: written >= day}[when]


class _Message:
    """What a search reads of one message, each part when it is first asked for."""

    def __init__(self, search: Search, structure: MessageStructure, body: bytes, received: datetime) -> None:
        self._search = search
        self._structure = structure
        self._body = body
        self._received = received

    @cached_property
    def envelope(self) -> dict[str, Any]:
        return read_envelope(self._structure.envelope)

    @cached_property
    def written(self) -> date:
        found = parse_date(self.envelope["date"] or b"")
        return (found or self._received.astimezone(UTC)).date()

    def field(self, name: str) -> list[str]:
        """The texts of the fields of that name."""
        if name in self.envelope and name not in _ASSUMED:
            value = self.envelope[name]
            if value is None:
                return []
            return [addresses_text(value) if isinstance(value, list) else decode_words(value)]
        prefix = name.encode("utf-8", "replace") + b":"
        return [
            decode_words(line[len(prefix) :].strip())
            for line in self._header_lines
            if line[: len(prefix)].lower() == prefix
        ]

    @cached_property
    def raw(self) -> bytes:
        return self._search.open_body(self._body, self._structure.size)

    @cached_property
    def _header_lines(self) -> list[bytes]:
        start, end = self._structure.section("HEADER") or (0, 0)
        return _FOLDED.sub(b" ", self.raw[start:end]).splitlines()

    @cached_property
    def header_text(self) -> str:
        return plain("\n".join(map(decode_words, self._header_lines)))

    @cached_property
    def body(self) -> str:
        return plain("\n".join(_texts(self.raw, _MAX_INNER)))


def _texts(raw: bytes, inner: int) -> list[str]:
    """The texts of a message, and of the messages inside it with what their headers show."""
    try:
        read = read_message(raw)
        texts = [read.text, read.html]
        for part in read.attachments:
            if part.media_type == "message/rfc822" and inner:
                message = part_content(raw, part.path)
                texts += [read_message(message).subject, *_texts(message, inner - 1)]
    except MalformedMessage:
        # What no reader takes apart is searched as it stands.
        return [raw.partition(b"\r\n\r\n")[2].decode("utf-8", "replace")]
    return texts


def plain(text: str) -> str:
    """A text as it is compared: compatible forms made one, case folded."""
    return unicodedata.normalize("NFKC", text).casefold()


def read_envelope(envelope: bytes) -> dict[str, Any]:
    """The fields of an ENVELOPE by name, as they are written: octets, lists of addresses, None for NIL."""
    stack: list[list[Any]] = [[]]
    place = 0
    while match := _ENVELOPE_TOKEN.search(envelope, place):
        place = match.end()
        if match[0] == b"(":
            stack.append([])
        elif match[0] == b")":
            closed = stack.pop()
            stack[-1].append(closed)
        elif match[0] == b"NIL":
            stack[-1].append(None)
        elif match[2] is not None:
            stack[-1].append(envelope[place : place + int(match[2])])
            place += int(match[2])
        else:
            text = match[1]
            stack[-1].append(_ESCAPED.sub(rb"\1", text) if b"\\" in text else text)
    [values] = stack[0]
    return dict(zip(_ENVELOPE_FIELDS, values, strict=True))


def addresses_text(addresses: list[list[bytes | None]]) -> str:
    """Addresses of an ENVELOPE as a person reads them: ``Name <local@domain>``, groups without their names."""
    texts = []
    for name, _route, local, domain in addresses:
        if domain is None:
            continue
        address = f"<{(local or b'').decode('utf-8', 'replace')}@{domain.decode('utf-8', 'replace')}>"
        texts.append(f"{decode_words(name)} {address}" if name else address)
    return ", ".join(texts)
