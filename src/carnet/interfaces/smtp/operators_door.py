"""The door by which the other operators of the trust space come."""

from django.conf import settings

from carnet.domain.identity.values import is_patient_domain
from carnet.domain.messaging import rules
from carnet.domain.messaging.mime.authors import authors
from carnet.domain.messaging.values import RecipientState
from carnet.interfaces.smtp.door import NO_MAILBOX, NO_RELAY, Door, refusal
from carnet.interfaces.smtp.events import Envelope, Mail, Rcpt
from carnet.interfaces.smtp.reply import Reply
from carnet.interfaces.smtp.session import Session


class OperatorsDoor(Door):
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
        return refusal(decision)

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
        return refusal(decision) or await self._keep(session, envelope, content)
