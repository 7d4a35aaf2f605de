"""The other operator is down for a while, and the worker is killed while it sends: everything arrives there.

At least once, since a crash between their 250 and our commit cannot be told from one before it; so a double is allowed
for what was under way when the worker died, and for nothing else. Doubles are counted.
"""

import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller
from harness import Demo, wait_until
from sender import OPERATOR, Fate, content, send_one

MESSAGES = 60
WINDOW_SECONDS = 3.0
CONNECTIONS = 4
_NUMBER = re.compile(rb"essai (\d+)")


class OtherOperator:
    """Their server: takes everything, and notes when it said its 250."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.taken: dict[int, list[float]] = {}

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        found = _NUMBER.search(envelope.content)
        assert found is not None
        self.taken.setdefault(int(found[1]), []).append(time.monotonic())
        return "250 2.0.0 taken"

    @contextmanager
    def open(self) -> Iterator[None]:
        controller = Controller(self, hostname="127.0.0.1", port=self.port)
        controller.start()
        try:
            yield
        finally:
            controller.stop()


def submit(demo: Demo, numbers: range, accepted: set[int]) -> None:
    """A hosted mailbox writes to the other operator's, as often as there are numbers."""
    client = demo.at_submission()
    sender = demo.mailbox("orthopedie")["address"]
    for number in numbers:
        fate, answer = send_one(client, sender, [OPERATOR], content(number, sender, OPERATOR, 0))
        assert fate is Fate.ACCEPTED, answer
        accepted.add(number)
    client.close()


def test_what_another_operator_gets_is_complete_though_it_was_down_and_the_worker_was_killed(
    demo: Demo, kills: int, seed: int, say: Callable[[str], None]
) -> None:
    moments = random.Random(f"{seed} other operator")
    operator = OtherOperator(demo.operator_port)
    accepted: set[int] = set()
    killed_at: list[float] = []
    submit(demo, range(MESSAGES), accepted)  # nobody listens there
    wait_until(
        lambda: "cannot be reached" in demo.carnet("queue", "list").stdout, 60, "the operator is known to be down"
    )
    for turn in range(1, kills + 1):
        numbers = range(turn * MESSAGES, (turn + 1) * MESSAGES)
        writer = threading.Thread(target=submit, args=(demo, numbers, accepted), daemon=True)
        with operator.open():
            already = len(operator.taken)
            writer.start()
            enough = already + moments.randrange(5, MESSAGES)
            wait_until(lambda enough=enough: len(operator.taken) >= enough, 90, "they take mail again", every=0.002)
            killed = demo.kill("worker")
            killed_at.append(time.monotonic())
        writer.join(60)
        demo.revive("worker", killed)
    began = time.monotonic()
    with operator.open():
        wait_until(lambda: accepted <= set(operator.taken), 90, "all that was accepted is there")
    took = time.monotonic() - began
    assert set(operator.taken) <= accepted
    doubled = {number: times for number, times in operator.taken.items() if len(times) > 1}
    say(f"to another operator: {len(accepted)} accepted, all there {took:.1f} s after; {len(doubled)} doubles")
    for number, times in doubled.items():
        assert len(times) == 2, f"{number}: {len(times)} times"
        before = [at - times[0] for at in killed_at]
        assert any(-0.5 <= seconds <= WINDOW_SECONDS for seconds in before), f"{number} doubled outside the window"
    assert len(doubled) <= CONNECTIONS * kills
    assert "To other operators: 0 waiting" in demo.carnet("queue", "list").stdout
