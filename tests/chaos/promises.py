"""What an installation owes its senders and its readers, checked against the ledger of what was sent."""

from collections import Counter

from harness import Demo
from sender import Fate, Ledger


def check(demo: Demo, ledger: Ledger) -> dict[str, int]:
    """Every accepted message is readable exactly once for each of its recipients, and nothing is half written.

    A message in doubt is there once or not at all, and then for all of its recipients or for none; one that was
    refused is not there. Returns the figures of the run so far.
    """
    demo.wait_until_drained()
    assert demo.ask("held") == []
    found = {(name, number): (times, whole) for name, number, times, whole in demo.ask("found") if number >= 0}
    lost, doubled, damaged, promised = [], [], [], set()
    figures: Counter[str] = Counter()
    for sent in ledger.sent.values():
        figures[sent.fate] += 1
        there = [found.get((recipient, sent.number), (0, True)) for recipient in sent.recipients]
        promised |= {(recipient, sent.number) for recipient in sent.recipients}
        if sent.fate is Fate.ACCEPTED and any(times == 0 for times, _ in there):
            lost.append(sent)
        if any(times > 1 for times, _ in there):
            doubled.append(sent)
        if any(not whole for _, whole in there):
            damaged.append(sent)
        if sent.fate is Fate.REFUSED:
            assert all(times == 0 for times, _ in there), f"refused, and there all the same: {sent}"
        if sent.fate is Fate.DOUBT:
            assert len({times for times, _ in there}) == 1, f"for some of its recipients only: {sent}"
            figures["doubt, there"] += there[0][0]
    assert not lost, f"lost after their 250: {lost}"
    assert not doubled, f"there more than once: {doubled}"
    assert not damaged, f"not whole: {damaged}"
    assert set(found) <= promised, f"there and never sent: {set(found) - promised}"
    assert demo.ask("broken") == {}
    return dict(figures)
