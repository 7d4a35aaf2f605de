"""The IMAP door: listens, bounds who may come in, and closes gently. Works on asyncio's own loop and on uvloop."""

import asyncio
import ssl

from carnet.interfaces.imap import folders, messages, signin
from carnet.interfaces.imap.connection import ImapConnection
from carnet.interfaces.imap.listener import Listener
from carnet.interfaces.imap.options import ImapCounters, ImapLimits
from carnet.interfaces.imap.session import COMMANDS, Door
from carnet.interfaces.imap.workers import Workers

COMMAND_MODULES = (signin, folders, messages)
"""Where the commands are: importing them fills `COMMANDS`."""


class ImapServer:
    """One listening address. `counters` may be read at any time; `port` is known after `start`.

    Without `tls_context` nobody can sign in: a password is never taken in clear.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls_context: ssl.SSLContext | None = None,
        limits: ImapLimits | None = None,
        reuse_port: bool = False,
    ) -> None:
        assert COMMANDS
        self.host = host
        self.port = port
        self.tls_context = tls_context
        self.limits = limits if limits is not None else ImapLimits()
        self.counters = ImapCounters()
        self.listener = Listener()
        self._workers = Workers(self.limits.workers)
        self.door = Door(
            limits=self.limits,
            counters=self.counters,
            in_thread=self._workers.run,
            subscribe=self.listener.subscribe,
            offers_tls=tls_context is not None,
            max_message=self.limits.message,
        )
        self._reuse_port = reuse_port
        self._connections: set[ImapConnection] = set()
        self._per_peer: dict[str, int] = {}
        self._socket: asyncio.Server | None = None
        self._stopping = False

    async def start(self) -> None:
        """Listen. Raises OSError when the address cannot be had."""
        loop = asyncio.get_running_loop()
        self._socket = await loop.create_server(
            lambda: ImapConnection(self),
            self.host,
            self.port,
            backlog=self.limits.backlog,
            reuse_port=self._reuse_port or None,
        )
        self.port = self._socket.sockets[0].getsockname()[1]
        self.listener.start()

    async def stop(self, grace_seconds: float = 10) -> None:
        """Stop listening, say goodbye, and leave commands in progress this long to finish."""
        loop = asyncio.get_running_loop()
        self._stopping = True
        if self._socket is not None:
            self._socket.close()
        for connection in list(self._connections):
            connection.leave()
        deadline = loop.time() + grace_seconds
        while self._connections and loop.time() < deadline:
            await asyncio.sleep(0.01)
        for connection in list(self._connections):
            connection.abort()
        await self.listener.stop()
        await self._workers.close()

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
