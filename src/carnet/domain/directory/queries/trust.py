"""Reading the trust space: which domains are trusted, which certificates speak for them, what changed."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from django.db.models import Max, Q

from carnet.domain.directory.models import TrustChange, TrustedDomain, TrustEntry
from carnet.domain.directory.rules import TrustDecision, trust
from carnet.domain.directory.values import Domain, canonical_domain

_KEEP_SECONDS = 2.0
_Value = TypeVar("_Value", bound=str)


@dataclass(frozen=True)
class TrustSpace:
    """The domains that mail may come from and go to, which of them are hosted here, and which certificates speak for
    which: ``subjects`` by domain, ``domains`` by subject, both canonical."""

    listed: frozenset[Domain]
    hosted: frozenset[Domain]
    subjects: Mapping[str, frozenset[str]] = field(default_factory=dict)
    domains: Mapping[str, frozenset[Domain]] = field(default_factory=dict)

    @classmethod
    def of(cls, listed: Iterable[str], *, hosted: Iterable[str], pairs: Iterable[tuple[str, str]]) -> "TrustSpace":
        """From domains in their ASCII form, and pairs of a domain and a canonical subject that may speak for it."""
        known = {domain: Domain(domain) for domain in listed}
        spoken = [(known[domain], subject) for domain, subject in pairs if domain in known]
        return cls(
            frozenset(known.values()),
            frozenset(Domain(domain) for domain in hosted),
            _grouped(spoken),
            _grouped((subject, domain) for domain, subject in spoken),
        )

    def lists(self, domain: str) -> bool:
        return canonical_domain(domain) in self.listed

    def hosts(self, domain: str) -> bool:
        return canonical_domain(domain) in self.hosted

    def domains_of(self, subject: str) -> frozenset[Domain]:
        """The domains for which the certificate of this subject speaks; none for one that nobody listed."""
        return self.domains.get(subject, frozenset())

    def subjects_of(self, domain: str) -> frozenset[str]:
        """The subjects of the certificates that speak for a domain, in any writing of it."""
        asked = canonical_domain(domain)
        return self.subjects.get(asked, frozenset()) if asked in self.listed else frozenset()


_lock = threading.Lock()
_kept: tuple[float, object, TrustSpace] | None = None


def trust_space() -> TrustSpace:
    """The trust space as it stands, at most two seconds old: the doors ask for it with each message.

    One short question tells whether anything changed; the list itself is read again only then.
    """
    global _kept
    with _lock:
        if _kept is None or time.monotonic() - _kept[0] > _KEEP_SECONDS:
            last = TrustChange.objects.aggregate(last=Max("id"))["last"]
            if _kept is None or _kept[1] != last:
                _kept = (time.monotonic(), last, _read())
            else:
                _kept = (time.monotonic(), last, _kept[2])
        return _kept[2]


def _read() -> TrustSpace:
    rows = list(TrustedDomain.objects.filter(Q(by_hand=True) | Q(on_list=True)).values_list("domain", "hosted"))
    return TrustSpace.of(
        (domain for domain, _ in rows),
        hosted=(domain for domain, hosted in rows if hosted),
        pairs=TrustEntry.objects.values_list("domain", "subject"),
    )


def _grouped(pairs: Iterable[tuple[str, _Value]]) -> dict[str, frozenset[_Value]]:
    groups: dict[str, set[_Value]] = defaultdict(set)
    for key, value in pairs:
        groups[key].add(value)
    return {key: frozenset(values) for key, values in groups.items()}


def forget_trust_space() -> None:
    """Make the next question read the list again (after a change to it)."""
    global _kept
    with _lock:
        _kept = None


def trust_of(domain: str) -> TrustDecision:
    """Whether a domain, in any writing, is trusted, and why."""
    return trust(domain, trust_space().listed)


def operator_subjects(domain: str) -> frozenset[str]:
    """The canonical subjects of the certificates that the trust space gives a domain, at most two seconds old.

    Empty for a domain that is not trusted, and for one trusted by hand without a certificate.
    """
    return trust_space().subjects_of(domain)
