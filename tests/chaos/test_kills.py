"""`kill -9` of each process while 200 messages are being sent: what got its 250 is there, once, whole."""

import random
import re
import time
from collections import Counter
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path

import pytest
from harness import Demo, wait_until
from promises import check
from readers import by_imap, by_portal
from sender import Fate, Ledger, Load

MESSAGES = 200
TOGETHER = (("supervisor",), ("postmaster",), ("worker", "web", "imap"), ("smtp",), ("keeper",), ("drain",))
"""What is killed in one run of 200 messages, each at a moment of its own. The database is two processes: PostgreSQL's
postmaster, and the keeper that answers for it. Worker, portal and mail clients' door take no part in the delivery.
Every other time that the supervisor is killed, everything is, at once. No worker dies after the third of them, so that
what it left can be waited for."""


@pytest.fixture(scope="module")
def abandoned() -> dict[int, float]:
    """The jobs that the worker killed last was at, and when it was killed."""
    return {}


@pytest.mark.parametrize("processes", TOGETHER, ids="-".join)
def test_no_accepted_message_is_lost_or_doubled_by_a_kill(
    processes: tuple[str, ...],
    demo: Demo,
    ledger: Ledger,
    kills: int,
    seed: int,
    abandoned: dict[int, float],
    say: Callable[[str], None],
) -> None:
    moments = random.Random(f"{seed} {processes}")
    began = time.monotonic()
    slowest = 0.0
    for turn in range(kills):
        load = Load(demo, ledger, MESSAGES)
        killed = {}
        load.start()
        for accepted, process in sorted((moments.randrange(5, MESSAGES - 40), process) for process in processes):
            load.wait_for(accepted)
            time.sleep(moments.uniform(0.0, 0.03))
            if process == "supervisor" and turn % 2:
                killed["everything"] = demo.kill_everything()
            elif process == "worker":
                killed[process], jobs = demo.kill_worker_at_work()
                abandoned.clear()
                abandoned.update(dict.fromkeys(jobs, time.time()))
            else:
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


def test_what_was_accepted_is_read_by_imap_and_in_the_portal_once_each(demo: Demo, ledger: Ledger) -> None:
    check(demo, ledger)
    accepted = [one for one in ledger.sent.values() if one.fate is Fate.ACCEPTED]
    doubtful = {one.number for one in ledger.sent.values() if one.fate is Fate.DOUBT}
    doctor, holder = demo.mailbox("claire.morvan")["address"], demo.reachable[0]
    for reader, read in ((doctor, by_imap(demo, "claire.morvan")), (holder, by_portal(demo, holder))):
        owed = {one.number for one in accepted if reader in one.recipients}
        assert set(read.values()) == {1}
        assert set(read) - doubtful == owed


def test_every_trail_verifies_and_no_row_is_half_written(demo: Demo) -> None:
    verified = demo.carnet("audit", "verify")
    assert verified.returncode == 0, verified.stderr
    assert demo.ask("broken") == {}


def test_everyone_is_told_and_the_jobs_of_killed_workers_are_taken_up_within_a_minute(
    demo: Demo, kills: int, abandoned: dict[int, float], say: Callable[[str], None]
) -> None:
    wait_until(lambda: demo.ask("notifications").get("", 0) == 0, 120, "everyone is told", every=0.5)
    assert set(demo.ask("notifications")) == {"sent"}
    told = demo.ask("told")
    mails = Counter(
        str(message_from_bytes(path.read_bytes())["To"])
        for path in Path(demo.ready["outbox"]).glob("*.eml")
        if not re.search(r"\b\d{6}\b", path.read_text())
    )
    people = {one["email"]: one["ins"] for one in demo.ready["holders"]}
    twice = {email: count - told[people[email]] for email, count in mails.items()}
    assert all(extra >= 0 for extra in twice.values()), "nobody is left out"
    # Told twice is only who was being written to, by one of the four at work, when a worker or its database died.
    assert sum(twice.values()) <= 4 * (demo.starts("worker") + kills)

    assert abandoned
    wait_until(lambda: len(demo.ask("taken_up_again", jobs=abandoned)) == len(abandoned), 70, "all are taken up")
    waited = list(demo.ask("taken_up_again", jobs=abandoned).values())
    assert max(waited) < 60
    assert demo.ask("jobs").get("failed", 0) == 0
    say(
        f"{sum(told.values())} e-mails of notification, {sum(twice.values())} more than that; {len(waited)} jobs of"
        f" killed workers taken up again after {max(waited):.0f} s at most"
    )
