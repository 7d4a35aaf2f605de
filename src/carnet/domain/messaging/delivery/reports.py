"""Telling the sender what was not delivered, or that it was where they asked."""

from django.conf import settings

from carnet.domain.directory.values import Domain, InvalidAddress
from carnet.domain.messaging import rules
from carnet.domain.messaging.compose import DsnAction, FailedRecipient, compose_dsn, make_message_id
from carnet.domain.messaging.delivery.incoming import Incoming
from carnet.domain.messaging.delivery.plan import SYSTEM_OWNER, Plan, plan_filing, plan_outbound
from carnet.domain.messaging.delivery.situation import Situation
from carnet.domain.messaging.envelopes import Asked
from carnet.domain.messaging.values import DeliveryOutcome, MessagingRefusal, SmtpError
from carnet.foundation.ids import new_id

_FAILURES = {
    DeliveryOutcome.REFUSED_RECIPIENT: ("5.1.1", SmtpError.MAILBOX_NOT_FOUND, "no health space at this address"),
    DeliveryOutcome.REFUSED_MALFORMED: ("5.6.0", SmtpError.TRANSACTION_FAILED, ""),
    DeliveryOutcome.REFUSED_LOOP: ("5.4.6", SmtpError.TRANSACTION_FAILED, MessagingRefusal.LOOP.sentence),
    DeliveryOutcome.REFUSED_SENDER: ("5.7.1", SmtpError.FILTERED, MessagingRefusal.FROM_MISSING.sentence),
    DeliveryOutcome.REFUSED_HOLDER_TO_HOLDER: (
        "5.7.1",
        SmtpError.FILTERED,
        MessagingRefusal.HOLDER_TO_HOLDER.sentence,
    ),
    DeliveryOutcome.REFUSED_CONTENT: ("5.7.1", SmtpError.FILTERED, MessagingRefusal.CONTENT_REFUSED.sentence),
    DeliveryOutcome.WITHHELD_INFECTED: ("5.7.1", SmtpError.FILTERED, MessagingRefusal.INFECTED.sentence),
    DeliveryOutcome.REFUSED_MAILBOX: (
        "5.2.1",
        SmtpError.MAILBOX_NOT_FOUND,
        "this mailbox is closed or suspended, and takes no mail",
    ),
    DeliveryOutcome.REFUSED_OPPOSITION: ("5.7.1", SmtpError.FILTERED, MessagingRefusal.PATIENT_OPPOSED.sentence),
    DeliveryOutcome.REFUSED_OTHER_PATIENT: ("5.7.1", SmtpError.FILTERED, MessagingRefusal.OTHER_PATIENT.sentence),
}


def failure(message: Incoming, address: str, outcome: DeliveryOutcome, asked: Asked) -> FailedRecipient:
    """One recipient of the report, with the reason in a sentence that quotes nothing of the message."""
    status, error, sentence = _FAILURES[outcome]
    if message.problem is not None:
        sentence = message.problem.sentence
    return FailedRecipient(
        address=address,
        status=status,
        error=error,
        reply=f"{error.value} {status} {sentence}",
        original=asked.orcpt,
        found_here=True,
    )


def success(address: str, asked: Asked) -> FailedRecipient:
    """One recipient to whom the message was delivered here: into a conversation, or into an INBOX."""
    return FailedRecipient(
        address=address, status="2.1.5", error=None, original=asked.orcpt, action=DsnAction.DELIVERED
    )


def report(message: Incoming, told: list[FailedRecipient], situation: Situation, plan: Plan) -> None:
    """Tell the sender what became of the message: headers alone, and only inside the trust space (RFC 3464).

    The report comes from the domain of its first recipient when that is one of ours: other operators take mail under
    the domains that the trust list gives us, which need not hold this server's own name.
    """
    return_path = message.envelope.sender
    domain = return_path.rpartition("@")[2]
    if not rules.dsn_allowed(domain or None, situation.trusted.listed, is_null=not return_path):
        return
    notice = compose_dsn(
        reporting_domain=settings.CARNET_HOSTNAME,
        return_path=return_path,
        failures=told,
        original=message.raw,
        message_id=make_message_id(settings.CARNET_HOSTNAME, str(new_id())),
        date=plan.at,
        arrival=message.envelope.accepted_at,
        envelope_id=message.envelope.envelope_id,
        author_domain=_own_domain(told[0].address, situation),
    )
    back = situation.mailboxes.get(return_path.lower())
    if back is not None and back.emptied:
        return  # its content is gone, and its key
    if back is not None and back.hosted:
        plan_filing(plan, situation.keys[back.id], notice.content)
    else:
        plan_outbound(plan, situation.keys[SYSTEM_OWNER], "", return_path, notice.content, message_id=None)


def _own_domain(address: str, situation: Situation) -> str:
    """The domain of an address if it is hosted here, else nothing."""
    try:
        domain = Domain.parse(address.rpartition("@")[2])
    except InvalidAddress:
        return ""
    return str(domain) if situation.trusted.hosts(domain) else ""
