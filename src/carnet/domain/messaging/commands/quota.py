"""Setting what one mailbox may hold."""

from uuid import UUID

from django.db import transaction

from carnet.domain.directory.commands.traces import leave_traces
from carnet.domain.directory.traces import NewTrace, TraceAct
from carnet.domain.messaging.models import MailboxQuota


@transaction.atomic
def set_quota(mailbox_id: UUID, octets: int | None, by: str = "") -> None:
    """Bound a mailbox to so many octets, 0 for no bound; None: as the installation says (CARNET_MAILBOX_QUOTA_BYTES).

    ``by`` is who does it, for the trace. Raises ``ValueError`` for a negative number.
    """
    if octets is None:
        MailboxQuota.objects.filter(mailbox_id=mailbox_id).delete()
    elif octets < 0:
        raise ValueError("a quota is not negative")
    else:
        MailboxQuota.objects.update_or_create(mailbox_id=mailbox_id, defaults={"octets": octets})
    leave_traces([NewTrace(mailbox_id, TraceAct.CHANGED, "command", by)])
