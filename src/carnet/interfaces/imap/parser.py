"""The words of the IMAP grammar (RFC 3501 §9): atoms, strings, numbers, sets of numbers, dates, folder names."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

from carnet.interfaces.imap.utf7 import BadUtf7, decode_utf7
from carnet.interfaces.imap.wire import RawCommand

_ATOM = re.compile(rb"[^\x00-\x20(){%*\"\\\]\x7f-\xff]+")
_ASTRING = re.compile(rb"[^\x00-\x20(){%*\"\\\x7f-\xff]+")
_LIST_NAME = re.compile(rb"[^\x00-\x20(){\"\\\x7f-\xff]+")
_TAG = re.compile(rb"[^\x00-\x20(){%*\"\\+\x7f-\xff]{1,64}")
_FLAG = re.compile(rb"\\?[^\x00-\x20(){%*\"\\\]\x7f-\xff]{1,100}")
_QUOTED = re.compile(rb'"((?:[^"\\\x00\r\n]|\\.)*)"')
_ESCAPED = re.compile(rb"\\(.)")
_LITERAL = re.compile(rb"\{(\d{1,10})\+?\}\r\n")
_NUMBER = re.compile(rb"\d{1,20}")
_SET = re.compile(rb"[\d*:,]+")
_RANGE = re.compile(rb"(\d{1,10}|\*)(?::(\d{1,10}|\*))?\Z")
_DATE = re.compile(r"(\d{1,2})-([A-Za-z]{3})-(\d{4})\Z")
_DATE_TIME = re.compile(r"([ \d]\d)-([A-Za-z]{3})-(\d{4}) (\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})\Z")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH_NUMBER = {month.lower(): number for number, month in enumerate(MONTHS, 1)}

MAX_NUMBER = 2**32 - 1
MAX_MODSEQ = 2**63 - 1


class BadSyntax(Exception):
    """A command that does not follow the grammar. The text says what was expected, and never repeats the command."""


@dataclass(frozen=True, slots=True)
class NumberSet:
    """A set of message numbers or UIDs; None stands for `*`, the largest there is.

    `saved`: what the last SEARCH kept instead, `$` (RFC 5182).
    """

    ranges: tuple[tuple[int | None, int | None], ...]
    saved: bool = False

    def within(self, largest: int) -> list[tuple[int, int]]:
        """The ranges as numbers from 1, sorted, none touching another; `*` is `largest`, 0 when there is nothing."""
        found = []
        for one, other in self.ranges:
            ends = sorted((largest if one is None else one, largest if other is None else other))
            found.append((ends[0], ends[1]))
        merged: list[tuple[int, int]] = []
        for low, high in sorted(found):
            if high < 1:
                continue
            low = max(low, 1)
            if merged and low <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(merged[-1][1], high))
            else:
                merged.append((low, high))
        return merged


class Scanner:
    """Reads one command from left to right. Every method raises `BadSyntax` when what it expects is not there."""

    __slots__ = ("_literals", "_taken", "at", "text")

    def __init__(self, command: RawCommand) -> None:
        self.text = command.text
        self.at = 0
        self._literals = command.literals
        self._taken = 0

    @property
    def ended(self) -> bool:
        """Whether all of the command was read."""
        return self.at >= len(self.text)

    def fail(self, expected: str) -> BadSyntax:
        """The error to raise: what was expected, and where."""
        return BadSyntax(f"Expected {expected} at octet {self.at + 1}")

    def match(self, pattern: re.Pattern[bytes], expected: str) -> bytes:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise self.fail(expected)
        self.at = found.end()
        return found[0]

    def next_is(self, octets: bytes) -> bool:
        """Whether these octets come next; nothing is read."""
        return self.text.startswith(octets, self.at)

    def skip(self, octets: bytes) -> bool:
        """Read these octets if they come next."""
        if self.next_is(octets):
            self.at += len(octets)
            return True
        return False

    def expect(self, octets: bytes, name: str) -> None:
        if not self.skip(octets):
            raise self.fail(name)

    def space(self) -> None:
        """One space; more are forgiven."""
        self.expect(b" ", "a space")
        while self.skip(b" "):
            pass

    def end(self) -> None:
        """The end of the command; spaces before it are forgiven."""
        while self.skip(b" "):
            pass
        if not self.ended:
            raise self.fail("the end of the command")

    def tag(self) -> str:
        return self.match(_TAG, "a tag").decode("ascii")

    def atom(self, expected: str = "an atom") -> str:
        return self.match(_ATOM, expected).decode("ascii")

    def word(self, expected: str) -> str:
        """An atom in capitals."""
        return self.atom(expected).upper()

    def number(self, *, least: int = 0, most: int = MAX_NUMBER) -> int:
        start = self.at
        value = int(self.match(_NUMBER, "a number"))
        if not least <= value <= most:
            self.at = start
            raise self.fail(f"a number from {least} to {most}")
        return value

    def string(self) -> bytes:
        """A quoted string or a literal."""
        if self.next_is(b'"'):
            return _ESCAPED.sub(rb"\1", self.match(_QUOTED, "the end of the quoted string")[1:-1])
        self.match(_LITERAL, "a string")
        value = self._literals[self._taken]
        self._taken += 1
        return value

    def next_is_literal(self) -> bool:
        return _LITERAL.match(self.text, self.at) is not None

    def astring(self) -> bytes:
        """An atom or a string."""
        if self.next_is(b'"') or self.next_is(b"{"):
            return self.string()
        return self.match(_ASTRING, "an atom or a string")

    def nstring(self) -> bytes | None:
        """A string, or NIL as None."""
        if self.text[self.at : self.at + 3].upper() == b"NIL":
            self.at += 3
            return None
        return self.string()

    def text_string(self) -> str:
        """An atom or a string, as UTF-8 without NUL."""
        start = self.at
        try:
            value = self.astring().decode("utf-8")
        except UnicodeDecodeError:
            self.at = start
            raise self.fail("text in UTF-8") from None
        if "\0" in value:
            self.at = start
            raise self.fail("text without NUL")
        return value

    def folder(self) -> str:
        """The name of a folder, decoded from modified UTF-7 (RFC 3501 §5.1.3)."""
        start = self.at
        try:
            return decode_utf7(self.astring())
        except BadUtf7:
            self.at = start
            raise self.fail("a folder name in modified UTF-7") from None

    def folder_pattern(self) -> str:
        """The name of folders with wildcards, for LIST."""
        start = self.at
        is_string = self.next_is(b'"') or self.next_is(b"{")
        value = self.string() if is_string else self.match(_LIST_NAME, "a folder name or pattern")
        try:
            return decode_utf7(value)
        except BadUtf7:
            self.at = start
            raise self.fail("a folder name in modified UTF-7") from None

    def numbers(self) -> NumberSet:
        """A set of message numbers or UIDs: `1,3:5,7:*`, or `$`."""
        start = self.at
        if self.skip(b"$"):
            return NumberSet((), saved=True)
        ranges = []
        for piece in self.match(_SET, "a set of numbers").split(b","):
            found = _RANGE.match(piece)
            if found is None:
                self.at = start
                raise self.fail("a set of numbers")
            low = self._set_end(found[1], start)
            ranges.append((low, low if found[2] is None else self._set_end(found[2], start)))
        return NumberSet(tuple(ranges))

    def _set_end(self, text: bytes, start: int) -> int | None:
        if text == b"*":
            return None
        value = int(text)
        if not 1 <= value <= MAX_NUMBER:
            self.at = start
            raise self.fail(f"numbers from 1 to {MAX_NUMBER}")
        return value

    def flag(self) -> str:
        return self.match(_FLAG, "a flag").decode("ascii")

    def flags(self, *, most: int = 100) -> list[str]:
        """Flags in parentheses."""
        self.expect(b"(", "flags in parentheses")
        found: list[str] = []
        while not self.skip(b")"):
            if found:
                self.space()
            found.append(self.flag())
            if len(found) > most:
                raise self.fail(f"at most {most} flags")
        return found

    def day(self) -> date:
        """A day as `1-Feb-2026`, quoted or not."""
        start = self.at
        found = _DATE.match(self.text_string())
        try:
            if found is None:
                raise ValueError
            return date(int(found[3]), _MONTH_NUMBER[found[2].lower()], int(found[1]))
        except (ValueError, KeyError):
            self.at = start
            raise self.fail("a day as 1-Feb-2026") from None

    def date_time(self) -> datetime:
        """A moment as `" 1-Feb-2026 12:30:00 +0100"`, quoted."""
        start = self.at
        found = _DATE_TIME.match(self.string().decode("ascii", "replace"))
        try:
            if found is None:
                raise ValueError
            offset = timedelta(hours=int(found[8]), minutes=int(found[9]))
            moment = datetime(
                int(found[3]),
                _MONTH_NUMBER[found[2].lower()],
                int(found[1]),
                int(found[4]),
                int(found[5]),
                min(int(found[6]), 59),  # a leap second is written 60
                tzinfo=timezone(-offset if found[7] == "-" else offset),
            )
            return moment.astimezone(UTC)
        except (ValueError, KeyError, OverflowError):
            self.at = start
            raise self.fail("a date as 1-Feb-2026 12:30:00 +0100, quoted") from None
