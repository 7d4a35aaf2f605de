"""Registering who practises where, by hand."""

from uuid import UUID

from django.db import transaction

from carnet.domain.directory.models import Mailbox, Practice
from carnet.domain.directory.values import practice_id
from carnet.domain.identity.commands import structure_of_establishment
from carnet.domain.identity.values import Finess, Rpps
from carnet.foundation.clock import now


@transaction.atomic
def register_practice(
    rpps: Rpps,
    finess: Finess,
    *,
    profession: str,
    category: str = "C",
    mode: str = "S",
    sector: str = "",
    function: str = "",
    genre: str = "",
) -> UUID:
    """A professional practises in an establishment; personal mailboxes that they have there are then shown with it.

    Codes are of the national lists: TRE_G15 (profession), TRE_R09 (category), TRE_R23 (mode: L liberal, S salaried, B
    benevolent), TRE_R02 (sector), TRE_R21 (function), TRE_R22 (genre). Returns the practice's id.
    """
    structure = structure_of_establishment(finess)
    codes = {
        "profession": profession,
        "category": category,
        "mode": mode,
        "sector": sector,
        "section": "",
        "function": function,
        "genre": genre,
    }
    kept, _ = Practice.objects.update_or_create(
        id=practice_id(str(rpps), structure, *codes.values()),
        defaults={
            **codes,
            "professional_id": str(rpps),
            "structure_id": structure,
            "active": True,
            "updated_at": now(),
        },
    )
    Mailbox.objects.filter(
        kind__in=["PER", "CAB"], professional_id=str(rpps), structure_id=structure, practice__isnull=True
    ).update(practice=kept)
    return kept.id


def practice_at(rpps: str, structure: str) -> UUID | None:
    """The practice with which a personal mailbox of this professional in this structure is shown."""
    return (
        Practice.objects.filter(professional_id=rpps, structure_id=structure, active=True)
        .order_by("id")
        .values_list("id", flat=True)
        .first()
    )
