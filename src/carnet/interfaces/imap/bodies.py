"""Reading the messages themselves: what sessions ask for at one moment is one question to the database."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from carnet.domain.messaging.queries import folders as queries
from carnet.foundation.keys import KeyProblem

_AT_ONCE = 2
"""Questions on their way at one moment: the next one gathers what is asked meanwhile."""

_MOST = 64
_LARGE = 64 * 1024
"""From this size on a message is read for itself, so that small ones do not wait for it."""

InThread = Callable[..., Awaitable[Any]]
_Asked = tuple[UUID, bytes]


class BodyReader:
    """The bodies of messages. Large ones that are read in pieces are kept for the next piece, up to ``octets`` in all:
    clients ask for big messages some kilobytes at a time.
    """

    def __init__(self, in_thread: InThread, octets: int = 64 * 1024 * 1024) -> None:
        self._in_thread = in_thread
        self._waiting: dict[_Asked, list[asyncio.Future[bytes]]] = {}
        self._running = 0
        self._room = octets
        self._pieces: OrderedDict[_Asked, bytes] = OrderedDict()

    async def read(self, mailbox_id: UUID, wanted: Sequence[tuple[bytes, int]], *, pieces: bool) -> list[bytes]:
        """The contents at these addresses (address, size), in their order.

        Raises ``BodyMissing`` or ``KeyProblem``.
        """
        found = []
        for one in [self._start(mailbox_id, address, size, pieces=pieces) for address, size in wanted]:
            found.append(one if isinstance(one, bytes) else await one)
        return found

    def _start(self, mailbox_id: UUID, address: bytes, size: int, *, pieces: bool) -> "bytes | Awaitable[bytes]":
        name = (mailbox_id, address)
        kept = self._pieces.get(name)
        if kept is not None:
            self._pieces.move_to_end(name)
            return kept
        if size >= _LARGE:
            return self._large(name, keep=pieces)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bytes] = loop.create_future()
        self._waiting.setdefault(name, []).append(future)
        if self._running < _AT_ONCE:
            self._running += 1
            loop.call_soon(self._gather)
        return future

    async def _large(self, name: _Asked, *, keep: bool) -> bytes:
        body: bytes = await self._in_thread(queries.content, *name)
        if keep and len(body) <= self._room + sum(map(len, self._pieces.values())):
            if name not in self._pieces:
                self._pieces[name] = body
                self._room -= len(body)
            while self._room < 0:
                _, dropped = self._pieces.popitem(last=False)
                self._room += len(dropped)
        return body

    def _gather(self) -> None:
        """Ask for what waits."""
        taken = dict(list(self._waiting.items())[:_MOST])
        if not taken:
            self._running -= 1
            return
        for name in taken:
            del self._waiting[name]
        asyncio.get_running_loop().create_task(self._ask(taken))

    async def _ask(self, taken: dict[_Asked, list[asyncio.Future[bytes]]]) -> None:
        found: dict[_Asked, bytes | Exception]
        try:
            found = await self._in_thread(queries.contents, list(taken))
        except KeyProblem:  # one that does not open must not keep the others from who asked for them
            found = {}
        except Exception as problem:
            found = dict.fromkeys(taken, problem)
        for name, waiting in taken.items():
            if name not in found:
                try:
                    found[name] = await self._in_thread(queries.content, *name)
                except Exception as problem:
                    found[name] = problem
            body = found[name]
            for one in waiting:
                if one.cancelled():
                    continue
                if isinstance(body, bytes):
                    one.set_result(body)
                else:
                    one.set_exception(body)
        self._gather()
