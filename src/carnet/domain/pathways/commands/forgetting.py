"""Lines of sendings are kept no longer than they serve: they name patients and what they came for."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from carnet.domain.directory.models import Mailbox
from carnet.domain.pathways.models import Sending, SendingLine
from carnet.domain.pathways.values import SendingState
from carnet.foundation.clock import now
from carnet.foundation.models import OwnerKeyRow
from carnet.foundation.owner_keys import forget_cached_keys

_NOT_STARTED = (SendingState.DRAFT.value, SendingState.CHECKED.value)
_UNDER_WAY = (SendingState.RUNNING.value, SendingState.PAUSED.value)


def forget_old_lines(limit: int = 500) -> int:
    """Delete the lines, with their key, of sendings that ended long enough ago, or whose mailbox was emptied.

    What was never started goes whole, as long after it was begun. Returns how many sendings it was. What was written to
    whom stays as evidence of the indicators, and in the conversations of those who got it.
    """
    long_ago = now() - timedelta(days=settings.CARNET_SENDING_KEPT_DAYS)
    emptied = Mailbox.objects.filter(id=OuterRef("mailbox_id"), emptied_at__isnull=False, state=Mailbox.State.CLOSED)
    has_lines = SendingLine.objects.filter(sending=OuterRef("id"))
    due = Sending.objects.filter(
        Q(ended_at__lt=long_ago) & Q(Exists(has_lines))
        | Q(state__in=_NOT_STARTED, created_at__lt=long_ago)
        | Q(Exists(emptied)) & Q(Exists(has_lines))
    )
    found = list(due.order_by("id").values_list("id", flat=True)[:limit])
    for sending_id in found:
        with transaction.atomic():
            sending = Sending.objects.select_for_update().get(id=sending_id)
            OwnerKeyRow.objects.filter(owner_id=sending.id).delete()
            if sending.state in _NOT_STARTED:
                sending.delete()
                continue
            SendingLine.objects.filter(sending=sending).delete()
            if sending.state in _UNDER_WAY:
                sending.state, sending.ended_at = SendingState.CANCELLED.value, now()
                sending.save(update_fields=["state", "ended_at"])
    if found:
        forget_cached_keys()
    return len(found)
