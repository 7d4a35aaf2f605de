"""`kill -9` of the worker in the middle of a sending to many: none is written to twice, none is forgotten."""

import time
from collections.abc import Callable

import pytest
from harness import Demo, wait_until

EACH = 60
"""Patients a kill: the sending is long enough to be killed so often, half-way each time."""

MAKE_CHAOS = 10
"""Kills from which on nobody waits for the tests."""


def test_no_patient_is_written_to_twice_or_forgotten_when_the_worker_is_killed(
    demo: Demo, kills: int, say: Callable[[str], None]
) -> None:
    patients = EACH * (kills + 1)
    began = time.monotonic()
    sending = demo.ask("write_to_many", count=patients)
    prepared = time.monotonic()

    def sent() -> int:
        return int(demo.ask("became", sending=sending)["states"].get("sent", 0))

    for _ in range(kills):
        demo.revive("worker", demo.kill_worker_at_work("is_sending")[0])  # in the transaction of a group
    assert sent() < patients, "killed after its end: nothing is shown"
    wait_until(lambda: sent() == patients, 60, "every line has left", every=0.1)
    assert demo.ask("became", sending=sending) == {
        "states": {"sent": patients},
        "in spaces": patients,
        "in spaces, of its lines": patients,
        "in the box": patients,
        "evidence": patients,
    }
    assert demo.ask("broken") == {}
    say(
        f"{patients} patients (ready after {prepared - began:.1f} s) written to in {time.monotonic() - prepared:.1f} s,"
        f" the worker killed {kills} times"
    )


def test_a_thousand_patients_are_written_to_in_under_a_minute(
    demo: Demo, kills: int, say: Callable[[str], None]
) -> None:
    if kills < MAKE_CHAOS:
        pytest.skip("in `make chaos`: making a thousand people takes longer than writing to them")
    sending = demo.ask("write_to_many", count=1_000)
    began = time.monotonic()
    wait_until(lambda: demo.ask("became", sending=sending)["states"] == {"sent": 1_000}, 60, "all have left", every=0.2)
    say(f"1,000 patients written to in {time.monotonic() - began:.1f} s")
    assert demo.ask("broken") == {}
