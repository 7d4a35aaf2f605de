"""After the commit: mail to other operators, and receipts of reading."""

import smtplib
import ssl
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F

from carnet.domain.identity.queries import display_name, traits_of
from carnet.domain.identity.values import patient_address
from carnet.domain.messaging import rules
from carnet.domain.messaging.commands.carnet_mail import deliver_report
from carnet.domain.messaging.compose import FailedRecipient, compose_dsn, compose_mdn, make_message_id
from carnet.domain.messaging.envelopes import MessageHead, envelope_name
from carnet.domain.messaging.models import ConversationEntry, Message, OutboundMail
from carnet.domain.messaging.values import SmtpError
from carnet.domain.spaces.models import HealthSpace
from carnet.foundation import logs
from carnet.foundation.bodies import BodyMissing, get_body
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.jobs import RETRY, app
from carnet.foundation.keys import KeyProblem
from carnet.foundation.owner_keys import owner_key, owner_keys

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
CLAIM_SECONDS = 300
BATCH = 50

log = logs.get("outbound")


@app.periodic(cron="* * * * * */20")
@app.task(queueing_lock="outbound-sweep")
def sweep_outbound(timestamp: int) -> None:
    """What waits for its next try."""
    send_outbound()


@app.task
def send_outbound() -> None:
    """Send the mail that is due to other operators, claimed one by one by a conditional update.

    A claim moves the next try five minutes on, so that a worker that dies with it leaves it to the next one: the only
    window for a double is a crash between the other operator's 250 and our commit; the Message-ID stays the same.
    """
    while due := list(
        OutboundMail.objects.filter(state=OutboundMail.State.QUEUED, next_try_at__lte=now()).order_by("next_try_at")[
            :BATCH
        ]
    ):
        for mail in due:
            claimed = OutboundMail.objects.filter(
                id=mail.id, state=OutboundMail.State.QUEUED, next_try_at=mail.next_try_at
            ).update(next_try_at=now() + timedelta(seconds=CLAIM_SECONDS), attempts=F("attempts") + 1)
            if claimed:
                try:
                    _try(OutboundMail.objects.get(id=mail.id))
                except (BodyMissing, KeyProblem) as problem:  # this one needs a person; the others go on
                    log.error("outbound_unreadable", message=str(mail.id), exc_info=problem)
                    _settle(mail, OutboundMail.State.FAILED, 451)


def _try(mail: OutboundMail) -> None:
    key = owner_key(mail.owner_id)
    sender, _, recipient = key.open_text(f"outbound:{mail.id}", mail.addresses).partition("\n")
    code, text = _send(mail.domain, sender, recipient, get_body(mail.owner_id, mail.body))
    log.info("outbound_tried", message=str(mail.id), code=code, attempt=mail.attempts)
    if 200 <= code < 300:
        _settle(mail, OutboundMail.State.SENT, code)
        return
    at = now()
    give_up_after = timedelta(seconds=settings.CARNET_OUTBOUND_GIVE_UP_SECONDS)
    wait = rules.next_try(code, mail.attempts, at - mail.created_at, give_up_after)
    if wait is None:
        _give_up(mail, sender, recipient, code, text)
    else:
        OutboundMail.objects.filter(id=mail.id).update(next_try_at=at + wait, last_code=str(code))


def _send(domain: str, sender: str, recipient: str, content: bytes) -> tuple[int, str]:
    """One try over SMTP by the static route of the domain. Returns the reply, 4xx for what may pass later."""
    route = settings.CARNET_ROUTES.get(domain)
    if route is None:
        return 450, "no route to this operator"
    host, _, port = route.rpartition(":")
    try:
        with smtplib.SMTP(host, int(port), local_hostname=settings.CARNET_HOSTNAME, timeout=60) as client:
            client.ehlo()
            if not client.has_extn("starttls") and host not in _LOOPBACK:
                return 454, "the other operator offers no encryption"
            if client.has_extn("starttls"):
                # The trust list's certificates are not checked yet: encryption without them still beats none.
                context = ssl.create_default_context()
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
                client.starttls(context=context)
                client.ehlo()
            options = [] if f"{sender}{recipient}".isascii() else ["SMTPUTF8"]
            if options and not client.has_extn("smtputf8"):
                return 553, "the other operator takes no address beyond ASCII"  # RFC 6531 §3.5
            client.sendmail(sender, [recipient], content, options)
            return 250, ""
    except smtplib.SMTPRecipientsRefused as refusal:
        code, text = next(iter(refusal.recipients.values()))
        return code, text.decode("utf-8", "replace")
    except smtplib.SMTPResponseException as refusal:
        words = refusal.smtp_error
        return refusal.smtp_code, words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    except (OSError, smtplib.SMTPException):
        return 421, "the other operator cannot be reached"


@transaction.atomic
def _settle(mail: OutboundMail, state: str, code: int) -> None:
    OutboundMail.objects.filter(id=mail.id).update(state=state, last_code=str(code))
    if mail.message_id is not None:
        delivery = "sent" if state == OutboundMail.State.SENT else "failed"
        ConversationEntry.objects.filter(space_id=mail.owner_id, message_id=mail.message_id).update(delivery=delivery)


@transaction.atomic
def _give_up(mail: OutboundMail, sender: str, recipient: str, code: int, text: str) -> None:
    """The holder sees the failure in the conversation; a hosted mailbox gets a report (RFC 3464)."""
    _settle(mail, OutboundMail.State.FAILED, code)
    if mail.message_id is not None or not sender:
        return
    report = compose_dsn(
        reporting_domain=settings.CARNET_HOSTNAME,
        return_path=sender,
        failures=[
            FailedRecipient(
                recipient, "4.4.7" if code < 500 else "5.0.0", SmtpError.of_reply(code), reply=f"{code} {text}"
            )
        ],
        original=get_body(mail.owner_id, mail.body),
        message_id=make_message_id(settings.CARNET_HOSTNAME, str(new_id())),
        date=now(),
        arrival=mail.created_at,
    )
    deliver_report(sender, report.content)


@app.task(retry=RETRY)
def send_receipt(space_id: str, message_id: str) -> None:
    """Send the receipt of reading of a message, once: the claim and the receipt are one transaction (RFC 8098)."""
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
            reader_name=display_name(traits_of(space.person_id)),
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
