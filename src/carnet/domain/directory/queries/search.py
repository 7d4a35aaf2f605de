"""Finding a mailbox by what a person knows: a name, a service, a town, a part of the address."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import connection

from carnet.domain.directory.queries.criteria import SHOWN
from carnet.domain.directory.values import MailboxKind

MOST_WORDS = 6
_MOST_CANDIDATES = 5_000


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


_NAMES = "identity_fold({0}.family_name || ' ' || {0}.given_name)"
_STRUCTURE = "identity_fold({0}.name || ' ' || {0}.trade_name)"
# Each way by which the longest word may be found has an index; the other words are looked for in what it found.
_CANDIDATES = " UNION ".join(
    f"(SELECT m.id FROM {tables} WHERE {condition} LIKE {pattern} AND {SHOWN} LIMIT {_MOST_CANDIDATES})"  # noqa: S608 - fixed texts
    for tables, condition, pattern in (
        ("directory_mailbox m", "m.address", "lower(%(long)s)"),
        ("directory_mailbox m", "m.service <> '' AND identity_fold(m.service)", "identity_fold(%(long)s)"),
        (
            "identity_professional r JOIN directory_mailbox m ON m.professional_id = r.rpps",
            _NAMES.format("r"),
            "identity_fold(%(long)s)",
        ),
        (
            "identity_structure r JOIN directory_mailbox m ON m.structure_id = r.id_nat",
            _STRUCTURE.format("r"),
            "identity_fold(%(long)s)",
        ),
        (
            "identity_structure r JOIN directory_mailbox m ON m.structure_id = r.id_nat",
            "identity_fold(r.city)",
            "identity_fold(substr(%(long)s, 2))",
        ),
    )
)
_WORD = (
    "(m.address LIKE lower(%(word{0})s) OR identity_fold(m.service) LIKE identity_fold(%(word{0})s)"
    f" OR {_NAMES.format('p')} LIKE identity_fold(%(word{{0}})s)"
    f" OR {_STRUCTURE.format('s')} LIKE identity_fold(%(word{{0}})s)"
    " OR identity_fold(s.city) LIKE identity_fold(substr(%(word{0})s, 2)))"
)
_FIND = f"""
SELECT m.address, m.kind, m.label, m.description, m.service, coalesce(nullif(s.trade_name, ''), s.name, ''),
    coalesce(s.city, ''), coalesce(p.profession, ''), m.hosted, coalesce(d.by_hand OR d.on_list, false) AS trusted
FROM ({_CANDIDATES}) candidate JOIN directory_mailbox m USING (id)
LEFT JOIN identity_structure s ON s.id_nat = m.structure_id
LEFT JOIN identity_professional p ON p.rpps = m.professional_id
LEFT JOIN directory_trusted_domain d ON d.domain = m.domain_id
WHERE m.kind = ANY (%(kinds)s) AND (p.rpps IS NULL OR p.active)
"""  # noqa: S608 - fixed texts


def find_mailboxes(
    text: str, *, kinds: Collection[MailboxKind] = tuple(MailboxKind), limit: int = 50
) -> list[FoundMailbox]:
    """Published mailboxes in which each word of ``text`` stands: in the address, the name of the professional, the
    structure or (at its beginning) its town, or the service. Case and accents do not count; a word has at least two
    characters. A word that thousands have finds some of them: give another."""
    words = sorted((word for word in text.split()[:MOST_WORDS] if len(word) >= 2), key=len, reverse=True)
    if not words:
        return []
    patterns = ["%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%" for word in words]
    others = "".join(f" AND {_WORD.format(place)}" for place in range(1, len(words)))
    parameters: dict[str, Any] = {f"word{place}": pattern for place, pattern in enumerate(patterns)}
    parameters |= {"long": patterns[0], "kinds": [kind.value for kind in kinds], "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(f"{_FIND}{others} ORDER BY trusted DESC, m.rank, m.label, m.address LIMIT %(limit)s", parameters)
        return [FoundMailbox(row[0], MailboxKind(row[1]), *row[2:]) for row in cursor.fetchall()]
