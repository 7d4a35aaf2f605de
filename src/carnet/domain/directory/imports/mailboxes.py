"""The extraction of mailboxes: into staging, then into the mailboxes of other operators.

What is hosted here is never written: the public file follows it, not the other way round.
"""

from dataclasses import dataclass, field

from carnet.domain.directory.imports.lines import BadLine, mailbox_structure, rpps_of
from carnet.domain.directory.imports.staging import Cursor, analyze_if_many
from carnet.domain.directory.imports.words import given_name, title, yes
from carnet.domain.directory.rules import sender_label
from carnet.domain.directory.values import InvalidAddress, MailboxAddress, MailboxKind
from carnet.foundation.ids import new_id

_PLACE = (
    "name", "trade_name", "complement", "point", "number", "repeat", "street_type", "street", "mention", "routing",
    "postal_code",
)  # fmt: skip
COLUMNS = (
    "line", "id", "address", "domain", "kind", "rpps", "structure", "service", "label", "paperless", "title",
    "family_name", "given_name", "profession", "category", "skill", *_PLACE, "department", "country",
)  # fmt: skip


def mailbox_row(number: int, found: dict[str, str]) -> tuple[str, ...]:
    """The row of a line. Raises ``BadLine``."""
    kind = MailboxKind.parse(found["kind"])
    if kind is None:
        raise BadLine("kind", "none of PER, ORG, APP, CAB")
    try:
        address = MailboxAddress.parse(found["address"])
    except InvalidAddress as problem:
        raise BadLine("address", str(problem)) from None
    if len(address.key) > 254:
        raise BadLine("address", "more than 254 characters")
    rpps = "" if kind.belongs_to_structure else rpps_of(found)
    structure = mailbox_structure(found)
    if kind.belongs_to_structure and not structure:
        raise BadLine("structure_id", f"empty for a mailbox {kind}")
    if rpps and not found["family_name"]:
        raise BadLine("family_name", "empty")
    name, service = found["trade_name"] or found["name"], found["service"]
    given, family = given_name(found["given_name"]), found["family_name"].upper()
    label = sender_label(
        kind,
        title=title(found["title"]),
        given_name=given,
        family_name=family,
        entity=name,
        functional_label=" – ".join(part for part in (name, service) if part),
    )[:200]
    return (
        str(number), str(new_id()), address.key, str(address.domain), kind.value, rpps, structure, service,
        label, "t" if yes(found["paperless"]) else "f", title(found["title"]), family, given,
        found["profession"], found["category"], found["skill"], *(found[name] for name in _PLACE),
        _code(found["department"], 3), _code(found["country"], 5),
    )  # fmt: skip


def _code(written: str, longest: int) -> str:
    """A code; a label where one is expected is left out."""
    return written if len(written) <= longest else ""


# A structure may come under the Annuaire's technical number, or by a SIRET whose FINESS the directory knows.
KNOWN_STRUCTURES = """
UPDATE staged SET structure = known.id_nat FROM (
    SELECT technical_id AS other, min(id_nat) AS id_nat FROM identity_structure WHERE technical_id <> '' GROUP BY 1
    UNION ALL
    SELECT '3' || siret, min(id_nat) FROM identity_structure
    WHERE siret <> '' AND organization_id IS NOT NULL GROUP BY 1
) known WHERE known.other = staged.structure AND staged.structure <> ''
    AND NOT EXISTS (SELECT 1 FROM identity_structure s WHERE s.id_nat = staged.structure)
"""
ORGANIZATIONS = """
INSERT INTO identity_organization (finess, finess_ej, name, city, department)
SELECT DISTINCT ON (structure) substr(structure, 2), '', name, regexp_replace(left(routing, 100), '^[0-9]{5} ', ''),
    department
FROM staged WHERE structure LIKE '1%' ORDER BY structure, line
ON CONFLICT (finess) DO NOTHING
"""
_ADDRESS = "jsonb_strip_nulls(jsonb_build_object({}))".format(
    ", ".join(
        f"'{name}', nullif({name}, '')"
        for name in ("complement", "point", "number", "repeat", "street_type", "street", "mention", "routing")
    )
)
# The extraction of activities says more of a structure and of a professional: what it told is not overwritten.
STRUCTURES = f"""
INSERT INTO identity_structure (id_nat, organization_id, siret, siren, technical_id, name, trade_name, address,
    postal_code, city, department, country, seen_in, updated_at)
SELECT DISTINCT ON (structure) structure, CASE WHEN structure LIKE '1%' THEN substr(structure, 2) END,
    CASE WHEN structure LIKE '3%' THEN substr(structure, 2) ELSE '' END,
    CASE WHEN structure LIKE '2%' THEN substr(structure, 2) ELSE '' END,
    CASE WHEN structure ~ '^[A-Za-z]' THEN structure ELSE '' END,
    name, trade_name, {_ADDRESS}, postal_code, regexp_replace(left(routing, 100), '^[0-9]{{5}} ', ''), department,
    country, 'mailboxes', clock_timestamp()
FROM staged WHERE structure <> '' ORDER BY structure, line
ON CONFLICT (id_nat) DO NOTHING
"""  # noqa: S608 - fixed texts
PROFESSIONALS = """
INSERT INTO identity_professional (rpps, title, given_name, family_name, profession, category, specialty,
    qualifications, active, seen_in, updated_at)
SELECT rpps, max(title), max(given_name), max(family_name), min(profession), min(category), min(skill),
    jsonb_agg(DISTINCT jsonb_build_object(
        'profession', profession, 'category', category, 'skill_type', '', 'skill', skill)),
    true, 'mailboxes', clock_timestamp()
FROM staged WHERE rpps <> '' GROUP BY rpps
ON CONFLICT (rpps) DO NOTHING
"""
# One row a mailbox: a professional with several specialties has as many lines.
ONCE = """
CREATE TEMPORARY TABLE box ON COMMIT DROP AS
SELECT DISTINCT ON (address) line, id, address, domain, kind, nullif(rpps, '') AS rpps,
    nullif(structure, '') AS structure, service, CASE WHEN label = address THEN '' ELSE label END AS label, paperless,
    (SELECT p.id FROM directory_practice p WHERE rpps <> '' AND p.professional_id = staged.rpps
        AND p.structure_id = staged.structure AND p.active ORDER BY p.id LIMIT 1) AS practice
FROM staged ORDER BY address, line
"""
CONFLICTS = """
SELECT staged.line FROM staged JOIN box USING (address) WHERE staged.line <> box.line
    AND (staged.kind, nullif(staged.rpps, ''), nullif(staged.structure, '')) IS DISTINCT FROM
        (box.kind, box.rpps, box.structure)
ORDER BY staged.line
"""
HOSTED = """
SELECT box.address, box.line, kept.id IS NULL AS unknown_here FROM box
JOIN directory_trusted_domain domain ON domain.domain = box.domain AND domain.hosted
LEFT JOIN directory_mailbox kept ON kept.address = box.address
WHERE kept.id IS NULL OR NOT kept.hosted OR kept.red_list OR kept.state = 'closed' OR kept.kind <> box.kind
    OR kept.professional_id IS DISTINCT FROM box.rpps
    OR (box.structure IS NOT NULL AND kept.structure_id IS DISTINCT FROM box.structure)
ORDER BY box.line
"""
DROP_HOSTED = """
DELETE FROM box USING directory_trusted_domain domain WHERE domain.domain = box.domain AND domain.hosted
"""
DROP_KEPT_HOSTED = "DELETE FROM box USING directory_mailbox kept WHERE kept.address = box.address AND kept.hosted"
# Address and kind are for the whole life of a mailbox: a line that names another kind is told, not taken.
OTHER_KIND = """
DELETE FROM box USING directory_mailbox kept WHERE kept.address = box.address AND kept.kind <> box.kind
RETURNING box.line
"""
UNTRUSTED = """
SELECT domain, count(*) FROM box WHERE NOT EXISTS (
    SELECT 1 FROM directory_trusted_domain d WHERE d.domain = box.domain AND (d.by_hand OR d.on_list))
GROUP BY domain ORDER BY count(*) DESC, domain
"""
BOXES = """
INSERT INTO directory_mailbox AS kept (id, address, domain_id, kind, professional_id, organization_id, structure_id,
    label, description, service, responsible, rank, red_list, hosted, state, password, absence_text, created_at,
    published, paperless, seen_in, practice_id)
SELECT id, address, domain, kind, rpps, CASE WHEN structure LIKE '1%' THEN substr(structure, 2) END, structure, label,
    '', service, '', 1, false, false, 'active', '', '', clock_timestamp(), true, paperless, 'mailboxes',
    practice
FROM box
ON CONFLICT (address) DO UPDATE SET professional_id = excluded.professional_id,
    organization_id = excluded.organization_id, structure_id = excluded.structure_id, label = excluded.label,
    service = excluded.service, published = true, paperless = excluded.paperless, seen_in = 'mailboxes',
    state = 'active', practice_id = excluded.practice_id
WHERE (kept.professional_id, kept.structure_id, kept.label, kept.service, kept.published, kept.paperless, kept.seen_in,
    kept.state, kept.practice_id) IS DISTINCT FROM (excluded.professional_id, excluded.structure_id, excluded.label,
    excluded.service, true, excluded.paperless, 'mailboxes', 'active', excluded.practice_id)
"""
GONE = """
FROM directory_mailbox kept WHERE seen_in = 'mailboxes' AND published AND NOT hosted AND NOT red_list
    AND NOT EXISTS (SELECT 1 FROM box WHERE box.address = kept.address)
"""
# A personal mailbox of a professional in a structure is shown with their practice there, while there is one.
PRACTICES = """
UPDATE directory_mailbox box SET practice_id = wanted.practice
FROM (
    SELECT m.id, (
        SELECT p.id FROM directory_practice p
        WHERE p.professional_id = m.professional_id AND p.structure_id = m.structure_id AND p.active
        ORDER BY p.id LIMIT 1
    ) AS practice
    FROM directory_mailbox m
    WHERE m.kind IN ('PER', 'CAB') AND m.professional_id IS NOT NULL AND m.structure_id IS NOT NULL
) wanted
WHERE wanted.id = box.id AND box.practice_id IS DISTINCT FROM wanted.practice
"""


@dataclass(frozen=True)
class Merged:
    """What became of the mailboxes: rows made or changed by table, lines that disagree, what is hosted here."""

    counts: dict[str, int]
    disagreeing: list[tuple[int, str]]
    hosted: int = 0
    untrusted: dict[str, int] = field(default_factory=dict)


def merge(cursor: Cursor) -> Merged:
    """What staging holds, into the tables."""
    counts = {}
    cursor.execute(KNOWN_STRUCTURES)
    for what, statement, table in (
        ("establishments", ORGANIZATIONS, "identity_organization"),
        ("structures", STRUCTURES, "identity_structure"),
        ("professionals", PROFESSIONALS, "identity_professional"),
    ):
        cursor.execute(statement)
        counts[what] = cursor.rowcount
        analyze_if_many(cursor, table)
    cursor.execute(ONCE)
    cursor.execute("CREATE UNIQUE INDEX ON box (address)")
    cursor.execute("ANALYZE box")
    cursor.execute(CONFLICTS)
    disagreeing = [(line, "an address that another line gives to someone else") for (line,) in cursor.fetchall()]
    cursor.execute(HOSTED)
    hosted = cursor.fetchall()
    disagreeing += [
        (line, "a mailbox of a domain hosted here that does not exist here" if unknown else "not as it is hosted here")
        for _, line, unknown in hosted
    ]
    cursor.execute(DROP_HOSTED)
    cursor.execute(DROP_KEPT_HOSTED)
    cursor.execute(OTHER_KIND)
    disagreeing += [(line, "a kind that is not the mailbox's, which never changes") for (line,) in cursor.fetchall()]
    cursor.execute(UNTRUSTED)
    untrusted = {str(domain): int(count) for domain, count in cursor.fetchall()}
    cursor.execute(BOXES)
    counts["mailboxes"] = cursor.rowcount
    analyze_if_many(cursor, "directory_mailbox")
    return Merged(counts, sorted(disagreeing), len(hosted), untrusted)


def held(cursor: Cursor) -> dict[str, int]:
    """How many mailboxes the extractions before told of."""
    cursor.execute(
        "SELECT count(*) FROM directory_mailbox"
        " WHERE seen_in = 'mailboxes' AND published AND NOT hosted AND NOT red_list"
    )
    return {"mailboxes": _number(cursor)}


def vanished(cursor: Cursor) -> dict[str, int]:
    """How many of them this one no longer names."""
    cursor.execute(f"SELECT count(*) {GONE}")
    return {"mailboxes": _number(cursor)}


def end_vanished(cursor: Cursor) -> None:
    """What is no longer named is no longer published."""
    cursor.execute(
        f"UPDATE directory_mailbox SET published = false WHERE id IN (SELECT kept.id {GONE})"  # noqa: S608 - fixed texts
    )


def show_with_practices(cursor: Cursor) -> int:
    """Each personal mailbox with the practice it belongs to. Returns how many moved."""
    cursor.execute(PRACTICES)
    return cursor.rowcount


def _number(cursor: Cursor) -> int:
    row = cursor.fetchone()
    return int(row[0]) if row else 0
