"""The extraction of activities: into staging, then into professionals, structures and practices."""

from carnet.domain.directory.imports.lines import BadLine, activity_structure, rpps_of
from carnet.domain.directory.imports.staging import Cursor, analyze_if_many
from carnet.domain.directory.imports.words import given_name, title
from carnet.domain.directory.values import practice_id

_MOST_DESCRIBED = 2_000_000
_STRUCTURE = (
    "siret", "siren", "finess", "finess_ej", "technical_id", "name", "trade_name", "complement", "point", "number",
    "repeat", "street_type", "street", "mention", "routing", "postal_code", "insee", "city", "country", "phone",
    "phone2", "fax", "email", "department",
)  # fmt: skip
_NOTHING = ("",) * len(_STRUCTURE)
COLUMNS = (
    "line", "rpps", "title", "civility", "family_name", "given_name", "profession", "category", "skill_type", "skill",
    "mode", "sector", "section", "function", "genre", "structure", "practice", "described", *_STRUCTURE,
)  # fmt: skip
_NO_PRACTICE = "00000000-0000-0000-0000-000000000000"


class ActivityRows:
    """Turns lines into rows of staging. A structure is described once, at its first line."""

    def __init__(self) -> None:
        self._described: set[str] = set()

    def row(self, number: int, found: dict[str, str]) -> tuple[str, ...] | None:
        """The row of a line; ``None`` for a professional without RPPS. Raises ``BadLine``."""
        rpps = rpps_of(found)
        if not rpps:
            return None
        if not found["family_name"]:
            raise BadLine("family_name", "empty")
        structure = activity_structure(found)
        codes = (
            found["profession"], found["category"], found["mode"], found["sector"], found["section"],
            found["function"], found["genre"],
        )  # fmt: skip
        practises = structure or found["mode"]
        described = bool(structure) and structure not in self._described
        if described and len(self._described) < _MOST_DESCRIBED:
            self._described.add(structure)
        return (
            str(number), rpps, title(found["title"]), found["civility"], found["family_name"].upper(),
            given_name(found["given_name"]), found["profession"], found["category"], found["skill_type"],
            found["skill"], found["mode"], found["sector"], found["section"], found["function"], found["genre"],
            structure, str(practice_id(rpps, structure, *codes)) if practises else _NO_PRACTICE,
            "t" if described else "f",
            *([found[name] for name in _STRUCTURE] if described else _NOTHING),
        )  # fmt: skip


_ADDRESS = """jsonb_strip_nulls(jsonb_build_object({})) AS address""".format(
    ", ".join(
        f"'{name}', nullif({name}, '')"
        for name in ("complement", "point", "number", "repeat", "street_type", "street", "mention", "routing")
    )
)

ORGANIZATIONS = """
INSERT INTO identity_organization AS kept (finess, finess_ej, name, city, department, active)
SELECT DISTINCT ON (finess) finess, finess_ej, name, city, department, true
FROM staged WHERE described AND finess <> '' ORDER BY finess, line
ON CONFLICT (finess) DO UPDATE SET
    finess_ej = coalesce(nullif(excluded.finess_ej, ''), kept.finess_ej),
    name = coalesce(nullif(excluded.name, ''), kept.name),
    city = coalesce(nullif(excluded.city, ''), kept.city),
    department = coalesce(nullif(excluded.department, ''), kept.department), active = true
WHERE (kept.finess_ej, kept.name, kept.city, kept.department, kept.active) IS DISTINCT FROM (
    coalesce(nullif(excluded.finess_ej, ''), kept.finess_ej), coalesce(nullif(excluded.name, ''), kept.name),
    coalesce(nullif(excluded.city, ''), kept.city), coalesce(nullif(excluded.department, ''), kept.department), true)
"""
_KEPT = (
    "finess_ej", "siret", "siren", "technical_id", "name", "trade_name", "sector", "address", "postal_code", "insee",
    "city", "department", "country", "phone", "phone2", "fax", "email",
)  # fmt: skip
STRUCTURES = f"""
INSERT INTO identity_structure AS kept
    (id_nat, organization_id, {", ".join(_KEPT)}, active, seen_in, updated_at)
SELECT DISTINCT ON (structure) structure, nullif(finess, ''), finess_ej, siret, siren, technical_id, name, trade_name,
    sector, {_ADDRESS}, postal_code, insee, coalesce(nullif(city, ''), regexp_replace(routing, '^[0-9]{{5}} ', '')),
    department, country, phone, phone2, fax, email, true, 'activity', clock_timestamp()
FROM staged WHERE described ORDER BY structure, line
ON CONFLICT (id_nat) DO UPDATE SET organization_id = excluded.organization_id,
    {", ".join(f"{name} = excluded.{name}" for name in _KEPT)},
    active = true, seen_in = 'activity', updated_at = excluded.updated_at
WHERE ({", ".join(f"kept.{name}" for name in _KEPT)}, kept.active, kept.seen_in)
    IS DISTINCT FROM ({", ".join(f"excluded.{name}" for name in _KEPT)}, true, 'activity')
"""  # noqa: S608 - fixed texts
JURIDICAL = """
INSERT INTO identity_structure (id_nat, finess_ej, legal, seen_in, updated_at)
SELECT DISTINCT '1' || finess_ej, '', true, 'activity', clock_timestamp() FROM staged
WHERE described AND finess_ej ~ '^[0-9][0-9A-Z][0-9]{7}$'
ON CONFLICT (id_nat) DO NOTHING
"""
PROFESSIONALS = """
INSERT INTO identity_professional AS kept (rpps, title, civility, given_name, family_name, profession, category,
    specialty, qualifications, active, seen_in, updated_at)
SELECT rpps, max(title), max(civility), max(given_name), max(family_name), min(profession), min(category),
    coalesce(min(skill) FILTER (WHERE skill_type = 'S' AND skill <> ''), ''),
    jsonb_agg(DISTINCT jsonb_build_object(
        'profession', profession, 'category', category, 'skill_type', skill_type, 'skill', skill)),
    true, 'activity', clock_timestamp()
FROM staged GROUP BY rpps
ON CONFLICT (rpps) DO UPDATE SET title = excluded.title, civility = excluded.civility,
    given_name = excluded.given_name, family_name = excluded.family_name, profession = excluded.profession,
    category = excluded.category, specialty = excluded.specialty, qualifications = excluded.qualifications,
    active = true, seen_in = 'activity', updated_at = excluded.updated_at
WHERE (kept.title, kept.civility, kept.given_name, kept.family_name, kept.profession, kept.category, kept.specialty,
    kept.qualifications, kept.active, kept.seen_in) IS DISTINCT FROM (excluded.title, excluded.civility,
    excluded.given_name, excluded.family_name, excluded.profession, excluded.category, excluded.specialty,
    excluded.qualifications, true, 'activity')
"""
PRACTICES = f"""
INSERT INTO directory_practice AS kept (id, professional_id, structure_id, profession, category, mode, sector, section,
    function, genre, active, seen_in, updated_at)
SELECT DISTINCT ON (practice) practice, rpps, nullif(structure, ''), profession, category, mode, sector, section,
    function, genre, true, 'activity', clock_timestamp()
FROM staged WHERE practice <> '{_NO_PRACTICE}'
ON CONFLICT (id) DO UPDATE SET active = true, seen_in = 'activity', updated_at = excluded.updated_at
WHERE NOT kept.active OR kept.seen_in <> 'activity'
"""  # noqa: S608 - fixed texts
# Rows that this extraction told of before and no longer names.
GONE_PROFESSIONALS = """
FROM identity_professional kept WHERE seen_in = 'activity' AND active
    AND NOT EXISTS (SELECT 1 FROM staged WHERE staged.rpps = kept.rpps)
"""
GONE_PRACTICES = """
FROM directory_practice kept WHERE seen_in = 'activity' AND active
    AND NOT EXISTS (SELECT 1 FROM staged WHERE staged.practice = kept.id)
"""
GONE_STRUCTURES = """
FROM identity_structure kept WHERE seen_in = 'activity' AND active AND NOT legal
    AND NOT EXISTS (SELECT 1 FROM staged WHERE staged.structure = kept.id_nat)
    AND NOT EXISTS (SELECT 1 FROM directory_mailbox box
        WHERE box.structure_id = kept.id_nat AND box.published AND box.state = 'active')
"""
_TABLES = (
    ("professionals", "identity_professional", "rpps", GONE_PROFESSIONALS),
    ("practices", "directory_practice", "id", GONE_PRACTICES),
    ("structures", "identity_structure", "id_nat", GONE_STRUCTURES),
)


def merge(cursor: Cursor) -> dict[str, int]:
    """What staging holds, into the tables: how many rows of each were made or changed."""
    counts = {}
    cursor.execute("CREATE INDEX ON staged (practice)")
    cursor.execute("CREATE INDEX ON staged (rpps)")
    cursor.execute("CREATE INDEX ON staged (structure)")
    for what, statement, table in (
        ("establishments", ORGANIZATIONS, "identity_organization"),
        ("structures", STRUCTURES, "identity_structure"),
        ("juridical entities", JURIDICAL, "identity_structure"),
        ("professionals", PROFESSIONALS, "identity_professional"),
        ("practices", PRACTICES, "directory_practice"),
    ):
        cursor.execute(statement)
        counts[what] = cursor.rowcount
        analyze_if_many(cursor, table)
    return counts


def held(cursor: Cursor) -> dict[str, int]:
    """How many rows of each table the extractions before told of."""
    found = {}
    for what, table, _, _ in _TABLES:
        cursor.execute(f"SELECT count(*) FROM {table} WHERE seen_in = 'activity' AND active")  # noqa: S608 - fixed texts
        found[what] = _number(cursor)
    return found


def vanished(cursor: Cursor) -> dict[str, int]:
    """How many of them this one no longer names."""
    found = {}
    for what, _, _, gone in _TABLES:
        cursor.execute(f"SELECT count(*) {gone}")
        found[what] = _number(cursor)
    return found


def end_vanished(cursor: Cursor) -> None:
    """What is no longer named becomes inactive: a tombstone in the directory's API."""
    for _, table, key, gone in _TABLES:
        cursor.execute(
            f"UPDATE {table} SET active = false, updated_at = clock_timestamp()"  # noqa: S608 - fixed texts
            f" WHERE {key} IN (SELECT kept.{key} {gone})"
        )
    cursor.execute(
        "UPDATE identity_organization o SET active = s.active FROM identity_structure s"
        " WHERE s.organization_id = o.finess AND s.seen_in = 'activity' AND o.active <> s.active"
    )


def _number(cursor: Cursor) -> int:
    row = cursor.fetchone()
    return int(row[0]) if row else 0
