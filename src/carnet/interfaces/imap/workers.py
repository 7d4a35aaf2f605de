"""Threads that do what waits: a bounded number, each with a database connection of its own."""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError, close_old_connections, connection

T = TypeVar("T")

_Doing = Callable[[Callable[..., Any], tuple[Any, ...]], Any]
_Asked = tuple[_Doing, Callable[..., Any], tuple[Any, ...], "asyncio.Future[Any]"]


class Workers:
    """At most `count` database connections, whatever the number of sessions.

    A bare queue and bare threads: handing over work costs a third of what an executor's does, and there is some to
    hand over for nearly every command.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._asked: SimpleQueue[_Asked | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._idle = 0

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do `work` in a thread; its connection is checked before and given up after an error."""
        return await self._hand_over(_with_connection, work, arguments)

    async def read(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do `work`, which changes nothing, in a thread: over a connection that turns out to be lost, it is done again.

        Asking a connection each time whether it lives would cost as much as most readings.
        """
        return await self._hand_over(_reading, work, arguments)

    def _hand_over(self, doing: _Doing, work: Callable[..., T], arguments: tuple[Any, ...]) -> "asyncio.Future[T]":
        if len(self._threads) < self._count and not self._idle:
            thread = threading.Thread(target=self._work, name=f"imap-{len(self._threads) + 1}", daemon=True)
            self._threads.append(thread)
            thread.start()
        else:
            self._idle -= 1
        asked: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._asked.put((doing, work, arguments, asked))
        return asked

    def _work(self) -> None:
        try:
            while (asked := self._asked.get()) is not None:
                doing, work, arguments, future = asked
                result, problem = None, None
                if not future.cancelled():
                    try:
                        result = doing(work, arguments)
                    except BaseException as raised:  # whoever asked is told, whatever it is
                        problem = raised
                future.get_loop().call_soon_threadsafe(self._settle, future, result, problem)
                del asked, future, result, problem
        finally:
            connection.close()

    def _settle(self, future: "asyncio.Future[Any]", result: Any, problem: BaseException | None) -> None:
        self._idle += 1
        if future.cancelled():
            return
        if problem is None:
            future.set_result(result)
        else:
            future.set_exception(problem)

    async def close(self) -> None:
        """Let what has begun end, then close the connections."""
        for _ in self._threads:
            self._asked.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)


def _with_connection(work: Callable[..., T], arguments: tuple[Any, ...]) -> T:
    close_old_connections()
    try:
        return work(*arguments)
    finally:
        close_old_connections()


def _reading(work: Callable[..., T], arguments: tuple[Any, ...]) -> T:
    try:
        return work(*arguments)
    except (OperationalError, InterfaceError):
        return _with_connection(work, arguments)
