"""How many messages a peer may hand in: a bucket a peer, that a minute fills."""

import time
from collections.abc import Callable

_MOST_PEERS = 10_000


class Pace:
    """Allows `per_minute` messages a minute to each peer, as many at once at most; 0 allows any number."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = float(per_minute)
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def allows(self, peer: str) -> bool:
        """Whether one more message of this peer is within its pace; it is counted if so."""
        if not self._most:
            return True
        now = self._clock()
        left, since = self._left.get(peer, (self._most, now))
        left = min(self._most, left + (now - since) * self._most / 60)
        if left < 1:
            self._left[peer] = (left, now)
            return False
        if peer not in self._left and len(self._left) >= _MOST_PEERS:
            self._forget_rested(now)
        self._left[peer] = (left - 1, now)
        return True

    def _forget_rested(self, now: float) -> None:
        """Those who said nothing for a minute have their whole measure again: nothing need be remembered of them."""
        self._left = {peer: kept for peer, kept in self._left.items() if now - kept[1] < 60}
