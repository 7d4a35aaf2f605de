"""What the demo tells: to a person in the terminal, to a program in the ready file (schema in ``docs/demo.md``)."""

from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from rich.console import Console
from rich.table import Table

from carnet.domain.directory.models import Mailbox
from carnet.domain.directory.queries import display_name
from carnet.domain.identity.values import StrictTraits
from carnet.foundation.keys import write_durably
from carnet.sandbox import cast


def description() -> dict[str, Any]:
    """The running demo, for a program to drive."""
    host = settings.CARNET_BIND
    return {
        "web": settings.CARNET_WEB_URL,
        "smtp": {"host": host, "port": settings.CARNET_SMTP_PORT},
        "submission": {"host": host, "port": settings.CARNET_SUBMISSION_PORT},
        "imap": {"host": host, "port": settings.CARNET_IMAP_PORT},
        "outbox": str(settings.CARNET_OUTBOX_DIR),
        "ca_file": str(settings.CARNET_DATA_DIR / "tls" / "ca.pem"),
        "patient_domain": settings.CARNET_PATIENT_DOMAIN,
        "holders": [_holder(holder) for holder in cast.HOLDERS],
        "mailboxes": _mailboxes(),
        "professionals": _professionals(),
        "operators": [{"domain": cast.OTHER_OPERATOR_DOMAIN}],
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


def _mailboxes() -> list[dict[str, Any]]:
    rows = Mailbox.objects.select_related("professional", "organization").filter(hosted=True).order_by("address")
    return [
        {
            "address": row.address,
            "kind": row.kind,
            "finess": row.organization_id,
            "label": display_name(row),
            "login": row.login,
            "password": cast.PASSWORD,
        }
        for row in rows
    ]


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


def write(path: Path) -> None:
    """Write the ready file, whole or not at all."""
    write_durably(path, orjson.dumps(description(), option=orjson.OPT_INDENT_2))


def tell(console: Console) -> None:
    """Where to click and whom to sign in as."""
    console.print()
    console.print(f"  Portal       {settings.CARNET_WEB_URL}", style="bold")
    console.print(f"  Operators    SMTP {settings.CARNET_BIND}:{settings.CARNET_SMTP_PORT}")
    console.print(f"  Submission   SMTP {settings.CARNET_BIND}:{settings.CARNET_SUBMISSION_PORT} (STARTTLS, sign in)")
    console.print(f"  Mail client  IMAP {settings.CARNET_BIND}:{settings.CARNET_IMAP_PORT} (STARTTLS)")
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
    console.print(people)
    console.print(boxes)
    console.print("Ctrl-C stops everything; the data is kept.")
