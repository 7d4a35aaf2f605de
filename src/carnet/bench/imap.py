"""``carnet bench imap``: the same commands to Carnet and to Dovecot, on the same messages, in turn.

1. Messages of 5 KB are appended to INBOX by one connection, half of them read; the same ones to both.
2. Then, in each round, ``CONNECTIONS`` connections of two processes say, for some seconds each: ``list_50`` (flags,
   dates, sizes and envelopes of 50 messages in a row, anywhere), ``fetch_5kb`` (one whole message, any), ``select``
   and ``search_unseen``. A connection says its next command when the answer is whole; only right answers count.
3. At the end many connections under TLS open INBOX of Carnet and wait in IDLE: what its IMAP processes hold in memory.

Only one of the two runs at a time, both without TLS on loopback, both fresh in each round. Beside the rates it counts
the processor time that an answer costs the server, which does not depend on what else the machine does.
"""

import base64
import json
import random
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

from carnet.bench import processes
from carnet.bench.carnet import Carnet
from carnet.bench.imap_load import KINDS, UnexpectedAnswer, fill
from carnet.bench.imap_peer import Dovecot
from carnet.bench.machine import describe
from carnet.bench.problems import CannotMeasure
from carnet.bench.report import Figure, Report, figure, ratio
from carnet.bench.smtp import Side, ended_by_signals, folder_on_disk

CONNECTIONS = 16
LOADERS = 2
OCTETS = 5_120
PEER_NAME = "dovecot"
_LONGEST_SECONDS = 300
_SETTINGS = {
    "CARNET_IMAP_TLS": "none",
    "CARNET_IMAP_MAX_CONNECTIONS": "4000",
    "CARNET_IMAP_MAX_CONNECTIONS_PER_PEER": "4000",
}


class System(Protocol):
    """An IMAP server under measure."""

    @property
    def mailbox(self) -> tuple[int, str, str]: ...

    @property
    def pid(self) -> int: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def remove(self) -> None: ...


@dataclass(frozen=True)
class Plan:
    """Messages in the box, rounds of both, seconds of each kind in a round, connections that wait at the end."""

    messages: int = 5_000
    rounds: int = 2
    seconds: float = 5.0
    idle: int = 1_000
    workers: int = 1
    only: Side | None = None
    folder: Path | None = None


@dataclass
class _Measured:
    """By kind, of all rounds: answers a second, milliseconds of each answer, processor time of the server for one."""

    rates: dict[str, list[float]] = field(default_factory=dict)
    times: dict[str, list[float]] = field(default_factory=dict)
    costs: dict[str, list[float]] = field(default_factory=dict)

    def figures(self, prefix: str) -> dict[str, Figure]:
        found = {
            f"{prefix}_{kind}": figure(rates, "op/s", self.times.get(kind, ())) for kind, rates in self.rates.items()
        }
        return found | {f"{prefix}_{kind}_cpu": figure(costs, "µs/op") for kind, costs in self.costs.items()}


def run(plan: Plan, say: Callable[[str], None]) -> Report:
    """Measure, and clean up whatever happens. Raises ``CannotMeasure``; ``KeyboardInterrupt`` on SIGINT and SIGTERM."""
    with ended_by_signals(), folder_on_disk(plan.folder) as folder, ExitStack() as at_end:
        systems: dict[str, System] = {}
        if plan.only is not Side.PEER:
            settings = _SETTINGS | {"CARNET_IMAP_WORKERS": str(plan.workers)}
            systems["carnet"] = Carnet(folder / "carnet", recipients=1, settings=settings)
            at_end.callback(systems["carnet"].remove)
        if plan.only is not Side.CARNET:
            systems[PEER_NAME] = Dovecot(folder / "peer", connections=CONNECTIONS)
            at_end.callback(systems[PEER_NAME].remove)
        machine = describe(folder, **(Dovecot.versions() if PEER_NAME in systems else {})) | {
            "connections": CONNECTIONS,
            "messages": plan.messages,
            "octets": OCTETS,
            "rounds": plan.rounds,
            "imap_processes": plan.workers,
        }
        measured = {name: _Measured() for name in systems}
        figures: dict[str, Figure] = {}
        for number in range(1, plan.rounds + 1):
            for name, system in systems.items():
                say(f"round {number} of {plan.rounds}: {name}")
                system.start()
                if number == 1:
                    measured[name].rates["append_5kb"] = [_fill(system, plan.messages)]
                for kind in KINDS:
                    _measure(system, kind, plan, measured[name])
                if name == "carnet" and number == plan.rounds and plan.idle:
                    say(f"{plan.idle} connections wait")
                    figures["carnet_idle"] = Figure(_idle(system, plan.idle), f"MB for {plan.idle} idle connections")
                system.stop()
    for name, kept in measured.items():
        figures |= kept.figures(name)
    pairs = {kind: (figures.get(f"carnet_{kind}"), figures.get(f"{PEER_NAME}_{kind}")) for kind in KINDS}
    ratios = {kind: ratio(ours, theirs) for kind, (ours, theirs) in pairs.items() if ours and theirs}
    return Report("imap", machine, dict(sorted(figures.items())), ratios)


def _fill(system: System, count: int) -> float:
    """Append the messages; how many a second."""
    port, login, password = system.mailbox
    messages = [(message(number), "\\Seen" if number % 2 else "") for number in range(count)]
    began = perf_counter()
    try:
        fill("127.0.0.1", port, login, password, messages)
    except (UnexpectedAnswer, OSError) as problem:
        raise CannotMeasure(f"the box could not be filled: {problem}") from problem
    return count / (perf_counter() - began)


def _measure(system: System, kind: str, plan: Plan, measured: _Measured) -> None:
    before = _cpu_seconds(system)
    loaders = [
        _loader(system, kind=kind, connections=CONNECTIONS // LOADERS, plan=plan, seed=number)
        for number in range(LOADERS)
    ]
    answers = [_answer(loader) for loader in loaders]
    count = sum(one["count"] for one in answers)
    if not count:
        raise CannotMeasure(f"no answer to {kind} in {plan.seconds} s")
    measured.rates.setdefault(kind, []).append(sum(one["count"] / one["seconds"] for one in answers))
    measured.times.setdefault(kind, []).extend(time for one in answers for time in one["milliseconds"])
    measured.costs.setdefault(kind, []).append((_cpu_seconds(system) - before) / count * 1e6)


def _loader(
    system: System, *, kind: str, connections: int, plan: Plan, seed: int = 0, tls: bool = False
) -> "subprocess.Popen[str]":
    port, login, password = system.mailbox
    work = {
        "port": port,
        "login": login,
        "password": password,
        "kind": kind,
        "connections": connections,
        "messages": plan.messages,
        "seconds": plan.seconds,
        "seed": seed,
        "tls": tls,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "carnet.bench.imap_load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(work) + "\n")
    process.stdin.flush()
    return process


def _answer(loader: "subprocess.Popen[str]") -> dict[str, Any]:
    try:
        told, _ = loader.communicate(timeout=_LONGEST_SECONDS)
        answer: dict[str, Any] = json.loads(told)
    except (subprocess.TimeoutExpired, ValueError):
        raise CannotMeasure("the load did not come to its end") from None
    finally:
        if loader.poll() is None:
            loader.kill()
            loader.wait()
    if problem := answer.get("problem"):
        raise CannotMeasure(f"an answer was not the expected one: {problem}")
    return answer


def _idle(system: System, connections: int) -> float:
    """Megabytes that the IMAP processes hold while so many connections wait in IDLE under TLS."""
    loader = _loader(system, kind="idle", connections=connections, plan=Plan(messages=1), tls=True)
    assert loader.stdout is not None
    first = json.loads(loader.stdout.readline() or '{"problem": "the connections could not be made"}')
    if problem := first.get("problem"):
        loader.kill()
        loader.wait()
        raise CannotMeasure(f"an answer was not the expected one: {problem}")
    held = sum(one.resident for one in processes.below(system.pid) if "serve imap" in one.command)
    _answer(loader)
    return held / 1e6


def _cpu_seconds(system: System) -> float:
    """What the server's processes that serve IMAP have used, its database with them."""
    return sum(
        one.cpu_seconds
        for one in processes.below(system.pid)
        if any(word in one.command for word in ("serve imap", "postgres", "dovecot", "imap"))
    )


def message(number: int) -> bytes:
    """A letter of `OCTETS` octets with a small attachment, never twice the same."""
    chance = random.Random(number)  # noqa: S311 - filling
    attached = base64.encodebytes(chance.randbytes(1_200)).replace(b"\n", b"\r\n")
    edge = b"b%d" % number
    head = (
        f"Received: from mx.clinique-horizon.test by mail.bench.test with ESMTPS id {number:08x};"
        " Mon, 2 Nov 2026 08:00:00 +0100\r\n"
        "From: =?utf-8?q?Cardiologie_H=C3=B4pital?= <cardiologie@clinique-horizon.test>\r\n"
        'To: Archives <archives@bench.test>, "Dr Colonna" <a.colonna@cabinet.test>\r\n'
        f"Subject: Compte rendu {number} de consultation\r\n"
        f"Date: Mon, 2 Nov 2026 08:{number % 60:02d}:00 +0100\r\n"
        f"Message-ID: <{number}.bench@clinique-horizon.test>\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/mixed; boundary="b{number}"\r\n\r\n'
        f"--b{number}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    ).encode()
    tail = (
        b'--%b\r\nContent-Type: application/pdf; name="cr%d.pdf"\r\nContent-Transfer-Encoding: base64\r\n'
        b'Content-Disposition: attachment; filename="cr%d.pdf"\r\n\r\n%b--%b--\r\n'
    ) % (edge, number, number, attached, edge)
    words = ("compte", "rendu", "patient", "sortie", "traitement", "consultation", "docteur", "genou")
    text = "\r\n".join(" ".join(chance.choices(words, k=9)) for _ in range(80)).encode()
    return head + text[: OCTETS - len(head) - len(tail) - 2] + b"\r\n" + tail
