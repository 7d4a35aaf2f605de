"""Stopped in order and started again: the data is kept, and it does not take long."""

import os
from collections.abc import Callable

from harness import Demo
from promises import check
from sender import Ledger, Load

SECONDS = 10.0


def test_a_second_start_keeps_the_data_and_is_quick(demo: Demo, ledger: Ledger, say: Callable[[str], None]) -> None:
    load = Load(demo, ledger, 20)
    load.start()
    load.finish()
    demo.stop()
    took = demo.start()
    busy = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    say(f"second start: {took:.1f} s on a machine {busy:.1f} times busy")
    assert took < SECONDS * busy
    check(demo, ledger)
