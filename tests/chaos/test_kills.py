"""`kill -9` of each process while 200 messages are being sent: what got its 250 is there, once, whole."""

import random
import time
from collections.abc import Callable

import pytest
from harness import Demo, wait_until
from promises import check
from sender import Ledger, Load

MESSAGES = 200
TOGETHER = (("worker", "web", "imap"), ("supervisor",), ("postmaster",), ("keeper",), ("drain",), ("smtp",))
"""What is killed in one run of 200 messages, each at a moment of its own. The database is two processes: PostgreSQL's
postmaster, and the keeper that answers for it. Worker, portal and mail clients' door take no part in the delivery."""


@pytest.mark.parametrize("processes", TOGETHER, ids="-".join)
def test_no_accepted_message_is_lost_or_doubled_by_a_kill(
    processes: tuple[str, ...],
    demo: Demo,
    ledger: Ledger,
    kills: int,
    seed: int,
    say: Callable[[str], None],
) -> None:
    moments = random.Random(f"{seed} {processes}")
    began = time.monotonic()
    slowest = 0.0
    for _ in range(kills):
        load = Load(demo, ledger, MESSAGES)
        killed = {}
        load.start()
        for accepted, process in sorted((moments.randrange(5, MESSAGES - 40), process) for process in processes):
            load.wait_for(accepted)
            time.sleep(moments.uniform(0.0, 0.03))
            killed[process] = demo.kill(process)
        revived = time.monotonic()
        for process, pid in killed.items():
            demo.revive(process, pid)
        slowest = max(slowest, time.monotonic() - revived)
        load.finish()
    demo.wait_until_all_answer()
    figures = check(demo, ledger)
    say(
        f"seed {seed}: {' '.join(processes)} killed {kills} times in {time.monotonic() - began:.1f} s, back after"
        f" {slowest:.1f} s at most; in all so far {figures}"
    )


def test_every_trail_is_whole_and_everyone_is_told_after_all_that(demo: Demo) -> None:
    verified = demo.carnet("audit", "verify")
    assert verified.returncode == 0, verified.stderr
    assert demo.ask("broken") == {}
    wait_until(lambda: demo.ask("notifications").get("", 0) == 0, 120, "everyone is told", every=0.5)
    assert set(demo.ask("notifications")) <= {"sent"}
    assert demo.ask("jobs").get("failed", 0) == 0
    wait_until(lambda: demo.ask("stalled") == 0, 70, "no job is left to a dead worker", every=0.5)
