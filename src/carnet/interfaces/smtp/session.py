"""Who is at the other end, and what the application behind an SMTP door must be able to decide."""

import os
import ssl
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, TypeVar

from carnet.interfaces.sasl import Claim
from carnet.interfaces.smtp.events import Envelope, Mail, Rcpt
from carnet.interfaces.smtp.reply import Reply


def _short_id() -> str:
    return os.urandom(6).hex()


@dataclass(slots=True)
class Session:
    """One connection as the application sees it.

    `peer_certificate` is the client's certificate in DER, when the handshake asked for one and checked it;
    `peer` is what the application found out about it. `identity` is what `on_auth` returned, `sender` what the
    application noted of the last MAIL; `id` is random.
    """

    peer_ip: str
    peer_port: int
    tls: bool = False
    tls_version: str = ""
    peer_certificate: bytes | None = None
    peer: object | None = None
    helo: str = ""
    identity: object | None = None
    sender: str = ""
    id: str = field(default_factory=_short_id)

    def secured_by(self, tls: ssl.SSLObject | None) -> None:
        """Note a finished handshake, and forget the name given in clear (RFC 3207 §4.2)."""
        self.tls = True
        self.helo = ""
        if tls is not None:
            self.tls_version = tls.version() or ""
            self.peer_certificate = tls.getpeercert(binary_form=True)


_T = TypeVar("_T")
Answer: TypeAlias = _T | Awaitable[_T]
"""A value at once, or an awaitable of it. A future costs less than a coroutine, a value less than both."""


class SmtpHandler(Protocol):
    """The application's side. None accepts with the ordinary words.

    An exception is answered 451 and counted; it never ends the session.
    """

    def on_mail(self, session: Session, mail: Mail) -> Answer[Reply | None]:
        """Decide on a sender."""

    def on_rcpt(self, session: Session, rcpt: Rcpt) -> Answer[Reply | None]:
        """Decide on one recipient."""

    def on_auth(self, session: Session, claim: Claim) -> Answer[object | None]:
        """The identity that this claim proves; None when it proves nothing, a `Reply` when nobody could look."""

    def on_message(self, session: Session, envelope: Envelope, content: bytes) -> Answer[Reply]:
        """Keep the message. A 2xx reply may be given only when losing it has become impossible."""
