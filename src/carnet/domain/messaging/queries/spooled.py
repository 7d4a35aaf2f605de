"""What the drain needs to know of what waits in its spool before it takes any of it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

_MOST = 10_000

_WAITING = """
SELECT (SELECT accepted_at FROM foundation_spool_entry WHERE spool_id = %s AND held = '' ORDER BY id LIMIT 1),
       coalesce(max(id), %s), count(*), coalesce(sum(length), 0)::bigint
FROM (SELECT id, length FROM foundation_spool_entry WHERE spool_id = %s AND held = '' AND id > %s LIMIT %s) AS newer
"""


@dataclass(frozen=True)
class Waiting:
    """``oldest``: since when the first in line waits, None when nothing does. ``arrived`` messages of ``octets`` in all
    came after the entry that was asked about; ``newest`` is the last of them."""

    oldest: datetime | None
    newest: int
    arrived: int
    octets: int


def waiting(spool_id: UUID, since: int) -> Waiting:
    """What waits in a spool, and how much of it came after the entry ``since`` (at most 10,000 are counted)."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [spool_id, since, spool_id, since, _MOST])
        return Waiting(*cursor.fetchone())
