"""One TCP connection: bytes from the loop to the protocol engine, events to the handler, replies back."""

import asyncio
import traceback
from collections.abc import Awaitable
from typing import TYPE_CHECKING, cast

import structlog

from carnet.interfaces.smtp import reply as replies
from carnet.interfaces.smtp.content import ContentReceiver
from carnet.interfaces.smtp.events import Auth, Data, Ehlo, Event, Mail, Message, Rcpt
from carnet.interfaces.smtp.protocol import SmtpProtocol
from carnet.interfaces.smtp.reply import Reply
from carnet.interfaces.smtp.session import Session

if TYPE_CHECKING:
    from carnet.interfaces.smtp.server import SmtpServer

log = structlog.get_logger(__name__)


class SmtpConnection(asyncio.Protocol):
    """Feeds one `SmtpProtocol`. No task is made for an event that the handler decides at once.

    While a decision is awaited, reading goes on only until more bytes come; then it pauses. Reading also
    pauses while the client does not take its replies.
    """

    __slots__ = (
        "_awaited",
        "_content",
        "_content_since",
        "_eof",
        "_handshake",
        "_held",
        "_leaving",
        "_lost",
        "_machine",
        "_reading",
        "_server",
        "_transport",
        "_writable",
        "seen",
        "session",
        "since",
    )

    def __init__(self, server: "SmtpServer") -> None:
        self._server = server
        self._machine = SmtpProtocol(server.config, server.counters, tls=server.implicit_tls)
        self._transport = cast(asyncio.Transport, None)
        self._awaited: asyncio.Future[object] | None = None
        self._handshake: _Handshake | None = None
        self._held = 0
        self._content: ContentReceiver | None = None
        self._content_since = 0.0
        self._reading = True
        self._writable = True
        self._eof = False
        self._leaving = False
        self._lost = True
        self.session = cast(Session, None)
        self.since = self.seen = server.now

    # Called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the client, or turn it away when there are too many."""
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername") or ("", 0)
        self.session = Session(peer[0], peer[1])
        refusal = self._server.admit(self)
        if refusal is not None:
            self._transport.write(refusal.encode())
            self._transport.close()
            return
        self._lost = False
        if self._server.implicit_tls:
            self._server.counters.tls_started += 1
            self.session.secured_by(transport.get_extra_info("ssl_object"))
            self._machine.certificate = self.session.peer_certificate is not None
        self._run(self._machine.next_event())

    def data_received(self, data: bytes) -> None:
        """Feed the engine and act on what it says."""
        self.seen = self._server.now
        if self._handshake is not None:
            # Reading is paused and TLS reads through another object: nothing good can arrive here.
            self._server.counters.tls_injections += 1
            self.abort()
            return
        machine = self._machine
        event = machine.receive_data(data)
        if event is not None:
            self._run(event)
        elif machine.pending is not None:
            self._pause()
        else:
            if machine.content is not None:
                self._bound_content(machine.content.held)
            self._flush()

    def eof_received(self) -> bool:
        """The client sends no more; an answer that it still waits for is sent before closing."""
        self._eof = True
        return self._awaited is not None and not self.session.tls

    def pause_writing(self) -> None:
        """The client is slow to take its replies: read no more commands until it has."""
        self._writable = False
        self._pause()

    def resume_writing(self) -> None:
        """The client took its replies."""
        self._writable = True
        self._resume()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection; a message being stored is still stored."""
        if not self._lost:
            self._lost = True
            self._machine.closed = True
            self._server.forget(self)
            if self._awaited is None:
                self._account(0)

    # Called by the server

    @property
    def receiving(self) -> bool:
        """Whether the content of a message is being received."""
        return self._machine.content is not None

    def is_slow(self, least_rate: int, after_seconds: float) -> bool:
        """Whether the content being received comes slower than `least_rate` octets a second. Asked at each tick."""
        content = self._machine.content
        if content is not self._content:
            self._content, self._content_since = content, self._server.now
        lasted = self._server.now - self._content_since
        return content is not None and lasted > after_seconds and content.received < least_rate * lasted

    @property
    def awaiting(self) -> bool:
        """Whether the handler is deciding, or TLS being agreed."""
        return self._awaited is not None or self._handshake is not None

    @property
    def closing(self) -> bool:
        """Whether the last bytes have been written."""
        return self._machine.closed

    def leave(self) -> None:
        """Close now, or as soon as the message in progress is answered."""
        self._leaving = True
        if not (self.receiving or self.awaiting or self.closing):
            self.shut(replies.SHUTTING_DOWN)

    def shut(self, answer: Reply) -> None:
        """Say a last reply and close. While the handler decides nothing can be said: close without a word."""
        if self.awaiting:
            self.abort()
            return
        self.seen = self._server.now
        self._account(0)
        self._machine.shut(answer)
        self._flush()

    def abort(self) -> None:
        """Close without a word."""
        self._machine.closed = True
        self._transport.abort()

    # Events

    def _run(self, event: Event | None) -> None:
        """Decide events until one has to be awaited or the input is used up."""
        machine = self._machine
        while event is not None:
            try:
                answer = self._decide(event)
            except Exception as error:
                answer = self._failed(event, error)
            if answer is not None and type(answer) is not Reply and isinstance(answer, Awaitable):
                self._await(answer)
                break
            self._settle(event, answer)
            event = machine.next_event()
        self._flush()

    def _decide(self, event: Event) -> object:
        """The handler's answer: a value, or an awaitable of it."""
        handler = self._server.handler
        if isinstance(event, Rcpt):
            return handler.on_rcpt(self.session, event)
        if isinstance(event, Mail):
            return handler.on_mail(self.session, event)
        if isinstance(event, Data):
            return self._room_for(event)
        if isinstance(event, Message):
            self._account(len(event.content))
            return handler.on_message(self.session, event.envelope, event.content)
        if isinstance(event, Ehlo):
            self.session.helo = event.name
        elif isinstance(event, Auth):
            return handler.on_auth(self.session, event.claim)
        return None

    def _settle(self, event: Event, result: object) -> None:
        """Give the engine what the handler said."""
        if isinstance(event, Auth):
            result = self._identify(result)
        elif isinstance(event, Message):
            self._account(0)
            if result is None:
                # Silence is no promise that the message is kept.
                result = self._failed(event, TypeError())
        if result is not None and not isinstance(result, Reply):
            result = self._failed(event, TypeError())
        self._machine.reply(result)

    def _identify(self, result: object) -> Reply | None:
        if isinstance(result, Reply):
            return replies.AUTH_FAILED if result.accepted else result
        self.session.identity = result
        return replies.AUTH_FAILED if result is None else None

    def _await(self, awaitable: Awaitable[object]) -> None:
        future = asyncio.ensure_future(awaitable)
        self._awaited = future
        self._server.awaited.add(future)
        future.add_done_callback(self._resolved)

    def _resolved(self, future: asyncio.Future[object]) -> None:
        event = self._machine.pending
        self._awaited = None
        self._server.awaited.discard(future)
        result: object
        try:
            result = future.result()
        except (Exception, asyncio.CancelledError) as error:
            result = self._failed(event, error)
        if self._lost or event is None:
            self._account(0)
            return
        self.seen = self._server.now
        self._settle(event, result)
        self._run(self._machine.next_event())
        if self._eof and self._awaited is None:
            self._transport.close()
        else:
            self._resume()

    def _failed(self, event: Event | None, error: BaseException) -> Reply:
        """Note where the handler failed, without the words of the exception: they may hold personal data."""
        self._server.counters.handler_errors += 1
        frames = traceback.extract_tb(error.__traceback__)
        where = f"{frames[-1].name}:{frames[-1].lineno}" if frames else ""
        what = f"{type(error).__name__} at {where}"
        log.error("smtp_handler_failed", session=self.session.id, act=type(event).__name__, error=what)
        return replies.INTERNAL_ERROR

    # Memory

    def _account(self, held: int) -> None:
        self._server.counters.in_flight += held - self._held
        self._server.memory.held += held - self._held
        self._held = held

    def _room_for(self, event: Data) -> Reply | None:
        expected = self._server.memory.held + (event.envelope.mail.size or 1)
        if expected <= self._server.limits.in_flight:
            return None
        self._server.counters.memory_refused += 1
        return replies.NO_MEMORY

    def _bound_content(self, held: int) -> None:
        self._account(held)
        if held and self._server.memory.held > self._server.limits.in_flight:
            self._server.counters.memory_refused += 1
            self._machine.refuse_content(replies.NO_MEMORY)
            self._account(0)

    # The transport

    def _flush(self) -> None:
        machine = self._machine
        if self._leaving and self._awaited is None and machine.idle and not machine.closed:
            machine.shut(replies.SHUTTING_DOWN)
        out = machine.data_to_send()
        if machine.handshaking and self._handshake is None:
            self._start_tls(out)
        elif out:
            self._transport.write(out)
        if machine.closed:
            self._transport.close()

    def _pause(self) -> None:
        if self._reading and not self._transport.is_closing():
            self._reading = False
            self._transport.pause_reading()

    def _resume(self) -> None:
        if self._reading or not self._writable or self.awaiting:
            return
        if not self._transport.is_closing():
            self._reading = True
            self._transport.resume_reading()

    def _start_tls(self, farewell: bytes) -> None:
        """Stop reading at once, so that no plaintext slips in before the handshake, then say the last of it."""
        self._pause()
        self._transport.write(farewell)
        self._handshake = _Handshake(self)
        task = asyncio.ensure_future(self._shake_hands(self._handshake))
        self._server.awaited.add(task)
        task.add_done_callback(self._server.awaited.discard)

    async def _shake_hands(self, handshake: "_Handshake") -> None:
        loop = asyncio.get_running_loop()
        server = self._server
        assert server.tls_context is not None
        transport: asyncio.Transport | None
        try:
            transport = await loop.start_tls(
                self._transport,
                handshake,
                server.tls_context,
                server_side=True,
                ssl_handshake_timeout=server.limits.handshake_seconds,
            )
        except (OSError, RuntimeError, asyncio.CancelledError):
            # ssl.SSLError, resets and timeouts are all OSError; RuntimeError: the transport had closed.
            transport = None
        if transport is None or self._lost:
            server.counters.tls_failed += 1
            self.abort()
            self.connection_lost(None)
            return
        self._transport = transport
        self._handshake = None
        self._reading = self._writable = True
        transport.set_protocol(self)
        self.seen = server.now
        server.counters.tls_started += 1
        self.session.secured_by(transport.get_extra_info("ssl_object"))
        self._machine.tls_started(certificate=self.session.peer_certificate is not None)
        for data in handshake.early:
            self.data_received(data)
        self._flush()


class _Handshake(asyncio.Protocol):
    """Stands for the connection while TLS is being agreed.

    What reaches it was decrypted: a client may send commands along with the end of its handshake. What
    reaches the connection itself in the meantime was not, and is never read.
    """

    def __init__(self, connection: SmtpConnection) -> None:
        self._connection = connection
        self.early: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        self.early.append(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.connection_lost(exc)
