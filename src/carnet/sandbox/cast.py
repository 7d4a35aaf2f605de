"""The people of the sandbox: the same in the demo and in the tests, all invented, all with test INS.

Each function makes one of them, with what belongs to them, and returns its id.
"""

import contextlib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from carnet.domain.directory.commands import (
    MailboxRefused,
    NewMailbox,
    add_certificate,
    create_mailbox,
    delegate_mailbox,
    import_trust_list,
    register_organization,
    register_practice,
    register_professional,
    trust_domain,
)
from carnet.domain.directory.commands.api_keys import create_api_key
from carnet.domain.directory.models import Mailbox, TrustedDomain
from carnet.domain.directory.subjects import Subject
from carnet.domain.directory.values import Domain, MailboxAddress, MailboxKind
from carnet.domain.identity.commands import register_person
from carnet.domain.identity.values import Finess, IdentityStatus, Ins, InsOid, Rpps, StrictTraits
from carnet.domain.messaging.commands.folders import ensure_folders
from carnet.domain.messaging.commands.pharmacies import note_dispensing
from carnet.domain.spaces.commands import close_space, create_account, create_administrator, open_space_of
from carnet.domain.spaces.models import HealthSpace
from carnet.domain.spaces.values import Login
from carnet.foundation.clock import now
from carnet.sandbox import certificates, trust_list
from carnet.sandbox.pathways import pathways_of_the_hospital

HOSPITAL_DOMAIN = "saint-aubin.mssante.test"
CITY_DOMAIN = "cabinets.mssante.test"
OTHER_OPERATOR_DOMAIN = "clinique-horizon.mssante.test"
PASSWORD = "Sablier-2026!"  # noqa: S105 - the sandbox tells it to everyone


@dataclass(frozen=True)
class Holder:
    """A person of the sandbox as the demo presents them."""

    ins: str
    birth_name: str
    given_names: str
    birth_date: str
    sex: str
    birth_place: str
    email: str
    login: str = ""
    state: str = "open"
    oid: InsOid = InsOid.NIR_TEST


DOMINIQUE = Holder(
    "279035121518989", "PAT-TROIS", "DOMINIQUE MARIE-LOUISE", "1979-03-28", "F", "51215",
    "dominique@courriel.test", "dominique.p", "activated",
)  # fmt: skip
RUTH = Holder(
    "277076322082910", "NESSI", "RUTH ISABELLE", "1977-07-14", "F", "63220",
    "ruth@courriel.test", "ruth.nessi", "activated",
)  # fmt: skip
LAURENCE = Holder("207058575627097", "PATB-QUATRE", "LAURENCE", "2007-05-12", "F", "85756", "laurence@courriel.test")
LUCAS = Holder("118035145412301", "PAT-TROIS", "LUCAS", "2018-03-09", "M", "51454", "lucas.parents@courriel.test")
STEPHANE = Holder(
    "179075145422281", "BOISJOLI", "STEPHANE", "1979-07-02", "M", "51454",
    "stephane@courriel.test", "stephane.b", "activated",
)  # fmt: skip
JOSETTE = Holder("252033523814534", "KERMADEC", "JOSETTE ANNE", "1952-03-17", "F", "35238", "josette@courriel.test")
GHJUVAN = Holder("184102A00402193", "PAOLETTI", "GHJUVAN", "1984-10-21", "M", "2A004", "ghjuvan@courriel.test")
MEHDI = Holder(
    "186116912345688", "AZOULAY", "MEHDI", "1986-11-05", "M", "69123",
    "mehdi@courriel.test", "mehdi.azoulay", "closed",
)  # fmt: skip
HOLDERS = (DOMINIQUE, RUTH, LAURENCE, LUCAS, STEPHANE, JOSETTE, GHJUVAN, MEHDI)

_OPPOSED = Holder("266047511223336", "LEFORT", "SIMONE", "1966-04-30", "F", "75112", "")


def make_holder(holder: Holder) -> UUID:
    """A person and their space, in the state that the cast gives them. Returns the space's id."""
    traits = StrictTraits.read(
        birth_name=holder.birth_name,
        given_names=holder.given_names,
        birth_date=holder.birth_date,
        sex=holder.sex,
        birth_place=holder.birth_place,
    )
    person_id = register_person(Ins(holder.ins), holder.oid, traits, IdentityStatus.QUALIFIEE)
    space_id = open_space_of(person_id, email=holder.email, opposed=holder.state == "opposed")
    if holder.login:
        create_account(space_id, login=Login(holder.login), email=holder.email, password=PASSWORD)
    if holder.state == "closed":
        close_space(space_id)
    return space_id


def patient() -> UUID:
    """Dominique, who was in hospital: her space is activated."""
    return make_holder(DOMINIQUE)


def second_patient() -> UUID:
    """Ruth, another activated holder."""
    return make_holder(RUTH)


def her_son() -> UUID:
    """Lucas, eight years old: a space, no sign-in of his own."""
    return make_holder(LUCAS)


def not_activated() -> UUID:
    """Laurence, whose space is open and who has not signed in yet."""
    return make_holder(LAURENCE)


def curious_stranger() -> UUID:
    """Stéphane, a holder who tries to see what is not his."""
    return make_holder(STEPHANE)


def closed_patient() -> UUID:
    """Mehdi, who closed his space."""
    return make_holder(MEHDI)


def opposed_person() -> UUID:
    """Simone, who opposed the opening of a space."""
    return make_holder(Holder(**{**_OPPOSED.__dict__, "state": "opposed"}))


def trust_space_of_the_sandbox(list_file: Path | None = None) -> None:
    """The domains that the sandbox trusts: two hosted, the patients', and another operator's.

    Which are hosted here is said by hand; who speaks for each, by a trust list: the one of ``list_file`` or the same
    made at once.
    """
    for domain in (settings.CARNET_PATIENT_DOMAIN, HOSPITAL_DOMAIN, CITY_DOMAIN):
        trust_domain(Domain(domain), operator="Carnet", hosted=True)
    content = list_file.read_bytes() if list_file else trust_list.document(listed_in_the_sandbox())
    reading = import_trust_list(content, source="sandbox", accept_loss=True)
    if reading.outcome == reading.outcome.REFUSED:
        raise ValueError(f"the sandbox's trust list: {reading.reason}")


def listed_in_the_sandbox() -> list[tuple[str, str, str]]:
    """The entries of its trust list: domain, subject of the operator's certificate, description."""
    own, other = certificates.own_subject(settings.CARNET_HOSTNAME), certificates.other_subject()
    return [
        (settings.CARNET_PATIENT_DOMAIN, own, "Mon espace santé du bac à sable"),
        (HOSPITAL_DOMAIN, own, "Centre hospitalier Saint-Aubin"),
        (CITY_DOMAIN, own, "Cabinets de ville"),
        (OTHER_OPERATOR_DOMAIN, other, "Clinique Horizon"),
    ]


def hospital() -> Finess:
    """The Centre hospitalier Saint-Aubin, a geographic establishment with its juridical entity."""
    finess = Finess("519999015")
    register_organization(
        finess, name="Centre hospitalier Saint-Aubin", finess_ej="519999007", city="Saint-Aubin", department="51"
    )
    return finess


def clinic() -> Finess:
    """The Clinique Horizon, whose mail is with another operator."""
    finess = Finess("359999034")
    register_organization(finess, name="Clinique Horizon", city="Horizon", department="35")
    return finess


def _mailbox(new: NewMailbox) -> UUID:
    mailbox_id = create_mailbox(new)
    if new.login:
        ensure_folders([mailbox_id])
    return mailbox_id


def hospital_software() -> UUID:
    """The applicative mailbox of the hospital's software: it sends, nobody reads it."""
    return _mailbox(
        NewMailbox(
            address=MailboxAddress(f"dpi@{HOSPITAL_DOMAIN}"),
            kind=MailboxKind.APP,
            label="Centre hospitalier Saint-Aubin – Envoi des documents",
            finess=Finess("519999015"),
            description="Envois automatiques du logiciel du Centre hospitalier Saint-Aubin",
            service="Direction des systèmes d’information",
            responsible="Dr Hélène Vasseur",
            login=f"dpi@{HOSPITAL_DOMAIN}",
            password=PASSWORD,
        )
    )


def orthopaedics() -> UUID:
    """The organisational mailbox of the orthopaedics team, a nurse among them."""
    return _mailbox(
        NewMailbox(
            address=MailboxAddress(f"orthopedie@{HOSPITAL_DOMAIN}"),
            kind=MailboxKind.ORG,
            label="Centre hospitalier Saint-Aubin – Chirurgie orthopédique",
            finess=Finess("519999015"),
            description="Secrétariat et infirmières de la chirurgie orthopédique : avant et après une opération",
            service="Chirurgie orthopédique",
            responsible="Dr Hélène Vasseur",
            login=f"orthopedie@{HOSPITAL_DOMAIN}",
            password=PASSWORD,
            answer_hours=48,
        )
    )


def archives() -> UUID:
    """The organisational mailbox of the medical archives."""
    return _mailbox(
        NewMailbox(
            address=MailboxAddress(f"archives@{HOSPITAL_DOMAIN}"),
            kind=MailboxKind.ORG,
            label="Centre hospitalier Saint-Aubin – Archives médicales",
            finess=Finess("519999015"),
            description="Demandes de dossier médical adressées au Centre hospitalier Saint-Aubin",
            service="Archives médicales",
            responsible="Dr Samir Haddad",
            login=f"archives@{HOSPITAL_DOMAIN}",
            password=PASSWORD,
            answer_hours=120,
        )
    )


def oncology() -> UUID:
    """The organisational mailbox of the oncology team, which follows its patients between two treatments."""
    return _mailbox(
        NewMailbox(
            address=MailboxAddress(f"oncologie@{HOSPITAL_DOMAIN}"),
            kind=MailboxKind.ORG,
            label="Centre hospitalier Saint-Aubin – Oncologie",
            finess=Finess("519999015"),
            description="Suivi entre deux traitements : infirmières de coordination en cancérologie",
            service="Oncologie",
            responsible="Dr Antoine Le Gall",
            login=f"oncologie@{HOSPITAL_DOMAIN}",
            password=PASSWORD,
            answer_hours=24,
        )
    )


def nurse() -> UUID:
    """Julie Lemaire, nurse of the orthopaedics team: no mailbox of her own, the team's by delegation.

    Dr Vasseur has it too. Returns the team's mailbox.
    """
    register_professional(Rpps("99700218938"), title="Mme", given_name="Julie", family_name="LEMAIRE", profession="60")
    return _share("orthopedie", "99700218920", "99700218938", given_by="Dr Hélène Vasseur")


def coordinating_nurse() -> UUID:
    """Sophie Guillou, who coordinates the oncology team, and Dr Antoine Le Gall, who answers for it.

    Neither has a mailbox of their own. Returns the team's mailbox.
    """
    register_professional(Rpps("99700219027"), title="Mme", given_name="Sophie", family_name="GUILLOU", profession="60")
    register_professional(Rpps("99700219019"), title="Dr", given_name="Antoine", family_name="LE GALL", profession="10")
    return _share("oncologie", "99700219019", "99700219027", given_by="Dr Antoine Le Gall")


def archivist() -> UUID:
    """Nadège Prigent, nurse at the archives, and Dr Samir Haddad, physician of the medical information department, who
    answers for them. Neither has a mailbox of their own. Returns the mailbox of the archives.
    """
    register_professional(Rpps("99700219035"), title="Mme", given_name="Nadège", family_name="PRIGENT", profession="60")
    register_professional(Rpps("99700219001"), title="Dr", given_name="Samir", family_name="HADDAD", profession="10")
    return _share("archives", "99700219001", "99700219035", given_by="Dr Samir Haddad")


def _share(team: str, responsible: str, *others: str, given_by: str) -> UUID:
    """Give a team's mailbox of the hospital to these professionals, the first of whom answers for it."""
    mailbox = Mailbox.objects.get(address=f"{team}@{HOSPITAL_DOMAIN}")
    today = timezone.localdate(now())
    for rpps in (*others, responsible):
        delegate_mailbox(
            mailbox.id, Rpps(rpps), first=today, last=None, given_by=given_by, responsible=rpps == responsible
        )
    return mailbox.id


def let_software_in(subject: str) -> None:
    """The hospital's software may use its mailbox with a certificate of this subject; safe to say again."""
    mailbox = Mailbox.objects.get(address=f"dpi@{HOSPITAL_DOMAIN}")
    with contextlib.suppress(MailboxRefused):
        add_certificate(mailbox.id, Subject.parse(subject), written=subject, by="Dr Hélène Vasseur")


def general_practitioner() -> UUID:
    """Dr Claire Morvan, the patient's GP, with a personal mailbox."""
    register_professional(Rpps("99700218912"), title="Dr", given_name="Claire", family_name="MORVAN", profession="10")
    return _mailbox(
        NewMailbox(
            address=MailboxAddress(f"claire.morvan@{CITY_DOMAIN}"),
            kind=MailboxKind.PER,
            label="Dr Claire MORVAN",
            rpps=Rpps("99700218912"),
            login=f"claire.morvan@{CITY_DOMAIN}",
            password=PASSWORD,
            answer_hours=72,
        )
    )


def surgeon() -> UUID:
    """Dr Hélène Vasseur, orthopaedic surgeon of the hospital, with a personal mailbox there."""
    register_professional(
        Rpps("99700218920"), title="Dr", given_name="Hélène", family_name="VASSEUR", profession="10", specialty="SM04"
    )
    return _mailbox(
        NewMailbox(
            address=MailboxAddress(f"helene.vasseur@{HOSPITAL_DOMAIN}"),
            kind=MailboxKind.PER,
            label="Dr Hélène VASSEUR",
            rpps=Rpps("99700218920"),
            finess=Finess("519999015"),
            login=f"helene.vasseur@{HOSPITAL_DOMAIN}",
            password=PASSWORD,
        )
    )


def pharmacy() -> UUID:
    """The Pharmacie des Tilleuls, whose team holders may write to first, and Paul Renaud, its pharmacist."""
    finess = Finess("519999023")
    register_organization(finess, name="Pharmacie des Tilleuls", city="Saint-Aubin", department="51", sector="SA33")
    pharmacist = Rpps("99700219050")
    register_professional(pharmacist, title="M.", given_name="Paul", family_name="RENAUD", profession="21")
    mailbox_id = _mailbox(
        NewMailbox(
            address=MailboxAddress(f"pharmacie.tilleuls@{CITY_DOMAIN}"),
            kind=MailboxKind.ORG,
            label="Pharmacie des Tilleuls",
            finess=finess,
            description="Ordonnances et questions adressées à la pharmacie",
            responsible="M. Paul Renaud",
            login=f"pharmacie.tilleuls@{CITY_DOMAIN}",
            password=PASSWORD,
            answer_hours=4,
        )
    )
    today = timezone.localdate(now())
    delegate_mailbox(mailbox_id, pharmacist, first=today, last=None, given_by="M. Paul Renaud")
    return mailbox_id


def pharmacies_known() -> None:
    """Dominique went to the Pharmacie des Tilleuls last month, as the health insurance knows."""
    space = HealthSpace.objects.get(ins=DOMINIQUE.ins)
    last_month = timezone.localdate(now()) - timedelta(days=31)
    note_dispensing(space.id, str(Finess("519999023").id_nat), last_month)


def colleague_elsewhere() -> UUID:
    """The cardiology team of the Clinique Horizon, whose mailbox another operator holds."""
    return create_mailbox(
        NewMailbox(
            address=MailboxAddress(f"cardiologie@{OTHER_OPERATOR_DOMAIN}"),
            kind=MailboxKind.ORG,
            label="Clinique Horizon – Cardiologie",
            finess=Finess("359999034"),
            description="Consultations de cardiologie de la Clinique Horizon",
            service="Cardiologie",
            responsible="Dr Paul Aubry",
        )
    )


def practices() -> None:
    """Where the surgeon practises: the directory shows her mailbox there."""
    register_practice(Rpps("99700218920"), Finess("519999015"), profession="10", sector="SA01", function="FON-AU")


READER_KEY = "bac-a-sable-lecture"
OPERATOR_KEYS = {CITY_DOMAIN: "bac-a-sable-carnet", OTHER_OPERATOR_DOMAIN: "bac-a-sable-horizon"}


def directory_keys() -> None:
    """Keys of the directory's API that everyone knows: one reads, one writes for each operator."""
    create_api_key("lecture", key=READER_KEY)
    for name, domain in (("carnet", CITY_DOMAIN), ("horizon", OTHER_OPERATOR_DOMAIN)):
        operator = TrustedDomain.objects.get(domain=domain).operator
        create_api_key(name, operator=operator, key=OPERATOR_KEYS[domain])


ADMINISTRATOR = "exploitation"


def administrator() -> None:
    """Who looks after the installation: the console, and nobody's health."""
    create_administrator(login=Login(ADMINISTRATOR), email="exploitation@courriel.test", password=PASSWORD)


def everyone(list_file: Path | None = None) -> None:
    """The whole sandbox: the trust space, the establishments, the mailboxes and the people."""
    trust_space_of_the_sandbox(list_file)
    hospital()
    clinic()
    hospital_software()
    teams = orthopaedics(), oncology(), archives()
    general_practitioner()
    surgeon()
    nurse()
    coordinating_nurse()
    archivist()
    pathways_of_the_hospital(*teams)
    pharmacy()
    colleague_elsewhere()
    practices()
    directory_keys()
    for holder in HOLDERS:
        make_holder(holder)
    pharmacies_known()
    opposed_person()
    administrator()
