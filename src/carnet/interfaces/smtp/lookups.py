"""Questions of the doors to the database, asked together: whatever waits when a turn begins goes into one query."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import InterfaceError, OperationalError, close_old_connections, connection

from carnet.domain.directory.queries import TrustSpace, trust_space
from carnet.domain.messaging.commands.accept import RefusedRecipient, note_refusals
from carnet.domain.messaging.queries.recipients import Recipient, look_up
from carnet.foundation import logs

_TRUST_SECONDS = 2.0
_NOTES_SECONDS = 1.0

T = TypeVar("T")

log = logs.get("smtp")


class Lookups:
    """One thread with one connection answers all sessions of the process, in turns; nothing blocks the loop.

    Living, closed, opposed and unknown spaces are asked for alike, so that none shows by its delay.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="smtp-lookups")
        self._auth_threads = ThreadPoolExecutor(4, thread_name_prefix="smtp-auth")
        self._waiting: dict[str, list[asyncio.Future[Recipient]]] = {}
        self._asking = False
        self._refusals: list[RefusedRecipient] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.trusted = TrustSpace(frozenset(), frozenset())

    async def start(self) -> None:
        """Load the trust list, and keep it and the evidence of refusals up to date from now on."""
        self.trusted = await self.ask(trust_space)
        for loop in (self._refresh(), self._note()):
            task = asyncio.create_task(loop)
            self._tasks.add(task)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self._write_notes()
        self._thread.shutdown()
        self._auth_threads.shutdown()

    async def ask(self, question: Callable[..., T], *arguments: object) -> T:
        """Read something in the lookup thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, _again_if_lost, question, *arguments)

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

    def note_refusal(self, refusal: RefusedRecipient) -> None:
        self._refusals.append(refusal)

    def _next_turn(self) -> None:
        task = asyncio.ensure_future(self._turn())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _turn(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting, {}
            try:
                found = await self.ask(look_up, list(asked))
            except Exception as problem:
                log.error("lookup_failed", exc_info=problem, count=len(asked))
                for future in (one for futures in asked.values() for one in futures):
                    if not future.done():
                        future.set_exception(problem)
                continue
            for address, futures in asked.items():
                for future in futures:
                    if not future.done():
                        future.set_result(found[address])
        self._asking = False

    async def _refresh(self) -> None:
        while True:
            await asyncio.sleep(_TRUST_SECONDS)
            try:
                self.trusted = await self.ask(trust_space)
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
                await asyncio.get_running_loop().run_in_executor(self._thread, _fresh, note_refusals, notes)
            except Exception as problem:
                log.error("refusals_not_noted", exc_info=problem, count=len(notes))


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
