"""What the demo tells: to a person in the terminal, to a program in the ready file (schema in ``docs/demo.md``)."""

from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from rich.console import Console
from rich.table import Table

from carnet.domain.directory.models import Mailbox, MailboxCertificate, MailboxDelegate, TrustedDomain
from carnet.domain.directory.queries import display_name
from carnet.domain.directory.queries.professionals import mailboxes_of, professional_name
from carnet.domain.identity.models import Professional
from carnet.domain.identity.values import StrictTraits
from carnet.foundation.keys import write_durably
from carnet.sandbox import cast, certificates
from carnet.sandbox.insi import installed as insi
from carnet.sandbox.insi.address import insi_url
from carnet.sandbox.psc import installed as psc
from carnet.sandbox.psc.people import TEST_RPPS


def description() -> dict[str, Any]:
    """The running demo, for a program to drive."""
    host = settings.CARNET_BIND
    tls = settings.CARNET_DATA_DIR / "tls"
    return {
        "web": settings.CARNET_WEB_URL,
        "smtp": {"host": host, "port": settings.CARNET_SMTP_PORT},
        "smtp_mutual": {"host": host, "port": settings.CARNET_SMTP_MUTUAL_PORT},
        "submission": {"host": host, "port": settings.CARNET_SUBMISSION_PORT},
        "submissions": {"host": host, "port": settings.CARNET_SUBMISSIONS_PORT},
        "imap": {"host": host, "port": settings.CARNET_IMAP_PORT},
        "imaps": {"host": host, "port": settings.CARNET_IMAPS_PORT},
        "psc": psc.description(settings.CARNET_DATA_DIR, _issuer()),
        "insi": insi.description(_insi_url()),
        "outbox": str(settings.CARNET_OUTBOX_DIR),
        "ca_file": str(tls / "ca.pem"),
        "crl_file": str(tls / "ca.crl.pem"),
        "trust_list_file": str(settings.CARNET_DATA_DIR / "trust-list.xml"),
        "subject": certificates.own_subject(settings.CARNET_HOSTNAME),
        "patient_domain": settings.CARNET_PATIENT_DOMAIN,
        "holders": [_holder(holder) for holder in cast.HOLDERS],
        "mailboxes": _mailboxes(),
        "professionals": _professionals(),
        "desk": _desk(),
        "operators": [_other_operator(tls)],
        "directory": _directory(),
    }


def _directory() -> dict[str, Any]:
    operators = dict(TrustedDomain.objects.filter(domain__in=cast.OPERATOR_KEYS).values_list("domain", "operator"))
    return {
        "base": f"{settings.CARNET_WEB_URL}/fhir/v2",
        "api_key": cast.READER_KEY,
        "operator_keys": [
            {"operator": operators[domain], "domain": domain, "api_key": key}
            for domain, key in cast.OPERATOR_KEYS.items()
            if domain in operators
        ],
    }


def _other_operator(tls: Path) -> dict[str, Any]:
    return {
        "domain": cast.OTHER_OPERATOR_DOMAIN,
        "domains": [cast.OTHER_OPERATOR_DOMAIN],
        "cert_file": str(tls / "other-operator.pem"),
        "key_file": str(tls / "other-operator.key"),
        "subject": certificates.other_subject(),
    }


def _holder(holder: cast.Holder) -> dict[str, Any]:
    traits = StrictTraits.read(birth_name=holder.birth_name, given_names=holder.given_names)
    return {
        "ins": holder.ins,
        "oid": holder.oid.value,
        "birth_name": traits.birth_name,
        "first_given_name": traits.first_given_name,
        "birth_date": holder.birth_date,
        "sex": holder.sex,
        "birth_place": holder.birth_place,
        "email": holder.email,
        "login": holder.login or None,
        "password": cast.PASSWORD if holder.login else None,
        "state": holder.state,
    }


def _issuer() -> str:
    return psc.issuer(settings.CARNET_BIND, settings.CARNET_SANDBOX_PSC_PORT)


def _insi_url() -> str:
    return insi_url(settings.CARNET_BIND, settings.CARNET_SANDBOX_INSI_PORT)


def _mailboxes() -> list[dict[str, Any]]:
    given: dict[UUID, list[str]] = {}
    for one in MailboxDelegate.objects.filter(revoked_at=None).order_by("given_at"):
        given.setdefault(one.mailbox_id, []).append(one.professional_id)
    software = set(MailboxCertificate.objects.filter(revoked_at=None).values_list("mailbox_id", flat=True))
    rows = Mailbox.objects.select_related("professional", "organization").filter(hosted=True).order_by("address")
    return [
        {
            "address": row.address,
            "kind": row.kind,
            "finess": row.organization_id,
            "label": display_name(row),
            "login": row.login,
            "password": cast.PASSWORD,
            "delegates": given.get(row.id, []),
            "certificate": _software_certificate() if row.id in software else None,
        }
        for row in rows
    ]


def _software_certificate() -> dict[str, str]:
    made = certificates.ensure_software(settings.CARNET_DATA_DIR / "tls")
    return {"cert_file": str(made.certificate), "key_file": str(made.key), "subject": made.subject}


def _professionals() -> list[dict[str, Any]]:
    rows = Mailbox.objects.select_related("professional").filter(professional__isnull=False).order_by("address")
    return [
        {
            "rpps": row.professional_id,
            "name": display_name(row),
            "mailbox": row.address,
        }
        for row in rows
    ]


def _desk() -> dict[str, Any]:
    """Where professionals sign in to their desk, and which mailboxes each finds there."""
    rows = Professional.objects.filter(rpps__startswith=TEST_RPPS, active=True).order_by("family_name")
    return {
        "sign_in": f"{settings.CARNET_WEB_URL}/connexion/professionnel/",
        "professionals": [
            {
                "rpps": row.rpps,
                "name": professional_name(row),
                "mailboxes": [box.address for box in mailboxes_of(row.rpps)],
            }
            for row in rows
        ],
    }


def write(path: Path) -> None:
    """Write the ready file, whole or not at all."""
    write_durably(path, orjson.dumps(description(), option=orjson.OPT_INDENT_2))


def tell(console: Console) -> None:
    """Where to click and whom to sign in as."""
    console.print()
    console.print(f"  Portal       {settings.CARNET_WEB_URL}", style="bold")
    console.print(
        f"  Operators    SMTP {settings.CARNET_BIND}:{settings.CARNET_SMTP_PORT} (plain),"
        f" {settings.CARNET_BIND}:{settings.CARNET_SMTP_MUTUAL_PORT} (mutual TLS)"
    )
    console.print(f"  Submission   SMTP {settings.CARNET_BIND}:{settings.CARNET_SUBMISSION_PORT} (STARTTLS, sign in)")
    console.print(f"  Mail client  IMAP {settings.CARNET_BIND}:{settings.CARNET_IMAP_PORT} (STARTTLS)")
    console.print(
        f"  TLS at once  SMTP {settings.CARNET_BIND}:{settings.CARNET_SUBMISSIONS_PORT}, "
        f"IMAP {settings.CARNET_BIND}:{settings.CARNET_IMAPS_PORT}"
    )
    console.print(f"  Directory    {settings.CARNET_WEB_URL}/fhir/v2 (FHIR R4, ESANTE-API-KEY: {cast.READER_KEY})")
    console.print(f"  Pro Santé Connect (sandbox) {_issuer()}")
    console.print(f"  INSi (sandbox) {_insi_url()}")
    console.print(f"  E-mails to people, with the sign-in codes: {settings.CARNET_OUTBOX_DIR}")
    people = Table(
        "who", "INS", "login", "state", title=f"People – password of all: {cast.PASSWORD}", title_justify="left"
    )
    for holder in cast.HOLDERS:
        name = f"{holder.given_names.split()[0].title()} {holder.birth_name}"
        people.add_row(name, holder.ins, holder.login or "–", holder.state)
    boxes = Table("mailbox = login", "shown as", title="Mailboxes – same password", title_justify="left")
    for box in _mailboxes():
        boxes.add_row(box["address"], box["label"])
    desk = _desk()
    staff = Table(
        "professional", "mailboxes", title=f"The desk – {desk['sign_in']}: choose a person", title_justify="left"
    )
    for one in desk["professionals"]:
        staff.add_row(one["name"], "\n".join(one["mailboxes"]))
    console.print(people)
    console.print(boxes)
    console.print(staff)
    console.print("Ctrl-C stops everything; the data is kept.")
