"""What an operator should look at in its mailboxes.

Sources: ANS, volet « Alimentation de l'Annuaire Santé en BAL MSSanté »; HOP'EN 2, P1.07 and P1.08 (boxes attached to
the geographic FINESS, described for outsiders); CNIL, délibération 2014-239 (boxes that nobody uses).
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from carnet.domain.directory.rules.life import Life, is_dormant
from carnet.domain.directory.rules.mailboxes import description_is_clear
from carnet.domain.directory.values import MailboxKind

CLOSES_SOON_DAYS = 30


class Finding(StrEnum):
    """One thing to look at; `sentence` says what and why."""

    NO_GEOGRAPHIC_FINESS = "no-geographic-finess"
    NO_DESCRIPTION = "no-description"
    UNCLEAR_DESCRIPTION = "unclear-description"
    NO_SERVICE = "no-service"
    NO_RESPONSIBLE = "no-responsible"
    DORMANT = "dormant"
    NEVER_USED = "never-used"
    SUSPENDED = "suspended"
    CLOSES_SOON = "closes-soon"
    RED_LIST_SHARED = "red-list-shared"
    RED_LIST_PREFERRED = "red-list-preferred"
    PROFESSIONAL_INACTIVE = "professional-inactive"
    ORGANIZATION_INACTIVE = "organization-inactive"
    NOT_IN_ITS_DOMAIN = "domain-not-trusted"
    DELEGATE_INACTIVE = "delegate-inactive"
    NOBODY_CAN_OPEN = "nobody-can-open"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    Finding.NO_GEOGRAPHIC_FINESS: "attached to a juridical entity: indicators count geographic establishments",
    Finding.NO_DESCRIPTION: "has no description for those who write from outside",
    Finding.UNCLEAR_DESCRIPTION: "has a description that outsiders do not understand",
    Finding.NO_SERVICE: "names no service",
    Finding.NO_RESPONSIBLE: "names nobody responsible",
    Finding.DORMANT: "was not opened for long",
    Finding.NEVER_USED: "was never opened",
    Finding.SUSPENDED: "is suspended",
    Finding.CLOSES_SOON: "closes soon",
    Finding.RED_LIST_SHARED: "is for a team and on the red list: nobody finds it",
    Finding.RED_LIST_PREFERRED: "is the preferred one and on the red list, where a published one would serve",
    Finding.PROFESSIONAL_INACTIVE: "belongs to a professional who is no longer active in the directory",
    Finding.ORGANIZATION_INACTIVE: "belongs to a structure that is closed in the directory",
    Finding.NOT_IN_ITS_DOMAIN: "is of a domain that the trust list does not name",
    Finding.DELEGATE_INACTIVE: "is delegated to a professional who is no longer active in the directory",
    Finding.NOBODY_CAN_OPEN: "can be opened by nobody: no password, no delegation, no certificate",
}


@dataclass(frozen=True, slots=True)
class MailboxLook:
    """What is looked at in one mailbox. `siblings_published`: its carrier has another mailbox that is published."""

    kind: MailboxKind
    stands: Life
    description: str
    service: str
    responsible: str
    rank: int
    red_list: bool
    created_on: date
    last_access_on: date | None
    closes_on: date | None
    geographic: bool = True
    professional_active: bool = True
    organization_active: bool = True
    domain_trusted: bool = True
    siblings_published: bool = False
    has_password: bool = False
    delegates: int = 0
    inactive_delegates: int = 0
    certificates: int = 0


def findings(box: MailboxLook, today: date, dormant_after_days: int) -> list[Finding]:
    """What there is to look at in a mailbox that is not closed, in the order of the enumeration."""
    if box.stands is Life.CLOSED:
        return []
    found = set()
    structure = box.kind.belongs_to_structure
    if structure and not box.geographic:
        found.add(Finding.NO_GEOGRAPHIC_FINESS)
    if box.kind is not MailboxKind.PER:
        if not box.description.strip():
            found.add(Finding.NO_DESCRIPTION)
        elif not description_is_clear(box.description):
            found.add(Finding.UNCLEAR_DESCRIPTION)
    if structure and not box.service.strip():
        found.add(Finding.NO_SERVICE)
    if structure and not box.responsible.strip():
        found.add(Finding.NO_RESPONSIBLE)
    if is_dormant(box.last_access_on or box.created_on, today, dormant_after_days):
        found.add(Finding.DORMANT if box.last_access_on else Finding.NEVER_USED)
    if box.stands is Life.SUSPENDED:
        found.add(Finding.SUSPENDED)
    if box.closes_on is not None and box.closes_on <= today + timedelta(days=CLOSES_SOON_DAYS):
        found.add(Finding.CLOSES_SOON)
    if box.red_list and box.kind.can_be_delegated:
        found.add(Finding.RED_LIST_SHARED)
    elif box.red_list and box.rank == 1 and box.siblings_published:
        found.add(Finding.RED_LIST_PREFERRED)
    if not box.professional_active:
        found.add(Finding.PROFESSIONAL_INACTIVE)
    if not box.organization_active:
        found.add(Finding.ORGANIZATION_INACTIVE)
    if not box.domain_trusted:
        found.add(Finding.NOT_IN_ITS_DOMAIN)
    if box.inactive_delegates:
        found.add(Finding.DELEGATE_INACTIVE)
    if not box.has_password and _needs_a_way_in(box):
        found.add(Finding.NOBODY_CAN_OPEN)
    return [one for one in Finding if one in found]


def _needs_a_way_in(box: MailboxLook) -> bool:
    if box.kind is MailboxKind.APP:
        return not box.certificates
    return box.kind is MailboxKind.ORG and not box.delegates
