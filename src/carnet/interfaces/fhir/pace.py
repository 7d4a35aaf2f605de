"""How many requests a key may make: a minute's worth at once, then as they come back."""

import math
import threading
import time
from uuid import UUID

_MOST_KEPT = 10_000


class Pace:
    """A bucket a key, in one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[UUID, tuple[float, float]] = {}

    def wait(self, key: UUID, per_minute: int) -> int:
        """Take one request of this key: 0, or the seconds to wait before another is possible."""
        if per_minute <= 0:
            return 0
        now = time.monotonic()
        with self._lock:
            if len(self._buckets) > _MOST_KEPT:
                self._buckets.clear()
            left, at = self._buckets.get(key, (float(per_minute), now))
            left = min(float(per_minute), left + (now - at) * per_minute / 60)
            if left < 1:
                self._buckets[key] = (left, now)
                return math.ceil((1 - left) * 60 / per_minute)
            self._buckets[key] = (left - 1, now)
            return 0
