"""Mail by mutual TLS on connections that are kept, as another operator brings it: a client of ours, in a process apart.

``smtp-source`` speaks no TLS. Each session shakes hands once, then sends message after message, MAIL, RCPT and DATA in
one go (RFC 2920), as Postfix does.
"""

import asyncio
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import uvloop

from carnet.bench.load import Load, Target, expect, message
from carnet.bench.problems import CannotMeasure


@dataclass(frozen=True)
class Certificates:
    """What the client shows, and by what it knows the door (PEM files)."""

    certificate: Path
    key: Path
    authority: Path


def send_kept(target: Target, load: Load, certificates: Certificates) -> tuple[float, list[float]]:
    """Send a load on as many kept connections as it has sessions, handshakes included.

    The seconds until every message has its 250, and the milliseconds of each from its MAIL on.
    Raises ``CannotMeasure``.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
        return apart.submit(_run, target, load, certificates).result()


def _run(target: Target, load: Load, certificates: Certificates) -> tuple[float, list[float]]:
    return uvloop.run(_send(target, load, certificates))


async def _send(target: Target, load: Load, certificates: Certificates) -> tuple[float, list[float]]:
    context = ssl.create_default_context(cafile=certificates.authority)
    context.check_hostname = False  # the door is reached by its number here
    context.load_cert_chain(certificates.certificate, certificates.key)
    waiting = iter(range(load.messages))
    times: list[float] = []
    began = time.perf_counter()
    try:
        await asyncio.gather(*(_session(target, load, context, waiting, times) for _ in range(load.sessions)))
    except (OSError, asyncio.IncompleteReadError) as problem:
        raise CannotMeasure(f"the connection broke: {type(problem).__name__}") from problem
    return time.perf_counter() - began, times


async def _session(
    target: Target, load: Load, context: ssl.SSLContext, waiting: Iterator[int], times: list[float]
) -> None:
    reader, writer = await asyncio.open_connection(target.host, target.port)
    try:
        await expect(reader, b"220")
        for command, code in ((b"EHLO bench.test\r\n", b"250"), (b"STARTTLS\r\n", b"220")):
            writer.write(command)
            await expect(reader, code)
        await writer.start_tls(context)
        writer.write(b"EHLO bench.test\r\n")
        await expect(reader, b"250")
        sender = target.sender.encode("ascii")
        for number in waiting:
            recipient = target.recipients[number % len(target.recipients)]
            content = message(target.sender, recipient, number, load.octets)
            began = time.perf_counter()
            writer.write(b"MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n" % (sender, recipient.encode("ascii")))
            for code in (b"250", b"250", b"354"):
                await expect(reader, code)
            writer.write(content + b".\r\n")
            await expect(reader, b"250")
            times.append((time.perf_counter() - began) * 1000)
        writer.write(b"QUIT\r\n")
        await expect(reader, b"221")
    finally:
        writer.close()
