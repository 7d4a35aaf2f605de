"""After the commit: mail to other operators, and receipts of reading."""

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import transaction

from carnet.domain.identity.values import patient_address
from carnet.domain.messaging.commands.carnet_mail import deliver_report
from carnet.domain.messaging.commands.forgetting import forget_sent_drafts
from carnet.domain.messaging.commands.quarantine import drop_old
from carnet.domain.messaging.commands.rescan import rescan_due
from carnet.domain.messaging.compose import compose_mdn, make_message_id
from carnet.domain.messaging.envelopes import MessageHead, envelope_name
from carnet.domain.messaging.models import ConversationEntry, Message
from carnet.domain.messaging.outbound.ageing import give_up_the_old, warn_of_delay
from carnet.domain.spaces.models import HealthSpace
from carnet.foundation import logs
from carnet.foundation.clock import now
from carnet.foundation.closures import current_closure
from carnet.foundation.ids import new_id
from carnet.foundation.jobs import RETRY, app
from carnet.foundation.owner_keys import owner_keys

if TYPE_CHECKING:
    from carnet.domain.messaging.outbound.sending import Sender

log = logs.get("outbound")

_sender: "Sender | None" = None


@app.periodic(cron="* * * * * */15")
@app.task(queueing_lock="outbound-sweep")
async def sweep_outbound(timestamp: int) -> None:
    """What waits for its next try, what a dead worker left; then what has waited too long all the same."""
    await _send()
    try:
        await sync_to_async(_age)()
    except DatabaseError as problem:
        log.error("database_away", exc_info=problem)


@app.task
async def send_outbound() -> None:
    """Send the mail that is due to other operators."""
    await _send()


async def _send() -> None:
    """Send until nothing is due; a sender that runs in this process already is told to look again instead.

    The only window for a double is a crash between the other operator's 250 and our commit, or that 250 lost on its
    way; the Message-ID stays the same.
    """
    global _sender
    if _sender is not None:
        _sender.wake()
        return
    # Every process knows this job, the worker alone does it: the others start without SMTP and DNS clients.
    from carnet.domain.messaging.outbound.sending import Sender

    _sender = Sender()
    try:
        await _sender.run()
    except DatabaseError as problem:  # claims end by themselves; the next sweep goes on
        log.error("database_away", exc_info=problem)
    finally:
        _sender = None


def _age() -> None:
    if current_closure(now()) is None:
        give_up_the_old()
        warn_of_delay()


@app.task(retry=RETRY)
def send_receipt(space_id: str, message_id: str) -> None:
    """Send the receipt of reading of a message, once: the claim and the receipt are one transaction (RFC 8098).

    It comes from the address that was written to and names nobody: a number that somebody typed must not tell whose
    it is.
    """
    owner, message = UUID(space_id), UUID(message_id)
    with transaction.atomic():
        claimed = ConversationEntry.objects.filter(
            space_id=owner, message_id=message, receipt_wanted=True, receipt_sent_at=None
        ).update(receipt_sent_at=now())
        if not claimed:
            return
        space = HealthSpace.objects.get(id=owner)
        sealed = Message.objects.values_list("envelope", flat=True).get(owner_id=owner, id=message)
        head = MessageHead.from_json(owner_keys([owner])[owner].open(envelope_name(message), sealed))
        address = patient_address(space.ins, settings.CARNET_PATIENT_DOMAIN)
        receipt = compose_mdn(
            reader_address=address,
            notify=head.receipt_to,
            original_message_id=head.message_id or None,
            original_subject=head.subject,
            message_id=make_message_id(settings.CARNET_PATIENT_DOMAIN, str(new_id())),
            date=now(),
            reporting_agent=f"{settings.CARNET_HOSTNAME}; Carnet",
            original_recipient=address,
        )
        if deliver_report(head.receipt_to, receipt.content):
            send_outbound.defer()


@app.periodic(cron="* * * * * */30")
@app.task(queueing_lock="rescan-messages")
def rescan_messages(timestamp: int) -> None:
    """What was delivered while the antivirus was away."""
    if count := rescan_due():
        log.info("rescanned", count=count)


@app.periodic(cron="23 3 * * *")
@app.task(queueing_lock="empty-quarantine")
def empty_quarantine(timestamp: int) -> None:
    """What has been in quarantine for its whole time."""
    log.info("quarantine_emptied", count=drop_old())


@app.periodic(cron="41 3 * * *")
@app.task(queueing_lock="forget-sent-drafts")
def forget_drafts(timestamp: int) -> None:
    """Which drafts were sent is remembered for those who send them again, not for ever."""
    before = now() - timedelta(days=settings.CARNET_SENT_DRAFT_DAYS)
    log.info("sent_drafts_forgotten", count=forget_sent_drafts(before))
