"""The door by which the hosted mailboxes' software sends."""

from django.conf import settings

from carnet.domain.directory.traces import NewTrace, TraceAct
from carnet.domain.identity.values import is_patient_domain
from carnet.domain.messaging import rules
from carnet.domain.messaging.mime.authors import authors
from carnet.domain.messaging.values import RecipientState
from carnet.foundation.clock import now
from carnet.foundation.spool import SpoolWriter
from carnet.interfaces import traces
from carnet.interfaces.sasl import Claim
from carnet.interfaces.sign_in import NotSignedIn, SignedIn, SignIn, sign_in_of_the_installation
from carnet.interfaces.smtp import reply as replies
from carnet.interfaces.smtp.door import NOT_TRUSTED, PATIENT_OPPOSED, Door, mailbox_reply, refusal
from carnet.interfaces.smtp.events import Envelope, Mail, Rcpt
from carnet.interfaces.smtp.lookups import Lookups
from carnet.interfaces.smtp.pace import Pace
from carnet.interfaces.smtp.reply import Reply
from carnet.interfaces.smtp.session import Session

MAILBOX_SHUT = Reply(550, "5.2.1", "This mailbox is suspended or closed: nothing is sent from it")


class SubmissionDoor(Door):
    """Where the software of hosted mailboxes sends, once signed in over TLS."""

    name = "submission"

    def __init__(self, lookups: Lookups, spool: SpoolWriter, sign_in: SignIn | None = None) -> None:
        super().__init__(lookups, spool)
        self.pace = Pace(settings.CARNET_MAILBOX_MESSAGES_PER_MINUTE)
        self.sign_in = sign_in or sign_in_of_the_installation(self.name, lookups.check)

    async def on_auth(self, session: Session, claim: Claim) -> SignedIn | Reply | None:
        found = await self.sign_in(
            claim, peer=session.peer_ip, certificate=session.peer_certificate, session=session.id
        )
        if found is NotSignedIn.UNAVAILABLE:
            return replies.AUTH_UNAVAILABLE
        return found if isinstance(found, SignedIn) else None

    def on_mail(self, session: Session, mail: Mail) -> Reply | None:
        who = session.identity
        assert isinstance(who, SignedIn)
        if (later := self._not_now(self.pace, str(who.mailbox_id))) is not None:
            return later
        if who.mailbox_id in self.lookups.shut:
            return MAILBOX_SHUT
        if who.until is not None and now().timestamp() >= who.until:
            return replies.SIGN_IN_AGAIN
        return refusal(rules.check_sender_at_submission(who.address, mail.sender, [who.address]))

    async def on_rcpt(self, session: Session, rcpt: Rcpt) -> Reply | None:
        who = session.identity
        assert isinstance(who, SignedIn)
        return _traced(session, who, await self._recipient(who, rcpt))

    async def _recipient(self, who: SignedIn, rcpt: Rcpt) -> Reply | None:
        found = await self.lookups.recipient(rcpt.address)
        if is_patient_domain(rcpt.address, settings.CARNET_PATIENT_DOMAIN):
            if found.ins and await self.lookups.is_opposed(who.mailbox_id, found.ins):
                return PATIENT_OPPOSED
            return self._patient_reply(found.state, found.why, who.address, found.ins)
        if found.elsewhere and found.state is not RecipientState.OPEN:
            return NOT_TRUSTED
        return mailbox_reply(found.state)

    async def on_message(self, session: Session, envelope: Envelope, content: bytes) -> Reply:
        who = session.identity
        assert isinstance(who, SignedIn)
        decision = rules.check_sender_at_submission(
            who.address, envelope.mail.sender, [one.address for one in authors(content)]
        )
        refused = refusal(decision)
        if refused is not None:
            return _traced(session, who, refused) or refused
        return await self._keep(session, envelope, content, str(who.mailbox_id))


def _traced(session: Session, who: SignedIn, reply: Reply | None) -> Reply | None:
    """The reply; a refusal leaves a trace, with its code (what is accepted is traced when it is delivered)."""
    if reply is not None and reply.code >= 400:
        outcome = f"{reply.code} {reply.enhanced}"
        traces.note(
            NewTrace(who.mailbox_id, TraceAct.SENT, SubmissionDoor.name, who.author, session.id, outcome, at=now())
        )
    return reply
