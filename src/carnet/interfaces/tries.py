"""How many wrong passwords a mail door hears from one address before it stops listening."""

import hashlib
import time
from collections import deque

SECONDS = 300.0
PER_LOGIN = 10
PER_PEER = 300
_MOST_KNOWN = 20_000


class WrongPasswords:
    """The wrong passwords of the last five minutes in one process, by peer and by peer with login.

    A guess beyond the limits is answered like any wrong password, without looking at it: guessing gets nowhere and
    costs the door nothing. Counted by peer, so that no stranger locks a mailbox out for its own software elsewhere.
    """

    def __init__(self) -> None:
        self._failures: dict[bytes, deque[float]] = {}

    def too_many(self, peer: str, login: str) -> bool:
        """Whether this peer has guessed too often for this login, or for all."""
        limits = (self._key(peer, login), PER_LOGIN), (self._key(peer), PER_PEER)
        return any(self._recent(key) >= most for key, most in limits)

    def note(self, peer: str, login: str, *, right: bool) -> None:
        """A password was looked at. The right one forgets the wrong ones for its login."""
        if right:
            self._failures.pop(self._key(peer, login), None)
            return
        if len(self._failures) > _MOST_KNOWN:
            self._failures = {key: times for key, times in self._failures.items() if self._is_recent(times)}
        for key, most in ((self._key(peer, login), PER_LOGIN), (self._key(peer), PER_PEER)):
            self._failures.setdefault(key, deque(maxlen=most)).append(time.monotonic())

    def _recent(self, key: bytes) -> int:
        since = time.monotonic() - SECONDS
        return sum(at > since for at in self._failures.get(key, ()))

    @staticmethod
    def _is_recent(times: deque[float]) -> bool:
        return times[-1] > time.monotonic() - SECONDS

    @staticmethod
    def _key(peer: str, login: str = "") -> bytes:
        return hashlib.sha256(f"{peer}\0{login.strip().lower()}".encode("utf-8", "surrogatepass")).digest()
