"""Deleting what a mailbox holds: after its closing was announced and its time of keeping is over, or when dormant."""

from functools import partial
from uuid import UUID

from django.db import connection, transaction

from carnet.domain.directory.commands.life import note_emptied
from carnet.domain.messaging.commands.folders import announce
from carnet.domain.messaging.models import OutboundMail
from carnet.foundation.models import OwnerKeyRow
from carnet.foundation.owner_keys import forget_cached_keys

# The evidence of a reading lies in the folder entry: what the indicators ask for outlives it.
_KEEP_EVIDENCE = """
UPDATE messaging_patient_letter l SET seen_at = seen.at
FROM (
    SELECT message_id, min(coalesce(seen_at, internal_date)) AS at FROM messaging_folder_entry
    WHERE mailbox_id = %(mailbox)s AND (seen_at IS NOT NULL OR '\\Seen' = ANY(flags)) GROUP BY message_id
) seen
WHERE l.mailbox_id = %(mailbox)s AND l.mailbox_message_id = seen.message_id AND l.seen_at IS NULL
"""
_EMPTY_FOLDERS = """
UPDATE messaging_folder SET messages = 0, octets = 0, highest_modseq = highest_modseq + 1,
    pruned_modseq = highest_modseq + 1
WHERE mailbox_id = %(mailbox)s
"""


@transaction.atomic
def empty_mailbox(mailbox_id: UUID, *, for_good: bool) -> int | None:
    """Delete the messages of a mailbox; ``for_good`` its folders and its key too. Returns how many messages went.

    None, and nothing done, as long as mail of its own waits for another operator. What indicators count (who wrote to
    whom and when, and what was seen) stays; files of large bodies are swept later, unreadable without their rows.
    """
    if OutboundMail.objects.filter(owner_id=mailbox_id).exclude(state__in=_SETTLED).exists():
        return None
    named = {"mailbox": mailbox_id}
    with connection.cursor() as cursor:
        cursor.execute(_KEEP_EVIDENCE, named)
        cursor.execute("DELETE FROM messaging_folder_entry WHERE mailbox_id = %(mailbox)s", named)
        cursor.execute("DELETE FROM messaging_expunged_entry WHERE mailbox_id = %(mailbox)s", named)
        cursor.execute("DELETE FROM messaging_unscanned_message WHERE owner_id = %(mailbox)s", named)
        cursor.execute("DELETE FROM messaging_outbound_mail WHERE owner_id = %(mailbox)s", named)
        cursor.execute("DELETE FROM messaging_message WHERE owner_id = %(mailbox)s", named)
        deleted = int(cursor.rowcount)
        cursor.execute("DELETE FROM foundation_body WHERE owner_id = %(mailbox)s", named)
        if for_good:
            cursor.execute("DELETE FROM messaging_folder WHERE mailbox_id = %(mailbox)s", named)
            cursor.execute("DELETE FROM messaging_automatic_answer WHERE mailbox_id = %(mailbox)s", named)
        else:
            cursor.execute(_EMPTY_FOLDERS, named)
    if for_good:
        OwnerKeyRow.objects.filter(owner_id=mailbox_id).delete()
        transaction.on_commit(partial(forget_cached_keys))
    note_emptied(mailbox_id, deleted)
    announce([mailbox_id])
    return deleted


_SETTLED = (OutboundMail.State.SENT, OutboundMail.State.FAILED, OutboundMail.State.DROPPED)
