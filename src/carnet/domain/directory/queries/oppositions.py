"""Whom an establishment may not write to: patients who asked it not to, by secure mail.

Numbers are compared by digest under a key of this table alone; only the establishment's own list opens them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Q

from carnet.domain.directory.models import Mailbox, PatientOpposition
from carnet.foundation.keys import KeyProblem, OwnerKey
from carnet.foundation.owner_keys import owner_key

OPPOSITIONS_OWNER = UUID(int=2)
"""The owner of the key under which oppositions are kept."""


@dataclass(frozen=True)
class Opposition:
    """One recorded opposition, for the establishment that recorded it."""

    ins: str
    recorded_at: datetime
    recorded_by: str
    lifted_at: datetime | None
    lifted_by: str
    mailbox: str
    """Address of the one mailbox that was asked; empty for the whole establishment."""


def mailboxes_that_hold_oppositions() -> frozenset[UUID]:
    """The hosted mailboxes for which anybody's opposition counts: the doors ask further for these alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT o.mailbox_id FROM directory_patient_opposition o"
            " WHERE o.lifted_at IS NULL AND o.mailbox_id IS NOT NULL"
            " UNION SELECT m.id FROM (SELECT DISTINCT organization_id FROM directory_patient_opposition"
            " WHERE lifted_at IS NULL AND organization_id IS NOT NULL) o"
            " JOIN directory_mailbox m ON m.organization_id = o.organization_id AND m.hosted"
        )
        return frozenset(row[0] for row in cursor.fetchall())


def opposed(pairs: Iterable[tuple[UUID, str]]) -> set[tuple[UUID, str]]:
    """Of these pairs of a mailbox and a patient (INS), those who may not be written to by that mailbox; one query."""
    wanted = list(dict.fromkeys(pairs))
    key = oppositions_key() if wanted else None
    if key is None:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.n FROM unnest(%s::int[], %s::uuid[], %s::bytea[]) AS t(n, mailbox_id, digest)"
            " JOIN directory_mailbox m ON m.id = t.mailbox_id"
            " WHERE EXISTS (SELECT 1 FROM directory_patient_opposition o WHERE o.lifted_at IS NULL"
            " AND o.ins_digest = t.digest AND (o.mailbox_id = m.id OR o.organization_id = m.organization_id))",
            [
                list(range(len(wanted))),
                [mailbox_id for mailbox_id, _ in wanted],
                [ins_digest(key, ins) for _, ins in wanted],
            ],
        )
        return {wanted[row[0]] for row in cursor.fetchall()}


def oppositions_of(mailbox_id: UUID, *, lifted: bool = False, limit: int = 1000) -> list[Opposition]:
    """The oppositions that count for a mailbox, its establishment's included, the newest first."""
    mailbox = Mailbox.objects.get(id=mailbox_id)
    wanted = Q(mailbox=mailbox)
    if mailbox.organization_id:
        wanted |= Q(organization_id=mailbox.organization_id)
    if not lifted:
        wanted &= Q(lifted_at=None)
    rows = list(PatientOpposition.objects.filter(wanted).order_by("-recorded_at")[:limit])
    key = oppositions_key()
    if key is None:
        return []
    return [
        Opposition(
            ins=key.open_text(opposition_name(row.id), row.ins),
            recorded_at=row.recorded_at,
            recorded_by=row.recorded_by,
            lifted_at=row.lifted_at,
            lifted_by=row.lifted_by,
            mailbox=mailbox.address if row.mailbox_id else "",
        )
        for row in rows
    ]


def oppositions_key() -> OwnerKey | None:
    """The key of oppositions; None as long as nothing was ever recorded."""
    try:
        return owner_key(OPPOSITIONS_OWNER)
    except KeyProblem:
        return None


def ins_digest(key: OwnerKey, ins: str) -> bytes:
    """What an opposition is found by."""
    return key.digest("opposition", ins.encode())


def opposition_name(opposition_id: UUID) -> str:
    """What an opposition's number is sealed as."""
    return f"opposition:{opposition_id}:ins"
