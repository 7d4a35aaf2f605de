"""One client's session: which command may come when, and what surrounds its answer (RFC 3501 §3 and §5)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from enum import IntFlag
from typing import Any, Protocol, TypeVar
from uuid import UUID

from carnet.domain.messaging.queries import folders as queries
from carnet.foundation import logs
from carnet.interfaces.imap.fetch import BodyCache
from carnet.interfaces.imap.grammar import BadCommand, Command, parse_command
from carnet.interfaces.imap.options import CAPABILITIES, ImapCounters, ImapLimits
from carnet.interfaces.imap.selected import Selected
from carnet.interfaces.imap.wire import RawCommand, Refused
from carnet.interfaces.tries import WrongPasswords

log = logs.get("imap")
T = TypeVar("T")

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

    async def start_tls(self, leave: bytes) -> None:
        """Say `leave` and agree on TLS. Raises `Ended` when it fails, or when plaintext came after the command."""


@dataclass
class Door:
    """What all sessions of a process share."""

    limits: ImapLimits
    counters: ImapCounters
    in_thread: Callable[..., Awaitable[Any]]
    subscribe: Callable[[UUID, Callable[[], None]], Callable[[], None]]
    offers_tls: bool
    max_message: int
    cache: BodyCache = field(default_factory=BodyCache)
    signing_in: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    """Bounds password checks at one moment: each takes a core for a while."""
    wrong_passwords: WrongPasswords = field(default_factory=WrongPasswords)


class Session:
    """State of one session; the commands themselves are functions of other modules, in `COMMANDS`."""

    def __init__(self, channel: Channel, door: Door) -> None:
        self.channel = channel
        self.door = door
        self.mailbox_id: UUID | None = None
        self.selected: Selected | None = None
        self.condstore = False
        self.login_failures = 0
        self._bad = 0
        self._synced = 0.0

    @property
    def state(self) -> State:
        if self.mailbox_id is None:
            return State.NOT_AUTHENTICATED
        return State.AUTHENTICATED if self.selected is None else State.SELECTED

    @property
    def mailbox(self) -> UUID:
        """The mailbox signed in to; only for commands that come after that."""
        assert self.mailbox_id is not None
        return self.mailbox_id

    @property
    def folder(self) -> Selected:
        """The open folder; only for commands that need one."""
        assert self.selected is not None
        return self.selected

    @property
    def capabilities(self) -> str:
        words = [*CAPABILITIES, f"APPENDLIMIT={self.door.max_message}"]
        if self.mailbox_id is None:
            if self.channel.secure:
                words += ["SASL-IR", "AUTH=PLAIN"]
            else:
                words += ["STARTTLS", "LOGINDISABLED"] if self.door.offers_tls else ["LOGINDISABLED"]
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

    async def send(self, *lines: str | bytes) -> None:
        """Write whole lines."""
        await self.channel.send([(one.encode() if isinstance(one, str) else one) + b"\r\n" for one in lines])

    async def in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do what waits (the database, sealed values) without holding the other sessions."""
        result: T = await self.door.in_thread(work, *arguments)
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
        changes = await self.in_thread(queries.changes, self.mailbox, selected.folder_id, selected.modseq)
        if changes is None:
            raise Ended("The folder or the mailbox is not available any more")
        if changes.modseq == selected.modseq and not selected.owes:
            return
        told = selected.apply(changes, may_remove=may_remove, tells_modseq=self.condstore)
        if told:
            await self.channel.send(told)

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
