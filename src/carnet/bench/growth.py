"""``carnet bench growth``: what a message costs when ever more messages are stored already.

At each size, on one installation that grows: mail of 5 KB is brought to people drawn from 20,000, each on a new
connection, until all of it can be read (``accept_and_deliver``); a holder opens the list of conversations
(``list_conversations``); a mailbox is selected and 50 of its envelopes fetched (``imap_50``). What holder and mailbox
have themselves stays the same: the growth is that of everybody else.

A figure is the processor time of all of Carnet's processes, its database among them, for one operation: it does not
depend on what else the machine does, as far as a processor that is shared allows. Beside it, the times that a client
waits.
"""

import imaplib
import random
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from carnet.bench import processes, stored
from carnet.bench.carnet import Carnet
from carnet.bench.load import Load, Target, acceptance_times, wait_until
from carnet.bench.machine import describe
from carnet.bench.report import Figure, Report, figure
from carnet.bench.smtp import MIDDLE, SESSIONS, ended_by_signals, folder_on_disk

SIZES = (10_000, 100_000, 1_000_000)
_READ = 60  # messages that the holder and the mailbox have
_POLL_SECONDS = 0.02
_REST_SECONDS = 3.0
_SETTINGS = {"CARNET_IMAP_TLS": "none"}

Operation = Callable[[int], list[float]]
"""Does something so many times; the milliseconds of each."""


@dataclass(frozen=True)
class Plan:
    """``messages`` are brought at each size, in ``groups``; each page is asked for ``readings`` times.

    ``warming`` messages come before and are not counted: after a checkpoint the first to touch a page of the database
    writes the whole of it to the log, up to fifteen pages a message in a large one. A checkpoint comes every fifteen
    minutes; right after it, its cost would be laid on a second's mail.
    """

    sizes: tuple[int, ...] = SIZES
    messages: int = 2_000
    warming: int = 6_000
    groups: int = 5
    readings: int = 200
    folder: Path | None = None


def run(plan: Plan, say: Callable[[str], None]) -> Report:
    """Measure, and clean up whatever happens. Raises ``CannotMeasure``; ``KeyboardInterrupt`` on SIGINT and SIGTERM."""
    figures: dict[str, Figure] = {}
    with ended_by_signals(), folder_on_disk(plan.folder) as folder, ExitStack() as at_end:
        carnet = Carnet(folder / "carnet", recipients=1, settings=_SETTINGS)
        at_end.callback(carnet.remove)
        machine = describe(folder) | {"messages": plan.messages, "sessions": SESSIONS, "people": stored.SPACES}
        carnet.start()
        people = stored.make_spaces(carnet.database, carnet.master_key_file, carnet.patient_domain)
        _bring(carnet, [carnet.target.recipients[0], carnet.mailbox_address], 2 * _READ)
        drawn = random.Random(1)  # noqa: S311 - the same people in each run
        size = 0
        for wanted in plan.sizes:
            say(f"storing {wanted - size:,} messages more")
            stored.fill(carnet.database, size, wanted)
            size = wanted
            _bring(carnet, drawn.choices(people, k=plan.warming), plan.warming)
            say(f"measuring with {size:,} messages stored")
            operations: dict[str, tuple[Operation, int, int]] = {
                "accept_and_deliver": (
                    lambda count: _bring(carnet, drawn.choices(people, k=count), count),
                    plan.messages // plan.groups,
                    plan.groups,
                ),
                "list_conversations": (_listing(carnet), plan.readings // plan.groups, plan.groups),
                "imap_50": (_selecting(carnet), plan.readings // plan.groups, plan.groups),
            }
            for name, (operation, count, groups) in operations.items():
                figures[f"{name}_at_{_short(size)}"] = _measured(carnet, operation, count, groups)
        carnet.stop()
    return Report("growth", machine, figures, _ratios(figures, plan.sizes))


def _measured(carnet: Carnet, operation: Operation, count: int, groups: int) -> Figure:
    """The processor milliseconds of one operation, the median of some groups, after one that warms up."""
    operation(count)
    costs: list[float] = []
    times: list[float] = []
    for _ in range(groups):
        before = _cpu_seconds(carnet)
        times += operation(count)
        costs.append((_cpu_seconds(carnet) - before) * 1000 / count)
    return figure(costs, "ms cpu", times)


def _cpu_seconds(carnet: Carnet) -> float:
    """What all processes have used, once what they do afterwards (notifications) is done."""
    wait_until(carnet.rests, every=_POLL_SECONDS, longest=_REST_SECONDS * 20)
    return sum(one.cpu_seconds for one in processes.below(carnet.pid))


def _bring(carnet: Carnet, recipients: list[str], count: int) -> list[float]:
    before = carnet.readable()
    sent = carnet.target
    target = Target(sent.port, sent.sender, tuple(recipients), sent.host)
    times = acceptance_times(target, Load(count, MIDDLE, SESSIONS))
    wait_until(lambda: carnet.delivered(before + count), every=_POLL_SECONDS)
    return times


def _listing(carnet: Carnet) -> Operation:
    browser = carnet.signed_in()

    def ask(count: int) -> list[float]:
        return _timed(lambda: browser.get("/messages/"), count)

    return ask


def _selecting(carnet: Carnet) -> Operation:
    port, login, password = carnet.mailbox

    def ask(count: int) -> list[float]:
        with imaplib.IMAP4("127.0.0.1", port, timeout=60) as client:
            client.login(login, password)

            def once() -> None:
                client.select("INBOX", readonly=True)
                client.fetch("1:50", "(FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)")

            return _timed(once, count)

    return ask


def _timed(act: Callable[[], object], count: int) -> list[float]:
    times = []
    for _ in range(count):
        began = perf_counter()
        act()
        times.append((perf_counter() - began) * 1000)
    return times


def _short(size: int) -> str:
    return f"{size // 1_000_000}m" if size % 1_000_000 == 0 else f"{size // 1000}k"


def _ratios(figures: dict[str, Figure], sizes: tuple[int, ...]) -> dict[str, float]:
    """The cost at the largest size over that at the smallest: 1 is flat."""
    least, most = _short(sizes[0]), _short(sizes[-1])
    names = [key.removesuffix(f"_at_{least}") for key in figures if key.endswith(f"_at_{least}")]
    return {
        f"{name}_{least}_to_{most}": round(figures[f"{name}_at_{most}"].value / figures[f"{name}_at_{least}"].value, 2)
        for name in names
    }
