"""The door by which the hosted mailboxes' software sends."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from carnet.domain.directory.access import authenticate_mailbox
from carnet.domain.identity.values import is_patient_domain
from carnet.domain.messaging import rules
from carnet.domain.messaging.mime.authors import authors
from carnet.domain.messaging.values import RecipientState
from carnet.foundation import logs
from carnet.foundation.spool import SpoolWriter
from carnet.interfaces.smtp.door import NO_MAILBOX, NOT_TRUSTED, Door, refusal
from carnet.interfaces.smtp.events import Envelope, Mail, Rcpt
from carnet.interfaces.smtp.lookups import Lookups
from carnet.interfaces.smtp.reply import Reply
from carnet.interfaces.smtp.session import Session
from carnet.interfaces.tries import WrongPasswords

log = logs.get("smtp")


@dataclass(frozen=True)
class SignedIn:
    """The hosted mailbox that a submission session may send for."""

    mailbox_id: UUID
    address: str


class SubmissionDoor(Door):
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
        return refusal(rules.check_sender_at_submission(who.address, mail.sender, [who.address]))

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
        return refusal(decision) or await self._keep(session, envelope, content, str(who.mailbox_id))
