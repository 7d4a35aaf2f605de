"""Messages in quarantine, deleted by a person or when their time is over."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from carnet.domain.messaging.delivery.plan import SYSTEM_OWNER
from carnet.domain.messaging.models import OutboundMail, QuarantinedMail
from carnet.foundation.clock import now
from carnet.foundation.models import Body


@transaction.atomic
def drop(mail_id: UUID) -> bool:
    """Delete a message in quarantine with its body. False when it is not there any more."""
    row = QuarantinedMail.objects.select_for_update().filter(id=mail_id).first()
    if row is None:
        return False
    row.delete()
    named = QuarantinedMail.objects.filter(body=row.body).exists()
    if not named and not OutboundMail.objects.filter(owner_id=SYSTEM_OWNER, body=row.body).exists():
        Body.objects.filter(owner_id=SYSTEM_OWNER, address=row.body).delete()  # its file is swept
    return True


def drop_old(limit: int = 500) -> int:
    """Delete what has been in quarantine longer than the settings say; how many it was."""
    oldest = now() - timedelta(days=settings.CARNET_QUARANTINE_DAYS)
    over = QuarantinedMail.objects.filter(kept_at__lt=oldest).order_by("kept_at").values_list("id", flat=True)
    return sum(drop(mail_id) for mail_id in list(over[:limit]))
