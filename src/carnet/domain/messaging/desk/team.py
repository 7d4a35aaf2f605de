"""The people of a mailbox as the desk names them."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from carnet.domain.directory.models import Mailbox, MailboxDelegate
from carnet.domain.directory.queries.professionals import professional_name
from carnet.domain.identity.models import Professional
from carnet.foundation.clock import now

MOST = 200


@dataclass(frozen=True)
class TeamMember:
    """Somebody who may use a mailbox today."""

    rpps: str
    name: str
    is_responsible: bool


def names_of(rpps: Iterable[str]) -> dict[str, str]:
    """The names of professionals by their RPPS, in one query; those who are not known are left out."""
    wanted = {one for one in rpps if one}
    if not wanted:
        return {}
    return {one.rpps: professional_name(one) for one in Professional.objects.filter(rpps__in=wanted)}


def members_of(mailbox_id: UUID) -> list[TeamMember]:
    """Who may use a mailbox today: its holder, those to whom it is delegated; by name."""
    today = timezone.localdate(now())
    holder = Mailbox.objects.filter(id=mailbox_id).values_list("professional_id", flat=True).first()
    delegates = MailboxDelegate.objects.filter(
        Q(until_on=None) | Q(until_on__gte=today), mailbox_id=mailbox_id, revoked_at=None, from_on__lte=today
    ).values_list("professional_id", "is_responsible")[:MOST]
    found = dict(delegates)
    if holder:
        found[holder] = True
    people = Professional.objects.filter(rpps__in=list(found), active=True)
    members = [TeamMember(one.rpps, professional_name(one), found[one.rpps]) for one in people]
    return sorted(members, key=lambda one: one.name.casefold())
