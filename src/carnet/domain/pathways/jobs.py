"""Lines of sendings leave when they are due: found by a sweep, sent in groups, at a pace that leaves people room."""

import contextlib
import time
from collections.abc import Iterable, Iterator
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from procrastinate.exceptions import AlreadyEnqueued

from carnet.foundation import logs
from carnet.foundation.clock import now
from carnet.foundation.closures import current_closure
from carnet.foundation.jobs import RETRY, app

log = logs.get("sendings")

_SECONDS = 5.0
"""A job that has sent for so long lets others have their turn, and asks for another."""

_REST = 3.0
"""Seconds of the pace that a group may take at most: the slower the pace, the smaller the groups."""

_MOST_SENDINGS = 500

_AFTER_OTHERS = -1
"""What people wait for goes first: notifications, receipts, mail to other operators."""

_LOCKS = 0x53454E44
"""The class of the advisory locks that keep two jobs from one sending."""


@app.periodic(cron="* * * * * */15")
@app.task(queueing_lock="sweep-sendings")
def sweep_sendings(timestamp: int) -> None:
    """Have the lines leave that have come due, and end the sendings of which no line waits."""
    due, done = _due()
    leave_soon(due)
    if done:
        from carnet.domain.pathways.commands.progress import finish

        for sending_id in done:
            finish(sending_id)


@app.periodic(cron="29 3 * * *")
@app.task(queueing_lock="forget-sending-lines")
def forget_sending_lines(timestamp: int) -> None:
    """What sendings have been kept for their whole time."""
    from carnet.domain.pathways.commands.forgetting import forget_old_lines

    log.info("sendings_forgotten", count=forget_old_lines())


def _due() -> tuple[list[UUID], list[UUID]]:
    """The running sendings with a line that is due, and those with none that waits. Indexes: ``sending_running``,
    ``sending_line_due``.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.id, first.due_at IS NOT NULL FROM pathways_sending s LEFT JOIN LATERAL ("
            " SELECT due_at FROM pathways_sending_line l WHERE l.sending_id = s.id AND l.state = 'waiting'"
            " ORDER BY l.due_at LIMIT 1) first ON true"
            " WHERE s.state = 'running' AND (first.due_at IS NULL OR first.due_at <= %s)"
            " ORDER BY first.due_at LIMIT %s",
            [now(), _MOST_SENDINGS],
        )
        rows = cursor.fetchall()
    return [one for one, is_due in rows if is_due], [one for one, is_due in rows if not is_due]


def leave_soon(sending_ids: Iterable[UUID]) -> None:
    """Ask for the job of these sendings; one that waits already will do. Part of the caller's transaction."""
    for sending_id in sending_ids:
        with contextlib.suppress(AlreadyEnqueued), transaction.atomic():
            task = send_lines.configure(queueing_lock=f"sending-{sending_id}", priority=_AFTER_OTHERS)
            task.defer(sending_id=str(sending_id))


@app.task(retry=RETRY)
def send_lines(sending_id: str) -> None:
    """Send the lines of a sending that are due, group after group. Safe to run twice: no line leaves twice.

    After each group it rests for as long as the pace asks: what people write goes first.
    """
    from carnet.domain.pathways.commands.progress import finish

    sending = UUID(sending_id)
    with _alone(sending) as alone:
        if not alone:
            return
        begun = time.monotonic()
        settled, more = _send_some(sending, begun + _SECONDS)
        if not more:
            finish(sending)
    if more:
        leave_soon([sending])
    log.info("sending_lines", count=settled, seconds=round(time.monotonic() - begun, 1))


def _send_some(sending: UUID, until: float) -> tuple[int, bool]:
    """Send groups until nothing is due or the time is up: how many lines were settled, and whether more are due."""
    from carnet.domain.pathways.commands.leaving import GROUP, send_group

    settled = 0
    a_second = settings.CARNET_SENDING_PER_MINUTE / 60
    while time.monotonic() < until:
        if current_closure(now()) is not None:
            break
        started = time.monotonic()
        group = send_group(sending, min(GROUP, max(1, int(a_second * _REST))))
        settled += group.settled
        if not group.more:
            return settled, False
        time.sleep(max(0.0, group.settled / a_second - (time.monotonic() - started)))
    return settled, current_closure(now()) is None


@contextlib.contextmanager
def _alone(sending_id: UUID) -> Iterator[bool]:
    """Whether no other process sends these lines now. The lock goes with the connection, however its process ends."""
    key = [_LOCKS, sending_id.int & 0x7FFFFFFF]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        alone = bool(cursor.fetchone()[0])
    try:
        yield alone
    finally:
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)
