"""The professionals who may sign in at the sandbox's provider: those of the demo's own directory."""

from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from carnet.domain.directory.models import Mailbox, MailboxDelegate
from carnet.domain.identity.models import Organization, Professional
from carnet.domain.identity.values import IdNatPs, InvalidNumber, Rpps
from carnet.foundation.clock import now

TEST_RPPS = "997"
"""What the RPPS of invented professionals begin with."""
_MOST = 100


@dataclass(frozen=True)
class Person:
    """A professional as the provider knows them; `organization` is where they practise, when the directory says so."""

    rpps: str
    title: str
    given_name: str
    family_name: str
    profession: str
    specialty: str
    organization: Organization | None = None

    @property
    def id_nat(self) -> str:
        return str(Rpps(self.rpps).id_nat)

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.title, self.given_name, self.family_name) if part)


def person(id_nat: str) -> Person | None:
    """The active professional of this national identifier (`8` and the RPPS)."""
    try:
        rpps = IdNatPs.parse(id_nat).rpps
    except InvalidNumber:
        return None
    row = Professional.objects.filter(rpps=str(rpps), active=True).first() if rpps else None
    if row is None:
        return None
    box = Mailbox.objects.select_related("organization").filter(professional=row, organization__isnull=False).first()
    return _person(row, box.organization if box else None)


def people() -> list[Person]:
    """Those who have a mailbox here or whose RPPS is a test one, by name; at most a hundred."""
    of_the_sandbox = Q(rpps__startswith=TEST_RPPS) | Q(
        rpps__in=Mailbox.objects.filter(hosted=True).values("professional")
    )
    rows = Professional.objects.filter(of_the_sandbox, active=True).order_by("family_name", "rpps")[:_MOST]
    return [_person(row, None) for row in rows]


def who_may_open(address: str) -> str | None:
    """The national identifier of a professional who may open this mailbox today: its own, or the first delegated."""
    box = Mailbox.objects.filter(address=address.strip().lower(), hosted=True).first()
    if box is None:
        return None
    today = timezone.localdate(now())
    given = MailboxDelegate.objects.filter(Q(until_on=None) | Q(until_on__gte=today), mailbox=box, from_on__lte=today)
    first = given.filter(revoked_at=None).order_by("given_at").first()
    rpps = box.professional_id or (first.professional_id if first else None)
    return str(Rpps(rpps).id_nat) if rpps else None


def _person(row: Professional, organization: Organization | None) -> Person:
    return Person(
        rpps=row.rpps,
        title=row.title,
        given_name=row.given_name,
        family_name=row.family_name,
        profession=row.profession,
        specialty=row.specialty,
        organization=organization,
    )
