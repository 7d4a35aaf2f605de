"""``carnet bench smtp``: the same mail through Carnet and through Postfix → LMTP → Dovecot, in turn.

What is measured, for each of the two, in each round:

1. ``accept``: messages of 2 KB, then of 200 KB, from ``smtp-source``, each on a new connection: from the first
   connection until the last has its 250. Delivery runs all the while. The backlog is then left to drain.
2. ``end_to_end``: messages of 5 KB, until every one can be read: in Carnet when the conversations hold it (the commit
   that the portal reads from), in Dovecot when its file lies in the maildir. At the end readers look for themselves.
3. Single messages by a client of ours: the time until the 250 while as many sessions are at it, and, one at a time
   with nothing else going on, the time until the message can be read.
4. Carnet alone, as another operator comes to it: ``mutual_tls_2kb``, by mutual TLS on connections that are kept.

Only one of the two runs at a time. Both make a message durable before the 250 as their makers mean it, on one disk.
"""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import Protocol

from carnet.bench import programs
from carnet.bench.carnet import Carnet
from carnet.bench.load import Load, Target, acceptance_times, delivery_times, send_all, wait_until
from carnet.bench.machine import describe, filesystem
from carnet.bench.mutual import send_kept
from carnet.bench.peers import PostfixDovecot
from carnet.bench.problems import CannotMeasure
from carnet.bench.report import Figure, Report, figure, ratio

SESSIONS = 20
SMALL, MIDDLE, LARGE = 2_048, 5_120, 204_800
_LARGE_SHARE = 5  # one large message where five small ones are sent
_WARM_UP_SHARE = 10
_TIMED_SHARE = 5
_ALONE_SHARE = 50
_POLL_SECONDS = 0.02
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Side(StrEnum):
    """Who is measured."""

    CARNET = "carnet"
    PEER = "peer"


PEER_NAME = "postfix_dovecot"
MUTUAL = "mutual_tls_2kb"
_SETTINGS = {"CARNET_PEER_MESSAGES_PER_MINUTE": "0"}


class System(Protocol):
    """A mail server under measure."""

    @property
    def target(self) -> Target: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def readable(self) -> int: ...

    def delivered(self, expected: int) -> bool: ...

    def rests(self) -> bool: ...

    def confirm(self) -> None: ...

    def remove(self) -> None: ...


@dataclass
class _Measured:
    """What the rounds of one system gave: rates in messages a second, times in milliseconds."""

    rates: dict[str, list[float]] = field(default_factory=dict)
    times: dict[str, list[float]] = field(default_factory=dict)

    def rate(self, name: str, value: float) -> None:
        self.rates.setdefault(name, []).append(value)

    def took(self, name: str, values: list[float]) -> None:
        self.times.setdefault(name, []).extend(values)

    def figures(self, prefix: str) -> dict[str, Figure]:
        return {
            f"{prefix}_{name}": figure(values, "msg/s", self.times.get(name, ())) for name, values in self.rates.items()
        }


@dataclass(frozen=True)
class Plan:
    """How much is measured: messages of 2 and 5 KB a round (a fifth as many of 200 KB), rounds, people written to."""

    messages: int = 3_000
    rounds: int = 2
    recipients: int = 1
    only: Side | None = None
    folder: Path | None = None
    """Where both keep their data; by default the system's folder for temporary files that survive a restart."""


def run(plan: Plan, say: Callable[[str], None]) -> Report:
    """Measure, and clean up whatever happens. Raises ``CannotMeasure``; ``KeyboardInterrupt`` on SIGINT and SIGTERM."""
    programs.ensure(programs.POSTFIX_PACKAGES)  # the load generator, whoever is measured
    with ended_by_signals(), folder_on_disk(plan.folder) as folder, ExitStack() as at_end:
        systems = _systems(plan, folder, at_end)
        measured = {name: _Measured() for name in systems}
        peer = PostfixDovecot.versions() if PEER_NAME in systems else {}
        machine = describe(folder, **peer) | {
            "sessions": SESSIONS,
            "messages": plan.messages,
            "rounds": plan.rounds,
            "recipients": plan.recipients,
        }
        if filesystem(folder) in ("tmpfs", "ramfs"):
            say(f"{folder} is in memory: flushing costs nothing there, the figures say nothing of a disk")
        for number in range(1, plan.rounds + 1):
            for name, system in systems.items():
                say(f"round {number} of {plan.rounds}: {name}")
                os.sync()  # what the other one left unwritten is not to be paid for by this one
                system.start()
                _round(system, plan, measured[name])
                if isinstance(system, Carnet):
                    _mutual_round(system, plan, measured[name])
                if number == plan.rounds:
                    system.confirm()
                system.stop()
    figures = {key: value for name, kept in measured.items() for key, value in kept.figures(name).items()}
    return Report("smtp", machine, figures, _ratios(figures))


def _systems(plan: Plan, folder: Path, at_end: ExitStack) -> dict[str, System]:
    systems: dict[str, System] = {}
    if plan.only is not Side.PEER:
        systems["carnet"] = Carnet(folder / "carnet", recipients=plan.recipients, settings=_SETTINGS)
        at_end.callback(systems["carnet"].remove)
    if plan.only is not Side.CARNET:
        systems[PEER_NAME] = PostfixDovecot(folder / "peer", recipients=plan.recipients, sessions=SESSIONS)
        at_end.callback(systems[PEER_NAME].remove)
    return systems


def _round(system: System, plan: Plan, measured: _Measured) -> None:
    target = system.target
    _through(system, Load(max(SESSIONS, plan.messages // _WARM_UP_SHARE), SMALL, SESSIONS))
    small = Load(plan.messages, SMALL, SESSIONS)
    large = Load(max(SESSIONS, plan.messages // _LARGE_SHARE), LARGE, SESSIONS)
    middle = Load(plan.messages, MIDDLE, SESSIONS)
    for name, load in (("accept_2kb", small), ("accept_200kb", large)):
        accepted, _ = _through(system, load)
        measured.rate(name, load.messages / accepted)
        before = system.readable()
        timed = Load(max(SESSIONS, load.messages // _TIMED_SHARE), load.octets, SESSIONS)
        measured.took(name, acceptance_times(target, timed))
        _wait_for(system, before + timed.messages)
    _, read = _through(system, middle)
    measured.rate("end_to_end_5kb", middle.messages / read)
    alone = max(10, plan.messages // _ALONE_SHARE)
    measured.took("end_to_end_5kb", delivery_times(target, alone, MIDDLE, system.readable))


def _mutual_round(carnet: Carnet, plan: Plan, measured: _Measured) -> None:
    """Carnet alone, as other operators come: the peer's side of mutual TLS would measure OpenSSL on both."""
    before = carnet.readable()
    target, certificates = carnet.mutual
    seconds, times = send_kept(target, Load(plan.messages, SMALL, SESSIONS), certificates)
    measured.rate(MUTUAL, plan.messages / seconds)
    measured.took(MUTUAL, times)
    _wait_for(carnet, before + plan.messages)


def _through(system: System, load: Load) -> tuple[float, float]:
    """Send a load; the seconds until all are accepted, and until all are readable."""
    wait_until(system.rests, every=_POLL_SECONDS)
    before = system.readable()
    began = perf_counter()
    accepted = send_all(system.target, load)
    _wait_for(system, before + load.messages)
    return accepted, perf_counter() - began


def _wait_for(system: System, expected: int) -> None:
    """Wait until so many are readable, neither fewer nor more. Raises ``CannotMeasure``."""
    wait_until(lambda: system.delivered(expected), every=_POLL_SECONDS)
    if system.readable() != expected:
        raise CannotMeasure(f"{system.readable()} messages are readable where {expected} were accepted")


def _ratios(figures: dict[str, Figure]) -> dict[str, float]:
    names = ("accept_2kb", "accept_200kb", "end_to_end_5kb")
    pairs = {name: (figures.get(f"carnet_{name}"), figures.get(f"{PEER_NAME}_{name}")) for name in names}
    return {name: ratio(ours, theirs) for name, (ours, theirs) in pairs.items() if ours and theirs}


@contextmanager
def folder_on_disk(parent: Path | None) -> Iterator[Path]:
    """A temporary folder on a disk (/var/tmp, not /tmp, which is often in memory), open for Postfix to pass through."""
    folder = Path(tempfile.mkdtemp(prefix="carnet-bench-", dir=parent or "/var/tmp"))  # noqa: S108 - mkdtemp
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end the run as Ctrl-C does: through everything that cleans up, which a second one spares."""
    ending = False

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal ending
        if not ending:
            ending = True
            raise KeyboardInterrupt

    before = [signal.signal(number, interrupt) for number in _ENDING]
    try:
        yield
    finally:
        for number, handler in zip(_ENDING, before, strict=True):
            signal.signal(number, handler)
