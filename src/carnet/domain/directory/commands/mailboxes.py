"""Opening mailboxes, and changing what may change of them."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import F, Max, Q

from carnet.domain.directory.commands.practices import practice_at
from carnet.domain.directory.commands.traces import leave_traces
from carnet.domain.directory.models import Mailbox, TrustedDomain
from carnet.domain.directory.rules import MailboxProblem, check_mailbox
from carnet.domain.directory.traces import NewTrace, TraceAct
from carnet.domain.directory.values import MailboxAddress, MailboxKind
from carnet.domain.identity.commands import structure_of_establishment
from carnet.domain.identity.models import Organization, Professional
from carnet.domain.identity.values import Finess, Rpps
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import create_owner_keys

DOOR = "directory"
"""The door of what is done to a mailbox by commands, not by its users."""


class MailboxRefused(Exception):
    """A mailbox breaks rules of the directory; ``problems`` says which, the message says it in words."""

    def __init__(self, problems: list[MailboxProblem]) -> None:
        super().__init__(" ".join(problem.sentence for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class NewMailbox:
    """A mailbox to be opened. ``rank`` None: after those that its holder has."""

    address: MailboxAddress
    kind: MailboxKind
    label: str
    rpps: Rpps | None = None
    finess: Finess | None = None
    description: str = ""
    service: str = ""
    responsible: str = ""
    login: str = ""
    password: str = ""
    red_list: bool = False
    rank: int | None = None
    answer_hours: int | None = None


@dataclass(frozen=True)
class MailboxChange:
    """What is to be changed of a mailbox; None leaves it. ``answer_hours`` 0 takes the usual delay away."""

    label: str | None = None
    description: str | None = None
    service: str | None = None
    responsible: str | None = None
    rank: int | None = None
    red_list: bool | None = None
    answer_hours: int | None = None


@transaction.atomic
def create_mailbox(new: NewMailbox, by: str = "") -> UUID:
    """Open a mailbox; hosted here when its domain is. Returns its id. ``by``: who does it, for the trace.

    Created against the directory: its domain is trusted, its professional known and active, or its structure known.
    One that another operator held, and that a public extraction told of, is taken over when its domain is hosted here
    now. Raises ``MailboxRefused``. The address and the kind are then fixed.
    """
    domain = TrustedDomain.objects.filter(Q(by_hand=True) | Q(on_list=True), domain=str(new.address.domain)).first()
    before = Mailbox.objects.select_for_update().filter(address=new.address.key).first()
    problems = _problems(new, domain, before)
    if problems or domain is None:
        raise MailboxRefused(problems)
    structure = structure_of_establishment(new.finess) if new.finess else None
    mailbox = Mailbox(
        id=before.id if before else new_id(),
        address=new.address.key,
        domain=domain,
        kind=new.kind.value,
        professional_id=str(new.rpps) if new.rpps else None,
        organization_id=str(new.finess) if new.finess else None,
        structure_id=structure,
        practice_id=practice_at(str(new.rpps), structure) if new.rpps and structure else None,
        label=new.label,
        description=new.description,
        service=new.service,
        responsible=new.responsible,
        rank=new.rank or 0,
        red_list=new.red_list,
        answer_hours=new.answer_hours or None,
        hosted=domain.hosted,
        login=(new.login.lower() or None) if domain.hosted else None,
        password=make_password(new.password) if domain.hosted and new.password else "",
        created_at=now(),
    )
    mailbox.rank = _make_room(mailbox, new.rank)
    mailbox.save(force_insert=before is None)
    if domain.hosted:
        create_owner_keys([mailbox.id])
        leave_traces([NewTrace(mailbox.id, TraceAct.CREATED, DOOR, by)])
    return mailbox.id


def _problems(new: NewMailbox, domain: TrustedDomain | None, before: Mailbox | None) -> list[MailboxProblem]:
    problems = check_mailbox(
        new.kind,
        rpps=new.rpps,
        finess=new.finess,
        description=new.description,
        service=new.service,
        responsible=new.responsible,
    )
    if not new.label.strip():
        problems.append(MailboxProblem.LABEL_MISSING)
    if new.rank is not None and new.rank < 1:
        problems.append(MailboxProblem.BAD_RANK)
    if str(new.address.domain) == settings.CARNET_PATIENT_DOMAIN:
        problems.append(MailboxProblem.DOMAIN_OF_PATIENTS)
    elif domain is None:
        problems.append(MailboxProblem.DOMAIN_NOT_TRUSTED)
    if before is not None and (before.hosted or domain is None or not domain.hosted or before.kind != new.kind.value):
        problems.append(MailboxProblem.ADDRESS_TAKEN)
    if new.rpps:
        person = Professional.objects.filter(rpps=str(new.rpps)).first()
        if person is None:
            problems.append(MailboxProblem.PROFESSIONAL_UNKNOWN)
        elif not person.active:
            problems.append(MailboxProblem.PROFESSIONAL_INACTIVE)
    if new.finess:
        organization = Organization.objects.filter(finess=str(new.finess)).first()
        if organization is None:
            problems.append(MailboxProblem.ORGANIZATION_UNKNOWN)
        elif not organization.active:
            problems.append(MailboxProblem.ORGANIZATION_INACTIVE)
    return problems


@transaction.atomic
def change_mailbox(mailbox_id: UUID, change: MailboxChange, by: str) -> None:
    """Change what the directory tells of a mailbox; its address and its kind never change.

    Raises ``MailboxRefused``, and ``Mailbox.DoesNotExist``.
    """
    mailbox = Mailbox.objects.select_for_update().get(id=mailbox_id)
    for name in ("label", "description", "service", "responsible", "red_list"):
        value = getattr(change, name)
        if value is not None:
            setattr(mailbox, name, value)
    if change.answer_hours is not None:
        mailbox.answer_hours = change.answer_hours or None
    problems = check_mailbox(
        MailboxKind(mailbox.kind),
        rpps=Rpps(mailbox.professional_id) if mailbox.professional_id else None,
        finess=Finess(mailbox.organization_id) if mailbox.organization_id else None,
        description=mailbox.description,
        service=mailbox.service,
        responsible=mailbox.responsible,
    )
    if not mailbox.label.strip():
        problems.append(MailboxProblem.LABEL_MISSING)
    if change.rank is not None and change.rank < 1:
        problems.append(MailboxProblem.BAD_RANK)
    if problems:
        raise MailboxRefused(problems)
    if change.rank is not None and change.rank != mailbox.rank:
        mailbox.rank = _make_room(mailbox, change.rank)
    mailbox.save(update_fields=["label", "description", "service", "responsible", "red_list", "answer_hours", "rank"])
    leave_traces([NewTrace(mailbox_id, TraceAct.CHANGED, DOOR, by)])


@transaction.atomic
def set_password(mailbox_id: UUID, password: str, by: str) -> None:
    """Let a mailbox be used by a password, its login being its address; an empty one takes that away.

    Raises ``MailboxRefused`` for a mailbox that is not hosted here.
    """
    mailbox = hosted_mailbox(mailbox_id)
    mailbox.login = (mailbox.login or mailbox.address) if password else None
    mailbox.password = make_password(password) if password else ""
    mailbox.save(update_fields=["login", "password"])
    leave_traces([NewTrace(mailbox_id, TraceAct.PASSWORD_SET, DOOR, by, outcome="" if password else "taken-away")])


def hosted_mailbox(mailbox_id: UUID) -> Mailbox:
    """The mailbox, locked until the end of the transaction. Raises ``MailboxRefused`` when it is not hosted here."""
    mailbox = Mailbox.objects.select_for_update().filter(id=mailbox_id, hosted=True).first()
    if mailbox is None:
        raise MailboxRefused([MailboxProblem.NOT_HOSTED])
    return mailbox


def _make_room(mailbox: Mailbox, rank: int | None) -> int:
    """The rank that a mailbox gets among those of its carrier, the others of which move down for it (1: preferred)."""
    if mailbox.professional_id:
        others = Mailbox.objects.filter(professional_id=mailbox.professional_id)
    else:
        others = Mailbox.objects.filter(organization_id=mailbox.organization_id, professional=None)
    others = others.exclude(id=mailbox.id)
    if rank is None:
        return int(others.aggregate(last=Max("rank"))["last"] or 0) + 1
    if others.filter(rank=rank).exists():
        others.filter(rank__gte=rank).update(rank=F("rank") + 1)
    return rank
