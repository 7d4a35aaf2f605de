"""Deleting what a mailbox holds: after its closing was announced and its time of keeping is over, or when dormant."""

from uuid import UUID

from django.db import connection, transaction

from carnet.domain.directory.commands.life import note_emptied
from carnet.domain.directory.models import Mailbox
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
_DESK = ("thread", "message", "document", "note", "reading", "sending", "draft", "draft_file")
_SETTLED = (OutboundMail.State.SENT, OutboundMail.State.FAILED, OutboundMail.State.DROPPED)
_EMPTY_FOLDERS = """
UPDATE messaging_folder SET messages = 0, octets = 0, highest_modseq = highest_modseq + 1,
    pruned_modseq = highest_modseq + 1
WHERE mailbox_id = %(mailbox)s
"""


@transaction.atomic
def empty_closed_mailbox(mailbox_id: UUID) -> int | None:
    """Delete the messages of a closed mailbox, its folders and its key. Returns how many messages went.

    None, and nothing done, when it was reopened meanwhile, or as long as mail of its own waits for another operator.
    What indicators count (who wrote to whom and when, and what was seen) stays; files of large bodies are swept later,
    unreadable without their key.
    """
    mailbox = Mailbox.objects.select_for_update().get(id=mailbox_id)
    if mailbox.state != Mailbox.State.CLOSED or _mail_waits(mailbox_id):
        return None
    deleted = _delete_messages(mailbox_id)
    named = {"mailbox": mailbox_id}
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM messaging_folder WHERE mailbox_id = %(mailbox)s", named)
        cursor.execute("DELETE FROM messaging_automatic_answer WHERE mailbox_id = %(mailbox)s", named)
        cursor.execute("DELETE FROM messaging_saved_reply WHERE mailbox_id = %(mailbox)s", named)
        cursor.execute("DELETE FROM messaging_desk_box WHERE mailbox_id = %(mailbox)s", named)
    OwnerKeyRow.objects.filter(owner_id=mailbox_id).delete()
    transaction.on_commit(forget_cached_keys)
    note_emptied(mailbox_id, deleted)
    return deleted


@transaction.atomic
def empty_dormant_mailbox(mailbox_id: UUID) -> int | None:
    """Delete the messages of a mailbox that nobody uses; it goes on to receive. Returns how many messages went.

    None, and nothing done, when somebody signed in meanwhile, or as long as mail of its own waits for another operator.
    """
    mailbox = Mailbox.objects.select_for_update().get(id=mailbox_id)
    if mailbox.dormancy_told_on is None or _mail_waits(mailbox_id):
        return None
    deleted = _delete_messages(mailbox_id)
    with connection.cursor() as cursor:
        cursor.execute(_EMPTY_FOLDERS, {"mailbox": mailbox_id})
    note_emptied(mailbox_id, deleted)
    announce([mailbox_id])
    return deleted


def _mail_waits(mailbox_id: UUID) -> bool:
    return OutboundMail.objects.filter(owner_id=mailbox_id).exclude(state__in=_SETTLED).exists()


def _delete_messages(mailbox_id: UUID) -> int:
    named = {"mailbox": mailbox_id}
    with connection.cursor() as cursor:
        cursor.execute(_KEEP_EVIDENCE, named)
        cursor.execute("DELETE FROM messaging_folder_entry WHERE mailbox_id = %(mailbox)s", named)
        cursor.execute("DELETE FROM messaging_expunged_entry WHERE mailbox_id = %(mailbox)s", named)
        for part in _DESK:
            cursor.execute(f"DELETE FROM messaging_desk_{part} WHERE mailbox_id = %(mailbox)s", named)  # noqa: S608
        cursor.execute("DELETE FROM messaging_message_pathway WHERE mailbox_id = %(mailbox)s", named)
        cursor.execute("DELETE FROM messaging_unscanned_message WHERE owner_id = %(mailbox)s", named)
        cursor.execute("DELETE FROM messaging_outbound_mail WHERE owner_id = %(mailbox)s", named)
        cursor.execute("DELETE FROM messaging_message WHERE owner_id = %(mailbox)s", named)
        deleted = int(cursor.rowcount)
        cursor.execute("DELETE FROM foundation_body WHERE owner_id = %(mailbox)s", named)
    return deleted
