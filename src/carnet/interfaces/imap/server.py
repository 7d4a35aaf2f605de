"""The IMAP door: listens, bounds who may come in, and closes gently. Works on asyncio's own loop and on uvloop."""

import asyncio
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from carnet.interfaces.imap import folders, messages, quota, signin
from carnet.interfaces.imap.bodies import BodyReader
from carnet.interfaces.imap.connection import ImapConnection
from carnet.interfaces.imap.listener import Listener
from carnet.interfaces.imap.options import ImapCounters, ImapLimits
from carnet.interfaces.imap.session import COMMANDS, Door
from carnet.interfaces.imap.shelf import Shelf
from carnet.interfaces.imap.workers import Workers
from carnet.interfaces.sign_in import InThread, SignIn, sign_in_of_the_installation

T = TypeVar("T")

COMMAND_MODULES = (signin, folders, messages, quota)
"""Where the commands are: importing them fills `COMMANDS`."""


class ImapServer:
    """One listening address; `implicit_port` is one more port of it, with TLS from the first octet (RFC 8314 §3.2).
    `counters` may be read at any time; the ports are known after `start`.

    Without `tls_context` nobody can sign in: a password is taken in clear only with `clear_passwords`, for a benchmark
    on loopback.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls_context: ssl.SSLContext | None = None,
        limits: ImapLimits | None = None,
        reuse_port: bool = False,
        clear_passwords: bool = False,
        implicit_port: int | None = None,
        sign_in: Callable[[InThread], SignIn] | None = None,
    ) -> None:
        assert COMMANDS
        self.host = host
        self.port = port
        self.tls_context = tls_context
        self.limits = limits if limits is not None else ImapLimits()
        self.counters = ImapCounters()
        self.listener = Listener()
        self._workers = Workers(self.limits.workers)
        # Bounds password checks at one moment: each takes a core for a while.
        self._checking = asyncio.Semaphore(2)
        self.door = Door(
            limits=self.limits,
            counters=self.counters,
            in_thread=self._workers.run,
            reading=self._workers.read,
            sign_in=(sign_in or partial(sign_in_of_the_installation, "imap"))(self._check),
            subscribe=self.listener.subscribe,
            shelf=Shelf(self._workers.read, self.listener.subscribe, self.listener.ready.is_set),
            bodies=BodyReader(self._workers.read),
            offers_tls=tls_context is not None,
            max_message=self.limits.message,
            clear_passwords=clear_passwords,
        )
        self._reuse_port = reuse_port
        self._connections: set[ImapConnection] = set()
        self._per_peer: dict[str, int] = {}
        self._sockets: list[asyncio.Server] = []
        self.implicit_port = implicit_port
        self._stopping = False

    async def start(self) -> None:
        """Listen. Raises OSError when the address cannot be had."""
        loop = asyncio.get_running_loop()
        listen = partial(
            loop.create_server, host=self.host, backlog=self.limits.backlog, reuse_port=self._reuse_port or None
        )
        self._sockets.append(await listen(lambda: ImapConnection(self), port=self.port))
        self.port = self._sockets[0].sockets[0].getsockname()[1]
        if self.implicit_port is not None and self.tls_context is not None:
            secure = await listen(
                lambda: ImapConnection(self, secure=True),
                port=self.implicit_port,
                ssl=self.tls_context,
                ssl_handshake_timeout=self.limits.handshake_seconds,
            )
            self._sockets.append(secure)
            self.implicit_port = secure.sockets[0].getsockname()[1]
        self.listener.start()

    async def stop(self, grace_seconds: float = 10) -> None:
        """Stop listening, say goodbye, and leave commands in progress this long to finish."""
        loop = asyncio.get_running_loop()
        self._stopping = True
        for listening in self._sockets:
            listening.close()
        for connection in list(self._connections):
            connection.leave()
        deadline = loop.time() + grace_seconds
        while self._connections and loop.time() < deadline:
            await asyncio.sleep(0.01)
        for connection in list(self._connections):
            connection.abort()
        await self.listener.stop()
        await self._workers.close()

    async def _check(self, work: Callable[..., T], *arguments: Any) -> T:
        async with self._checking:
            return await self._workers.run(work, *arguments)

    def admit(self, connection: ImapConnection) -> bool:
        """Count a new connection in, unless there are too many."""
        self.counters.connections += 1
        same = self._per_peer.get(connection.peer, 0)
        if (
            self._stopping
            or len(self._connections) >= self.limits.connections
            or same >= self.limits.connections_per_peer
        ):
            self.counters.refused += 1
            return False
        self._per_peer[connection.peer] = same + 1
        self._connections.add(connection)
        self.counters.open = len(self._connections)
        return True

    def forget(self, connection: ImapConnection) -> None:
        """Count a connection out."""
        self._connections.discard(connection)
        self.counters.open = len(self._connections)
        same = self._per_peer.pop(connection.peer, 1) - 1
        if same:
            self._per_peer[connection.peer] = same
