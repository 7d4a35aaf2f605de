"""One client's session: which command may come when, and what surrounds its answer (RFC 3501 §3 and §5)."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntFlag
from typing import Any, Protocol, TypeVar
from uuid import UUID

from carnet.domain.directory.traces import NewTrace, TraceAct
from carnet.domain.messaging.queries import folders as queries
from carnet.domain.messaging.queries.folders import Changes
from carnet.foundation import clock, logs
from carnet.interfaces import traces
from carnet.interfaces.imap.bodies import BodyReader
from carnet.interfaces.imap.grammar import BadCommand, Command, parse_command
from carnet.interfaces.imap.options import CAPABILITIES, ImapCounters, ImapLimits
from carnet.interfaces.imap.selected import Selected
from carnet.interfaces.imap.shelf import OpenFolder, Shelf
from carnet.interfaces.imap.wire import RawCommand, Refused
from carnet.interfaces.sign_in import SignedIn, SignIn

log = logs.get("imap")
T = TypeVar("T")

_REMEMBERED_READINGS = 100_000

CHANGES_AT_ONCE = 2_000
"""Changes of an open folder that are read and told in one go."""

SYNC_EVERY = 1.0
"""Seconds between two looks at an open folder for a client that sends command upon command."""


class State(IntFlag):
    """Where a session stands (RFC 3501 §3)."""

    NOT_AUTHENTICATED = 1
    AUTHENTICATED = 2
    SELECTED = 4

    ANY = 7
    SIGNED_IN = 6


class Ended(Exception):
    """The session ends; the text is the last word to the client, empty for none."""


class Channel(Protocol):
    """What a session needs of its connection."""

    secure: bool
    peer: str
    certificate: bytes | None
    """The client's certificate in DER, when it has shown one in the handshake."""

    async def send(self, chunks: Iterable[bytes]) -> None:
        """Write, and wait while the client is slow to take it."""

    async def read_command(self, timeout: float) -> RawCommand | Refused:
        """The next command. Raises `Ended` when none comes in time."""

    async def read_line(self, timeout: float, limit: int) -> bytes | None:
        """The next line outside commands, of `limit` octets at most; None when the channel was poked instead."""

    def poke(self) -> None:
        """Make a waiting `read_line` return; safe at any time."""

    def signed_in(self) -> None:
        """The client is known: it may send more."""

    def leave_at(self, seconds: float, last_word: str) -> None:
        """End the session in so many seconds, or as soon as the command then in progress is answered."""

    async def start_tls(self, leave: bytes) -> None:
        """Say `leave` and agree on TLS. Raises `Ended` when it fails, or when plaintext came after the command."""


@dataclass
class Door:
    """What all sessions of a process share."""

    limits: ImapLimits
    counters: ImapCounters
    in_thread: Callable[..., Awaitable[Any]]
    reading: Callable[..., Awaitable[Any]]
    sign_in: SignIn
    subscribe: Callable[[UUID, Callable[[], None]], Callable[[], None]]
    shelf: Shelf
    bodies: BodyReader
    offers_tls: bool
    max_message: int
    clear_passwords: bool = False
    """Whether passwords are taken without TLS: on loopback only."""


class Session:
    """State of one session; the commands themselves are functions of other modules, in `COMMANDS`."""

    def __init__(self, channel: Channel, door: Door) -> None:
        self.channel = channel
        self.door = door
        self.id = os.urandom(6).hex()
        self.mailbox_id: UUID | None = None
        self.signed: SignedIn | None = None
        """How the client signed in, and who it proved to be."""
        self._selected: Selected | None = None
        self._open_folder: OpenFolder | None = None
        self.condstore = False
        self.qresync = False
        self.login_failures = 0
        self._read: set[UUID] = set()
        self._bad = 0
        self._synced = 0.0

    @property
    def state(self) -> State:
        if self.mailbox_id is None:
            return State.NOT_AUTHENTICATED
        return State.AUTHENTICATED if self.selected is None else State.SELECTED

    def trace(self, act: TraceAct, messages: Sequence[UUID] = (), *, count: int = 1, outcome: str = "") -> None:
        """Leave a trace of what was done with the mailbox, or of what it failed by; costs nothing here."""
        author = self.signed.author if self.signed is not None else ""
        traces.note(NewTrace(self.mailbox, act, "imap", author, self.id, outcome, count, tuple(messages), clock.now()))

    def trace_reading(self, messages: Iterable[UUID]) -> None:
        """Leave a trace of messages that were opened, each once a session."""
        new = [one for one in messages if one not in self._read]
        if new:
            if len(self._read) > _REMEMBERED_READINGS:
                self._read.clear()
            self._read.update(new)
            self.trace(TraceAct.READ, new)

    @property
    def may_sign_in(self) -> bool:
        """Whether a password may be said on this connection."""
        return self.channel.secure or self.door.clear_passwords

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """What AUTHENTICATE takes: EXTERNAL from who has shown a certificate only; LOGIN is a command of its own."""
        absent = {"LOGIN"} if self.channel.certificate is not None else {"LOGIN", "EXTERNAL"}
        return tuple(one for one in self.door.sign_in.mechanisms if one not in absent)

    @property
    def mailbox(self) -> UUID:
        """The mailbox signed in to; only for commands that come after that."""
        assert self.mailbox_id is not None
        return self.mailbox_id

    @property
    def selected(self) -> Selected | None:
        """The open folder, if one is."""
        return self._selected

    @selected.setter
    def selected(self, folder: Selected | None) -> None:
        shelf, before = self.door.shelf, self._open_folder
        self._selected = folder
        # Entered before the other is left: who opens the same folder again keeps what is known of it.
        if folder is not None:
            folder.vanishes = self.qresync
        self._open_folder = None if folder is None else shelf.enter(self.mailbox, folder.folder_id, folder.modseq)
        if before is not None:
            shelf.leave(before)

    @property
    def open_folder(self) -> OpenFolder:
        """What this process knows of the open folder; only for commands that need one."""
        assert self._open_folder is not None
        return self._open_folder

    @property
    def folder(self) -> Selected:
        """The open folder; only for commands that need one."""
        assert self.selected is not None
        return self.selected

    @property
    def capabilities(self) -> str:
        words = [*CAPABILITIES, f"APPENDLIMIT={self.door.max_message}"]
        if self.mailbox_id is None:
            if self.door.offers_tls and not self.channel.secure:
                words.append("STARTTLS")
            if self.may_sign_in:
                words += ["SASL-IR", *(f"AUTH={mechanism}" for mechanism in self.mechanisms)]
            if not (self.may_sign_in and self.door.sign_in.passwords):
                words.append("LOGINDISABLED")
        return " ".join(words)

    async def run(self) -> None:
        """Speak with the client until one of the two has enough."""
        try:
            await self.send(f"* OK [CAPABILITY {self.capabilities}] Carnet is ready")
            while True:
                await self._next()
        except Ended as last:
            if str(last):
                await self.send(f"* BYE {last}")
        finally:
            self.selected = None

    async def send(self, *lines: str | bytes) -> None:
        """Write whole lines."""
        await self.channel.send([(one.encode() if isinstance(one, str) else one) + b"\r\n" for one in lines])

    async def in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do what waits (the database, sealed values) without holding the other sessions."""
        result: T = await self.door.in_thread(work, *arguments)
        return result

    async def reading(self, work: Callable[..., T], *arguments: Any) -> T:
        """The same for what changes nothing, which may be done twice."""
        result: T = await self.door.reading(work, *arguments)
        return result

    async def _next(self) -> None:
        limits = self.door.limits
        known = self.mailbox_id is not None
        raw = await self.channel.read_command(limits.idle_seconds if known else limits.login_seconds)
        if isinstance(raw, Refused):
            if raw.fatal:
                raise Ended(raw.text)
            await self._refuse(raw.tag.decode("ascii", "replace"), raw.status, raw.text)
            return
        try:
            command = parse_command(raw)
            await self.follow(command)
        except BadCommand as problem:
            await self._refuse(problem.tag, problem.status, problem.text)

    async def follow(self, command: Command) -> None:
        """Do one command and answer it."""
        self.door.counters.commands += 1
        states, act = COMMANDS[command.name]
        if not self.state & states:
            raise BadCommand(command.tag, _WRONG_STATE[self.state])
        try:
            answer = await act(self, command)
            if self.state is State.SELECTED and command.name != "IDLE":
                await self.sync(command)
        except (Ended, BadCommand, ConnectionError, asyncio.CancelledError):
            raise
        except Exception:
            self.door.counters.errors += 1
            log.error("imap_command_failed", act=command.name, mailbox=str(self.mailbox_id), exc_info=True)
            answer = "NO [SERVERBUG] Something went wrong on this side"
        finally:
            if command.name in _WRITES and self.mailbox_id is not None:
                self.door.shelf.touch(self.mailbox_id)
        if answer:
            await self.send(f"{command.tag} {answer}")
        if command.name == "LOGOUT":
            raise Ended

    async def sync(self, command: Command | None = None) -> None:
        """Tell the client what became of its open folder.

        A removal may be told unless the command speaks of messages by number: FETCH, STORE, SEARCH (RFC 3501 §7.4.1).
        """
        selected = self.folder
        may_remove = command is None or command.by_uid or command.name not in ("FETCH", "STORE", "SEARCH")
        now = asyncio.get_running_loop().time()
        if command is not None and command.name not in _ALWAYS_SYNC and now - self._synced < SYNC_EVERY:
            return
        self._synced = now
        since = selected.modseq
        changes = await self.reading(queries.changes, self.mailbox, selected.folder_id, since, CHANGES_AT_ONCE)
        if changes is None:
            raise Ended("The folder or the mailbox is not available any more")
        if changes.modseq == selected.modseq and not selected.owes:
            return
        there = None
        if changes.forgotten:
            there = await self.reading(queries.uids_of, self.mailbox, selected.folder_id)
        told = selected.apply(changes, may_remove=may_remove, tells_modseq=self.condstore, there=there)
        await self.channel.send(told)
        if changes.more:
            await self._tell_many(since, changes)
        selected.forget_own()

    async def _tell_many(self, since: int, changes: Changes) -> None:
        """Tell of thousands of changes, some at a time, so that the other sessions are not held up."""
        selected, after = self.folder, 0
        while page := await self.reading(
            queries.changed_page, self.mailbox, selected.folder_id, since, after, CHANGES_AT_ONCE
        ):
            after = page[-1][0]
            some = Changes(changes.uid_next, changes.modseq, page)
            await self.channel.send(selected.apply(some, may_remove=False, tells_modseq=self.condstore))

    async def _refuse(self, tag: str, status: str, text: str) -> None:
        """Answer a command that is wrong in itself; too many of them end the session."""
        self._bad += 1
        self.door.counters.bad_commands += 1
        await self.send(f"{tag} {status} {text}")
        if self._bad >= self.door.limits.bad_commands:
            raise Ended("Too many commands were wrong")


Act = Callable[[Session, Command], Awaitable[str]]

COMMANDS: dict[str, tuple[State, Act]] = {}
"""Every command: the states in which it may come, and what does it. Filled by the modules that hold the commands."""

_WRITES = frozenset({"STORE", "EXPUNGE", "COPY", "MOVE", "APPEND", "CLOSE", "DELETE", "RENAME"})
_ALWAYS_SYNC = frozenset({"NOOP", "CHECK", "APPEND", "COPY", "MOVE", "EXPUNGE"})
_WRONG_STATE = {
    State.NOT_AUTHENTICATED: "Sign in first",
    State.AUTHENTICATED: "Open a folder first",
    State.SELECTED: "This was to be done before signing in",
}


def command(name: str, states: State) -> Callable[[Act], Act]:
    """Enter a function into `COMMANDS`."""

    def enter(act: Act) -> Act:
        COMMANDS[name] = (states, act)
        return act

    return enter
