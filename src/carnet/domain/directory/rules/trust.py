"""Which domains are trusted."""

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum

from carnet.domain.directory.values import Domain, canonical_domain


class TrustReason(StrEnum):
    """Why a domain is trusted or not."""

    LISTED = "listed"
    NOT_LISTED = "not-listed"
    NO_LIST = "no-list"
    NOT_A_DOMAIN = "not-a-domain"

    @property
    def sentence(self) -> str:
        return _TRUST_SENTENCES[self]


_TRUST_SENTENCES = {
    TrustReason.LISTED: "The domain is on the list of the trust space.",
    TrustReason.NOT_LISTED: "The domain is not on the list of the trust space: mail stops here.",
    TrustReason.NO_LIST: "The list of the trust space was never read: no domain is trusted until it is.",
    TrustReason.NOT_A_DOMAIN: "This is not the name of a domain.",
}


@dataclass(frozen=True, slots=True)
class TrustDecision:
    """Whether mail may go to and come from a domain, and why."""

    allowed: bool
    reason: TrustReason


def trust(domain: str, listed: Set[Domain]) -> TrustDecision:
    """Whether `domain`, in any writing, is one of the `listed` domains of the trust space.

    A subdomain of a listed domain is not listed. An empty list trusts nobody: it was never read, or was
    emptied.
    """
    asked = canonical_domain(domain)
    if asked is None:
        return TrustDecision(False, TrustReason.NOT_A_DOMAIN)
    if not listed:
        return TrustDecision(False, TrustReason.NO_LIST)
    if asked not in listed:
        return TrustDecision(False, TrustReason.NOT_LISTED)
    return TrustDecision(True, TrustReason.LISTED)
