"""The trust space as its operator looks at it: the list that counts, who is trusted, what changed."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from carnet.domain.directory.models import TrustChange, TrustedDomain, TrustEntry, TrustListVersion

_MOST = 10_000


@dataclass(frozen=True)
class ListVersion:
    """One reading of the trust list. ``outcome``: taken, unchanged, refused (then ``reason`` says why)."""

    id: int
    read_at: datetime
    source: str
    outcome: str
    reason: str
    generated_at: datetime | None
    sha256: str
    entries: int
    domains: int
    operators: int
    added: int
    removed: int
    updated: int
    skipped: int


@dataclass(frozen=True)
class TrustedRow:
    """A trusted domain, and the certificates that may speak for it, as the list or a person wrote them."""

    domain: str
    operator: str
    hosted: bool
    by_hand: bool
    on_list: bool
    since: datetime
    subjects: tuple[str, ...]


@dataclass(frozen=True)
class ChangeRow:
    """One change of the trust space; ``written`` is the certificate's subject, empty for the domain itself."""

    id: int
    at: datetime
    kind: str
    source: str
    domain: str
    written: str


def last_taken() -> ListVersion | None:
    """The list that counts: the last good one."""
    return _version(TrustListVersion.objects.filter(outcome=TrustListVersion.Outcome.TAKEN))


def last_read() -> ListVersion | None:
    """The last reading, good or not."""
    return _version(TrustListVersion.objects.all())


def trusted(*, text: str = "", after: str = "", limit: int = 50) -> list[TrustedRow]:
    """Trusted domains by name, from the one after ``after``; ``text`` is looked for in all three columns."""
    wanted = Q(by_hand=True) | Q(on_list=True)
    if text:
        named = TrustEntry.objects.filter(Q(written__icontains=text) | Q(description__icontains=text)).values("domain")
        wanted &= Q(domain__icontains=text) | Q(operator__icontains=text) | Q(domain__in=named)
    if after:
        wanted &= Q(domain__gt=after)
    rows = list(TrustedDomain.objects.filter(wanted).order_by("domain")[: min(limit, _MOST)])
    subjects: dict[str, list[str]] = {}
    entries = TrustEntry.objects.filter(domain__in=[row.domain for row in rows]).order_by("domain", "written")
    for domain, written in entries.values_list("domain", "written").distinct():
        subjects.setdefault(domain, []).append(written)
    return [
        TrustedRow(
            row.domain,
            row.operator,
            row.hosted,
            row.by_hand,
            row.on_list,
            row.since,
            tuple(subjects.get(row.domain, ())),
        )
        for row in rows
    ]


def trust_changes(*, before: int | None = None, limit: int = 50) -> list[ChangeRow]:
    """What changed, the newest first; ``before`` is the id of the last one of the page before."""
    rows = TrustChange.objects.order_by("-id")
    if before is not None:
        rows = rows.filter(id__lt=before)
    return [ChangeRow(*row) for row in rows.values_list(*ChangeRow.__dataclass_fields__)[: min(limit, _MOST)]]


def _version(rows: QuerySet[TrustListVersion]) -> ListVersion | None:
    row = rows.order_by("-id").defer("raw").first()
    if row is None:
        return None
    return ListVersion(
        row.id,
        row.read_at,
        row.source,
        row.outcome,
        row.reason,
        row.generated_at,
        row.sha256,
        row.entries,
        row.domains,
        row.operators,
        row.added,
        row.removed,
        row.updated,
        len(row.skipped),
    )
