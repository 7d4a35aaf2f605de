"""The process that empties the spool: ``carnet serve drain``."""

import time
from collections.abc import Callable

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections

from carnet.domain.messaging.commands.deliver import drain_after_start, drain_once, remove_done_segments
from carnet.foundation import logs
from carnet.foundation.database import Listener
from carnet.foundation.owner_keys import master_keys
from carnet.foundation.spool import SpoolReader
from carnet.foundation.spool.writer import NOTIFY_CHANNEL

WAIT_SECONDS = 1.0
TIDY_SECONDS = 30.0
TURN_SECONDS = 0.03
"""Under load a turn takes what came in this long: much of its cost is the same for one message as for two hundred."""

log = logs.get("drain")


def run(stopping: Callable[[], bool]) -> None:
    """Drain this host's spool until asked to stop; wakes on each commit of the doors."""
    reader = SpoolReader(settings.CARNET_SPOOL_DIR, master_keys)
    listener = Listener(NOTIFY_CHANNEL)
    tidy_at = time.monotonic() + TIDY_SECONDS
    next_turn = 0.0
    just_started = True
    while not stopping():
        try:
            listener.wait(WAIT_SECONDS)
            close_old_connections()
            if just_started:
                drain_after_start(reader)
                just_started = False
            while not stopping():
                time.sleep(max(0.0, next_turn - time.monotonic()))
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
