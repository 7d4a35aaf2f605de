"""Driving a mail server from outside: Postfix's own load generator for rates, a client of ours for single messages."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from carnet.bench.problems import CannotMeasure

SMTP_SOURCE = "smtp-source"
SUBJECT = "carnet bench"
_TRIES_TO_CONNECT = "10"
_LONGEST_SECONDS = 600


@dataclass(frozen=True)
class Target:
    """Where the same mail is brought to: a plain SMTP door on loopback, a sender and recipients that it takes."""

    port: int
    sender: str
    recipients: tuple[str, ...]
    host: str = "127.0.0.1"


@dataclass(frozen=True)
class Load:
    """So many messages of so many octets, by so many sessions at once, each message on a connection of its own."""

    messages: int
    octets: int
    sessions: int


def send_all(target: Target, load: Load) -> float:
    """Send a load with ``smtp-source``; the seconds until every message has its 250.

    The sessions are shared out evenly among the recipients, one ``smtp-source`` each, since it can name one only.
    ``smtp-source`` ends with an error at the first reply that is not what it expects. Raises ``CannotMeasure``.
    """
    if shutil.which(SMTP_SOURCE) is None:
        raise CannotMeasure(f"{SMTP_SOURCE} is missing: it comes with Postfix")
    began = time.perf_counter()
    running = [subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) for argv in _commands(target, load)]
    try:
        for process in running:
            _, words = process.communicate(timeout=_LONGEST_SECONDS)
            if process.returncode:
                raise CannotMeasure(f"{SMTP_SOURCE} was refused: {words.strip()}")
        return time.perf_counter() - began
    except subprocess.TimeoutExpired:
        raise CannotMeasure(f"{SMTP_SOURCE} was not done after {_LONGEST_SECONDS} s") from None
    finally:
        for process in running:
            if process.poll() is None:
                process.kill()
                process.wait()


def _commands(target: Target, load: Load) -> list[list[str]]:
    shares = zip(
        target.recipients,
        _shared_out(load.messages, len(target.recipients)),
        _shared_out(load.sessions, len(target.recipients)),
        strict=True,
    )
    return [
        [
            SMTP_SOURCE, "-4",
            "-C", _TRIES_TO_CONNECT,
            "-s", str(sessions),
            "-m", str(messages),
            "-l", str(load.octets),
            "-M", "bench.test",
            "-S", SUBJECT,
            "-f", target.sender,
            "-t", recipient,
            f"inet:{target.host}:{target.port}",
        ]
        for recipient, messages, sessions in shares
        if messages and sessions
    ]  # fmt: skip


def _shared_out(total: int, among: int) -> list[int]:
    """``total`` in ``among`` whole shares that differ by one at most."""
    least, rest = divmod(total, among)
    return [least + (1 if number < rest else 0) for number in range(among)]


# --- one message at a time ------------------------------------------------------------------------------------------


def acceptance_times(target: Target, load: Load) -> list[float]:
    """Milliseconds from connecting to the 250 after the final dot, of each message that got it.

    Raises ``CannotMeasure`` when a reply is not the expected one.
    """
    return asyncio.run(_accept_all(target, load))


async def _accept_all(target: Target, load: Load) -> list[float]:
    times: list[float] = []
    waiting = iter(range(load.messages))

    async def session() -> None:
        for number in waiting:
            times.append(await _send_one(target, number, load.octets))

    try:
        await asyncio.gather(*(session() for _ in range(load.sessions)))
    except (OSError, asyncio.IncompleteReadError) as problem:
        raise CannotMeasure(f"the connection broke: {type(problem).__name__}") from problem
    return times


def delivery_times(target: Target, messages: int, octets: int, readable: Callable[[], int]) -> list[float]:
    """Milliseconds from connecting until the message can be read, of messages sent one after the other at rest.

    ``readable`` counts what can be read so far. Raises ``CannotMeasure``.
    """
    times = []
    for number in range(messages):
        before = readable()
        began = time.perf_counter()
        asyncio.run(_send_one(target, number, octets))
        wait_until(lambda: readable() > before, every=0.001)  # noqa: B023 - waited for in this very turn
        times.append((time.perf_counter() - began) * 1000)
    return times


def wait_until(done: Callable[[], bool], *, every: float, longest: float = _LONGEST_SECONDS) -> None:
    """Ask again and again. Raises ``CannotMeasure`` when it is still not so after ``longest`` seconds."""
    deadline = time.monotonic() + longest
    while not done():
        if time.monotonic() > deadline:
            raise CannotMeasure(f"not all was delivered after {longest:.0f} s")
        time.sleep(every)


async def _send_one(target: Target, number: int, octets: int) -> float:
    """Send one message; the milliseconds that it took. Speaks no PIPELINING, as ``smtp-source`` does not."""
    recipient = target.recipients[number % len(target.recipients)]
    content = message(target.sender, recipient, number, octets)
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection(target.host, target.port)
    try:
        await expect(reader, b"220")
        steps: Sequence[tuple[bytes, bytes]] = (
            (b"EHLO bench.test\r\n", b"250"),
            (b"MAIL FROM:<%s>\r\n" % target.sender.encode("ascii"), b"250"),
            (b"RCPT TO:<%s>\r\n" % recipient.encode("ascii"), b"250"),
            (b"DATA\r\n", b"354"),
            (content + b".\r\n", b"250"),
        )
        for command, code in steps:
            writer.write(command)
            await expect(reader, code)
        taken = (time.perf_counter() - began) * 1000
        writer.write(b"QUIT\r\n")
        await expect(reader, b"221")
        return taken
    finally:
        writer.close()


async def expect(reader: asyncio.StreamReader, code: bytes) -> None:
    """Read one reply, of one line or many (RFC 5321 §4.2.1). Raises ``CannotMeasure`` when its code is another."""
    while True:
        line = await reader.readline()
        if line[:3] != code:
            raise CannotMeasure(
                f"expected {code.decode()}, was answered {line[:60].decode('ascii', 'replace').strip()!r}"
            )
        if line[3:4] != b"-":
            return


def message(sender: str, recipient: str, number: int, octets: int) -> bytes:
    """A message like those of ``smtp-source``: five fields, and ``octets`` of payload, filled up to whole lines."""
    head = (
        f"From: <{sender}>\r\nTo: <{recipient}>\r\nDate: Mon, 2 Nov 2026 08:00:00 +0100\r\n"
        f"Message-Id: <{number}.{time.time_ns():x}@bench.test>\r\nSubject: {SUBJECT}\r\n\r\n"
    )
    return head.encode("ascii") + (b"X" * 78 + b"\r\n") * -(-octets // 80)
