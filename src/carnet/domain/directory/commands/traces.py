"""Leaving the traces of mailboxes, and keeping them no longer than set."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from carnet.domain.directory.traces import NewTrace
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.rows import server_cursor

_MESSAGES_IN_A_ROW = 1000
_COPY = (
    "COPY directory_mailbox_trace (at, id, mailbox_id, act, door, session, author, outcome, count, messages)"
    " FROM STDIN (FORMAT BINARY)"
)
_TYPES = ("timestamptz", "uuid", "uuid", "varchar", "varchar", "varchar", "varchar", "varchar", "int4", "uuid[]")
_TAKE_FROM_REST = """
WITH moved AS (DELETE FROM directory_mailbox_trace_rest WHERE at >= %s AND at < %s RETURNING *)
INSERT INTO {} SELECT * FROM moved
"""


def leave_traces(traces: Sequence[NewTrace]) -> None:
    """Keep traces, with one COPY; part of the caller's transaction. No models are made: the drain waits for this."""
    if not traces:
        return
    at = now()
    with server_cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(_TYPES)
        for trace in traces:
            # Not one row of fifty thousand identifiers: whoever reads a trace reads it whole.
            for start in range(0, len(trace.messages) or 1, _MESSAGES_IN_A_ROW):
                group = list(trace.messages[start : start + _MESSAGES_IN_A_ROW])
                copy.write_row(
                    (
                        trace.at or at,
                        new_id(),
                        trace.mailbox_id,
                        trace.act.value,
                        trace.door[:16],
                        trace.session[:40],
                        trace.author[:300],
                        trace.outcome[:40],
                        len(group) or trace.count,
                        group,
                    )
                )


def make_trace_partitions(months_ahead: int = 13) -> int:
    """Make the monthly partitions of the traces from this month on. Returns how many were made.

    What lies in the partition for the rest moves into its month: PostgreSQL refuses the month otherwise.
    """
    made = 0
    month = now().date().replace(day=1)
    for _ in range(months_ahead):
        following = _next_month(month)
        with transaction.atomic(), connection.cursor() as cursor:
            name = _partition(month)
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
            if not cursor.fetchone()[0]:
                cursor.execute("LOCK TABLE directory_mailbox_trace IN SHARE ROW EXCLUSIVE MODE")
                cursor.execute(f"CREATE TABLE {name} (LIKE directory_mailbox_trace INCLUDING CONSTRAINTS)")
                cursor.execute(_TAKE_FROM_REST.format(name), [_start(month), _start(following)])
                cursor.execute(
                    f"ALTER TABLE directory_mailbox_trace ATTACH PARTITION {name}"
                    f" FOR VALUES FROM ('{month} 00:00+00') TO ('{following} 00:00+00')"
                )
                made += 1
        month = following
    return made


def forget_old_traces() -> int:
    """Drop the months of traces that lie wholly before the time they are kept. Returns how many months went.

    What has no month of its own (its partition was not made in time) goes row by row.
    """
    limit = now() - timedelta(days=settings.CARNET_MAILBOX_TRACE_DAYS)
    dropped = 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = 'directory_mailbox_trace'::regclass ORDER BY 1"
        )
        for (name,) in cursor.fetchall():
            year, _, month = name.removeprefix("directory_mailbox_trace_").partition("_")
            if year.isdigit() and month.isdigit() and _next_month(date(int(year), int(month), 1)) <= limit.date():
                cursor.execute(f"DROP TABLE {name}")
                dropped += 1
        cursor.execute("DELETE FROM directory_mailbox_trace_rest WHERE at < %s", [limit])
    return dropped


def _partition(month: date) -> str:
    return f"directory_mailbox_trace_{month:%Y_%m}"


def _start(month: date) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=UTC)


def _next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
