"""When a machine may answer: receipts of reading, failure reports, and mail that goes round in circles."""

from collections.abc import Collection
from dataclasses import dataclass

from carnet.domain.messaging.mime.message import ParsedMessage
from carnet.domain.messaging.rules.decision import Decision, compared, domain_of, is_among
from carnet.domain.messaging.values import MessagingRefusal

# RFC 5321 §6.3 asks for at least 100 before a loop is declared; inside a trust list of operators a mail crosses a
# handful of servers, and each turn of a loop is one more notice to a person.
MAX_RECEIVED = 50
_MACHINES = frozenset(
    {"mailer-daemon", "postmaster", "noreply", "no-reply", "ne-pas-repondre", "listserv", "majordomo"}
)
# It leaves by our submission door, comes back from an operator that forwards it, perhaps twice: no more.
MAX_OWN_RECEIVED = 4


@dataclass(frozen=True, slots=True)
class ReceiptRequest:
    """Whether a receipt will be owed once the message is displayed: to `address`, or not, for `reason`."""

    address: str | None
    reason: MessagingRefusal | None = None

    def __bool__(self) -> bool:
        return self.address is not None


def receipt_wanted(parsed: ParsedMessage, return_path: str | None, trusted: Collection[str]) -> ReceiptRequest:
    """Whether the sender of a message is owed a receipt of reading, decided once, at delivery (RFC 8098 §2.1).

    Mon espace santé sends it without asking the holder, so nothing may turn it to somebody else's use: one plain
    address, inside the trust list, of the domain of From or of Reply-To; never for an automatic message, nor where the
    return path is null (`return_path` None or empty).
    """
    asked = parsed.disposition_notification_to
    if len(asked) != 1:
        return ReceiptRequest(None, MessagingRefusal.RECEIPT_NOT_ASKED)
    if not return_path:
        return ReceiptRequest(None, MessagingRefusal.NO_RETURN_ADDRESS)
    if parsed.is_automatic:
        return ReceiptRequest(None, MessagingRefusal.AUTOMATIC_MESSAGE)
    domain = domain_of(asked[0].address)
    if not is_among(domain, trusted):
        return ReceiptRequest(None, MessagingRefusal.RECEIPT_ADDRESS_UNTRUSTED)
    if domain not in {domain_of(one.address) for one in (*parsed.from_, *parsed.reply_to)}:
        return ReceiptRequest(None, MessagingRefusal.RECEIPT_ADDRESS_ELSEWHERE)
    return ReceiptRequest(asked[0].address)


def receipt_due(*, first_displayed: bool, is_prefetch: bool, already_sent: bool) -> Decision:
    """Whether the receipt leaves now: at the first display to a person, once, never for what a program reads ahead."""
    if first_displayed and not is_prefetch and not already_sent:
        return Decision.allow()
    return Decision.refuse(MessagingRefusal.RECEIPT_NOT_DUE)


def dsn_allowed(return_path_domain: str | None, trusted: Collection[str], *, is_null: bool) -> Decision:
    """Whether a failure may be reported by mail: never to the null return path (RFC 3464 §2), never out of the trust
    list, where it would be sent to somebody who wrote nothing."""
    if is_null or not return_path_domain:
        return Decision.refuse(MessagingRefusal.NO_RETURN_ADDRESS)
    if not is_among(compared(return_path_domain), trusted):
        return Decision.refuse(MessagingRefusal.SENDER_UNTRUSTED)
    return Decision.allow()


def answers_by_itself(parsed: ParsedMessage) -> bool:
    """Whether a machine answered a letter, such as « I am away until Monday » (RFC 3834 §5); a report is none."""
    return parsed.auto_submitted == "auto-replied" and not parsed.is_report


def may_answer_by_itself(
    parsed: ParsedMessage, return_path: str, mailbox: str, trusted: Collection[str], *, has_list_fields: bool
) -> Decision:
    """Whether a mailbox may answer a message by itself, for an absence or a closing (RFC 3834 §2).

    Never what a machine wrote, what came without a return path, by a list, or from an address of machines; never what
    does not name the mailbox in To or Cc; never out of the trust list; never to itself.
    """
    local = return_path.rpartition("@")[0].lower()
    if not local:
        return Decision.refuse(MessagingRefusal.NO_RETURN_ADDRESS)
    if not is_among(domain_of(return_path), trusted):
        return Decision.refuse(MessagingRefusal.SENDER_UNTRUSTED)
    from_a_machine = local in _MACHINES or local.startswith("owner-") or local.endswith("-request")
    if parsed.is_automatic or has_list_fields or from_a_machine:
        return Decision.refuse(MessagingRefusal.AUTOMATIC_MESSAGE)
    named = {compared(one.address) for one in (*parsed.to, *parsed.cc)}
    if compared(mailbox) not in named or compared(return_path) == compared(mailbox):
        return Decision.refuse(MessagingRefusal.AUTOMATIC_MESSAGE)
    return Decision.allow()


def check_loop(received_count: int, own_count: int = 0) -> Decision:
    """Refuses a message that already crossed `MAX_RECEIVED` servers, or this one `MAX_OWN_RECEIVED` times."""
    if received_count >= MAX_RECEIVED or own_count >= MAX_OWN_RECEIVED:
        return Decision.refuse(MessagingRefusal.LOOP)
    return Decision.allow()
