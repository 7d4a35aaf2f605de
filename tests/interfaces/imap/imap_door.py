"""The IMAP door open on loopback in a thread of its own, for clients that block, and a socket that speaks IMAP."""

import asyncio
import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from carnet.domain.messaging.commands.folders import Appended, append
from carnet.interfaces.imap.options import ImapLimits
from carnet.interfaces.imap.server import ImapServer
from carnet.sandbox import cast

# The door's threads see only what is committed; emptying the tables of these rooms takes a tenth of emptying all.
COMMITTED = pytest.mark.django_db(
    transaction=True,
    available_apps=[
        "carnet.foundation",
        "carnet.domain.identity",
        "carnet.domain.directory",
        "carnet.domain.messaging",
    ],
)
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
LOGIN = f"orthopedie@{cast.HOSPITAL_DOMAIN}"
PASSWORD = cast.PASSWORD
QUICK = ImapLimits(failure_delay=0.01)


@dataclass
class Certificate:
    """A certificate for localhost, its own authority."""

    path: Path
    key: Path

    def client(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.path))


def make_certificate(folder: Path) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path, key_path = folder / "door.pem", folder / "door.key"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return Certificate(path, key_path)


@contextmanager
def door(
    certificate: Certificate | None,
    *,
    loop: str = "asyncio",
    limits: ImapLimits = QUICK,
    tls: ssl.SSLContext | None = None,
    **options: Any,
) -> Iterator[ImapServer]:
    runner = LOOPS[loop]()
    thread = threading.Thread(target=runner.run_forever)
    thread.start()

    async def make() -> ImapServer:
        context = tls
        if certificate is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate.path, certificate.key)
        server = ImapServer(tls_context=context, limits=limits, **options)
        await server.start()
        await asyncio.wait_for(server.listener.ready.wait(), 10)
        return server

    server = asyncio.run_coroutine_threadsafe(make(), runner).result(20)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(1), runner).result(20)
        runner.call_soon_threadsafe(runner.stop)
        thread.join(10)
        runner.close()


class Wire:
    """A plain socket that says lines and reads answers."""

    def __init__(self, server: ImapServer, certificate: Certificate | None = None) -> None:
        self.socket: socket.socket = socket.create_connection((server.host, server.port), timeout=10)
        self.left = b""
        self.greeting = self.line()
        self._certificate = certificate
        self._tags = 0
        if certificate is not None:
            assert self.ask("STARTTLS")[-1].startswith("OK")
            self.handshake()

    def handshake(self) -> None:
        assert self._certificate is not None
        self.socket = self._certificate.client().wrap_socket(self.socket, server_hostname="localhost")

    def sign_in(self) -> "Wire":
        assert self.ask(f'LOGIN {LOGIN} "{PASSWORD}"')[-1].startswith("OK")
        return self

    def _fill(self) -> bool:
        more = self.socket.recv(65536)
        self.left += more
        return bool(more)

    def line(self) -> str:
        """One line without its end, literals included; "" when the server closed."""
        found = b""
        while True:
            while b"\r\n" not in self.left:
                if not self._fill():
                    return ""
            line, _, self.left = self.left.partition(b"\r\n")
            found += line
            if not found.endswith(b"}"):
                return found.decode("utf-8", "surrogateescape")
            octets = int(found[found.rindex(b"{") + 1 : -1])
            while len(self.left) < octets:
                if not self._fill():
                    return ""
            found += b"\r\n" + self.left[:octets]
            self.left = self.left[octets:]

    def say(self, data: str | bytes) -> None:
        self.socket.sendall(data if isinstance(data, bytes) else data.encode("utf-8", "surrogateescape"))

    def ask(self, command: str) -> list[str]:
        """Untagged answers, then the tagged one without its tag."""
        self._tags += 1
        tag = f"t{self._tags}"
        self.say(f"{tag} {command}\r\n")
        return self.until(tag)

    def until(self, tag: str) -> list[str]:
        found = []
        while True:
            line = self.line()
            if not line:
                return [*found, ""]
            if line.startswith(f"{tag} "):
                return [*found, line[len(tag) + 1 :]]
            found.append(line)

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def letter(subject: str = "Votre sortie", text: str = "Bonjour,\n\nVoici votre lettre.\n", **headers: str) -> bytes:
    """A plain message with CRLF."""
    message = EmailMessage()
    message["From"] = headers.pop("sender", f"Chirurgie orthopédique <{LOGIN}>")
    message["To"] = headers.pop("to", "Dr Ange Colonna <a.colonna@cabinet.mssante.test>")
    message["Subject"] = subject
    message["Date"] = headers.pop("date", "Mon, 16 Nov 2026 09:30:00 +0100")
    message["Message-ID"] = headers.pop("message_id", "<lettre@orthopedie.test>")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def put(mailbox_id: UUID, raw: bytes | None = None, folder: str = "INBOX", flags: tuple[str, ...] = ()) -> int:
    """Append a message; its UID."""
    done = append(mailbox_id, folder, letter() if raw is None else raw, flags)
    assert isinstance(done, Appended)
    return done.uid
