"""What both SMTP doors do alike: ask for recipients, make the message durable before the 250."""

from email.utils import format_datetime

from django.conf import settings

from carnet.domain.messaging import rules
from carnet.domain.messaging.commands.accept import RefusedRecipient
from carnet.domain.messaging.envelopes import SpooledEnvelope
from carnet.domain.messaging.values import RecipientState
from carnet.foundation.clock import now
from carnet.foundation.closures import MAIL
from carnet.foundation.disk_room import DiskRoom
from carnet.foundation.spool import SpoolFull, SpoolWriter
from carnet.interfaces.sasl import Claim
from carnet.interfaces.smtp.events import Envelope
from carnet.interfaces.smtp.lookups import Lookups
from carnet.interfaces.smtp.pace import Pace
from carnet.interfaces.smtp.reply import Reply
from carnet.interfaces.smtp.session import Answer, Session

NO_RELAY = Reply(550, "5.7.1", "Relaying denied: this server takes mail for the domains it hosts only")
NOT_TRUSTED = Reply(550, "5.7.1", "Recipient's domain is not in the trust list of secure health mail")
PATIENT_OPPOSED = Reply(550, "5.7.1", rules.opposition_reply().text)
DISK_FULL = Reply(452, "4.3.1", "No room to keep the message now; try again later")
TOO_FAST = Reply(451, "4.7.1", "Too many messages in a short time; try again later")
HOLDS_NUL = Reply(550, "5.6.0", "The message holds a NUL character, which mail cannot carry")
NOT_DURABLE = Reply(451, "4.3.0", "The message could not be stored now; try again later")


class Door:
    """What both doors do alike: ask for recipients, make the message durable before the 250."""

    name = ""

    def __init__(self, lookups: Lookups, spool: SpoolWriter) -> None:
        self.lookups = lookups
        self.spool = spool
        self.room = DiskRoom(settings.CARNET_SPOOL_DIR, settings.CARNET_MIN_FREE_BYTES)

    def on_auth(self, session: Session, claim: Claim) -> Answer[object | None]:
        return None

    def _not_now(self, pace: Pace, peer: str) -> Reply | None:
        """The answer to MAIL while the disk is full, a planned closure lasts, or this peer hands in too much."""
        if not self.room.enough():
            return DISK_FULL
        return self._closed() or (None if pace.allows(peer) else TOO_FAST)

    def _closed(self) -> Reply | None:
        """The answer to MAIL while a planned closure lasts: the sender keeps its mail, and knows until when."""
        if not self.lookups.closures:
            return None
        at = now()
        ends = [one.until for one in self.lookups.closures if one.scope == MAIL and one.lasts_at(at)]
        if not ends:
            return None
        return Reply(
            450, "4.3.2", f"Closed for planned maintenance until {max(ends):%Y-%m-%d %H:%M %Z}; try again then"
        )

    async def _keep(self, session: Session, envelope: Envelope, content: bytes, mailbox: str = "") -> Reply:
        if b"\0" in content:
            return HOLDS_NUL
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
            author=getattr(session.identity, "author", ""),
            session=session.id,
            ret=envelope.mail.ret or "",
            reports={
                rcpt.address: (",".join(sorted(rcpt.notify)), rcpt.orcpt or "")
                for rcpt in envelope.rcpts
                if rcpt.notify or rcpt.orcpt
            },
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


def mailbox_reply(state: RecipientState) -> Reply | None:
    """The answer about the address of a mailbox; None when it takes mail."""
    if state is RecipientState.OPEN:
        return None
    answer = rules.mailbox_reply(state, try_later=settings.CARNET_SUSPENDED_MAIL == "later")
    return Reply(answer.code, answer.enhanced, answer.text)


def refusal(decision: rules.Decision) -> Reply | None:
    return None if decision.reason is None else Reply(550, "5.7.1", decision.reason.sentence)
