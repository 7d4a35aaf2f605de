"""The two SMTP doors on one engine: other operators come by one, the hosted mailboxes' software by the other."""

from dataclasses import dataclass
from email.utils import format_datetime
from uuid import UUID

from django.conf import settings

from carnet.domain.directory.access import authenticate_mailbox
from carnet.domain.identity.values import is_patient_domain
from carnet.domain.messaging import rules
from carnet.domain.messaging.commands.accept import RefusedRecipient
from carnet.domain.messaging.envelopes import SpooledEnvelope
from carnet.domain.messaging.mime.authors import authors
from carnet.domain.messaging.values import RecipientState
from carnet.foundation import logs
from carnet.foundation.clock import now
from carnet.foundation.spool import SpoolFull, SpoolWriter
from carnet.interfaces.smtp.events import Envelope, Mail, Rcpt
from carnet.interfaces.smtp.lookups import Lookups
from carnet.interfaces.smtp.reply import Reply
from carnet.interfaces.smtp.session import Session
from carnet.interfaces.tries import WrongPasswords

log = logs.get("smtp")

NO_RELAY = Reply(550, "5.7.1", "Relaying denied: this server takes mail for the domains it hosts only")
NOT_TRUSTED = Reply(550, "5.7.1", "Recipient's domain is not in the trust list of secure health mail")
NO_MAILBOX = Reply(550, "5.1.1", "No mailbox at this address")
NOT_DURABLE = Reply(451, "4.3.0", "The message could not be stored now; try again later")


@dataclass(frozen=True)
class SignedIn:
    """The hosted mailbox that a submission session may send for."""

    mailbox_id: UUID
    address: str


class _Door:
    """What both doors do alike: ask for recipients, make the message durable before the 250."""

    name = ""

    def __init__(self, lookups: Lookups, spool: SpoolWriter) -> None:
        self.lookups = lookups
        self.spool = spool

    def on_auth(self, session: Session, mechanism: str, user: str, password: str) -> object | None:
        return None

    async def _keep(self, session: Session, envelope: Envelope, content: bytes, mailbox: str = "") -> Reply:
        at = now()
        kept = SpooledEnvelope(
            door=self.name,
            sender=envelope.mail.sender,
            recipients=tuple(dict.fromkeys(rcpt.address for rcpt in envelope.rcpts)),
            accepted_at=at,
            tracing=(
                f"Return-Path: <{envelope.mail.sender}>\r\n"
                f"Received: from {session.helo or 'unknown'} ([{session.peer_ip}])\r\n"
                f"\tby {settings.CARNET_HOSTNAME} with {self._protocol(session)} id {session.id};\r\n"
                f"\t{format_datetime(at)}\r\n"
            ),
            envelope_id=envelope.mail.envid or "",
            mailbox=mailbox,
        )
        try:
            await self.spool.append(kept.to_json(), content)
        except SpoolFull:
            return NOT_DURABLE
        return Reply(250, "2.0.0", f"Accepted, {session.id}")

    def _protocol(self, session: Session) -> str:
        """The keyword of RFC 3848 for the Received field."""
        return f"ESMTP{'S' if session.tls else ''}{'A' if session.identity else ''}"

    def _patient_reply(self, state: RecipientState, why: str, sender: str, ins: str) -> Reply | None:
        """The answer about a patient's address: the same words for unknown, closed and opposed."""
        if state is RecipientState.OPEN:
            return None
        unreachable = state not in (RecipientState.WRONG_KEY, RecipientState.BAD_SYNTAX)
        if unreachable and not settings.CARNET_REFUSE_AT_RCPT:
            return None  # the drain mails back
        if unreachable and ins:
            self.lookups.note_refusal(RefusedRecipient(sender, ins, now()))
        answer = rules.recipient_reply(state, settings.CARNET_PATIENT_DOMAIN)
        text = f"{answer.text}: {why}" if state is RecipientState.WRONG_KEY and why else answer.text
        return Reply(answer.code, answer.enhanced, text)


class OperatorsDoor(_Door):
    """Where the other operators of the trust space bring mail for the domains hosted here."""

    name = "operators"

    def on_mail(self, session: Session, mail: Mail) -> Reply | None:
        session.sender = mail.sender
        if not mail.sender:
            return None
        trusted = self.lookups.trusted
        decision = rules.check_sender_at_operators_door(
            mail.domain.lower(), [mail.domain.lower()], trusted.listed, trusted.hosted
        )
        return _refusal(decision)

    async def on_rcpt(self, session: Session, rcpt: Rcpt) -> Reply | None:
        found = await self.lookups.recipient(rcpt.address)
        if is_patient_domain(rcpt.address, settings.CARNET_PATIENT_DOMAIN):
            return self._patient_reply(found.state, found.why, session.sender, found.ins)
        if found.state is RecipientState.BAD_SYNTAX:
            return Reply(553, "5.1.3", "The recipient's address is not well formed")
        if found.elsewhere:
            return NO_RELAY
        return None if found.state is RecipientState.OPEN else NO_MAILBOX

    async def on_message(self, session: Session, envelope: Envelope, content: bytes) -> Reply:
        trusted = self.lookups.trusted
        decision = rules.check_sender_at_operators_door(
            envelope.mail.domain.lower() or None,
            [one.domain for one in authors(content)],
            trusted.listed,
            trusted.hosted,
        )
        return _refusal(decision) or await self._keep(session, envelope, content)


class SubmissionDoor(_Door):
    """Where the software of hosted mailboxes sends, once signed in over TLS."""

    name = "submission"

    def __init__(self, lookups: Lookups, spool: SpoolWriter) -> None:
        super().__init__(lookups, spool)
        self.wrong_passwords = WrongPasswords()

    async def on_auth(self, session: Session, mechanism: str, user: str, password: str) -> object | None:
        if self.wrong_passwords.too_many(session.peer_ip, user):
            return None
        mailbox = await self.lookups.check(authenticate_mailbox, user, password)
        self.wrong_passwords.note(session.peer_ip, user, right=mailbox is not None)
        if mailbox is None:
            log.info("sign_in_refused", session=session.id)
        return SignedIn(mailbox.id, mailbox.address) if mailbox is not None else None

    def on_mail(self, session: Session, mail: Mail) -> Reply | None:
        who = session.identity
        assert isinstance(who, SignedIn)
        return _refusal(rules.check_sender_at_submission(who.address, mail.sender, [who.address]))

    async def on_rcpt(self, session: Session, rcpt: Rcpt) -> Reply | None:
        found = await self.lookups.recipient(rcpt.address)
        if is_patient_domain(rcpt.address, settings.CARNET_PATIENT_DOMAIN):
            who = session.identity
            assert isinstance(who, SignedIn)
            return self._patient_reply(found.state, found.why, who.address, found.ins)
        if found.state is RecipientState.BAD_SYNTAX:
            return Reply(553, "5.1.3", "The recipient's address is not well formed")
        if found.state is RecipientState.OPEN:
            return None
        return NOT_TRUSTED if found.elsewhere else NO_MAILBOX

    async def on_message(self, session: Session, envelope: Envelope, content: bytes) -> Reply:
        who = session.identity
        assert isinstance(who, SignedIn)
        decision = rules.check_sender_at_submission(
            who.address, envelope.mail.sender, [one.address for one in authors(content)]
        )
        return _refusal(decision) or await self._keep(session, envelope, content, str(who.mailbox_id))


def _refusal(decision: rules.Decision) -> Reply | None:
    return None if decision.reason is None else Reply(550, "5.7.1", decision.reason.sentence)
