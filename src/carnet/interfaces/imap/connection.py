"""One TCP connection on asyncio: bytes in and out, TLS, patience, and the session's task."""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from carnet.foundation import logs
from carnet.interfaces.imap.session import Ended, Session
from carnet.interfaces.imap.wire import CommandReader, Continue, RawCommand, Refused, WireLimits

if TYPE_CHECKING:
    from carnet.interfaces.imap.server import ImapServer

log = logs.get("imap")

_READ_AHEAD = 256 * 1024
_HOLD = 32 * 1024
_IDLE_TOO_LONG = "Silent for too long"
_SHUTTING_DOWN = "The server stops, come back later"


class ImapConnection(asyncio.Protocol):
    """The `Channel` of one session.

    Reading stops while too much waits to be looked at, and writing waits while the client does not take it: one
    client never fills the memory.
    """

    def __init__(self, server: "ImapServer", *, secure: bool = False) -> None:
        limits = server.limits
        self.secure = secure
        self.peer = ""
        self.certificate: bytes | None = None
        self._server = server
        self._transport = cast(asyncio.Transport, None)
        self._reader = CommandReader(
            WireLimits(limits.line_before_login, limits.literal_before_login, limits.literal_before_login),
            self._reserve,
        )
        self._reserved = 0
        self._held: list[bytes] = []
        self._held_octets = 0
        self._arrived = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._reading = True
        self._poked = False
        self._lost = False
        self._leaving = False
        self._last_word = _SHUTTING_DOWN
        self._ending: asyncio.TimerHandle | None = None
        self._early: bytearray | None = None
        self._task: asyncio.Task[None] | None = None

    # Called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.peer = (transport.get_extra_info("peername") or ("",))[0]
        if not self._server.admit(self):
            self._transport.write(b"* BYE [UNAVAILABLE] Too many connections\r\n")
            self._transport.close()
            self._lost = True
            return
        if self.secure:
            self._note_certificate()
        self._task = asyncio.create_task(self._run())

    def data_received(self, data: bytes) -> None:
        if self._early is not None:
            # Already decrypted, but the end of the handshake has not been announced to the session yet.
            self._early += data
            return
        self._reader.feed(data)
        if self._reader.buffered > _READ_AHEAD:
            self._pause()
        self._arrived.set()

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self._arrived.set()
        self._writable.set()

    # Called by the server

    def leave(self) -> None:
        """Say goodbye now, or as soon as the command in progress is answered."""
        self._leaving = True
        self._arrived.set()

    def abort(self) -> None:
        """Close without a word."""
        if self._transport is not None:
            self._transport.abort()
        if self._task is not None:
            self._task.cancel()

    # The session's channel

    async def send(self, chunks: Iterable[bytes]) -> None:
        """Write, and wait while the client is slow. Raises `ConnectionResetError` when it is gone or takes nothing.

        Little is held back until there is more to say, or the client to be listened to: one packet, not three.
        """
        for chunk in chunks:
            if len(chunk) < _HOLD:
                self._held.append(chunk)
                self._held_octets += len(chunk)
                if self._held_octets < _HOLD:
                    continue
            self._flush()
            if len(chunk) >= _HOLD:
                self._transport.write(chunk)
            if not self._writable.is_set():
                try:
                    async with asyncio.timeout(self._server.limits.send_seconds):
                        await self._writable.wait()
                except TimeoutError:
                    self._server.counters.timeouts += 1
                    self._transport.abort()
                    raise ConnectionResetError from None

    def _flush(self) -> None:
        """Write what is held. Raises `ConnectionResetError` when the client is gone."""
        if self._lost:
            raise ConnectionResetError
        if self._held:
            self._transport.write(self._held[0] if len(self._held) == 1 else b"".join(self._held))
            self._held.clear()
            self._held_octets = 0

    async def read_command(self, timeout: float) -> RawCommand | Refused:
        """The next command, whole; leave to send a literal is given on the way."""
        self._release()
        ends = asyncio.get_running_loop().time() + timeout
        while True:
            taken = self._reader.take_command()
            self._resume()
            if isinstance(taken, Continue):
                await self.send([b"+ Go on\r\n"])
            elif taken is not None:
                return taken
            else:
                await self._wait(ends)

    async def read_line(self, timeout: float, limit: int) -> bytes | None:
        """The next line, or None once the channel was poked."""
        ends = asyncio.get_running_loop().time() + timeout
        while True:
            if self._poked:
                self._poked = False
                return None
            line = self._reader.take_line(limit)
            self._resume()
            if isinstance(line, Refused):
                raise Ended(line.text)
            if line is not None:
                return line
            await self._wait(ends)

    def poke(self) -> None:
        self._poked = True
        self._arrived.set()

    def signed_in(self) -> None:
        limits = self._server.limits
        self._reader.limits = WireLimits(limits.line, limits.literal, max(limits.message, limits.literal))

    def leave_at(self, seconds: float, last_word: str) -> None:
        def end() -> None:
            self._last_word = last_word
            self.leave()

        self._ending = asyncio.get_running_loop().call_later(max(0.0, seconds), end)

    async def start_tls(self, leave: bytes) -> None:
        """1. Stop reading. 2. What came in clear after the command ends the session. 3. Leave, and the handshake."""
        server = self._server
        context = server.tls_context
        assert context is not None
        self._transport.pause_reading()
        if self._reader.buffered:
            server.counters.tls_injections += 1
            raise Ended("Nothing may follow STARTTLS before TLS begins")
        self._early = bytearray()
        await self.send([leave])
        self._flush()
        try:
            transport = await asyncio.get_running_loop().start_tls(
                self._transport,
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=server.limits.handshake_seconds,
            )
        except (OSError, RuntimeError):
            # ssl.SSLError, resets and timeouts are all OSError; RuntimeError: the transport had closed.
            transport = None
        if transport is None or self._lost:
            server.counters.tls_failed += 1
            self.abort()
            raise ConnectionResetError
        self._transport = transport
        self.secure = True
        self._note_certificate()
        self._reading = True
        early, self._early = bytes(self._early), None
        if early:
            self.data_received(early)

    async def _run(self) -> None:
        try:
            await Session(self, self._server.door).run()
            self._flush()
        except (ConnectionError, asyncio.CancelledError):
            pass
        except Exception:
            self._server.counters.errors += 1
            log.error("imap_session_failed", exc_info=True)
        finally:
            self._release()
            if self._ending is not None:
                self._ending.cancel()
            self._server.forget(self)
            self._transport.close()

    def _note_certificate(self) -> None:
        tls = self._transport.get_extra_info("ssl_object")
        self.certificate = tls.getpeercert(binary_form=True) if tls is not None else None

    async def _wait(self, ends: float) -> None:
        """Wait for something to happen. Raises when the client is gone or silent, or the server stops."""
        self._flush()
        if self._lost:
            raise ConnectionResetError
        if self._leaving:
            raise Ended(self._last_word)
        self._arrived.clear()
        try:
            async with asyncio.timeout_at(ends):
                await self._arrived.wait()
        except TimeoutError:
            self._server.counters.timeouts += 1
            raise Ended(_IDLE_TOO_LONG) from None

    def _pause(self) -> None:
        if self._reading and not self._transport.is_closing():
            self._reading = False
            self._transport.pause_reading()

    def _resume(self) -> None:
        if not self._reading and self._reader.buffered <= _READ_AHEAD and not self._transport.is_closing():
            self._reading = True
            self._transport.resume_reading()

    def _reserve(self, octets: int) -> bool:
        counters = self._server.counters
        if counters.in_flight + octets > self._server.limits.in_flight:
            return False
        counters.in_flight += octets
        self._reserved += octets
        return True

    def _release(self) -> None:
        self._server.counters.in_flight -= self._reserved
        self._reserved = 0
