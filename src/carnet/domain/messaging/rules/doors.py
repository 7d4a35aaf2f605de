"""Who may hand in mail, and what a door answers about a recipient."""

from collections.abc import Collection

from carnet.domain.messaging.rules.decision import Decision, compared, is_among
from carnet.domain.messaging.values import MessagingRefusal, RecipientState, SmtpAnswer

_EXPECTED = "a space is written to at the 15 characters of its INS, key included, before @{domain}"


def recipient_reply(state: RecipientState, patient_domain: str = "patient.mssante.fr") -> SmtpAnswer:
    """What the door answers to RCPT TO for the address of a holder (RFC 5321 §4.2.3, RFC 3463 §3.2).

    One same answer for a space that does not exist, was closed or was opposed to: whether a person has one, and what
    they chose, is theirs. A number that cannot be an INS says nothing of anybody, and is told apart to help.
    """
    match state:
        case RecipientState.OPEN:
            return SmtpAnswer(250, "2.1.5", "Recipient accepted")
        case RecipientState.UNKNOWN | RecipientState.CLOSED | RecipientState.OPPOSED:
            return SmtpAnswer(550, "5.1.1", "No health space receives mail at this address")
        case RecipientState.WRONG_KEY:
            return SmtpAnswer(553, "5.1.3", f"Wrong key: {_EXPECTED.format(domain=patient_domain)}")
        case RecipientState.BAD_SYNTAX:
            return SmtpAnswer(553, "5.1.3", f"Not an INS: {_EXPECTED.format(domain=patient_domain)}")


def check_sender_at_operators_door(
    mail_from_domain: str | None,
    from_domains: Collection[str],
    trusted: Collection[str],
    hosted: Collection[str],
) -> Decision:
    """Whether another operator may hand in a mail (ANS, Référentiel socle MSSanté #1, espace de confiance).

    `mail_from_domain` is None for the null return path of reports. `trusted` are the domains that the trust list
    gives to the certificate of this very peer, `hosted` those that Carnet hosts: nobody outside speaks for these.
    Every author of the message must be under a trusted domain, not only the envelope.
    """
    domains = [*([] if mail_from_domain is None else [mail_from_domain]), *from_domains]
    if any(is_among(domain, hosted) for domain in domains):
        return Decision.refuse(MessagingRefusal.SENDER_IS_HOSTED_HERE)
    if mail_from_domain is not None and not is_among(mail_from_domain, trusted):
        return Decision.refuse(MessagingRefusal.SENDER_UNTRUSTED)
    if not from_domains:
        return Decision.refuse(MessagingRefusal.FROM_MISSING)
    if not all(is_among(domain, trusted) for domain in from_domains):
        return Decision.refuse(MessagingRefusal.FROM_UNTRUSTED)
    return Decision.allow()


def check_sender_at_submission(login_address: str, mail_from: str, from_addresses: Collection[str]) -> Decision:
    """Whether the mailbox `login_address`, once authenticated, may send under this envelope and From.

    `mail_from` may be empty: a client returns its receipts of reading under the null path (RFC 8098 §3).
    """
    mine = compared(login_address)
    if not mine or (mail_from and compared(mail_from) != mine):
        return Decision.refuse(MessagingRefusal.NOT_YOUR_ADDRESS)
    if not from_addresses:
        return Decision.refuse(MessagingRefusal.FROM_MISSING)
    if any(compared(address) != mine for address in from_addresses):
        return Decision.refuse(MessagingRefusal.NOT_YOUR_ADDRESS)
    return Decision.allow()
