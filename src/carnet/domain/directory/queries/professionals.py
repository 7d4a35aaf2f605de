"""Professionals and the mailboxes hosted here: which they may use today, and who answers for one."""

from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from carnet.domain.directory.models import Mailbox, MailboxDelegate
from carnet.domain.directory.queries.mailboxes import MailboxFacts, facts_of
from carnet.domain.directory.values import MailboxKind
from carnet.domain.identity.models import Professional
from carnet.foundation.clock import now

MOST_MAILBOXES = 200


def active_professional(rpps: str) -> Professional | None:
    """The professional of this RPPS, if the directory has them as active."""
    return Professional.objects.filter(rpps=rpps, active=True).first()


def professional_name(person: Professional) -> str:
    """A professional as colleagues see them: title, given name, family name."""
    return f"{person.title} {person.given_name} {person.family_name}".strip()


def mailboxes_of(rpps: str) -> list[MailboxFacts]:
    """The hosted mailboxes that this professional may use today, their own first, then by name; at most 200.

    The list for choosing only: whether one may be opened is asked of ``directory.access`` at each request.
    """
    today = timezone.localdate(now())
    delegated = MailboxDelegate.objects.filter(
        Q(until_on=None) | Q(until_on__gte=today), professional_id=rpps, revoked_at=None, from_on__lte=today
    ).values("mailbox_id")
    rows = (
        Mailbox.objects.select_related("professional", "organization")
        .filter(
            Q(professional_id=rpps, kind__in=[MailboxKind.PER, MailboxKind.CAB])
            | Q(id__in=delegated, kind__in=[MailboxKind.ORG, MailboxKind.CAB]),
            hosted=True,
        )
        .order_by("address")[:MOST_MAILBOXES]
    )
    own = {row.id for row in rows if row.professional_id == rpps}
    facts = [facts_of(row) for row in rows]
    return sorted((one for one in facts if one.active), key=lambda one: (one.id not in own, one.label.casefold()))


def responsibles_of(mailbox_id: UUID) -> list[str]:
    """The RPPS of who answers for a mailbox today: its holder for a PER or CAB, else who was named so among its
    delegates. Empty when nobody was named."""
    today = timezone.localdate(now())
    holder = (
        Mailbox.objects.filter(id=mailbox_id, kind__in=[MailboxKind.PER, MailboxKind.CAB])
        .values_list("professional_id", flat=True)
        .first()
    )
    if holder:
        return [holder]
    named = MailboxDelegate.objects.filter(
        Q(until_on=None) | Q(until_on__gte=today),
        mailbox_id=mailbox_id,
        revoked_at=None,
        from_on__lte=today,
        is_responsible=True,
        professional__active=True,
    )
    return list(named.order_by("professional_id").values_list("professional_id", flat=True)[:20])
