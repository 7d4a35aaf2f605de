"""The SMTP server's own duties: waiting, bounding, and closing."""

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Awaitable
from contextlib import suppress

import pytest
from smtp_door import KEPT, LOOPS, Keeper, Wire, door, eventually
from smtp_talk import config
from structlog.testing import capture_logs

from carnet.interfaces.smtp.options import SmtpLimits
from carnet.interfaces.smtp.reply import Reply
from carnet.interfaces.smtp.server import SmtpServer

pytestmark = pytest.mark.parametrize("loop", list(LOOPS))


class Gate:
    """An answer that comes when the test opens it, as a coroutine or as a future."""

    def __init__(self, kind: str = "coroutine") -> None:
        self.open = threading.Event()
        self.kind = kind

    async def wait(self) -> Reply:
        while not self.open.is_set():
            await asyncio.sleep(0.005)
        return KEPT

    def __call__(self) -> Awaitable[Reply]:
        return self.wait() if self.kind == "coroutine" else asyncio.ensure_future(self.wait())


@pytest.mark.parametrize("kind", ["coroutine", "future"])
def test_a_message_is_answered_only_when_the_handler_is_done(loop: str, kind: str) -> None:
    keeper, gate = Keeper(), Gate(kind)
    keeper.answer = gate
    with door(keeper, loop=loop) as server, Wire(server) as wire:
        wire.ready_for_content()
        wire.socket.sendall(b"words\r\n.\r\nNOOP\r\n")
        eventually(lambda: keeper.kept)
        wire.socket.settimeout(0.1)
        with pytest.raises(TimeoutError):
            wire.line()
        assert server.counters.in_flight == 7
        wire.socket.settimeout(10)
        gate.open.set()
        assert wire.line() == "250 2.0.0 Message kept"
        assert wire.line() == "250 2.0.0 OK"
        assert server.counters.in_flight == 0
        assert (server.counters.messages, server.counters.octets) == (1, 7)


def test_a_handler_that_fails_is_answered_451_and_nothing_of_the_message_is_logged(loop: str) -> None:
    keeper = Keeper()

    def fail() -> Reply:
        raise ValueError("secret words of the message")

    async def fail_later() -> Reply:
        raise ValueError("secret words of the message")

    answers = iter([fail, fail_later, lambda: None, lambda: "250 OK", lambda: KEPT])
    keeper.answer = lambda: next(answers)()
    with capture_logs() as logs, door(keeper, loop=loop) as server, Wire(server) as wire:
        wire.ready_for_content()
        for expected in ["451 4.3.0", "451 4.3.0", "451 4.3.0", "451 4.3.0", "250 2.0.0"]:
            assert wire.say("secret words\r\n.\r\n").startswith(expected)
            for line in ("MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA"):
                wire.say(line + "\r\n")
        assert (server.counters.handler_errors, server.counters.messages) == (4, 1)
    assert len(logs) == 4
    assert {entry["act"] for entry in logs} == {"Message"}
    assert "secret" not in repr(logs)


def test_too_many_connections_are_turned_away(loop: str) -> None:
    limits = SmtpLimits(connections=2, connections_per_ip=2)
    with door(Keeper(), loop=loop, limits=limits) as server:
        with Wire(server) as one, Wire(server) as two, Wire(server) as three:
            assert one.line().startswith("220")
            assert two.line().startswith("220")
            assert three.line().startswith("421 4.7.0")
            assert three.line() == ""
            assert (server.counters.open, server.counters.refused_total) == (2, 1)
        eventually(lambda: server.counters.open == 0)
        with Wire(server) as again:
            assert again.line().startswith("220")


def test_too_many_connections_of_one_peer_are_turned_away(loop: str) -> None:
    with door(Keeper(), loop=loop, limits=SmtpLimits(connections_per_ip=1)) as server:
        with Wire(server) as one, Wire(server) as two:
            assert one.line().startswith("220")
            assert two.line().startswith("421 4.7.0")
            assert server.counters.refused_per_ip == 1
        eventually(lambda: server.counters.open == 0)
        assert server._per_ip == {}


def test_silence_is_bounded_in_commands_and_in_content(loop: str) -> None:
    limits = SmtpLimits(command_seconds=0.2, data_seconds=0.6)
    with door(Keeper(), loop=loop, limits=limits) as server:
        with Wire(server) as wire:
            assert wire.line().startswith("220")
            assert wire.line().startswith("421 4.4.2")
            assert wire.line() == ""
        with Wire(server) as wire:
            wire.ready_for_content()
            start = time.monotonic()
            assert wire.line().startswith("421 4.4.2")
            assert time.monotonic() - start > 0.4
        assert server.counters.timeouts == 2


def test_a_session_that_trickles_is_bounded_as_a_whole(loop: str) -> None:
    with door(Keeper(), loop=loop, limits=SmtpLimits(session_seconds=0.4)) as server, Wire(server) as wire:
        wire.ready_for_content()
        deadline = time.monotonic() + 5
        wire.socket.settimeout(0.05)
        line = ""
        while not line and time.monotonic() < deadline:
            wire.socket.sendall(b"a")
            try:
                line = wire.line()
            except TimeoutError:
                continue
        assert line.startswith("421 4.7.0")


def test_the_handler_may_take_longer_than_silence_is_allowed(loop: str) -> None:
    keeper, gate = Keeper(), Gate()
    keeper.answer = gate
    with door(keeper, loop=loop, limits=SmtpLimits(command_seconds=0.1)) as server, Wire(server) as wire:
        wire.ready_for_content()
        wire.socket.sendall(b".\r\n")
        time.sleep(0.4)
        gate.open.set()
        assert wire.line() == "250 2.0.0 Message kept"


def test_memory_in_flight_is_bounded(loop: str) -> None:
    keeper = Keeper()
    limits = SmtpLimits(in_flight=100_000)
    with door(keeper, loop=loop, limits=limits) as server, Wire(server) as greedy, Wire(server) as wire:
        assert greedy.reply().startswith("220")
        for line in ("EHLO me", "MAIL FROM:<a@b> SIZE=100001", "RCPT TO:<c@d>"):
            assert greedy.say(line + "\r\n").startswith("250")
        assert greedy.say("DATA\r\n").startswith("452 4.3.1")
        greedy.say("RSET\r\n")
        greedy.say("MAIL FROM:<a@b>\r\n")
        greedy.say("RCPT TO:<c@d>\r\n")
        assert greedy.say("DATA\r\n").startswith("354")
        greedy.socket.sendall(b"x" * 60_000)
        eventually(lambda: server.counters.in_flight == 60_000)
        wire.ready_for_content()
        wire.socket.sendall(b"y" * 60_000)
        eventually(lambda: server.counters.memory_refused == 2)
        eventually(lambda: server.counters.in_flight == 60_000)
        assert wire.say(b"y" * 60_000 + b"\r\n.\r\n").startswith("452 4.3.1")
        assert greedy.say(b"\r\n.\r\n").startswith("250")
        assert server.counters.in_flight == 0
    assert [len(content) for _s, _e, content in keeper.kept] == [60_002]


def test_reading_pauses_while_a_decision_is_awaited(loop: str) -> None:
    keeper, gate = Keeper(), Gate()
    keeper.answer = gate
    with door(keeper, loop=loop) as server, Wire(server) as wire:
        wire.ready_for_content()
        wire.socket.sendall(b".\r\n")
        eventually(lambda: keeper.kept)
        wire.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            wire.socket.sendall(b"VRFY x\r\n" * 4_000_000)
        (connection,) = server._connections
        assert sum(map(len, connection._machine._kept)) <= 512 * 1024
        wire.socket.settimeout(10)
        gate.open.set()
        assert wire.line() == "250 2.0.0 Message kept"
        assert wire.line().startswith("252")


def test_reading_pauses_while_the_client_takes_no_replies(loop: str) -> None:
    rules = {"max_refused_recipients": 10**9}
    with door(Keeper(), loop=loop, **rules) as server, Wire(server, receive_buffer=4096) as wire:
        wire.say("")
        wire.say("EHLO me\r\n")
        wire.say("MAIL FROM:<a@b>\r\n")
        (connection,) = server._connections
        commands = rest = b"RCPT TO:<no@d>\r\n" * 4096
        wire.socket.settimeout(0.05)

        def paused() -> bool:
            nonlocal rest
            with suppress(TimeoutError):
                rest = rest[wire.socket.send(rest) :] or commands
            return not connection._reading

        eventually(paused, 60)
        assert connection._transport.get_write_buffer_size() < 4 * 1024 * 1024
        wire.socket.settimeout(10)
        for _ in range(50_000):
            assert wire.line() == "550 5.1.1 No such mailbox"


def test_stopping_says_421_to_the_idle_and_lets_messages_finish(loop: str) -> None:
    keeper, gate = Keeper(), Gate()
    keeper.answer = gate
    with door(keeper, loop=loop) as server, Wire(server) as idle, Wire(server) as halfway, Wire(server) as waiting:
        assert idle.line().startswith("220")
        halfway.ready_for_content().socket.sendall(b"first ")
        waiting.ready_for_content().socket.sendall(b"words\r\n.\r\n")
        eventually(lambda: keeper.kept)
        eventually(lambda: server.counters.in_flight == 13)
        runner = server._listener.get_loop()  # type: ignore[union-attr]
        stopped = asyncio.run_coroutine_threadsafe(server.stop(10), runner)
        assert idle.line().startswith("421 4.3.2")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((server.host, server.port))
        halfway.socket.sendall(b"second\r\n.\r\n")
        eventually(lambda: len(keeper.kept) == 2)
        assert not stopped.done()
        gate.open.set()
        for wire in (halfway, waiting):
            assert wire.line() == "250 2.0.0 Message kept"
            assert wire.line().startswith("421 4.3.2")
            assert wire.line() == ""
        stopped.result(5)
        assert server.counters.open == 0


def test_stopping_does_not_wait_for_ever(loop: str) -> None:
    keeper = Keeper()
    keeper.answer = Gate()
    with door(keeper, loop=loop) as server, Wire(server) as wire:
        wire.ready_for_content().socket.sendall(b".\r\n")
        eventually(lambda: keeper.kept)
        runner = server._listener.get_loop()  # type: ignore[union-attr]
        start = time.monotonic()
        asyncio.run_coroutine_threadsafe(server.stop(0.2), runner).result(5)
        assert time.monotonic() - start < 3
        assert wire.ends() == ""


def test_a_client_that_only_half_closes_still_hears_the_answer(loop: str) -> None:
    keeper, gate = Keeper(), Gate()
    keeper.answer = gate
    with door(keeper, loop=loop) as server, Wire(server) as wire:
        wire.ready_for_content().socket.sendall(b".\r\n")
        wire.socket.shutdown(socket.SHUT_WR)
        eventually(lambda: keeper.kept)
        time.sleep(0.05)
        gate.open.set()
        assert wire.line() == "250 2.0.0 Message kept"
        assert wire.line() == ""
        eventually(lambda: server.counters.open == 0)


def test_a_client_that_vanishes_leaves_nothing_behind(loop: str) -> None:
    keeper, gate = Keeper(), Gate()
    keeper.answer = gate
    with door(keeper, loop=loop) as server:
        for ending in (b"x" * 1000, b"x" * 1000 + b"\r\n.\r\n"):
            with Wire(server) as wire:
                wire.ready_for_content().socket.sendall(ending)
                eventually(lambda: server.counters.in_flight >= 1000)
                # Linger of zero: the socket closes with a reset.
                wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if ending.endswith(b".\r\n"):
                gate.open.set()
            eventually(lambda: server.counters.in_flight == 0)
        eventually(lambda: server.counters.open == 0 and not server.awaited)
        assert len(keeper.kept) == 1


def test_a_server_without_certificate_cannot_ask_for_tls(loop: str) -> None:
    for rules in ({"require_tls": True}, {"starttls": True}, {"auth_mechanisms": ("PLAIN",), "require_auth": True}):
        with pytest.raises(ValueError):
            SmtpServer(config(**rules), Keeper())  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        SmtpServer(config(), Keeper(), implicit_tls=True)  # type: ignore[arg-type]
