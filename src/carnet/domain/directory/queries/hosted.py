"""The hosted mailboxes as their operator sees them: lists, one in full, and what is to be looked at."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from carnet.domain.directory.models import (
    Mailbox,
    MailboxCertificate,
    MailboxDelegate,
    TrustedDomain,
)
from carnet.domain.directory.queries.mailboxes import display_name
from carnet.domain.directory.rules.findings import Finding, MailboxLook, findings
from carnet.domain.directory.rules.life import Life, is_absent, life
from carnet.domain.directory.values import InvalidAddress, MailboxAddress, MailboxKind
from carnet.domain.identity.models import Organization
from carnet.foundation.clock import now


@dataclass(frozen=True)
class HostedMailbox:
    """A mailbox as its operator sees it. ``state`` is how it stands today: active, suspended, closed."""

    id: UUID
    address: str
    kind: str
    name: str
    label: str
    description: str
    rpps: str
    finess: str
    service: str
    responsible: str
    rank: int
    red_list: bool
    answer_hours: int | None
    state: str
    created_on: date
    last_access_on: date | None
    closes_on: date | None
    closed_at: datetime | None
    emptied_at: datetime | None
    absent: bool
    absence_from: date | None
    absence_until: date | None
    absence_text: str
    has_password: bool


@dataclass(frozen=True)
class Delegate:
    """Who may use a shared mailbox, from when to when, who decided it, and whether they answer for it."""

    rpps: str
    name: str
    first: date
    last: date | None
    given_by: str
    revoked_at: datetime | None
    revoked_by: str
    counts_today: bool
    is_responsible: bool = False


@dataclass(frozen=True)
class Certificate:
    """The certificate of software that may use a mailbox."""

    subject: str
    given_by: str
    given_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True)
class Checked:
    """A mailbox and what there is to look at in it."""

    mailbox: HostedMailbox
    findings: tuple[Finding, ...]


def hosted_mailbox_at(address: str) -> HostedMailbox | None:
    """The mailbox hosted here at this address, in any writing of it."""
    try:
        key = MailboxAddress.parse(address).key
    except InvalidAddress:
        return None
    row = _rows().filter(address=key).first()
    return _shown(row, timezone.localdate(now())) if row else None


def hosted_mailboxes(
    *, kind: str = "", state: str = "", finess: str = "", text: str = "", after: str = "", limit: int = 100
) -> list[HostedMailbox]:
    """Hosted mailboxes by address, from the one after ``after``; ``text`` is looked for in address and label."""
    today = timezone.localdate(now())
    wanted = Q(address__gt=after) if after else Q()
    if kind:
        wanted &= Q(kind=kind)
    if finess:
        wanted &= Q(organization_id=finess)
    if text:
        wanted &= Q(address__icontains=text) | Q(label__icontains=text)
    closed = Q(state=Mailbox.State.CLOSED) | Q(closes_on__lte=today)
    if state == Life.CLOSED:
        wanted &= closed
    elif state:
        wanted &= Q(state=state) & ~closed
    return [_shown(row, today) for row in _rows().filter(wanted).order_by("address")[: min(limit, 10_000)]]


def delegates_of(mailbox_id: UUID, *, revoked: bool = False, limit: int = 500) -> list[Delegate]:
    """Who may use the mailbox; with ``revoked`` also who might once."""
    today = timezone.localdate(now())
    rows = MailboxDelegate.objects.select_related("professional").filter(mailbox_id=mailbox_id)
    if not revoked:
        rows = rows.filter(revoked_at=None)
    return [
        Delegate(
            rpps=row.professional_id,
            name=f"{row.professional.title} {row.professional.given_name} {row.professional.family_name}".strip(),
            first=row.from_on,
            last=row.until_on,
            given_by=row.given_by,
            revoked_at=row.revoked_at,
            revoked_by=row.revoked_by,
            counts_today=row.revoked_at is None
            and row.from_on <= today
            and (row.until_on is None or today <= row.until_on),
            is_responsible=row.is_responsible,
        )
        for row in rows.order_by("from_on", "professional_id")[:limit]
    ]


def certificates_of(mailbox_id: UUID, *, revoked: bool = False, limit: int = 100) -> list[Certificate]:
    """The certificates with which software may use the mailbox."""
    rows = MailboxCertificate.objects.filter(mailbox_id=mailbox_id)
    if not revoked:
        rows = rows.filter(revoked_at=None)
    return [Certificate(r.subject, r.given_by, r.given_at, r.revoked_at) for r in rows.order_by("given_at")[:limit]]


def check_mailboxes() -> Iterator[Checked]:
    """Each hosted mailbox, not closed, in which there is something to look at, by address; read as it goes."""
    at = now()
    today = timezone.localdate(at)
    trusted = set(TrustedDomain.objects.filter(Q(by_hand=True) | Q(on_list=True)).values_list("domain", flat=True))
    current = Q(delegates__revoked_at=None) & (Q(delegates__until_on=None) | Q(delegates__until_on__gte=today))
    rows = (
        _rows()
        .exclude(state=Mailbox.State.CLOSED)
        .annotate(
            delegates_now=Count("delegates", filter=Q(delegates__id__isnull=False) & current, distinct=True),
            delegates_gone=Count("delegates", filter=current & Q(delegates__professional__active=False), distinct=True),
            certificates_now=Count(
                "certificates",
                filter=Q(certificates__id__isnull=False, certificates__revoked_at=None),
                distinct=True,
            ),
            juridical=Exists(Organization.objects.filter(finess_ej=OuterRef("organization_id"))),
            siblings=Exists(
                Mailbox.objects.filter(professional_id=OuterRef("professional_id"), red_list=False)
                .exclude(id=OuterRef("id"))
                .exclude(state=Mailbox.State.CLOSED)
                .filter(professional_id=F("professional_id"))
            ),
        )
        .order_by("address")
    )
    for row in rows.iterator(chunk_size=1000):
        shown = _shown(row, today)
        organization, person = row.organization, row.professional
        looked_at = MailboxLook(
            kind=MailboxKind(row.kind),
            stands=Life(shown.state),
            description=row.description,
            service=row.service,
            responsible=row.responsible,
            rank=row.rank,
            red_list=row.red_list,
            created_on=shown.created_on,
            last_access_on=row.last_access_on,
            closes_on=row.closes_on,
            geographic=organization is None or not (row.juridical or organization.finess == organization.finess_ej),
            professional_active=person is None or person.active,
            organization_active=organization is None or organization.active,
            domain_trusted=row.domain_id in trusted,
            siblings_published=row.siblings,
            has_password=shown.has_password,
            delegates=row.delegates_now,
            inactive_delegates=row.delegates_gone,
            certificates=row.certificates_now,
        )
        found = findings(looked_at, today, settings.CARNET_MAILBOX_DORMANT_DAYS)
        if found:
            yield Checked(replace(shown), tuple(found))


def _rows() -> QuerySet[Mailbox]:
    return Mailbox.objects.select_related("professional", "organization").filter(hosted=True)


def _shown(row: Mailbox, today: date) -> HostedMailbox:
    return HostedMailbox(
        id=row.id,
        address=row.address,
        kind=row.kind,
        name=display_name(row),
        label=row.label,
        description=row.description,
        rpps=row.professional_id or "",
        finess=row.organization_id or "",
        service=row.service,
        responsible=row.responsible,
        rank=row.rank,
        red_list=row.red_list,
        answer_hours=row.answer_hours,
        state=life(row.state, row.closes_on, today).value,
        created_on=timezone.localdate(row.created_at),
        last_access_on=row.last_access_on,
        closes_on=row.closes_on,
        closed_at=row.closed_at,
        emptied_at=row.emptied_at,
        absent=is_absent(row.absence_from, row.absence_until, today),
        absence_from=row.absence_from,
        absence_until=row.absence_until,
        absence_text=row.absence_text,
        has_password=bool(row.password),
    )
