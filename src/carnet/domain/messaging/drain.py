"""The process that empties the spool: ``carnet serve drain``."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections

from carnet.domain.messaging.commands.deliver import drain_after_start, drain_once, remove_done_segments
from carnet.domain.messaging.queries.spooled import Waiting, waiting
from carnet.foundation import antivirus, logs
from carnet.foundation.clock import now
from carnet.foundation.database import Listener
from carnet.foundation.garbage import collect_less
from carnet.foundation.owner_keys import master_keys
from carnet.foundation.spool import SpoolReader
from carnet.foundation.spool.writer import NOTIFY_CHANNEL

WAIT_SECONDS = 1.0
TIDY_SECONDS = 30.0
TURN_SECONDS = 0.03
"""Under load a turn takes what came in this long: much of its cost is the same for one message as for two hundred."""

SETTLE_SECONDS = 0.5
_TRY_AGAIN_SECONDS = 0.05
"""A database that has just come back is left this long to the doors: what they were committing when it went, they index
again, and must find it where it was."""

PRESSED_PER_SECOND = 300
PRESSED_OCTETS_PER_SECOND = 20_000_000
LOOK_SECONDS = 0.05
LONGEST_SECONDS = 5.0
"""Doors come first: while more mail than this comes in, what has waited for less than this is delivered later. What
waits lies durably in the spool, and lets senders who wait for their 250 have the processor."""

log = logs.get("drain")


def run(stopping: Callable[[], bool]) -> None:
    """Drain this host's spool until asked to stop; wakes on each commit of the doors."""
    reader = SpoolReader(settings.CARNET_SPOOL_DIR, master_keys)
    listener = Listener(NOTIFY_CHANNEL)
    tidy_at = time.monotonic() + TIDY_SECONDS
    next_turn = 0.0
    pace = Pace(reader.spool_id)
    just_started = True
    if settings.CARNET_PRODUCTION and not antivirus.configured():
        log.warning("antivirus_missing")
    collect_less()
    while not stopping():
        try:
            listener.wait(WAIT_SECONDS)
            if listener.connected_for < SETTLE_SECONDS:
                time.sleep(_TRY_AGAIN_SECONDS)
                continue
            close_old_connections()
            if just_started:
                drain_after_start(reader)
                just_started = False
            while not stopping():
                time.sleep(max(0.0, next_turn - time.monotonic()))
                while pace.puts_off() and not stopping():
                    time.sleep(LOOK_SECONDS)
                began = time.monotonic()
                done = drain_once(reader)
                # A message that came alone is no load: the next one is not made to wait.
                next_turn = began + TURN_SECONDS if done.delivered > 1 else began
                if done.delivered:
                    log.info("drained", count=done.delivered)
                if not done.delivered:
                    break
            if time.monotonic() > tidy_at:
                remove_done_segments(reader)
                tidy_at = time.monotonic() + TIDY_SECONDS
        except (OperationalError, InterfaceError) as problem:  # the database is away: what waits is on disk
            log.error("database_away", exc_info=problem)
            time.sleep(WAIT_SECONDS)
    listener.close()
    reader.close()


class Pace:
    """How fast mail comes into a spool, seen at each look."""

    def __init__(self, spool_id: UUID) -> None:
        self._spool_id = spool_id
        self._newest = 0
        self._looked = 0.0

    def puts_off(self) -> bool:
        """Look at the spool: whether delivery is better put off for now."""
        seen = waiting(self._spool_id, self._newest)
        moment = time.monotonic()
        elapsed, self._looked, self._newest = moment - self._looked, moment, seen.newest
        return is_put_off(seen, elapsed, now())


def is_put_off(seen: Waiting, elapsed: float, at: datetime) -> bool:
    """Whether delivery waits, at the time ``at``: mail came fast in the last ``elapsed`` seconds, and none is old."""
    if seen.oldest is None or at - seen.oldest > timedelta(seconds=LONGEST_SECONDS):
        return False
    seconds = max(elapsed, TURN_SECONDS)
    return seen.arrived > PRESSED_PER_SECOND * seconds or seen.octets > PRESSED_OCTETS_PER_SECOND * seconds
