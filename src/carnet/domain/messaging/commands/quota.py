"""Setting what one mailbox may hold."""

from uuid import UUID

from carnet.domain.messaging.models import MailboxQuota


def set_quota(mailbox_id: UUID, octets: int | None) -> None:
    """Bound a mailbox to so many octets, 0 for no bound; None: as the installation says (CARNET_MAILBOX_QUOTA_BYTES).

    Raises ``ValueError`` for a negative number.
    """
    if octets is None:
        MailboxQuota.objects.filter(mailbox_id=mailbox_id).delete()
        return
    if octets < 0:
        raise ValueError("a quota is not negative")
    MailboxQuota.objects.update_or_create(mailbox_id=mailbox_id, defaults={"octets": octets})
