"""A door open on loopback in a thread of its own, for clients that block."""

import asyncio
import datetime
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from smtp_talk import config

from carnet.interfaces.sasl import Claim, Password
from carnet.interfaces.smtp.events import Envelope, Mail, Rcpt
from carnet.interfaces.smtp.options import SmtpLimits
from carnet.interfaces.smtp.reply import Reply
from carnet.interfaces.smtp.server import SmtpServer
from carnet.interfaces.smtp.session import Session

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
KEPT = Reply(250, "2.0.0", "Message kept")


class Keeper:
    """Accepts everything and keeps it; `before_keeping` may return an awaitable to wait for."""

    def __init__(self) -> None:
        self.kept: list[tuple[Session, Envelope, bytes]] = []
        self.answer: Callable[[], object] = lambda: KEPT

    def on_mail(self, session: Session, mail: Mail) -> Reply | None:
        return Reply(550, "5.7.1", "Not you") if mail.sender.startswith("stranger@") else None

    def on_rcpt(self, session: Session, rcpt: Rcpt) -> Reply | None:
        return Reply(550, "5.1.1", "No such mailbox") if rcpt.address.startswith("no@") else None

    def on_auth(self, session: Session, claim: Claim) -> object | None:
        return f"identity of {claim.user}" if isinstance(claim, Password) and claim.password == "open-sesame" else None

    def on_message(self, session: Session, envelope: Envelope, content: bytes) -> object:
        self.kept.append((session, envelope, content))
        return self.answer()


@contextmanager
def door(
    handler: object,
    *,
    loop: str = "asyncio",
    tls: ssl.SSLContext | None = None,
    limits: SmtpLimits | None = None,
    implicit_tls: bool = False,
    **rules: object,
) -> Iterator[SmtpServer]:
    runner = LOOPS[loop]()
    server = SmtpServer(
        config(**rules),
        handler,  # type: ignore[arg-type]
        tls_context=tls,
        limits=limits,
        implicit_tls=implicit_tls,
    )
    thread = threading.Thread(target=runner.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(), runner).result(10)
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(0.5), runner).result(10)
        runner.call_soon_threadsafe(runner.stop)
        thread.join(10)
        runner.close()


class Wire:
    """A plain socket that says lines and reads replies."""

    def __init__(self, server: SmtpServer, *, receive_buffer: int = 0) -> None:
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(10)
        self.socket.connect((server.host, server.port))
        self.left = b""

    def line(self) -> str:
        """One reply line without its end, "" when the server closed."""
        while b"\n" not in self.left:
            more = self.socket.recv(65536)
            if not more:
                return ""
            self.left += more
        line, _, self.left = self.left.partition(b"\r\n")
        return line.decode()

    def reply(self) -> str:
        """The last line of one reply."""
        line = self.line()
        while line[3:4] == "-":
            line = self.line()
        return line

    def say(self, data: str | bytes) -> str:
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())
        return self.reply()

    def ends(self) -> str:
        """What the server says before it closes or resets the connection."""
        try:
            return self.line()
        except ConnectionResetError:
            return ""

    def ready_for_content(self, mail: str = "MAIL FROM:<a@b>") -> "Wire":
        assert self.reply().startswith("220")
        for line in ("EHLO me", mail, "RCPT TO:<c@d>"):
            assert self.say(line + "\r\n").startswith("250")
        assert self.say("DATA\r\n").startswith("354")
        return self

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


def eventually(condition: Callable[[], object], seconds: float = 5) -> None:
    """Wait until something becomes true in the other thread."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.005)


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / f"{name}.pem", folder / f"{name}.key"
    pem.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem, secret
