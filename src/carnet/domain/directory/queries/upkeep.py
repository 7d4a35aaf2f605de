"""The mailboxes that something is due for: a notice, the deletion of their content. Each answer is bounded."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import DateField, F
from django.db.models.functions import Cast, Coalesce

from carnet.domain.directory.models import Mailbox

AT_ONCE = 500


def closings_to_tell() -> Iterator[tuple[UUID, date]]:
    """Active mailboxes whose closing is announced, and its day; those told already are among them. Index:
    ``mailbox_closing``."""
    rows = Mailbox.objects.filter(hosted=True, closed_at=None, closes_on__isnull=False).order_by("closes_on", "id")
    for mailbox_id, day in rows.values_list("id", "closes_on").iterator():
        if day is not None:
            yield mailbox_id, day


def dormant_to_tell(today: date, after_days: int) -> list[tuple[UUID, date]]:
    """Active mailboxes that nobody has used for so many days and whose people were not told, and their last use."""
    if after_days <= 0:
        return []
    used = Coalesce("last_access_on", Cast(F("created_at"), DateField()))
    rows = (
        Mailbox.objects.filter(hosted=True, state=Mailbox.State.ACTIVE, dormancy_told_on=None, closes_on=None)
        .annotate(used=used)
        .filter(used__lt=today - timedelta(days=after_days))
        .order_by("used", "id")
    )
    return list(rows.values_list("id", "used")[:AT_ONCE])


def dormant_to_empty(told_before: date) -> list[UUID]:
    """Active mailboxes whose people were told before that day that nobody uses them, and still nobody does."""
    rows = Mailbox.objects.filter(
        hosted=True, state=Mailbox.State.ACTIVE, dormancy_told_on__lte=told_before, emptied_at=None
    )
    return list(rows.order_by("dormancy_told_on", "id").values_list("id", flat=True)[:AT_ONCE])


def closed_to_empty(closed_before: datetime) -> list[UUID]:
    """Mailboxes closed before that moment whose content is still there."""
    rows = Mailbox.objects.filter(
        hosted=True, state=Mailbox.State.CLOSED, closed_at__lte=closed_before, emptied_at=None
    )
    return list(rows.order_by("closed_at", "id").values_list("id", flat=True)[:AT_ONCE])
