"""By night: what folders need not remember any more."""

from datetime import timedelta

from django.conf import settings

from carnet.domain.messaging.commands.forgetting import forget_expunged
from carnet.foundation import logs
from carnet.foundation.clock import now
from carnet.foundation.jobs import app

log = logs.get("mailboxes")


@app.periodic(cron="53 2 * * *")
@app.task(queueing_lock="forget-expunged")
def forget_old_removals(timestamp: int) -> None:
    """Removals that every mail client that still comes has been told of."""
    before = now() - timedelta(days=settings.CARNET_EXPUNGED_KEPT_DAYS)
    log.info("removals_forgotten", count=forget_expunged(before))
