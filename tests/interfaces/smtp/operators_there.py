"""The operators' door as `carnet serve smtp` opens it, on a port of its own, with an authority of the test."""

import asyncio
import re
import smtplib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvloop
from django.conf import settings

from carnet.domain.directory.queries import TrustSpace
from carnet.domain.directory.trust_list import read_trust_list
from carnet.domain.messaging.queries.recipients import Recipient
from carnet.domain.messaging.values import RecipientState
from carnet.foundation.closures import Closure
from carnet.foundation.tls import revocation
from carnet.foundation.tls.revocation import Revocations
from carnet.interfaces.smtp.options import Memory, SmtpLimits
from carnet.interfaces.smtp.run import operators_doors
from carnet.sandbox import cast, trust_list
from carnet.sandbox.certificates import Authority, Issued

DOMAIN = cast.OTHER_OPERATOR_DOMAIN
SENDER = f"cardiologie@{DOMAIN}"
PATIENT = f"{cast.DOMINIQUE.ins}@patient.mssante.fr"
LETTER = f"From: {SENDER}\r\nTo: {PATIENT}\r\nSubject: essai\r\nMessage-ID: <1@{DOMAIN}>\r\n\r\nBonjour.\r\n"


class Known:
    """What the door asks of the database, answered from memory: the trust list is read as a real one is."""

    def __init__(self) -> None:
        self.trusted = TrustSpace.of((), hosted=(), pairs=())
        self.revocations = Revocations({})
        self.closures: list[Closure] = []
        self.refused: list[tuple[str, str]] = []

    def note_refused_peer(self, reason: str, subject: str) -> None:
        self.refused.append((reason, subject))

    async def recipient(self, address: str) -> Recipient:
        return Recipient(address, RecipientState.OPEN)


class Kept:
    """Keeps what the door accepts."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []

    async def append(self, envelope: bytes, content: bytes) -> None:
        self.messages.append(content)


@dataclass
class Operators:
    """The authority, this installation's certificate and the other operator's, all made for the test."""

    authority: Authority
    own: Issued
    other: Issued
    known: Known = field(default_factory=Known)
    kept: Kept = field(default_factory=Kept)

    @classmethod
    def settled(cls, folder: Path) -> "Operators":
        """Made in ``folder``, written into the settings and the trust list; the revocation list is empty."""
        authority = Authority(folder / "tls")
        own = authority.issue("own", "carnet.mssante.test", siren="999000015", organization="Carnet")
        other = authority.issue("other", "mss.horizon.test", siren="999000023", organization="Opérateur Horizon")
        settings.CARNET_TLS_CERT_FILE, settings.CARNET_TLS_KEY_FILE = own.certificate, own.key
        settings.CARNET_OPERATORS_CA_FILE = authority.certificate
        settings.CARNET_CRL_FILES = (authority.revoke(),)
        settings.CARNET_OPERATORS_DOOR_MUTUAL, settings.CARNET_SMTP_PORT = True, 0
        settings.CARNET_PEER_MESSAGES_PER_MINUTE = 0
        found = cls(authority, own, other)
        found.list((DOMAIN, other.subject))
        return found

    def list(self, *entries: tuple[str, str]) -> None:
        """Make these the trust list, beside this installation's own domains."""
        hosted = (cast.HOSPITAL_DOMAIN, settings.CARNET_PATIENT_DOMAIN)
        mine = [(domain, self.own.subject) for domain in hosted]
        found = read_trust_list(trust_list.document([(*one, "") for one in (*mine, *entries)]))
        self.known.trusted = TrustSpace.of(found.domains, hosted=hosted, pairs=found.entries)

    @contextmanager
    def door(self) -> Iterator[int]:
        """The port of a door that stays open meanwhile, with the revocation lists as they are now."""
        revocation.forget()
        self.known.revocations = revocation.current()
        loop = uvloop.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        [(_, server)] = operators_doors(self.known, self.kept, SmtpLimits(), Memory())  # type: ignore[arg-type]
        try:
            asyncio.run_coroutine_threadsafe(server.start(), loop).result(20)
            yield server.port
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(0.5), loop).result(20)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(10)
            loop.close()

    def issue_other(self, name: str, organization: str = "Opérateur Horizon", **dates: object) -> Issued:
        """A certificate of the other operator, with dates of its own."""
        return self.authority.issue(
            name,
            "mss.horizon.test",
            siren="999000023",
            organization=organization,
            **dates,  # type: ignore[arg-type]
        )


@dataclass
class Answer:
    """What a client got: the SMTP answer, or the TLS alert by its name."""

    code: int = 0
    text: str = ""
    alert: str = ""

    def __str__(self) -> str:
        return self.alert or f"{self.code} {self.text}"


def send(
    port: int,
    certificate: Issued | None,
    *,
    sender: str = SENDER,
    letter: str = LETTER,
    newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    tls: bool = True,
) -> Answer:
    """Hand in a letter with Python's own client; the answer that decided, from EHLO to the end of DATA."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(settings.CARNET_OPERATORS_CA_FILE)
    context.maximum_version = newest
    if certificate is not None:
        context.load_cert_chain(certificate.certificate, certificate.key)
    try:
        with smtplib.SMTP("127.0.0.1", port, "mss.horizon.test", timeout=20) as client:
            if tls:
                client.starttls(context=context)
            client.ehlo()
            code, text = client.mail(sender)
            if code == 250:
                code, text = client.rcpt(PATIENT)
            if code == 250:
                code, text = client.data(letter)
            return Answer(code, text.decode())
    except (ssl.SSLError, smtplib.SMTPServerDisconnected) as problem:
        alert = re.search(r"ALERT_(\w+)\]", str(problem))
        return Answer(alert=f"alert {alert[1].lower()}" if alert else f"no alert: {problem}")
