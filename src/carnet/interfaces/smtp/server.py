"""An SMTP door: listens, bounds who may come in, lets the slow ones go, and closes gently.

Works on asyncio's own loop and on uvloop. Several processes may listen on one port with `reuse_port`.
"""

import asyncio
import ssl
from dataclasses import replace

from carnet.interfaces.smtp import reply as replies
from carnet.interfaces.smtp.connection import SmtpConnection
from carnet.interfaces.smtp.options import Memory, SmtpConfig, SmtpCounters, SmtpLimits
from carnet.interfaces.smtp.reply import Reply
from carnet.interfaces.smtp.session import SmtpHandler

_LINGER_SECONDS = 30
_LONGEST_TICK = 1.0


class SmtpServer:
    """One listening address. `counters` may be read at any time; `port` is known after `start`.

    `tls_context` makes STARTTLS available, or TLS from the first octet with `implicit_tls` (RFC 8314 §3.3).
    `memory` is shared by the servers whose content `in_flight` bounds together.
    With implicit TLS a connection is counted only once its handshake is done, which `handshake_seconds` bounds.
    Raises ValueError when the configuration asks for TLS or AUTH and there is no context.
    """

    def __init__(
        self,
        config: SmtpConfig,
        handler: SmtpHandler,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls_context: ssl.SSLContext | None = None,
        limits: SmtpLimits | None = None,
        implicit_tls: bool = False,
        reuse_port: bool = False,
        memory: Memory | None = None,
    ) -> None:
        if tls_context is None and (implicit_tls or config.starttls or config.require_tls or config.require_auth):
            raise ValueError("TLS or authentication is asked for, and there is no TLS context")
        self.config = replace(config, starttls=tls_context is not None and not implicit_tls)
        self.handler = handler
        self.host = host
        self.port = port
        self.tls_context = tls_context
        self.implicit_tls = implicit_tls
        self.limits = limits if limits is not None else SmtpLimits()
        self.counters = SmtpCounters()
        self.memory = memory if memory is not None else Memory()
        self.now = 0.0
        """Time of the loop, in seconds, refreshed once a tick: exact enough for bounds in minutes."""
        self.awaited: set[asyncio.Future[object] | asyncio.Task[None]] = set()
        self._reuse_port = reuse_port
        self._connections: set[SmtpConnection] = set()
        self._per_ip: dict[str, int] = {}
        self._listener: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._stopping = False
        shortest = min(self.limits.command_seconds, self.limits.data_seconds, self.limits.session_seconds)
        self._tick = min(_LONGEST_TICK, shortest / 4)

    async def start(self) -> None:
        """Listen. Raises OSError when the address cannot be had."""
        loop = asyncio.get_running_loop()
        self.now = loop.time()
        self._listener = await loop.create_server(
            lambda: SmtpConnection(self),
            self.host,
            self.port,
            backlog=self.limits.backlog,
            reuse_port=self._reuse_port or None,
            ssl=self.tls_context if self.implicit_tls else None,
            ssl_handshake_timeout=self.limits.handshake_seconds if self.implicit_tls else None,
        )
        self.port = self._listener.sockets[0].getsockname()[1]
        self._timer = loop.call_later(self._tick, self._sweep)

    async def stop(self, grace_seconds: float = 10) -> None:
        """Stop listening, say 421 to idle sessions, and leave messages in progress this long to finish."""
        loop = asyncio.get_running_loop()
        self._stopping = True
        if self._listener is not None:
            self._listener.close()
        for connection in list(self._connections):
            connection.leave()
        deadline = loop.time() + grace_seconds
        while (self._connections or self.awaited) and loop.time() < deadline:
            await asyncio.sleep(0.01)
        if self._timer is not None:
            self._timer.cancel()
        for connection in list(self._connections):
            connection.abort()
        for future in list(self.awaited):
            if isinstance(future, asyncio.Task):
                future.cancel()
        await asyncio.sleep(0)

    def admit(self, connection: SmtpConnection) -> Reply | None:
        """Count a new connection in, or tell why not."""
        counters = self.counters
        counters.connections += 1
        if self._stopping:
            return replies.SHUTTING_DOWN
        if len(self._connections) >= self.limits.connections:
            counters.refused_total += 1
            return replies.TOO_MANY_CONNECTIONS
        ip = connection.session.peer_ip
        same = self._per_ip.get(ip, 0)
        if same >= self.limits.connections_per_ip:
            counters.refused_per_ip += 1
            return replies.TOO_MANY_CONNECTIONS
        self._per_ip[ip] = same + 1
        self._connections.add(connection)
        counters.open = len(self._connections)
        return None

    def forget(self, connection: SmtpConnection) -> None:
        """Count a connection out."""
        self._connections.discard(connection)
        self.counters.open = len(self._connections)
        ip = connection.session.peer_ip
        same = self._per_ip.pop(ip) - 1
        if same:
            self._per_ip[ip] = same

    def _sweep(self) -> None:
        """Let go those who are silent, too long, or do not take their last reply. One timer for all."""
        loop = asyncio.get_running_loop()
        self.now = now = loop.time()
        limits = self.limits
        for connection in list(self._connections):
            silent = now - connection.seen
            if connection.closing:
                if silent > _LINGER_SECONDS:
                    connection.abort()
            elif now - connection.since > limits.session_seconds:
                self.counters.timeouts += 1
                connection.shut(replies.SESSION_TOO_LONG)
            elif not connection.awaiting and silent > (
                limits.data_seconds if connection.receiving else limits.command_seconds
            ):
                self.counters.timeouts += 1
                connection.shut(replies.IDLE_TOO_LONG)
            elif limits.least_rate and connection.is_slow(limits.least_rate, limits.slow_seconds):
                self.counters.timeouts += 1
                connection.shut(replies.TOO_SLOW)
        self._timer = loop.call_later(self._tick, self._sweep)
