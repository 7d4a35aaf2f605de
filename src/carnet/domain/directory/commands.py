"""Writing the directory: establishments, professionals, mailboxes, the trust list."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction

from carnet.domain.directory.models import Mailbox, TrustedDomain
from carnet.domain.directory.queries import forget_trust_space
from carnet.domain.directory.rules import MailboxProblem, check_mailbox
from carnet.domain.directory.values import Domain, MailboxAddress, MailboxKind
from carnet.domain.identity.models import Organization, Professional
from carnet.domain.identity.values import Finess, Rpps
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import create_owner_keys


class MailboxRefused(Exception):
    """A mailbox breaks rules of the directory; ``problems`` says which, the message says it in words."""

    def __init__(self, problems: list[MailboxProblem]) -> None:
        super().__init__(" ".join(problem.sentence for problem in problems))
        self.problems = problems


def trust_domain(domain: Domain, *, operator: str, hosted: bool = False) -> None:
    """Put a domain on the trust list, or change who answers for it."""
    TrustedDomain.objects.update_or_create(
        domain=str(domain),
        defaults={"operator": operator, "hosted": hosted},
        create_defaults={"operator": operator, "hosted": hosted, "since": now()},
    )
    forget_trust_space()


def register_organization(
    finess: Finess, *, name: str, finess_ej: str = "", city: str = "", department: str = ""
) -> Organization:
    found, _ = Organization.objects.update_or_create(
        finess=str(finess),
        defaults={"name": name, "finess_ej": finess_ej, "city": city, "department": department},
    )
    return found


def register_professional(
    rpps: Rpps, *, title: str, given_name: str, family_name: str, profession: str, specialty: str = ""
) -> Professional:
    found, _ = Professional.objects.update_or_create(
        rpps=str(rpps),
        defaults={
            "title": title,
            "given_name": given_name,
            "family_name": family_name,
            "profession": profession,
            "specialty": specialty,
        },
    )
    return found


@dataclass(frozen=True)
class NewMailbox:
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


@transaction.atomic
def create_mailbox(new: NewMailbox) -> UUID:
    """Open a mailbox; hosted here when its domain is. Returns its id.

    Raises ``MailboxRefused`` for what breaks the rules of the directory. The address and the kind are then fixed.
    """
    problems = check_mailbox(
        new.kind,
        rpps=new.rpps,
        finess=new.finess,
        description=new.description,
        service=new.service,
        responsible=new.responsible,
    )
    if problems:
        raise MailboxRefused(problems)
    domain = TrustedDomain.objects.get(domain=str(new.address.domain))
    mailbox = Mailbox(
        id=new_id(),
        address=new.address.key,
        domain=domain,
        kind=new.kind.value,
        professional_id=str(new.rpps) if new.rpps else None,
        organization_id=str(new.finess) if new.finess else None,
        label=new.label,
        description=new.description,
        service=new.service,
        responsible=new.responsible,
        hosted=domain.hosted,
        login=(new.login.lower() or None) if domain.hosted else None,
        password=make_password(new.password) if domain.hosted and new.password else "",
        created_at=now(),
    )
    mailbox.save(force_insert=True)
    if domain.hosted:
        create_owner_keys([mailbox.id])
    return mailbox.id
