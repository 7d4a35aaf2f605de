"""The pharmacies that a holder has been to, as the health insurance tells it."""

from datetime import date
from uuid import UUID

from django.db import connection


def note_dispensing(space_id: UUID, structure_id: str, on: date) -> None:
    """A pharmacy, by its national identifier (IdNat_Struct), dispensed to a holder on this day; safe to say again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO messaging_known_pharmacy (space_id, structure_id, last_on) VALUES (%s, %s, %s)"
            " ON CONFLICT (space_id, structure_id) DO UPDATE"
            " SET last_on = greatest(messaging_known_pharmacy.last_on, excluded.last_on)",
            [space_id, structure_id, on],
        )
