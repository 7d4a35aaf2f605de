"""The answer of a rule, and how addresses and domains are compared."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from carnet.domain.directory.values import canonical_domain
from carnet.domain.messaging.values import MessagingRefusal


@dataclass(frozen=True, slots=True)
class Decision:
    """Allowed, or refused for `reason`. Its truth is `allowed`."""

    allowed: bool
    reason: MessagingRefusal | None = None

    @classmethod
    def allow(cls) -> Self:
        """Nothing stands against it."""
        return cls(True)

    @classmethod
    def refuse(cls, reason: MessagingRefusal) -> Self:
        """Refused for `reason`."""
        return cls(False, reason)

    def __bool__(self) -> bool:
        return self.allowed


def domain_of(address: str) -> str:
    """What follows the last `@` of an address, as it is compared."""
    return compared(address.rpartition("@")[2])


def compared(text: str) -> str:
    """An address or a domain as it is compared: small letters, no final dot.

    RFC 5321 §2.4 leaves the case of a local part to its host; no operator tells two mailboxes apart by case, and a
    rule that did would let a closed exchange be reopened by a capital.
    """
    return text.strip().lower().removesuffix(".")


def is_among(domain: str, domains: Collection[str]) -> bool:
    """True when `domain`, in any writing, is exactly one of the canonical `domains`; never for a subdomain."""
    return canonical_domain(domain) in domains
