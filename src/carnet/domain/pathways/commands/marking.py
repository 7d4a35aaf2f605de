"""What becomes of lines, written for many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from carnet.domain.pathways.values import LineReason, LineState

_UPDATE = """
    UPDATE pathways_sending_line line
    SET state = new.state, reason = new.reason, "column" = new.col, other_line = new.other_line, due_at = new.due_at,
        sent_at = new.sent_at, outcome = new.outcome, space_id = new.space_id, message_id = new.message_id,
        own_message_id = new.own_message_id
    FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::int[], %s::timestamptz[], %s::timestamptz[],
                %s::text[], %s::uuid[], %s::uuid[], %s::uuid[])
        AS new(id, state, reason, col, other_line, due_at, sent_at, outcome, space_id, message_id, own_message_id)
    WHERE line.id = new.id
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a line has become, whole."""

    id: UUID
    state: LineState
    reason: LineReason = LineReason.NONE
    column: str = ""
    other_line: int | None = None
    due_at: datetime | None = None
    sent_at: datetime | None = None
    outcome: str = ""
    space_id: UUID | None = None
    message_id: UUID | None = None
    own_message_id: UUID | None = None


def mark(marks: Sequence[Mark]) -> None:
    """Write what lines have become, in one statement; part of the caller's transaction."""
    if not marks:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _UPDATE,
            [
                [one.id for one in marks],
                [one.state.value for one in marks],
                [one.reason.value for one in marks],
                [one.column for one in marks],
                [one.other_line for one in marks],
                [one.due_at for one in marks],
                [one.sent_at for one in marks],
                [one.outcome for one in marks],
                [one.space_id for one in marks],
                [one.message_id for one in marks],
                [one.own_message_id for one in marks],
            ],
        )
