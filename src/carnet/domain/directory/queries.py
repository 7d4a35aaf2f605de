"""Reading the directory: mailboxes by address, and the trust list."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from carnet.domain.directory.models import Mailbox, TrustedDomain
from carnet.domain.directory.rules import sender_label, trust
from carnet.domain.directory.values import Domain, MailboxKind

_KEEP_SECONDS = 2.0


@dataclass(frozen=True)
class TrustSpace:
    """The domains that mail may come from and go to, and which of them are hosted here."""

    listed: frozenset[Domain]
    hosted: frozenset[Domain]

    def lists(self, domain: str) -> bool:
        return trust(domain, self.listed).allowed

    def hosts(self, domain: str) -> bool:
        return trust(domain, self.hosted).allowed


_lock = threading.Lock()
_kept: tuple[float, TrustSpace] | None = None


def trust_space() -> TrustSpace:
    """The trust list as it stands, at most two seconds old: the doors ask for it with each message."""
    global _kept
    with _lock:
        if _kept is None or time.monotonic() - _kept[0] > _KEEP_SECONDS:
            rows = list(TrustedDomain.objects.values_list("domain", "hosted"))
            _kept = (
                time.monotonic(),
                TrustSpace(
                    frozenset(Domain(domain) for domain, _ in rows),
                    frozenset(Domain(domain) for domain, hosted in rows if hosted),
                ),
            )
        return _kept[1]


def forget_trust_space() -> None:
    """Make the next question read the list again (after a change to it)."""
    global _kept
    with _lock:
        _kept = None


@dataclass(frozen=True)
class MailboxFacts:
    """What the other rooms need to know of a mailbox."""

    id: UUID
    address: str
    kind: MailboxKind
    label: str
    finess: str
    hosted: bool
    active: bool


def _facts(mailbox: Mailbox) -> MailboxFacts:
    return MailboxFacts(
        id=mailbox.id,
        address=mailbox.address,
        kind=MailboxKind(mailbox.kind),
        label=display_name(mailbox),
        finess=mailbox.organization_id or "",
        hosted=mailbox.hosted,
        active=mailbox.state == Mailbox.State.ACTIVE,
    )


def display_name(mailbox: Mailbox) -> str:
    """The name under which people see the mailbox: the professional's, or the functional label."""
    person = mailbox.professional
    return sender_label(
        MailboxKind(mailbox.kind),
        title=person.title if person else "",
        given_name=person.given_name if person else "",
        family_name=person.family_name if person else "",
        entity=mailbox.organization.name if person and mailbox.organization else "",
        functional_label=mailbox.label,
    )


def mailboxes_by_address(addresses: Iterable[str]) -> dict[str, MailboxFacts]:
    """The known mailboxes among these addresses (any case), in one query."""
    wanted = {address.lower() for address in addresses}
    if not wanted:
        return {}
    rows = Mailbox.objects.select_related("professional", "organization").filter(address__in=wanted)
    return {row.address: _facts(row) for row in rows}


def mailboxes_by_id(ids: Iterable[UUID]) -> dict[UUID, MailboxFacts]:
    """The known mailboxes among these ids, in one query."""
    rows = Mailbox.objects.select_related("professional", "organization").filter(id__in=set(ids))
    return {row.id: _facts(row) for row in rows}
