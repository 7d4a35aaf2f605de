"""Finding a mailbox by what a person knows: a name, a service, a town, a part of the address."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection

from carnet.domain.directory.queries.criteria import SHOWN
from carnet.domain.directory.values import MailboxKind

MOST_WORDS = 6
_MOST_MATCHES = 2_000


@dataclass(frozen=True, slots=True)
class FoundMailbox:
    """A mailbox as a person chooses it. ``trusted``: mail reaches it, its domain being on the trust list."""

    address: str
    kind: MailboxKind
    label: str
    description: str
    service: str
    structure: str
    city: str
    profession: str
    hosted: bool
    trusted: bool


_FIND = f"""
WITH asked AS (
    SELECT m.id FROM directory_mailbox m WHERE {{conditions}} AND {SHOWN} LIMIT {_MOST_MATCHES}
)
SELECT m.address, m.kind, m.label, m.description, m.service, coalesce(nullif(s.trade_name, ''), s.name, ''),
    coalesce(s.city, ''), coalesce(p.profession, ''), m.hosted, coalesce(d.by_hand OR d.on_list, false) AS trusted
FROM asked JOIN directory_mailbox m USING (id)
LEFT JOIN identity_structure s ON s.id_nat = m.structure_id
LEFT JOIN identity_professional p ON p.rpps = m.professional_id
LEFT JOIN directory_trusted_domain d ON d.domain = m.domain_id
WHERE m.kind = ANY (%s) AND (p.rpps IS NULL OR p.active)
ORDER BY trusted DESC, m.rank, m.label, m.address LIMIT %s
"""  # noqa: S608 - fixed texts
_WORD = """(
    m.address LIKE %s
    OR m.professional_id IN (SELECT r.rpps FROM identity_professional r
        WHERE identity_fold(r.family_name || ' ' || r.given_name) LIKE identity_fold(%s) LIMIT 5000)
    OR m.structure_id IN (SELECT r.id_nat FROM identity_structure r
        WHERE identity_fold(r.name || ' ' || r.trade_name) LIKE identity_fold(%s)
            OR identity_fold(r.city) LIKE identity_fold(%s) LIMIT 5000)
    OR identity_fold(m.service) LIKE identity_fold(%s)
)"""


def find_mailboxes(
    text: str, *, kinds: Collection[MailboxKind] = tuple(MailboxKind), limit: int = 50
) -> list[FoundMailbox]:
    """Published mailboxes in which each word of ``text`` stands: in the address, the name of the professional, the
    structure or its town, or the service. Case and accents do not count; a word has at least two characters."""
    words = [word for word in text.split()[:MOST_WORDS] if len(word) >= 2]
    if not words:
        return []
    parameters: list[str] = []
    for word in words:
        pattern = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        parameters += [pattern.lower(), pattern, pattern, pattern[1:], pattern]
    query = _FIND.format(conditions=" AND ".join([_WORD] * len(words)))
    with connection.cursor() as cursor:
        cursor.execute(query, (*parameters, [kind.value for kind in kinds], limit))
        return [FoundMailbox(row[0], MailboxKind(row[1]), *row[2:]) for row in cursor.fetchall()]
