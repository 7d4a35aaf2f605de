"""A queue of mail to other operators to test with: put in, sent, looked at."""

import asyncio
from uuid import UUID

from django.db import transaction

from carnet.domain.directory.queries import mailboxes_by_address
from carnet.domain.messaging.delivery.plan import Plan, plan_outbound
from carnet.domain.messaging.delivery.writing import write
from carnet.domain.messaging.envelopes import NOTHING_ASKED, Asked
from carnet.domain.messaging.models import FolderEntry, Message, OutboundDestination, OutboundMail
from carnet.domain.messaging.outbound.sending import Sender
from carnet.foundation.bodies import get_body
from carnet.foundation.clock import now
from carnet.foundation.owner_keys import owner_key
from carnet.sandbox import cast

ORTHO = f"orthopedie@{cast.HOSPITAL_DOMAIN}"


def content(number: int = 0, size: int = 0) -> bytes:
    head = f"From: {ORTHO}\r\nSubject: essai {number}\r\nMessage-ID: <{number}@x.test>\r\n\r\n"
    return head.encode() + b"ligne\r\n" * max(1, size // 7)


@transaction.atomic
def queue(*recipients: str, number: int = 0, size: int = 0, sender: str = ORTHO, asked: Asked = NOTHING_ASKED) -> None:
    """Put one message into the queue, for one or more recipients."""
    plan = Plan(at=now())
    key = owner_key(mailboxes_by_address([ORTHO])[ORTHO].id)
    for one in recipients:
        plan_outbound(plan, key, sender, one, content(number, size), message_id=None, asked=asked)
    write(plan)


def send() -> Sender:
    """What the worker does: send until nothing is due."""

    async def run() -> Sender:
        sender = Sender()
        await asyncio.wait_for(sender.run(), 30)
        return sender

    return asyncio.run(run())


def make_due() -> None:
    """Let the time pass that everything waits for."""
    OutboundMail.objects.filter(state="queued").update(next_try_at=now())
    OutboundDestination.objects.update(next_try_at=now())


def states() -> list[tuple[str, str, int]]:
    """State, last code and tries of each mail, in the order of the queue."""
    return list(OutboundMail.objects.order_by("id").values_list("state", "last_code", "attempts"))


def destination(domain: str) -> tuple[int, str, str] | None:
    """How often a domain could not be reached, and why the last time; None when all is well."""
    row = OutboundDestination.objects.filter(domain=domain).first()
    return (row.failures, row.last_code, row.last_problem) if row else None


def inbox(address: str = ORTHO) -> list[bytes]:
    """The messages in a hosted mailbox's INBOX."""
    mailbox: UUID = mailboxes_by_address([address])[address].id
    ids = FolderEntry.objects.filter(mailbox_id=mailbox).order_by("uid").values_list("message_id", flat=True)
    rows = {row.id: row for row in Message.objects.filter(owner_id=mailbox)}
    return [get_body(mailbox, rows[one].body) for one in ids]
