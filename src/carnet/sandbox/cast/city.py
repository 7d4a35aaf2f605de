"""In town: a general practitioner and a pharmacy. And the Clinique Horizon, whose mail another operator holds."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from carnet.domain.directory.commands import NewMailbox, create_mailbox, register_organization
from carnet.domain.directory.values import MailboxAddress, MailboxKind
from carnet.domain.identity.values import Finess
from carnet.domain.messaging.commands.pharmacies import note_dispensing
from carnet.domain.spaces.models import HealthSpace
from carnet.foundation.clock import now
from carnet.sandbox.cast.people import DOMINIQUE, PASSWORD
from carnet.sandbox.cast.professionals import MORVAN, RENAUD, open_mailbox, register, share
from carnet.sandbox.cast.trust import CITY_DOMAIN, OTHER_OPERATOR_DOMAIN

_PHARMACY = Finess("519999023")
_CLINIC = Finess("359999034")


def general_practitioner() -> UUID:
    """Dr Claire Morvan, the patient's GP, with a personal mailbox."""
    register(MORVAN)
    return open_mailbox(
        NewMailbox(
            address=MailboxAddress(f"claire.morvan@{CITY_DOMAIN}"),
            kind=MailboxKind.PER,
            label="Dr Claire MORVAN",
            rpps=MORVAN.rpps,
            login=f"claire.morvan@{CITY_DOMAIN}",
            password=PASSWORD,
            answer_hours=72,
        )
    )


def pharmacy() -> UUID:
    """The Pharmacie des Tilleuls, whose team holders may write to first, and Paul Renaud, its pharmacist."""
    register_organization(_PHARMACY, name="Pharmacie des Tilleuls", city="Saint-Aubin", department="51", sector="SA33")
    register(RENAUD)
    mailbox_id = open_mailbox(
        NewMailbox(
            address=MailboxAddress(f"pharmacie.tilleuls@{CITY_DOMAIN}"),
            kind=MailboxKind.ORG,
            label="Pharmacie des Tilleuls",
            finess=_PHARMACY,
            description="Ordonnances et questions adressées à la pharmacie",
            responsible=RENAUD.name,
            login=f"pharmacie.tilleuls@{CITY_DOMAIN}",
            password=PASSWORD,
            answer_hours=4,
        )
    )
    share(mailbox_id, RENAUD, given_by=RENAUD)
    return mailbox_id


def pharmacies_known() -> None:
    """Dominique went to the Pharmacie des Tilleuls last month, as the health insurance knows."""
    space = HealthSpace.objects.get(ins=DOMINIQUE.ins)
    last_month = timezone.localdate(now()) - timedelta(days=31)
    note_dispensing(space.id, str(_PHARMACY.id_nat), last_month)


def clinic() -> Finess:
    """The Clinique Horizon, whose mail is with another operator."""
    register_organization(_CLINIC, name="Clinique Horizon", city="Horizon", department="35")
    return _CLINIC


def colleague_elsewhere() -> UUID:
    """The cardiology team of the Clinique Horizon, whose mailbox another operator holds."""
    return create_mailbox(
        NewMailbox(
            address=MailboxAddress(f"cardiologie@{OTHER_OPERATOR_DOMAIN}"),
            kind=MailboxKind.ORG,
            label="Clinique Horizon – Cardiologie",
            finess=_CLINIC,
            description="Consultations de cardiologie de la Clinique Horizon",
            service="Cardiologie",
            responsible="Dr Paul Aubry",
        )
    )
