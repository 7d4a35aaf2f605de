"""Forgetting what was remembered for those who were away: what left folders, and which drafts were sent."""

from datetime import datetime

from django.db import connection, transaction

from carnet.domain.messaging.models import Draft

_BATCH = 10_000

# A folder notes how far its removals are forgotten: a client that was away longer is told of all that is gone.
_FORGET = """
WITH old AS (
    SELECT mailbox_id, folder_id, uid FROM messaging_expunged_entry
    WHERE expunged_at < %s ORDER BY expunged_at LIMIT %s
), gone AS (
    DELETE FROM messaging_expunged_entry e USING old
    WHERE e.mailbox_id = old.mailbox_id AND e.folder_id = old.folder_id AND e.uid = old.uid
    RETURNING e.folder_id, e.modseq
), told AS (
    UPDATE messaging_folder f SET pruned_modseq = greatest(f.pruned_modseq, g.modseq)
    FROM (SELECT folder_id, max(modseq) AS modseq FROM gone GROUP BY folder_id) AS g WHERE f.id = g.folder_id
)
SELECT count(*) FROM gone
"""


def forget_expunged(before: datetime) -> int:
    """Forget the removals from folders that happened before a moment; how many. In transactions of a bounded size."""
    forgotten = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_FORGET, [before, _BATCH])
            [count] = cursor.fetchone()
        forgotten += count
        if count < _BATCH:
            return forgotten


def forget_sent_drafts(before: datetime) -> int:
    """Forget the drafts that were sent before a moment, which nobody sends again now; how many.

    Index: ``draft_sent_age``.
    """
    deleted, _ = Draft.objects.filter(sent_as__isnull=False, saved_at__lt=before).delete()
    return deleted
