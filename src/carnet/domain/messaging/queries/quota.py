"""How much a mailbox holds and may hold (RFC 9208), told from its folders' counters."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import connection


@dataclass(frozen=True, slots=True)
class Quota:
    """Octets of all entries of a mailbox's folders, a message in two folders twice; and the most there may be."""

    used: int
    limit: int | None

    def has_room_for(self, octets: int) -> bool:
        return self.limit is None or self.used + octets <= self.limit


def quota_of(mailbox_id: UUID) -> Quota:
    """The mailbox's use and bound: its own (``MailboxQuota``), else the installation's, None for none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT coalesce(sum(octets), 0)::bigint FROM messaging_folder WHERE mailbox_id = %s),"
            " (SELECT octets FROM messaging_mailbox_quota WHERE mailbox_id = %s)",
            [mailbox_id, mailbox_id],
        )
        used, own = cursor.fetchone()
    limit = settings.CARNET_MAILBOX_QUOTA_BYTES if own is None else own
    return Quota(used, limit or None)
