"""One database connection per process that hears of changes in mailboxes, and wakes the sessions that wait on them."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
from django.db import connections
from psycopg import sql

from carnet.domain.messaging.commands.folders import CHANNEL
from carnet.foundation import logs

log = logs.get("imap")

_RETRY_SECONDS = 1.0
# Django's own words among the parameters of a connection.
_NOT_OF_LIBPQ = frozenset({"cursor_factory", "context", "prepare_threshold", "server_side_binding", "pool"})

Wake = Callable[[], None]


class Listener:
    """Subscriptions by mailbox. When the connection was lost, all are woken: something may have been missed."""

    def __init__(self) -> None:
        self._waiting: dict[UUID, set[Wake]] = {}
        self._task: asyncio.Task[None] | None = None
        self.ready = asyncio.Event()
        """Set while changes are heard of."""

    def start(self) -> None:
        self._task = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def subscribe(self, mailbox_id: UUID, wake: Wake) -> Wake:
        """Call `wake` at each change of the mailbox. Returns what ends the subscription."""
        waiting = self._waiting.setdefault(mailbox_id, set())
        waiting.add(wake)

        def leave() -> None:
            waiting.discard(wake)
            if not waiting and self._waiting.get(mailbox_id) is waiting:
                del self._waiting[mailbox_id]

        return leave

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear()
            except (psycopg.Error, OSError) as problem:
                log.warning("imap_listener_lost", error=type(problem).__name__)
            self.ready.clear()
            await asyncio.sleep(_RETRY_SECONDS)

    async def _hear(self) -> None:
        async with await psycopg.AsyncConnection.connect(autocommit=True, **_parameters()) as connection:
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
            self.ready.set()
            for waiting in list(self._waiting.values()):
                _wake(waiting)
            async for notice in connection.notifies():
                with contextlib.suppress(ValueError):
                    _wake(self._waiting.get(UUID(notice.payload), ()))


def _wake(waiting: Any) -> None:
    for wake in list(waiting):
        wake()


def _parameters() -> dict[str, Any]:
    found = connections["default"].get_connection_params()
    return {name: value for name, value in found.items() if name not in _NOT_OF_LIBPQ and value is not None}
