"""The Centre hospitalier Saint-Aubin: its mailboxes, and the teams that share them."""

import contextlib
from uuid import UUID

from carnet.domain.directory.commands import (
    MailboxRefused,
    NewMailbox,
    add_certificate,
    register_organization,
    register_practice,
)
from carnet.domain.directory.models import Mailbox
from carnet.domain.directory.subjects import Subject
from carnet.domain.directory.values import MailboxAddress, MailboxKind
from carnet.domain.identity.values import Finess
from carnet.sandbox.cast.people import PASSWORD
from carnet.sandbox.cast.professionals import (
    GUILLOU,
    HADDAD,
    LE_GALL,
    LEMAIRE,
    PRIGENT,
    VASSEUR,
    Professional,
    open_mailbox,
    register,
    share,
)
from carnet.sandbox.cast.trust import HOSPITAL_DOMAIN

_FINESS = Finess("519999015")
_NAME = "Centre hospitalier Saint-Aubin"


def hospital() -> Finess:
    """The Centre hospitalier Saint-Aubin, a geographic establishment with its juridical entity."""
    register_organization(_FINESS, name=_NAME, finess_ej="519999007", city="Saint-Aubin", department="51")
    return _FINESS


def _mailbox(
    box: str,
    label: str,
    responsible: Professional,
    *,
    service: str,
    description: str,
    kind: MailboxKind = MailboxKind.ORG,
    answer_hours: int | None = None,
) -> UUID:
    return open_mailbox(
        NewMailbox(
            address=MailboxAddress(f"{box}@{HOSPITAL_DOMAIN}"),
            kind=kind,
            label=f"{_NAME} – {label}",
            finess=_FINESS,
            description=description,
            service=service,
            responsible=responsible.name,
            login=f"{box}@{HOSPITAL_DOMAIN}",
            password=PASSWORD,
            answer_hours=answer_hours,
        )
    )


def hospital_software() -> UUID:
    """The applicative mailbox of the hospital's software: it sends, nobody reads it."""
    return _mailbox(
        "dpi",
        "Envoi des documents",
        VASSEUR,
        kind=MailboxKind.APP,
        service="Direction des systèmes d’information",
        description="Envois automatiques du logiciel du Centre hospitalier Saint-Aubin",
    )


def orthopaedics() -> UUID:
    """The organisational mailbox of the orthopaedics team, a nurse among them."""
    return _mailbox(
        "orthopedie",
        "Chirurgie orthopédique",
        VASSEUR,
        service="Chirurgie orthopédique",
        description="Secrétariat et infirmières de la chirurgie orthopédique : avant et après une opération",
        answer_hours=48,
    )


def archives() -> UUID:
    """The organisational mailbox of the medical archives."""
    return _mailbox(
        "archives",
        "Archives médicales",
        HADDAD,
        service="Archives médicales",
        description="Demandes de dossier médical adressées au Centre hospitalier Saint-Aubin",
        answer_hours=120,
    )


def oncology() -> UUID:
    """The organisational mailbox of the oncology team, which follows its patients between two treatments."""
    return _mailbox(
        "oncologie",
        "Oncologie",
        LE_GALL,
        service="Oncologie",
        description="Suivi entre deux traitements : infirmières de coordination en cancérologie",
        answer_hours=24,
    )


def nurse() -> UUID:
    """Julie Lemaire, nurse of the orthopaedics team: no mailbox of her own, the team's by delegation.

    Dr Vasseur has it too. Returns the team's mailbox.
    """
    register(LEMAIRE)
    return _team("orthopedie", LEMAIRE, responsible=VASSEUR)


def coordinating_nurse() -> UUID:
    """Sophie Guillou, who coordinates the oncology team, and Dr Antoine Le Gall, who answers for it.

    Neither has a mailbox of their own. Returns the team's mailbox.
    """
    register(GUILLOU)
    register(LE_GALL)
    return _team("oncologie", GUILLOU, responsible=LE_GALL)


def archivist() -> UUID:
    """Nadège Prigent, nurse at the archives, and Dr Samir Haddad, physician of the medical information department, who
    answers for them. Neither has a mailbox of their own. Returns the mailbox of the archives.
    """
    register(PRIGENT)
    register(HADDAD)
    return _team("archives", PRIGENT, responsible=HADDAD)


def _team(box: str, nurse: Professional, *, responsible: Professional) -> UUID:
    """Give a mailbox of the hospital to a nurse and to the physician who answers for it."""
    mailbox = Mailbox.objects.get(address=f"{box}@{HOSPITAL_DOMAIN}")
    share(mailbox.id, nurse, given_by=responsible)
    share(mailbox.id, responsible, given_by=responsible, responsible=True)
    return mailbox.id


def let_software_in(subject: str) -> None:
    """The hospital's software may use its mailbox with a certificate of this subject; safe to say again."""
    mailbox = Mailbox.objects.get(address=f"dpi@{HOSPITAL_DOMAIN}")
    with contextlib.suppress(MailboxRefused):
        add_certificate(mailbox.id, Subject.parse(subject), written=subject, by=VASSEUR.name)


def surgeon() -> UUID:
    """Dr Hélène Vasseur, orthopaedic surgeon of the hospital, with a personal mailbox there."""
    register(VASSEUR)
    return open_mailbox(
        NewMailbox(
            address=MailboxAddress(f"helene.vasseur@{HOSPITAL_DOMAIN}"),
            kind=MailboxKind.PER,
            label="Dr Hélène VASSEUR",
            rpps=VASSEUR.rpps,
            finess=_FINESS,
            login=f"helene.vasseur@{HOSPITAL_DOMAIN}",
            password=PASSWORD,
        )
    )


def practices() -> None:
    """Where the surgeon practises: the directory shows her mailbox there."""
    register_practice(VASSEUR.rpps, _FINESS, profession="10", sector="SA01", function="FON-AU")
