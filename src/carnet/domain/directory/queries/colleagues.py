"""A colleague to write to: their mailbox as the directory shows it, and whether they answer today."""

from dataclasses import dataclass
from datetime import date

from carnet.domain.directory.models import Mailbox
from carnet.domain.directory.queries.labels import label_of
from carnet.domain.directory.queries.mailboxes import facts_of
from carnet.domain.directory.queries.search import find_mailboxes
from carnet.domain.directory.values import MailboxKind

MOST_COLLEAGUES = 30
# Software reads no letter.
_KINDS = {
    "": (MailboxKind.PER, MailboxKind.CAB, MailboxKind.ORG),
    "person": (MailboxKind.PER, MailboxKind.CAB),
    "team": (MailboxKind.ORG,),
}


@dataclass(frozen=True)
class FoundColleague:
    """A mailbox to write to. ``skill`` is the specialty, else the profession, in words when the directory has them.

    ``reachable``: its domain is on the trust list and it is not shut; ``absent`` that it answers by itself today.
    """

    address: str
    kind: MailboxKind
    label: str
    skill: str
    service: str
    structure: str
    city: str
    reachable: bool
    absent: bool
    closes_on: date | None
    answer_hours: int | None


def find_colleagues(text: str, *, kind: str = "", besides: str = "") -> list[FoundColleague]:
    """At most thirty mailboxes in which each word of ``text`` stands: name, service, establishment, town, address.

    ``kind``: ``person``, ``team``, or empty for both; ``besides`` is an address that is left out (one's own).
    """
    found = find_mailboxes(text, kinds=_KINDS.get(kind, _KINDS[""]), limit=MOST_COLLEAGUES + 1)
    found = [one for one in found if one.address != besides][:MOST_COLLEAGUES]
    rows = {
        row.address: row
        for row in Mailbox.objects.select_related("professional", "organization").filter(
            address__in=[one.address for one in found]
        )
    }
    colleagues = []
    for one in found:
        row = rows[one.address]
        facts = facts_of(row)
        person = row.professional
        colleagues.append(
            FoundColleague(
                address=one.address,
                kind=one.kind,
                label=facts.label,
                skill=_skill(person.specialty, person.profession) if person else "",
                service=one.service,
                structure=one.structure or (row.organization.name if row.organization else ""),
                city=one.city or (row.organization.city if row.organization else ""),
                reachable=one.trusted and facts.active,
                absent=facts.absent,
                closes_on=facts.closes_on,
                answer_hours=facts.answer_hours,
            )
        )
    return colleagues


def _skill(specialty: str, profession: str) -> str:
    return label_of("TRE_R38-SpecialiteOrdinale", specialty) or label_of("TRE_G15-ProfessionSante", profession)
