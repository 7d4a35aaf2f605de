"""Pharmacies that a holder may write to first: those with a published organisational mailbox (Mon espace santé)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from carnet.domain.directory.queries.criteria import SHOWN

_MOST_WORDS = 6
_PHARMACY = f"""
SELECT DISTINCT ON (s.id_nat) m.id, s.id_nat, m.address, coalesce(nullif(s.trade_name, ''), s.name) AS name,
    concat_ws(' ', nullif(s.address->>'number', ''), nullif(s.address->>'repeat', ''),
              nullif(s.address->>'street_type', ''), nullif(s.address->>'street', '')) AS street,
    s.postal_code, s.city, m.answer_hours
FROM identity_structure s JOIN directory_mailbox m ON m.structure_id = s.id_nat
JOIN directory_trusted_domain d ON d.domain = m.domain_id AND (d.by_hand OR d.on_list)
WHERE s.sector = ANY (%(sectors)s) AND s.active AND m.kind = 'ORG' AND {SHOWN}
"""  # noqa: S608 - fixed texts
_WORD = (
    " AND (identity_fold(s.name || ' ' || s.trade_name) LIKE identity_fold(%(word{0})s)"
    " OR identity_fold(s.city) LIKE identity_fold(substr(%(word{0})s, 2)) OR s.postal_code LIKE substr(%(word{0})s, 2))"
)


@dataclass(frozen=True, slots=True)
class Pharmacy:
    """A pharmacy as people choose it: its name and where it is; ``mailbox_id`` is its first published mailbox."""

    mailbox_id: UUID
    structure_id: str
    mailbox_address: str
    name: str
    street: str
    postal_code: str
    city: str
    answer_hours: int | None


def find_pharmacies(text: str, *, limit: int = 30) -> list[Pharmacy]:
    """Pharmacies in which each word of ``text`` stands: in the name, at the beginning of the town or of the postal
    code. Case and accents do not count; a word has at least two characters. Index: ``structure_sector``."""
    words = [word for word in text.split()[:_MOST_WORDS] if len(word) >= 2]
    if not words:
        return []
    escaped = [word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for word in words]
    named = {f"word{place}": f"%{word}%" for place, word in enumerate(escaped)}
    return _found("".join(_WORD.format(place) for place in range(len(words))), named, limit)


def pharmacies_by_structure(structure_ids: Iterable[str]) -> dict[str, Pharmacy]:
    """Those of these structures that are pharmacies which a holder may write to today."""
    wanted = list(set(structure_ids))
    found = _found(" AND s.id_nat = ANY (%(structures)s)", {"structures": wanted}, len(wanted)) if wanted else []
    return {one.structure_id: one for one in found}


def pharmacies_by_mailbox(mailbox_ids: Collection[UUID]) -> dict[UUID, Pharmacy]:
    """Those of these mailboxes that are a pharmacy's and may be written to first, as the directory stands now."""
    wanted = list(set(mailbox_ids))
    found = _found(" AND m.id = ANY (%(mailboxes)s)", {"mailboxes": wanted}, len(wanted)) if wanted else []
    return {one.mailbox_id: one for one in found}


def _found(conditions: str, named: Mapping[str, Any], limit: int) -> list[Pharmacy]:
    parameters: dict[str, Any] = {**named, "sectors": list(settings.CARNET_PHARMACY_SECTORS), "limit": limit}
    first = f"{_PHARMACY}{conditions} ORDER BY s.id_nat, m.rank, m.address"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT * FROM ({first}) pharmacy ORDER BY identity_fold(city), identity_fold(name), id_nat"  # noqa: S608
            " LIMIT %(limit)s",
            parameters,
        )
        return [Pharmacy(*row) for row in cursor.fetchall()]
