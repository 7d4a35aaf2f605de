"""ClamAV's daemon, spoken to in its own protocol (clamd(8), "COMMANDS": IDSESSION, INSTREAM, PING).

Nothing here raises because of what is scanned: a content is clean, infected, or could not be looked at.
"""

import contextlib
import re
import socket
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self

_CHUNK = 64 * 1024
_LONGEST_REPLY = 4_096
_REPLY = re.compile(rb"\d+: (?:stream: )?(.*)\Z", re.DOTALL)
_SAFE = re.compile(r"[^A-Za-z0-9._:/+-]")
_MAX_SIGNATURE = 200
# With AlertExceedsMax the daemon says so of what it did not look at whole (clamd.conf(5)).
_BEYOND_LIMITS = "Heuristics.Limits.Exceeded"


class Verdict(StrEnum):
    """What a look at some content found."""

    CLEAN = "clean"
    INFECTED = "infected"
    UNSCANNED = "unscanned"


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict; `signature` is the name, in the daemon's own base, of what was found."""

    verdict: Verdict
    signature: str = ""


CLEAN = Finding(Verdict.CLEAN)
UNSCANNED = Finding(Verdict.UNSCANNED)


class ClamdAway(Exception):
    """The daemon cannot be reached, or does not answer in time."""


class ClamdSession:
    """One connection to the daemon at `address`: `host:port`, or the path of its socket.

    `seconds` bounds every wait, and the whole of one `scan`. Raises `ClamdAway` when it cannot be reached.
    """

    def __init__(self, address: str, seconds: float) -> None:
        self._seconds = seconds
        self._received = b""
        try:
            self._socket = _connect(address, seconds)
            self._socket.sendall(b"zIDSESSION\0")
        except (OSError, ValueError):
            raise ClamdAway from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the session."""
        with contextlib.suppress(OSError):
            self._socket.sendall(b"zEND\0")
        self._socket.close()

    def ping(self) -> None:
        """Raises `ClamdAway` when the daemon does not answer."""
        try:
            self._socket.sendall(b"zPING\0")
            answer = self._answer(time.monotonic() + self._seconds)
        except OSError:
            raise ClamdAway from None
        if answer != b"PONG":
            raise ClamdAway

    def scan(self, contents: Iterable[bytes]) -> Finding:
        """The worst that is found in `contents`, looked at one by one up to the first that is infected.

        UNSCANNED when the daemon refuses one of them, for its size for instance. Raises `ClamdAway` when the
        connection is lost or time is up: the session cannot be used any more.
        """
        worst = CLEAN
        ends = time.monotonic() + self._seconds
        for content in contents:
            found = self._scan_one(content, ends)
            if found.verdict is Verdict.INFECTED:
                return found
            if found.verdict is Verdict.UNSCANNED:
                worst = found
        return worst

    def _scan_one(self, content: bytes, ends: float) -> Finding:
        view = memoryview(content)
        try:
            self._wait_until(ends)
            self._socket.sendall(b"zINSTREAM\0")
            for start in range(0, len(view), _CHUNK):
                piece = view[start : start + _CHUNK]
                self._wait_until(ends)
                self._socket.sendall(struct.pack("!L", len(piece)))
                self._socket.sendall(piece)
            self._socket.sendall(struct.pack("!L", 0))
        except TimeoutError:
            raise ClamdAway from None
        except OSError:
            # The daemon closes on what is too large for it; its word on that may have come before.
            if self._refused_for_size(ends):
                raise TooLargeForClamd from None
            raise ClamdAway from None
        try:
            answer = self._answer(ends)
        except OSError:
            raise ClamdAway from None
        return _finding(answer)

    def _refused_for_size(self, ends: float) -> bool:
        try:
            return b"size limit exceeded" in self._answer(ends)
        except (OSError, ClamdAway):
            return False

    def _wait_until(self, ends: float) -> None:
        left = ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)

    def _answer(self, ends: float) -> bytes:
        """The next reply, without its number."""
        while b"\0" not in self._received:
            self._wait_until(ends)
            piece = self._socket.recv(_LONGEST_REPLY)
            if not piece or len(self._received) > _LONGEST_REPLY:
                raise ClamdAway
            self._received += piece
        line, _, self._received = self._received.partition(b"\0")
        match = _REPLY.match(line)
        return match[1] if match else line


class TooLargeForClamd(ClamdAway):
    """The daemon takes no stream of this size (its StreamMaxLength); it is there, and its session is over."""


def _connect(address: str, seconds: float) -> socket.socket:
    if address.startswith("/"):
        found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        found.settimeout(seconds)
        try:
            found.connect(address)
        except OSError:
            found.close()
            raise
        return found
    host, _, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), seconds)


def _finding(answer: bytes) -> Finding:
    if answer == b"OK":
        return CLEAN
    if answer.endswith(b" FOUND"):
        name = answer.removesuffix(b" FOUND").decode("ascii", "replace")
        if name.startswith(_BEYOND_LIMITS):
            return UNSCANNED
        return Finding(Verdict.INFECTED, _SAFE.sub("_", name)[:_MAX_SIGNATURE])
    return UNSCANNED
