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
        case RecipientState.UNKNOWN | RecipientState.CLOSED | RecipientState.OPPOSED | RecipientState.SUSPENDED:
            return SmtpAnswer(550, "5.1.1", "No health space receives mail at this address")
        case RecipientState.WRONG_KEY:
            return SmtpAnswer(553, "5.1.3", f"Wrong key: {_EXPECTED.format(domain=patient_domain)}")
        case RecipientState.BAD_SYNTAX:
            return SmtpAnswer(553, "5.1.3", f"Not an INS: {_EXPECTED.format(domain=patient_domain)}")


def mailbox_reply(state: RecipientState, *, try_later: bool = False) -> SmtpAnswer:
    """What the door answers to RCPT TO for the address of a mailbox (RFC 3463 §3.2 and §3.3: X.2.1, disabled).

    Mailboxes are published, so that one that is closed or suspended says so; `try_later`: the sender's operator is
    asked to come again while a mailbox is suspended.
    """
    match state:
        case RecipientState.OPEN:
            return SmtpAnswer(250, "2.1.5", "Recipient accepted")
        case RecipientState.CLOSED:
            return SmtpAnswer(550, "5.2.1", "This mailbox is closed")
        case RecipientState.SUSPENDED if try_later:
            return SmtpAnswer(450, "4.2.1", "This mailbox is suspended, try again later")
        case RecipientState.SUSPENDED:
            return SmtpAnswer(550, "5.2.1", "This mailbox is suspended and takes no mail")
        case RecipientState.BAD_SYNTAX | RecipientState.WRONG_KEY:
            return SmtpAnswer(553, "5.1.3", "The recipient's address is not well formed")
        case RecipientState.UNKNOWN | RecipientState.OPPOSED:
            return SmtpAnswer(550, "5.1.1", "No mailbox at this address")


def opposition_reply() -> SmtpAnswer:
    """What the submission door answers to RCPT TO for a patient who asked the sender's establishment for no mail."""
    return SmtpAnswer(550, "5.7.1", MessagingRefusal.PATIENT_OPPOSED.sentence)


def check_sender_at_operators_door(
    mail_from_domain: str | None,
    from_domains: Collection[str],
    trusted: Collection[str],
    hosted: Collection[str],
    *,
    sender_domains: Collection[str] = (),
    listed: Collection[str] = (),
) -> Decision:
    """Whether another operator may hand in a mail (ANS, Référentiel socle MSSanté #1, espace de confiance).

    `mail_from_domain` is None for the null return path of reports. `trusted` are the domains that the trust list
    gives to the certificate of this very peer, `hosted` those that Carnet hosts: nobody outside speaks for these.
    Every author of the message, and its Sender if it has one, must be under a trusted domain, not only the envelope.
    `listed` are the domains of everybody, to tell a peer why.
    """
    refusal = check_return_path(mail_from_domain, trusted, hosted, listed)
    if refusal is not None:
        return Decision.refuse(refusal)
    if any(is_among(domain, hosted) for domain in (*from_domains, *sender_domains)):
        return Decision.refuse(MessagingRefusal.SENDER_IS_HOSTED_HERE)
    if not from_domains:
        return Decision.refuse(MessagingRefusal.FROM_MISSING)
    if not all(is_among(domain, trusted) for domain in from_domains):
        return Decision.refuse(MessagingRefusal.FROM_UNTRUSTED)
    if not all(is_among(domain, trusted) for domain in sender_domains):
        return Decision.refuse(MessagingRefusal.SENDER_FIELD_UNTRUSTED)
    return Decision.allow()


def check_return_path(
    domain: str | None, trusted: Collection[str], hosted: Collection[str], listed: Collection[str] = ()
) -> MessagingRefusal | None:
    """Why the domain of MAIL FROM is refused at the operators' door, None when it is not or is null.

    The same lists as for `check_sender_at_operators_door`: a peer is told at MAIL, before it sends a message.
    """
    if domain is None:
        return None
    if is_among(domain, hosted):
        return MessagingRefusal.SENDER_IS_HOSTED_HERE
    if is_among(domain, trusted):
        return None
    return MessagingRefusal.SENDER_OF_ANOTHER if is_among(domain, listed) else MessagingRefusal.SENDER_UNTRUSTED


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
