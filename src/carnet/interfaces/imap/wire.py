"""Commands as they come over the wire: lines, and the literals that hang on them (RFC 3501 §4.3, RFC 7888).

No socket and no clock: bytes are fed in whatever pieces they come, whole commands are taken out.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

_ANNOUNCED = re.compile(rb"\{(\d{1,10})(\+?)\}\Z")
_TAG = re.compile(rb"([^\x00-\x20(){%*\"\\+\x7f-\xff]{1,64}) ")
_APPEND = re.compile(rb"[^ ]{1,64} +APPEND ", re.IGNORECASE)
# What a client sends unasked (LITERAL+) beyond its bound is read to nowhere, up to so many times the bound.
_DISCARD = 4


@dataclass(frozen=True, slots=True)
class RawCommand:
    """A whole command. A literal is left in `text` as its announcement, `{3}` CRLF; `literals` holds the contents."""

    text: bytes
    literals: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Continue:
    """The client waits for leave to send a literal (RFC 3501 §7.5)."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A command that is not taken in. With `fatal`, what follows cannot be told from it: the session must end."""

    tag: bytes
    status: str
    text: str
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class WireLimits:
    """Octets: of the text of a command, of its literals together, of the literals of an APPEND together."""

    line: int
    literal: int
    message: int


TOO_LONG = Refused(b"*", "BYE", "The command is too long", fatal=True)


class CommandReader:
    """Assembles one client's commands. `reserve` is asked for room before a large literal is received."""

    __slots__ = (
        "_buffer",
        "_discard",
        "_literal",
        "_literals",
        "_missing",
        "_refusal",
        "_searched",
        "_text",
        "limits",
        "reserve",
    )

    def __init__(self, limits: WireLimits, reserve: Callable[[int], bool] = lambda _octets: True) -> None:
        self.limits = limits
        self.reserve = reserve
        self._buffer = bytearray()
        self._searched = 0
        self._start()

    def _start(self) -> None:
        self._text = b""
        self._literals: list[bytes] = []
        self._literal = bytearray()
        self._missing = -1
        self._discard = 0
        self._refusal: Refused | None = None

    @property
    def buffered(self) -> int:
        """Octets received and not taken yet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take in what the client sent."""
        self._buffer += data

    def take_line(self, limit: int) -> bytes | Refused | None:
        """The next line without its end, outside commands (IDLE, authentication); None when it is not whole yet."""
        end = self._buffer.find(b"\n", self._searched)
        if (end if end >= 0 else len(self._buffer)) > limit:
            return TOO_LONG
        if end < 0:
            self._searched = len(self._buffer)
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._searched = 0
        return line.removesuffix(b"\r")

    def take_command(self) -> RawCommand | Continue | Refused | None:
        """The next command, or what must be said before it can go on; None when more bytes are needed."""
        while True:
            if self._discard:
                gone = min(self._discard, len(self._buffer))
                del self._buffer[:gone]
                self._discard -= gone
                if self._discard:
                    return None
            if self._missing >= 0 and not self._take_literal():
                return None
            line = self.take_line(self.limits.line - len(self._text))
            if line is None or isinstance(line, Refused):
                return line
            announced = _ANNOUNCED.search(line)
            if announced is None:
                return self._end(line)
            outcome = self._announced(line, int(announced[1]), asked=not announced[2])
            if outcome is not None:
                return outcome

    def _take_literal(self) -> bool:
        """Move bytes to the literal being received; True when it is whole."""
        taken = self._buffer[: self._missing]
        self._literal += taken
        del self._buffer[: len(taken)]
        self._missing -= len(taken)
        if self._missing:
            return False
        self._literals.append(bytes(self._literal))
        self._literal = bytearray()
        self._missing = -1
        return True

    def _announced(self, line: bytes, octets: int, *, asked: bool) -> Continue | Refused | None:
        self._text += line + b"\r\n"
        bound = self.limits.message if _APPEND.match(self._text) else self.limits.literal
        refusal = self._refusal
        if refusal is None and octets + sum(map(len, self._literals)) > bound:
            refusal = Refused(self._tag(), "NO", f"[TOOBIG] More than {bound} octets are not accepted")
        if refusal is None and octets > self.limits.literal and not self.reserve(octets):
            refusal = Refused(self._tag(), "NO", "[UNAVAILABLE] Too much is being received, try again later")
        if refusal is None:
            self._missing = octets
            return Continue() if asked else None
        if asked:
            # The client waits for leave and does not get it: the command ends here.
            self._start()
            return refusal
        if octets > _DISCARD * self.limits.message:
            return replace(refusal, tag=b"*", status="BYE", fatal=True)
        self._refusal = refusal
        self._discard = octets
        return None

    def _end(self, line: bytes) -> RawCommand | Refused:
        command = RawCommand(self._text + line, tuple(self._literals))
        refusal = self._refusal
        self._start()
        return command if refusal is None else refusal

    def _tag(self) -> bytes:
        match = _TAG.match(self._text)
        return match[1] if match else b"*"
