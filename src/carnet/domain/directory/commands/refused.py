"""Noting who was turned away at the operators' door."""

from collections.abc import Mapping
from datetime import datetime

from django.db import connection

from carnet.domain.directory.models import RefusedPeer
from carnet.domain.directory.subjects import fingerprint

_KEPT = 1000


def note_refused_peers(counts: Mapping[tuple[str, str], int], at: datetime) -> None:
    """Add refusals by reason and canonical subject; the thousand seen last are kept, whatever strangers show."""
    rows = [(reason[:100], fingerprint(subject), subject, count) for (reason, subject), count in counts.items()]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO directory_refused_peer AS known (reason, fingerprint, subject, count, first_at, last_at)"
            " SELECT reason, fingerprint, subject, count, %s, %s"
            " FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[]) AS new(reason, fingerprint, subject, count)"
            " ON CONFLICT (reason, fingerprint)"
            " DO UPDATE SET count = known.count + excluded.count, last_at = excluded.last_at",
            [at, at, *(list(column) for column in zip(*rows, strict=True))],
        )
    oldest = RefusedPeer.objects.order_by("-last_at").values_list("last_at", flat=True)[_KEPT : _KEPT + 1]
    for moment in oldest:
        RefusedPeer.objects.filter(last_at__lte=moment).delete()
