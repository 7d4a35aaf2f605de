"""Looking for viruses in what strangers send: by the daemon that the settings name, in bounded time, or not at all."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings

from carnet.foundation import logs
from carnet.foundation.clamd import UNSCANNED, ClamdAway, ClamdSession, Finding, TooLargeForClamd, Verdict

AT_ONCE = 4
"""Contents looked at together: the daemon has threads of its own, ten by default."""

PAUSE_SECONDS = 15.0
"""A daemon that was away is asked again after this long: mail does not wait for it in the meantime."""

PING_SECONDS = 5.0

Pieces = Callable[[], Iterable[bytes]]

log = logs.get("antivirus")


class _Daemon:
    """Whether the daemon answered last time, shared by the threads of this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.away_until = 0.0
        self.was_away = False


_daemon = _Daemon()


def configured() -> bool:
    """Whether this installation has an antivirus."""
    return bool(settings.CARNET_CLAMAV)


def look(pieces: Pieces) -> Finding:
    """What the daemon finds in the pieces of one content; UNSCANNED when there is no daemon, or it is away."""
    return look_at([pieces])[0]


def look_at(contents: Sequence[Pieces]) -> list[Finding]:
    """The same for many contents, several at once; in their order. Never raises because of the daemon.

    All of them together take at most three times what one may take: those that come after that are UNSCANNED.
    """
    if not configured() or time.monotonic() < _daemon.away_until:
        return [UNSCANNED] * len(contents)
    if len(contents) == 1:
        return [_look(contents[0])]
    ends = time.monotonic() + 2 * settings.CARNET_CLAMAV_SECONDS
    with ThreadPoolExecutor(min(AT_ONCE, len(contents)), thread_name_prefix="antivirus") as threads:
        return list(threads.map(lambda pieces: _look(pieces) if time.monotonic() < ends else UNSCANNED, contents))


def answers() -> bool:
    """Whether the daemon can be reached now; what it says is remembered for `look`."""
    if not configured():
        return False
    try:
        with ClamdSession(settings.CARNET_CLAMAV, PING_SECONDS) as session:
            session.ping()
    except ClamdAway:
        with _daemon.lock:
            _daemon.away_until = time.monotonic() + PAUSE_SECONDS
            if not _daemon.was_away:
                log.error("antivirus_away")
            _daemon.was_away = True
        return False
    with _daemon.lock:
        if _daemon.was_away:
            log.info("antivirus_back")
        _daemon.away_until, _daemon.was_away = 0.0, False
    return True


def _look(pieces: Pieces) -> Finding:
    if time.monotonic() < _daemon.away_until:
        return UNSCANNED
    try:
        with ClamdSession(settings.CARNET_CLAMAV, settings.CARNET_CLAMAV_SECONDS) as session:
            found = session.scan(pieces())
    except TooLargeForClamd:
        log.warning("antivirus_refused", reason="too-large")
        return UNSCANNED
    except ClamdAway:
        # Is it the daemon, or this content that holds it up? Only the first spares the others the wait.
        if answers():
            log.warning("antivirus_refused", reason="no-answer")
        return UNSCANNED
    if found.verdict is not Verdict.CLEAN:
        log.warning("antivirus_found", outcome=found.verdict.value)
    elif _daemon.was_away:
        answers()
    return found
