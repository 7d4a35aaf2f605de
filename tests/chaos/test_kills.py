"""`kill -9` of each process while 200 messages are being sent: what got its 250 is there, once, whole."""

import random
import time

import pytest
from harness import PROCESSES, Demo, wait_until
from promises import check
from sender import Ledger, Load

MESSAGES = 200


@pytest.mark.parametrize("process", PROCESSES)
def test_no_accepted_message_is_lost_or_doubled_when_it_is_killed(
    process: str, demo: Demo, ledger: Ledger, kills: int, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    moments = random.Random(f"{seed} {process}")
    back = []
    began = time.monotonic()
    for _ in range(kills):
        load = Load(demo, ledger, MESSAGES)
        load.start()
        load.wait_for(moments.randrange(5, MESSAGES - 40))
        time.sleep(moments.uniform(0.0, 0.03))
        killed = demo.kill(process)
        back.append(demo.revive(process, killed))
        load.finish()
    figures = check(demo, ledger)
    with capsys.disabled():
        print(
            f"\n  seed {seed}: {process} killed {kills} times in {time.monotonic() - began:.1f} s, all answer again after"
            f" {max(back):.1f} s at most; so far {figures}"
        )


def test_every_trail_and_every_notification_is_whole_after_all_that(demo: Demo, ledger: Ledger) -> None:
    verified = demo.carnet("audit", "verify")
    assert verified.returncode == 0, verified.stderr
    assert demo.ask("broken") == {}
    wait_until(lambda: demo.ask("notifications").get("", 0) == 0, 240, "everyone is told", every=0.5)
    assert set(demo.ask("notifications")) <= {"sent"}
    assert demo.ask("jobs").get("failed", 0) == 0
