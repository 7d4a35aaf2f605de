"""Reading what the directory publishes: professionals, practices and structures with their mailboxes, a page at a time.

Every answer has its rows in the order of their key, from after a key, so that a page stays what it is while rows come
and go. No question runs longer than ``MOST_SECONDS``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import OperationalError, connection
from psycopg import errors

from carnet.domain.directory.queries.criteria import Carrier, Criterion, one_of

MOST_SECONDS = 10


class TooLong(Exception):
    """A question that takes more than ``MOST_SECONDS``: narrower ones are answered."""


@dataclass(frozen=True, slots=True)
class Box:
    """A published mailbox. Who is responsible for it is not published."""

    address: str
    kind: str
    description: str
    service: str
    rank: int
    paperless: bool


@dataclass(frozen=True, slots=True)
class PublishedProfessional:
    rpps: str
    active: bool
    updated_at: datetime
    title: str
    civility: str
    given_name: str
    family_name: str
    qualifications: list[dict[str, str]]
    boxes: list[Box]

    @property
    def key(self) -> str:
        return self.rpps


@dataclass(frozen=True, slots=True)
class PublishedPractice:
    id: UUID
    active: bool
    updated_at: datetime
    rpps: str
    structure: str | None
    profession: str
    category: str
    mode: str
    section: str
    function: str
    genre: str
    boxes: list[Box]

    @property
    def key(self) -> str:
        return str(self.id)


@dataclass(frozen=True, slots=True)
class PublishedStructure:
    id_nat: str
    active: bool
    updated_at: datetime
    finess: str | None
    finess_ej: str
    legal: bool
    siret: str
    siren: str
    technical_id: str
    name: str
    trade_name: str
    sector: str
    address: dict[str, str]
    postal_code: str
    insee: str
    city: str
    country: str
    phone: str
    phone2: str
    fax: str
    email: str
    boxes: list[Box]

    @property
    def key(self) -> str:
        return self.id_nat


Published = PublishedProfessional | PublishedPractice | PublishedStructure


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    key: str
    columns: str
    make: Any
    documents: tuple[int, ...]


_TABLES = {
    Carrier.PROFESSIONAL: _Table(
        "identity_professional",
        "rpps",
        "r.rpps, r.active, r.updated_at, r.title, r.civility, r.given_name, r.family_name, r.qualifications::text",
        PublishedProfessional,
        (7,),
    ),
    Carrier.PRACTICE: _Table(
        "directory_practice",
        "id",
        "r.id, r.active, r.updated_at, r.professional_id, r.structure_id, r.profession, r.category, r.mode, r.section,"
        " r.function, r.genre",
        PublishedPractice,
        (),
    ),
    Carrier.STRUCTURE: _Table(
        "identity_structure",
        "id_nat",
        "r.id_nat, r.active, r.updated_at, r.organization_id, r.finess_ej, r.legal, r.siret, r.siren, r.technical_id,"
        " r.name, r.trade_name, r.sector, r.address::text, r.postal_code, r.insee, r.city, r.country, r.phone,"
        " r.phone2, r.fax, r.email",
        PublishedStructure,
        (12,),
    ),
}


def _boxes(carrier: Carrier) -> str:
    return (
        "(SELECT json_agg("  # noqa: S608 - fixed texts
        "json_build_array(m.address, m.kind, m.description, m.service, m.rank, m.paperless)"
        f" ORDER BY m.rank, m.address)::text FROM directory_mailbox m WHERE {carrier.carries})"
    )


_SELECT = {
    carrier: f"SELECT {table.columns}, {_boxes(carrier)} FROM {table.name} r"  # noqa: S608 - fixed texts
    for carrier, table in _TABLES.items()
}


def _published(carrier: Carrier, row: tuple[Any, ...]) -> Published:
    table = _TABLES[carrier]
    values = list(row)
    for place in table.documents:
        values[place] = orjson.loads(values[place])
    values[-1] = [Box(*box) for box in orjson.loads(values[-1])] if values[-1] else []
    made: Published = table.make(*values)
    return made


def published(carrier: Carrier, key: str) -> Published | None:
    """The professional, practice or structure of this key, ended ones too."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_SELECT[carrier]} WHERE r.{_TABLES[carrier].key} = %s", (key,))
        row = cursor.fetchone()
    return _published(carrier, row) if row else None


def search(carrier: Carrier, criteria: Sequence[Criterion], *, after: str = "", limit: int = 50) -> list[Published]:
    """The rows for which all criteria hold, by key, from after ``after``. Raises ``TooLong``."""
    table = _TABLES[carrier]
    conditions = [one.sql for one in criteria]
    parameters = [value for one in criteria for value in one.parameters]
    if after:
        conditions.append(f"r.{table.key} > %s")
        parameters.append(after)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = _bounded(f"{_SELECT[carrier]}{where} ORDER BY r.{table.key} LIMIT %s", [*parameters, limit])
    return [_published(carrier, row) for row in rows]


def count(carrier: Carrier, criteria: Sequence[Criterion]) -> int:
    """How many rows there are for which all criteria hold. Raises ``TooLong``."""
    where = f" WHERE {' AND '.join(one.sql for one in criteria)}" if criteria else ""
    parameters = [value for one in criteria for value in one.parameters]
    rows = _bounded(f"SELECT count(*) FROM {_TABLES[carrier].name} r{where}", parameters)  # noqa: S608 - fixed texts
    return int(rows[0][0])


def of_keys(carrier: Carrier, keys: Iterable[str]) -> list[Published]:
    """The rows of these keys, in their order."""
    wanted: list[Any] = sorted(set(keys))
    if not wanted:
        return []
    if carrier is Carrier.PRACTICE:
        wanted = [UUID(key) for key in wanted]
    return search(carrier, [one_of(_TABLES[carrier].key, wanted)], limit=len(wanted))


def practices_of(column: str, keys: Iterable[str], limit: int) -> list[Published]:
    """Active practices of these professionals (``professional_id``) or structures (``structure_id``), at most
    ``limit``."""
    wanted = sorted(set(keys))
    if not wanted:
        return []
    return search(Carrier.PRACTICE, [one_of(column, wanted), Criterion("r.active")], limit=limit)


def _bounded(query: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    """The rows of a question that ends after ``MOST_SECONDS``: the limit goes in front of it, in the same breath."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{MOST_SECONDS}s'; {query}", parameters)
            cursor.nextset()
            rows: list[tuple[Any, ...]] = cursor.fetchall()
    except OperationalError as error:
        if isinstance(error.__cause__, errors.QueryCanceled):
            raise TooLong from error
        raise
    return rows
