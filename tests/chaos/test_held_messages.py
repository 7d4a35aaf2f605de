"""A message that cannot be delivered is held whole on disk, seen by `carnet queue`, and delivered when asked to."""

import re

from harness import Demo, wait_until
from promises import check
from sender import OPERATOR, Fate, Ledger, Sent, content, send_one


def _send(demo: Demo, ledger: Ledger, size: int = 0) -> int:
    number = next(ledger.numbers)
    ins = demo.reachable[number % len(demo.reachable)]
    message = content(number, OPERATOR, demo.patient(ins), size)
    with demo.at_operators_door() as client:
        fate, answer = send_one(client, OPERATOR, [demo.patient(ins)], message)
    ledger.sent[number] = Sent(number, (ins,), fate, answer)
    assert fate is Fate.ACCEPTED, answer
    return number


def test_a_message_that_keeps_failing_is_held_and_delivered_on_demand(demo: Demo, ledger: Ledger) -> None:
    bodies, away = demo.data / "bodies", demo.data / "bodies-away"
    bodies.rename(away)
    bodies.touch()  # neither a folder nor a place for one: a body that needs a file cannot be stored
    try:
        large = _send(demo, ledger, 40_000)
        after = _send(demo, ledger)
        wait_until(lambda: demo.ask("held") != [], 30, "the message is held")
        demo.wait_until_drained(20)
    finally:
        bodies.unlink()
        away.rename(bodies)

    (held,) = demo.ask("held")
    assert (held["held"], held["attempts"]) == ("keeps-failing", 5)
    numbers = {number for _, number, _, _ in demo.ask("found")}
    assert after in numbers, "what came after it is not held up"
    assert large not in numbers
    assert any((demo.data / "spool").glob("*.segment")), "it stays on disk"

    listed = demo.carnet("queue", "list")
    assert listed.returncode == 0, listed.stderr
    assert "0 waiting, 1 held back" in listed.stdout
    assert re.search(rf"{held['id']}\s+keeps-failing\s+5 tries", listed.stdout)

    retried = demo.carnet("queue", "retry", "--held")
    assert "1 messages wait again" in retried.stdout, retried.stderr
    check(demo, ledger)
