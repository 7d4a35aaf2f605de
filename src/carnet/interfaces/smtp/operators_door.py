"""The door by which the other operators of the trust space come.

Mutual TLS says who they are: the handshake checks that the operators' authority signed the certificate, and the door
that it is not revoked, that the trust list names its subject, and that the list gives it the domains that the mail
speaks for. A plain door, for a demo or a benchmark on loopback, only asks that these domains be on the list.
"""

import ssl
from collections.abc import Collection

from django.conf import settings

from carnet.domain.directory.queries.operators import CertificateRefusal, Operator, operator_of
from carnet.domain.directory.subjects import InvalidSubject, fingerprint, subject_of
from carnet.domain.directory.values import Domain
from carnet.domain.identity.values import is_patient_domain
from carnet.domain.messaging import rules
from carnet.domain.messaging.mime.authors import writers
from carnet.foundation import logs
from carnet.foundation.spool import SpoolWriter
from carnet.interfaces.smtp.door import NO_RELAY, Door, mailbox_reply, refusal
from carnet.interfaces.smtp.events import Envelope, Mail, Rcpt
from carnet.interfaces.smtp.lookups import Lookups
from carnet.interfaces.smtp.pace import Pace
from carnet.interfaces.smtp.reply import Reply
from carnet.interfaces.smtp.session import Session

NO_CERTIFICATE = Reply(530, "5.7.0", "A client certificate is needed: this door is for operators of the trust space")

log = logs.get("smtp")


class OperatorsDoor(Door):
    """Where the other operators of the trust space bring mail for the domains hosted here.

    `mutual` asks each peer for the certificate of an operator; without it every listed domain may be spoken for.
    """

    name = "operators"

    def __init__(self, lookups: Lookups, spool: SpoolWriter, *, mutual: bool = True) -> None:
        super().__init__(lookups, spool)
        self.mutual = mutual
        # A plain door is on loopback, where nobody comes from outside.
        self.pace = Pace(settings.CARNET_PEER_MESSAGES_PER_MINUTE if mutual else 0)

    def on_mail(self, session: Session, mail: Mail) -> Reply | None:
        if (later := self._not_now(self.pace, session.peer_ip)) is not None:
            return later
        session.sender = mail.sender
        if self.mutual and (refused := self._refused_peer(session)) is not None:
            return refused
        if not mail.sender:
            return None
        trusted = self.lookups.trusted
        problem = rules.check_return_path(mail.domain, self._trusted_of(session), trusted.hosted, trusted.listed)
        return None if problem is None else self._refuse(session, problem.value, problem.sentence)

    async def on_rcpt(self, session: Session, rcpt: Rcpt) -> Reply | None:
        found = await self.lookups.recipient(rcpt.address)
        if is_patient_domain(rcpt.address, settings.CARNET_PATIENT_DOMAIN):
            return self._patient_reply(found.state, found.why, session.sender, found.ins)
        return NO_RELAY if found.elsewhere else mailbox_reply(found.state)

    async def on_message(self, session: Session, envelope: Envelope, content: bytes) -> Reply:
        trusted = self.lookups.trusted
        authors, senders = writers(content)
        decision = rules.check_sender_at_operators_door(
            envelope.mail.domain or None,
            [one.domain for one in authors],
            self._trusted_of(session),
            trusted.hosted,
            sender_domains=[one.domain for one in senders],
            listed=trusted.listed,
        )
        if decision.reason is not None:
            self._note(session, decision.reason.value)
        return refusal(decision) or await self._keep(session, envelope, content)

    def _trusted_of(self, session: Session) -> Collection[Domain]:
        """The domains that this very peer may speak for, by the trust list as it stands now."""
        if not self.mutual:
            return self.lookups.trusted.listed
        peer = session.peer
        return self.lookups.trusted.domains_of(peer.subject) if isinstance(peer, Operator) else frozenset()

    def _refused_peer(self, session: Session) -> Reply | None:
        """Why the peer is no operator. Its certificate is read once per connection, the trust list at each mail."""
        if session.peer_certificate is None:
            self._note(session, "no-certificate")
            return NO_CERTIFICATE
        peer = session.peer
        if not isinstance(peer, Operator):
            peer = session.peer = operator_of(session.peer_certificate, revocations=self.lookups.revocations)
        problem = peer.refusal
        if problem is None and not self.lookups.trusted.domains_of(peer.subject):
            problem = CertificateRefusal.NOT_LISTED
        if problem is None:
            return None
        self._note(session, problem.value)
        if problem.temporary:
            return Reply(451, "4.7.5", problem.sentence)
        return Reply(550, "5.7.1", problem.sentence)

    def _refuse(self, session: Session, code: str, sentence: str) -> Reply:
        self._note(session, code)
        return Reply(550, "5.7.1", sentence)

    def refused_handshake(self, problem: ssl.SSLCertVerificationError, certificate: bytes) -> None:
        """Note a peer whose certificate did not pass the handshake: OpenSSL's reason, and whose it said to be."""
        try:
            subject: str = subject_of(certificate)
        except InvalidSubject:
            subject = ""
        self._tell("", problem.verify_message, subject)

    def _note(self, session: Session, reason: str) -> None:
        if self.mutual:
            self._tell(session.id, reason, session.peer.subject if isinstance(session.peer, Operator) else "")

    def _tell(self, session: str, reason: str, subject: str) -> None:
        """One line for who runs the door, by the fingerprint of the certificate's subject; counted for the console."""
        log.warning(
            "operator_refused", door=self.name, session=session, reason=reason, certificate=fingerprint(subject)
        )
        self.lookups.note_refused_peer(reason, subject)
