"""Questions of the doors to the database, asked together: whatever waits when a turn begins goes into one query."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar
from uuid import UUID

from django.db import InterfaceError, OperationalError, close_old_connections, connection

from carnet.domain.directory.commands import note_refused_peers
from carnet.domain.directory.queries import TrustSpace, trust_space
from carnet.domain.directory.queries.mailboxes import shut_lately
from carnet.domain.directory.queries.oppositions import mailboxes_that_hold_oppositions, opposed
from carnet.domain.messaging.commands.accept import RefusedRecipient, note_refusals
from carnet.domain.messaging.queries.recipients import Recipient, look_up
from carnet.foundation import logs
from carnet.foundation.clock import now
from carnet.foundation.closures import Closure, closures_to_come
from carnet.foundation.tls import revocation
from carnet.foundation.tls.revocation import Revocations
from carnet.interfaces.smtp.asking import AskingThread

_TRUST_SECONDS = 2.0
_NOTES_SECONDS = 1.0
_MOST_PEERS = 100

T = TypeVar("T")
_Found = dict[str, Recipient]

log = logs.get("smtp")


class Lookups:
    """One thread with one connection answers all sessions of the process, in turns; nothing blocks the loop.

    Living, closed, opposed and unknown spaces are asked for alike, so that none shows by its delay.
    """

    def __init__(self) -> None:
        self._thread = AskingThread("smtp-lookups")
        self._auth_threads = ThreadPoolExecutor(4, thread_name_prefix="smtp-auth")
        self._waiting: dict[str, list[asyncio.Future[Recipient]]] = {}
        self._asking = False
        self._refusals: list[RefusedRecipient] = []
        self._refused_peers: dict[tuple[str, str], int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.trusted = TrustSpace(frozenset(), frozenset())
        self.revocations = Revocations({})
        self.closures: list[Closure] = []
        self.oppositions: frozenset[UUID] = frozenset()
        self.shut: frozenset[UUID] = frozenset()

    async def start(self) -> None:
        """Load the trust list, the revocation lists and the planned closures, and keep them and the evidence of
        refusals up to date."""
        self.trusted = await self.ask(trust_space)
        self.revocations = await self.ask(revocation.current)
        self.closures = await self.ask(closures_to_come)
        self.oppositions = await self.ask(mailboxes_that_hold_oppositions)
        self.shut = await self.ask(shut_lately)
        for loop in (self._refresh(), self._note()):
            task = asyncio.create_task(loop)
            self._tasks.add(task)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self._write_notes()
        self._thread.close()
        self._auth_threads.shutdown()

    async def ask(self, question: Callable[..., T], *arguments: object) -> T:
        """Read something in the lookup thread."""
        return await self._thread.ask(_again_if_lost, question, *arguments)

    async def check(self, question: Callable[..., T], *arguments: object) -> T:
        """Run something slow (a password hash) beside the lookups."""
        return await asyncio.get_running_loop().run_in_executor(self._auth_threads, _fresh, question, *arguments)

    def recipient(self, address: str) -> asyncio.Future[Recipient]:
        """What is behind an address."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Recipient] = loop.create_future()
        self._waiting.setdefault(address, []).append(future)
        if not self._asking:
            self._asking = True
            loop.call_soon(self._next_turn)
        return future

    async def is_opposed(self, mailbox_id: UUID, ins: str) -> bool:
        """Whether this patient asked not to be written to by this mailbox; costs nothing where nobody ever did.

        One that was recorded in the last two seconds may be missed here: the drain asks again.
        """
        return mailbox_id in self.oppositions and bool(await self.ask(opposed, [(mailbox_id, ins)]))

    def note_refused_peer(self, reason: str, subject: str) -> None:
        """Count a peer that was turned away; written within a second. A flood of strangers is cut, not kept."""
        key = (reason, subject)
        if key in self._refused_peers or len(self._refused_peers) < _MOST_PEERS:
            self._refused_peers[key] = self._refused_peers.get(key, 0) + 1

    def note_refusal(self, refusal: RefusedRecipient) -> None:
        self._refusals.append(refusal)

    def _next_turn(self) -> None:
        asked, self._waiting = self._waiting, {}
        answer = self._thread.ask(_again_if_lost, look_up, list(asked))
        answer.add_done_callback(partial(self._answered, asked))

    def _answered(self, asked: "dict[str, list[asyncio.Future[Recipient]]]", answer: "asyncio.Future[_Found]") -> None:
        problem = answer.exception()
        if problem is not None:
            log.error("lookup_failed", exc_info=problem, count=len(asked))
        for address, futures in asked.items():
            for future in futures:
                if future.done():
                    continue
                if problem is not None:
                    future.set_exception(problem)
                else:
                    future.set_result(answer.result()[address])
        if self._waiting:
            self._next_turn()
        else:
            self._asking = False

    async def _refresh(self) -> None:
        while True:
            await asyncio.sleep(_TRUST_SECONDS)
            try:
                self.trusted = await self.ask(trust_space)
                self.revocations = await self.ask(revocation.current)
                self.closures = await self.ask(closures_to_come)
                self.oppositions = await self.ask(mailboxes_that_hold_oppositions)
                self.shut = await self.ask(shut_lately)
            except Exception as problem:
                log.error("trust_list_not_read", exc_info=problem)  # the last good copy serves meanwhile

    async def _note(self) -> None:
        while True:
            await asyncio.sleep(_NOTES_SECONDS)
            await self._write_notes()

    async def _write_notes(self) -> None:
        if self._refusals:
            notes, self._refusals = self._refusals, []
            try:
                await self._thread.ask(_fresh, note_refusals, notes)
            except Exception as problem:
                log.error("refusals_not_noted", exc_info=problem, count=len(notes))
        if self._refused_peers:
            peers, self._refused_peers = self._refused_peers, {}
            try:
                await self._thread.ask(_fresh, note_refused_peers, peers, now())
            except Exception as problem:
                log.error("refusals_not_noted", exc_info=problem, count=len(peers))


def _again_if_lost(question: Callable[..., T], *arguments: object) -> T:
    """Read; once more on a new connection if the old one turns out to be gone: the database may have been restarted.

    Asking first whether a connection lives would cost every turn a second round trip.
    """
    try:
        return question(*arguments)
    except (OperationalError, InterfaceError):
        connection.close()
        return question(*arguments)


def _fresh(question: Callable[..., T], *arguments: object) -> T:
    """Ask, or write, on a connection that has just been seen to live: a write is not simply done again."""
    close_old_connections()
    return question(*arguments)
