"""``carnet bench desk``: pages of the professional's desk and of the holder's messages when there are many.

A mailbox with 50,000 conversations (two or three messages each) and a holder with 2,000, on a real database and through
the portal's own process, on loopback: the inbox, its second page, filters, searches, a conversation, the holder's list.
What counts is the 95th percentile of the time until the whole page is there, in the inboxes.
"""

import statistics
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from carnet.bench import processes, stored_desk
from carnet.bench.carnet import Carnet
from carnet.bench.machine import describe
from carnet.bench.problems import CannotMeasure
from carnet.bench.report import Figure, Report, percentile
from carnet.bench.smtp import ended_by_signals, folder_on_disk
from carnet.sandbox.browsing import Browser, Unexpected

_MAILBOX = "orthopedie"
_WARMING = 5


@dataclass(frozen=True)
class Plan:
    """Each page is asked for ``readings`` times."""

    conversations: int = 50_000
    holder_conversations: int = 2_000
    readings: int = 100
    folder: Path | None = None


def run(plan: Plan, say: Callable[[str], None]) -> Report:
    """Measure, and clean up whatever happens. Raises ``CannotMeasure``; ``KeyboardInterrupt`` on SIGINT and SIGTERM."""
    with ended_by_signals(), folder_on_disk(plan.folder) as folder, ExitStack() as at_end:
        carnet = Carnet(folder / "carnet", recipients=1)
        at_end.callback(carnet.remove)
        machine = describe(folder) | {
            "conversations": plan.conversations,
            "holder_conversations": plan.holder_conversations,
        }
        carnet.start()
        say(f"storing {plan.conversations:,} conversations of a mailbox, {plan.holder_conversations:,} of a holder")
        address = carnet.team_address(_MAILBOX)
        rare = stored_desk.fill_desk(
            carnet.database, carnet.master_key_file, address, carnet.patient_domain, plan.conversations
        )
        holder = carnet.target.recipients[0].partition("@")[0]
        stored_desk.fill_holder(carnet.database, carnet.master_key_file, holder, address, plan.holder_conversations)
        stored_desk.settle_tables(carnet.database)
        say("measuring")
        figures = _desk(carnet, address, rare, plan.readings)
        browser = carnet.signed_in()
        figures |= _timed(carnet, "holder_list", lambda: browser.fetch("/messages/"), plan.readings)
        carnet.stop()
    return Report("desk", machine, figures)


def _desk(carnet: Carnet, address: str, rare: str, readings: int) -> dict[str, Figure]:
    browser = carnet.at_desk(address)
    inbox = browser.url
    try:
        threads = [link for link in browser.links() if "/echanges/" in link][:20]
        second = next(link for link in browser.links() if "before=" in link)
        found = [_sought(browser, inbox, word) for word in (rare, "motaaaab motaaaac", "noma")]
    except (Unexpected, StopIteration) as problem:
        raise CannotMeasure("the desk does not show what it should") from problem
    pages = {
        "inbox": [inbox],
        "inbox_next_page": [second],
        "filter_unread": [f"{inbox}?unread=on"],
        "filter_waiting": [f"{inbox}?waiting=24"],
        "filter_mine": [f"{inbox}?taken=me"],
        "search_rare_word": found[:1],
        "search_common_words": found[1:2],
        "search_beginning_of_names": found[2:],
        "conversation": threads,
    }
    figures: dict[str, Figure] = {}
    for name, urls in pages.items():
        figures |= _timed(carnet, name, _asking(browser, urls), readings)
    return figures


def _sought(browser: Browser, inbox: str, text: str) -> str:
    """The address of what a search found."""
    browser.get(inbox)
    browser.send("/recherche/", {"text": text})
    if not any("/echanges/" in link for link in browser.links()):
        raise Unexpected("the search finds nothing")
    return browser.url


def _asking(browser: Browser, urls: list[str]) -> Callable[[], None]:
    turn = 0

    def ask() -> None:
        nonlocal turn
        browser.fetch(urls[turn % len(urls)])
        turn += 1

    return ask


def _timed(carnet: Carnet, name: str, act: Callable[[], object], count: int) -> dict[str, Figure]:
    """How long a page takes: the 95th percentile, the median and the 99th beside it; and what of it is processor time
    of Carnet's processes, its database among them, which depends less on what else the machine does.
    """
    for _ in range(_WARMING):
        act()
    times = []
    before = _cpu_seconds(carnet)
    for _ in range(count):
        began = perf_counter()
        act()
        times.append((perf_counter() - began) * 1000)
    used = (_cpu_seconds(carnet) - before) * 1000 / count
    waited = Figure(
        round(percentile(times, 95), 1),
        "ms p95",
        round(statistics.median(times), 1),
        round(percentile(times, 99), 1),
    )
    return {name: waited, f"{name}_cpu": Figure(round(used, 1), "ms cpu")}


def _cpu_seconds(carnet: Carnet) -> float:
    return sum(one.cpu_seconds for one in processes.below(carnet.pid))
