"""Threads that do what waits: a bounded number, each with a database connection of its own."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import close_old_connections, connections
from django.db.backends.base.base import BaseDatabaseWrapper

T = TypeVar("T")


class Workers:
    """At most `count` database connections, whatever the number of sessions."""

    def __init__(self, count: int) -> None:
        self._opened: list[BaseDatabaseWrapper] = []
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="imap", initializer=self._enter)

    def _enter(self) -> None:
        self._opened.append(connections["default"])

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do `work` in a thread; its connection is checked before and given up after an error."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, _with_connection, work, arguments)

    async def close(self) -> None:
        """Let what has begun end, then close the connections."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        for wrapper in self._opened:
            # Its thread is gone: nobody else uses it.
            wrapper.inc_thread_sharing()
            wrapper.close()


def _with_connection(work: Callable[..., T], arguments: tuple[Any, ...]) -> T:
    close_old_connections()
    try:
        return work(*arguments)
    finally:
        close_old_connections()
