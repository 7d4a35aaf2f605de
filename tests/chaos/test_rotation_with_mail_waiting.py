"""`carnet keys rotate` while mail waits in the spool: nothing is lost, and the older key goes once nothing needs it."""

import os
import signal

from harness import Demo, wait_until
from promises import check
from sender import Ledger, Load


def _keys(demo: Demo) -> int:
    return len((demo.data / "keys" / "master").read_text().splitlines())


def test_a_rotation_with_mail_waiting_loses_nothing_and_ends(demo: Demo, ledger: Ledger) -> None:
    drain = demo.pid("drain")
    assert drain is not None
    os.kill(drain, signal.SIGSTOP)
    try:
        load = Load(demo, ledger, 30)
        load.start()
        load.finish()
        assert demo.ask("waiting") >= 30
        first = demo.carnet("keys", "rotate")
        assert first.returncode == 0, first.stderr
        assert "older master keys are kept" in first.stdout
        assert _keys(demo) == 2
    finally:
        os.kill(drain, signal.SIGCONT)
    check(demo, ledger)

    load = Load(demo, ledger, 30)  # by the same processes, which take up the new key by themselves
    load.start()
    load.finish()
    demo.wait_until_drained()

    def rotated() -> bool:
        again = demo.carnet("keys", "rotate")
        assert again.returncode == 0, again.stderr
        return "older ones dropped" in again.stdout

    wait_until(rotated, 60, "the rotation ends", every=1.0)
    assert _keys(demo) == 1
    load = Load(demo, ledger, 10)
    load.start()
    load.finish()
    check(demo, ledger)
