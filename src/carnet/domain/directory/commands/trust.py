"""Writing the trust space: the trust list as it comes, and domains added by hand."""

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction

from carnet.domain.directory.models import (
    TrustChange,
    TrustedDomain,
    TrustEntry,
    TrustListVersion,
    TrustSource,
)
from carnet.domain.directory.queries import forget_trust_space
from carnet.domain.directory.subjects import Subject
from carnet.domain.directory.trust_list import (
    BadTrustList,
    Differences,
    ListedEntry,
    TrustList,
    check_succession,
    compare,
    read_trust_list,
)
from carnet.domain.directory.values import Domain
from carnet.foundation.clock import now
from carnet.foundation.rows import copy_rows

_LOCK = 0x7472757374  # "trust": one writer of the trust space at a time
_SKIPPED_TOLD = 100
_VERSIONS_WITH_RAW = 30
_CHANGES_KEPT = 200_000


def trust_domain(
    domain: Domain, *, operator: str, hosted: bool = False, subjects: Iterable[tuple[Subject, str]] = ()
) -> None:
    """Trust a domain by hand, or change who answers for it; ``subjects`` (canonical, as written) may speak for it.

    What is added by hand stays whatever the trust list says.
    """
    with transaction.atomic():
        _lock()
        row, made = TrustedDomain.objects.get_or_create(
            domain=str(domain), defaults={"operator": operator, "hosted": hosted, "since": now()}
        )
        changed = made or (row.operator, row.hosted, row.by_hand) != (operator, hosted, True)
        if changed:
            row.operator, row.hosted, row.by_hand = operator, hosted, True
            row.save()
            _note_by_hand(domain, TrustChange.Kind.ADDED if made else TrustChange.Kind.UPDATED)
        for subject, written in subjects:
            _, new = TrustEntry.objects.get_or_create(
                domain=str(domain),
                subject=str(subject),
                source=TrustSource.HAND,
                defaults={"written": written, "operator": operator},
            )
            if new:
                _note_by_hand(domain, TrustChange.Kind.ADDED, written)
    forget_trust_space()


def distrust_domain(domain: Domain) -> bool:
    """Take back what was added by hand about a domain; the trust list's word on it stays. Returns whether there was."""
    with transaction.atomic():
        _lock()
        rows = TrustedDomain.objects.filter(domain=str(domain), by_hand=True).update(by_hand=False)
        entries, _ = TrustEntry.objects.filter(domain=str(domain), source=TrustSource.HAND).delete()
        if rows or entries:
            _note_by_hand(domain, TrustChange.Kind.REMOVED)
    forget_trust_space()
    return bool(rows or entries)


def _note_by_hand(domain: Domain, kind: TrustChange.Kind, written: str = "") -> None:
    TrustChange.objects.create(at=now(), kind=kind, source=TrustSource.HAND, domain=str(domain), written=written)


@dataclass(frozen=True)
class Reading:
    """What became of a list: its version's number and outcome, and why when it was refused."""

    version: int
    outcome: TrustListVersion.Outcome
    reason: str = ""
    entries: int = 0
    domains: int = 0
    operators: int = 0
    added: int = 0
    removed: int = 0
    updated: int = 0
    skipped: tuple[tuple[int, str], ...] = ()


def import_trust_list(content: bytes, *, source: str, accept_loss: bool = False) -> Reading:
    """Put a list (XML) in the place of the last one, or refuse it as a whole and keep that one.

    Every reading leaves a version with its outcome. ``accept_loss`` takes a list that leaves out many domains.
    """
    at, digest = now(), hashlib.sha256(content).hexdigest()
    try:
        found = read_trust_list(content)
        with transaction.atomic():
            _lock()
            reading = _take(found, content, digest, source, at, accept_loss)
    except BadTrustList as problem:
        return refuse_trust_list(source, str(problem), digest=digest, at=at)
    forget_trust_space()
    return reading


def refuse_trust_list(source: str, reason: str, *, digest: str = "", at: datetime | None = None) -> Reading:
    """Note that a list could not be had or taken; the last good one stays in force."""
    row = TrustListVersion.objects.create(
        read_at=at or now(),
        source=source[:500],
        outcome=TrustListVersion.Outcome.REFUSED,
        reason=reason[:500],
        sha256=digest,
    )
    return Reading(row.id, TrustListVersion.Outcome.REFUSED, reason)


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _take(found: TrustList, content: bytes, digest: str, source: str, at: datetime, accept_loss: bool) -> Reading:
    last = TrustListVersion.objects.filter(outcome=TrustListVersion.Outcome.TAKEN).order_by("-id").first()
    known = _known_entries()
    check_succession(
        found,
        last_generated_at=last.generated_at if last else None,
        known_domains={domain for domain, _ in known},
        max_loss_percent=100 if accept_loss else settings.CARNET_TRUST_LIST_MAX_LOSS_PERCENT,
    )
    changes = compare(known, found.entries)
    same = last is not None and last.sha256 == digest and not (changes.added or changes.removed or changes.updated)
    outcome = TrustListVersion.Outcome.UNCHANGED if same else TrustListVersion.Outcome.TAKEN
    skipped = tuple((one.line, one.reason) for one in found.skipped)
    counts = {
        "entries": len(found.entries),
        "domains": len(found.domains),
        "operators": found.operators,
        "added": len(changes.added),
        "removed": len(changes.removed),
        "updated": len(changes.updated),
    }
    version = TrustListVersion.objects.create(
        read_at=at,
        source=source[:500],
        outcome=outcome,
        generated_at=found.generated_at,
        sha256=digest,
        skipped=[list(one) for one in skipped[:_SKIPPED_TOLD]],
        raw=None if same else zlib.compress(content),
        **counts,
    )
    if not same:
        _write(changes, version, known, at)
        _forget_old(version)
    return Reading(
        version.id,
        outcome,
        entries=version.entries,
        domains=version.domains,
        operators=version.operators,
        added=version.added,
        removed=version.removed,
        updated=version.updated,
        skipped=skipped,
    )


def _known_entries() -> dict[tuple[str, str], ListedEntry]:
    """What the last list taken left in force, by domain and subject."""
    rows = TrustEntry.objects.filter(source=TrustSource.LIST).values_list(
        "domain", "subject", "written", "operator", "description", "responsible_contact", "support_contact",
        "updated_on",
    )  # fmt: skip
    return {(row[0], row[1]): ListedEntry(Domain(row[0]), Subject(row[1]), *row[2:]) for row in rows}


def _write(
    changes: Differences, version: TrustListVersion, known: dict[tuple[str, str], ListedEntry], at: datetime
) -> None:
    """The entries, the domains and the trail of what changed, in a handful of statements whatever their number."""
    gone = [*changes.removed, *(one.key for one in changes.updated)]
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM directory_trust_entry USING unnest(%s::text[], %s::text[]) AS gone(domain, subject)"
            " WHERE directory_trust_entry.domain = gone.domain AND directory_trust_entry.subject = gone.subject"
            " AND source = 'list'",
            [[domain for domain, _ in gone], [subject for _, subject in gone]],
        )
    copy_rows([_row(one) for one in (*changes.added, *changes.updated)])
    kinds = [(TrustChange.Kind.ADDED, one) for one in changes.added]
    kinds += [(TrustChange.Kind.REMOVED, known[key]) for key in changes.removed]
    kinds += [(TrustChange.Kind.UPDATED, one) for one in changes.updated]
    copy_rows(
        [
            TrustChange(
                at=at, version=version, kind=kind, source=TrustSource.LIST, domain=str(one.domain), written=one.written
            )
            for kind, one in kinds
        ]
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO directory_trusted_domain (domain, operator, hosted, by_hand, on_list, since)"
            " SELECT DISTINCT ON (domain) domain, operator, false, false, true, %s FROM directory_trust_entry"
            " WHERE source = 'list' ORDER BY domain, updated_on DESC NULLS LAST"
            " ON CONFLICT (domain) DO UPDATE SET on_list = true, operator ="
            " CASE WHEN directory_trusted_domain.by_hand THEN directory_trusted_domain.operator"
            " ELSE excluded.operator END",
            [at],
        )
        cursor.execute(
            "UPDATE directory_trusted_domain SET on_list = false WHERE on_list AND NOT EXISTS"
            " (SELECT FROM directory_trust_entry WHERE source = 'list'"
            " AND directory_trust_entry.domain = directory_trusted_domain.domain)"
        )


def _row(one: ListedEntry) -> TrustEntry:
    return TrustEntry(
        domain=str(one.domain),
        subject=str(one.subject),
        written=one.written,
        source=TrustSource.LIST,
        operator=one.operator,
        description=one.description,
        responsible_contact=one.responsible_contact,
        support_contact=one.support_contact,
        updated_on=one.updated_on,
    )


def _forget_old(version: TrustListVersion) -> None:
    """Keep the lists themselves of the last thirty versions, and a bounded trail."""
    kept = TrustListVersion.objects.filter(raw__isnull=False).order_by("-id").values_list("id", flat=True)
    oldest = list(kept[_VERSIONS_WITH_RAW - 1 : _VERSIONS_WITH_RAW])
    if oldest:
        TrustListVersion.objects.filter(id__lt=oldest[0], raw__isnull=False).update(raw=None)
    newest = TrustChange.objects.order_by("-id").values_list("id", flat=True).first()
    if newest is not None:
        TrustChange.objects.filter(id__lte=newest - _CHANGES_KEPT).delete()
