"""The pathway that conversations of the desk belong to, as the sending that opened them says."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from carnet.domain.messaging.models import DeskMessage, DeskThread, MessagePathway


def set_pathway(mailbox_id: UUID, message_ids: Sequence[UUID], pathway_id: UUID | None) -> None:
    """Say of messages that went out from a mailbox (``SentMail.message_id``) which pathway they belong to.

    Their conversations say so too, now or once the desk has put them into one; answers are then found by it. Part of
    the caller's transaction.
    """
    if not message_ids:
        return
    placed = dict(
        DeskMessage.objects.filter(mailbox_id=mailbox_id, message_id__in=message_ids).values_list(
            "message_id", "thread_id"
        )
    )
    if placed:
        threads = DeskThread.objects.filter(mailbox_id=mailbox_id, id__in=set(placed.values()))
        threads.update(pathway_id=pathway_id)
    waiting = [one for one in message_ids if one not in placed]
    with connection.cursor() as cursor:
        if pathway_id is None:
            MessagePathway.objects.filter(mailbox_id=mailbox_id, message_id__in=waiting).delete()
        elif waiting:
            cursor.execute(
                "INSERT INTO messaging_message_pathway (mailbox_id, message_id, pathway_id)"
                " SELECT %s, t.id, %s FROM unnest(%s::uuid[]) AS t(id)"
                " ON CONFLICT (mailbox_id, message_id) DO UPDATE SET pathway_id = excluded.pathway_id",
                [mailbox_id, pathway_id, waiting],
            )
