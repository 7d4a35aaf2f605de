"""The SMTP server against clients that others wrote: smtplib, swaks, Postfix's smtp-source; and TLS."""

import asyncio
import shutil
import smtplib
import socket
import ssl
import subprocess
import threading
from email.message import EmailMessage
from pathlib import Path

import pytest
from cryptography import x509
from smtp_door import LOOPS, Keeper, Wire, certificate, door, eventually
from smtp_talk import DOCTOR, PATIENT, config

from carnet.interfaces.smtp.connection import SmtpConnection
from carnet.interfaces.smtp.events import Mail
from carnet.interfaces.smtp.options import SmtpLimits
from carnet.interfaces.smtp.server import SmtpServer
from carnet.interfaces.smtp.session import Session

pytestmark = pytest.mark.parametrize("loop", list(LOOPS))


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    folder = tmp_path_factory.mktemp("papers")
    return {name: certificate(folder, name) for name in ("localhost", "operator.example")}


@pytest.fixture
def server_tls(papers: dict[str, tuple[Path, Path]]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*papers["localhost"])
    return context


@pytest.fixture
def client_tls(papers: dict[str, tuple[Path, Path]]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(papers["localhost"][0]))


def letter(size: int = 100) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = DOCTOR, PATIENT, "Rendez-vous"
    message.set_content(".dot first\n\n..two\n" + "x" * 60 + "\n" * (size // 61))
    return message


@pytest.mark.parametrize("size", [100, 300_000])
def test_smtplib_sends(loop: str, size: int) -> None:
    keeper, message = Keeper(), letter(size)
    with door(keeper, loop=loop) as server, smtplib.SMTP(server.host, server.port, timeout=10) as client:
        for _ in range(2):
            assert client.send_message(message, rcpt_options=["NOTIFY=SUCCESS,FAILURE"]) == {}
        with pytest.raises(smtplib.SMTPSenderRefused):
            client.sendmail("stranger@b", [PATIENT], "x")
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail(DOCTOR, ["no@d"], "x")
    session, envelope, content = keeper.kept[1]
    assert content.replace(b"\r\n", b"\n") == message.as_bytes()
    assert (envelope.mail.sender, envelope.rcpts[0].notify) == (DOCTOR, {"SUCCESS", "FAILURE"})
    assert (session.peer_ip, session.tls, len(session.id)) == ("127.0.0.1", False, 12)
    assert session.helo


@pytest.mark.parametrize("implicit", [False, True])
def test_smtplib_authenticates_under_tls(
    loop: str, implicit: bool, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    keeper = Keeper()
    rules = {"require_tls": True, "require_auth": True, "auth_mechanisms": ("PLAIN", "LOGIN")}
    with door(keeper, loop=loop, tls=server_tls, implicit_tls=implicit, **rules) as server:
        if implicit:
            client: smtplib.SMTP = smtplib.SMTP_SSL("localhost", server.port, context=client_tls, timeout=10)
        else:
            client = smtplib.SMTP("localhost", server.port, timeout=10)
            with pytest.raises(smtplib.SMTPNotSupportedError):
                client.login("anne", "open-sesame")
            client.starttls(context=client_tls)
        with client:
            client.ehlo()
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login("anne", "wrong")
            # smtplib tried both mechanisms with the wrong password: one more failure would be the last.
            client.auth("LOGIN", lambda _challenge=None: ["anne", "open-sesame"][_challenge == b"Password:"])
            client.send_message(letter(200_000))
        assert (server.counters.tls_started, server.counters.auth_failed) == (1, 2)
    session = keeper.kept[0][0]
    assert session.tls
    assert session.tls_version == "TLSv1.3"
    assert session.identity == "identity of anne"
    assert session.peer_certificate is None


def test_the_certificate_of_the_client_is_shown_to_the_handler(
    loop: str, papers: dict[str, tuple[Path, Path]], server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    keeper = Keeper()
    server_tls.verify_mode = ssl.CERT_REQUIRED
    server_tls.load_verify_locations(papers["operator.example"][0])
    client_tls.load_cert_chain(*papers["operator.example"])
    with door(keeper, loop=loop, tls=server_tls) as server:
        with smtplib.SMTP("localhost", server.port, timeout=10) as client:
            client.starttls(context=client_tls)
            client.send_message(letter())
        session = keeper.kept[0][0]
        assert session.peer_certificate is not None
        shown = x509.load_der_x509_certificate(session.peer_certificate)
        assert shown.subject.rfc4514_string() == "CN=operator.example"


def test_commands_that_come_with_the_end_of_the_handshake_are_read(
    loop: str, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    with door(Keeper(), loop=loop, tls=server_tls) as server, Wire(server) as wire:
        wire.say("")
        assert wire.say("STARTTLS\r\n").startswith("220 2.0.0")
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = client_tls.wrap_bio(incoming, outgoing, server_hostname="localhost")
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                wire.socket.sendall(outgoing.read())
                incoming.write(wire.socket.recv(65536))
        tls.write(b"EHLO me\r\nNOOP\r\n")
        wire.socket.sendall(outgoing.read())
        answer = b""
        while not answer.endswith(b"250 2.0.0 OK\r\n"):
            try:
                answer += tls.read(65536)
            except ssl.SSLWantReadError:
                incoming.write(wire.socket.recv(65536))
        assert answer.startswith(b"250-mx.carnet.example\r\n")


def test_starttls_may_come_while_the_handler_is_deciding(
    loop: str, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    gate = threading.Event()

    class Slow(Keeper):
        async def on_mail(self, session: Session, mail: Mail) -> None:  # type: ignore[override]
            while not gate.is_set():
                await asyncio.sleep(0.005)

    keeper = Slow()
    with door(keeper, loop=loop, tls=server_tls) as server, Wire(server) as wire:
        wire.say("")
        wire.say("EHLO me\r\n")
        wire.socket.sendall(b"MAIL FROM:<before@b>\r\n")
        (connection,) = server._connections
        eventually(lambda: connection.awaiting)
        wire.socket.sendall(b"STARTTLS\r\n")
        eventually(lambda: connection._reading is False)
        gate.set()
        assert wire.reply().startswith("250")
        assert wire.reply().startswith("220")
        with client_tls.wrap_socket(wire.socket, server_hostname="localhost") as wrapped:
            wire.socket = wrapped
            assert wire.say("EHLO me\r\n") == "250 ENHANCEDSTATUSCODES"
            assert wire.say("RCPT TO:<c@d>\r\n").startswith("503")
            assert wire.say("MAIL FROM:<after@b>\r\n").startswith("250")
            assert wire.say("RCPT TO:<c@d>\r\n").startswith("250")
            assert wire.say("DATA\r\n").startswith("354")
            assert wire.say(".\r\n").startswith("250")
    assert keeper.kept[0][1].mail.sender == "after@b"


class NotingTransport(asyncio.Transport):
    """Notes what is asked of it."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.1", 25)})
        self.asked: list[str] = []

    def write(self, data: bytes) -> None:  # type: ignore[override]
        self.asked.append(data[:3].decode())

    def pause_reading(self) -> None:
        self.asked.append("pause")

    def resume_reading(self) -> None:
        self.asked.append("resume")

    def is_closing(self) -> bool:
        return False

    def abort(self) -> None:
        self.asked.append("abort")


def test_nothing_is_read_between_the_220_and_the_handshake(loop: str, server_tls: ssl.SSLContext) -> None:
    async def talk() -> list[str]:
        decided: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        class Slow(Keeper):
            def on_mail(self, session: Session, mail: Mail) -> object:  # type: ignore[override]
                return decided

        server = SmtpServer(config(), Slow(), tls_context=server_tls)  # type: ignore[arg-type]
        transport = NotingTransport()
        connection = SmtpConnection(server)
        connection.connection_made(transport)
        connection.data_received(b"EHLO me\r\nMAIL FROM:<>\r\n")
        connection.data_received(b"STARTTLS\r\n")
        decided.set_result(None)
        await asyncio.sleep(0)
        connection.pause_writing()
        connection.resume_writing()
        connection.data_received(b"MAIL FROM:<evil@b>\r\n")
        for task in list(server.awaited):
            task.cancel()
        await asyncio.sleep(0.01)
        assert server.counters.tls_injections == 1
        return transport.asked

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        asked = runner.run(talk())
    assert asked[:5] == ["220", "250", "pause", "250", "abort"]
    assert "resume" not in asked


def test_what_is_not_tls_after_starttls_ends_the_connection(loop: str, server_tls: ssl.SSLContext) -> None:
    limits = SmtpLimits(handshake_seconds=0.3)
    with door(Keeper(), loop=loop, tls=server_tls, limits=limits) as server:
        with Wire(server) as wire:
            wire.say("")
            assert wire.say("STARTTLS\r\nMAIL FROM:<evil@b>\r\n").startswith("554 5.5.1")
            assert wire.line() == ""
        for words in (b"MAIL FROM:<evil@b>\r\n", b""):
            with Wire(server) as wire:
                wire.say("")
                wire.say("STARTTLS\r\n")
                wire.socket.sendall(words)
                wire.ends()
        eventually(lambda: server.counters.open == 0)
        assert (server.counters.tls_injections, server.counters.tls_failed) == (1, 2)
        assert server.counters.in_flight == 0


def run(*command: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which(command[0], path="/usr/sbin:/usr/bin:/usr/local/bin:/bin")
    if program is None:
        pytest.skip(f"{command[0]} is not installed here")
    return subprocess.run([program, *command[1:]], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("options", [[], ["--pipeline"], ["-tls", "-a", "LOGIN", "-au", "anne", "-ap", "open-sesame"]])
def test_swaks_sends(loop: str, options: list[str], server_tls: ssl.SSLContext) -> None:
    keeper = Keeper()
    with door(keeper, loop=loop, tls=server_tls, auth_mechanisms=("LOGIN", "PLAIN")) as server:
        target = ["-s", "127.0.0.1", "-p", str(server.port), "-f", DOCTOR, "-t", f"{PATIENT},no@d"]
        done = run("swaks", *target, "--body", ".dot\n..dots\n", *options)
    assert "550 5.1.1 No such mailbox" in done.stdout
    assert len(keeper.kept) == 1, done.stdout + done.stderr
    session, envelope, content = keeper.kept[0]
    assert b"\r\n\r\n.dot\r\n..dots\r\n" in content
    assert [rcpt.address for rcpt in envelope.rcpts] == [PATIENT]
    assert session.tls == ("-tls" in options)


@pytest.mark.parametrize(("options", "connections"), [([], 200), (["-d"], 10), (["-r", "3"], 200)])
def test_smtp_source_sends_many(loop: str, options: list[str], connections: int) -> None:
    keeper = Keeper()
    with door(keeper, loop=loop) as server:
        amount = ["-s", "10", "-m", "200", "-l", "20000"]
        done = run("smtp-source", *amount, *options, "-f", DOCTOR, "-t", PATIENT, f"127.0.0.1:{server.port}")
        assert done.returncode == 0, done.stderr
        assert (server.counters.messages, server.counters.connections) == (200, connections)
        eventually(lambda: server.counters.open == 0)
        assert server.counters.bad_commands == 0
    assert len({len(content) for _s, _e, content in keeper.kept}) <= 3


def test_many_clients_at_once_each_get_their_own_message(loop: str) -> None:
    keeper = Keeper()

    async def send(server_port: int, number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server_port)
        body = f"number {number}\r\n" * (number * 7)
        writer.write(
            f"EHLO c{number}\r\nMAIL FROM:<c{number}@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n{body}.\r\nQUIT\r\n".encode()
        )
        assert (await reader.read()).count(b"\r\n") > 5
        writer.close()

    async def send_all(port: int) -> None:
        await asyncio.gather(*(send(port, number) for number in range(1, 41)))

    with door(keeper, loop=loop) as server:
        asyncio.run(send_all(server.port))
    for session, envelope, content in keeper.kept:
        number = int(session.helo[1:])
        assert envelope.mail.sender == f"c{number}@b"
        assert content == f"number {number}\r\n".encode() * (number * 7)
    assert len(keeper.kept) == 40


def test_a_reset_in_the_middle_of_the_handshake_is_counted_out(loop: str, server_tls: ssl.SSLContext) -> None:
    with door(Keeper(), loop=loop, tls=server_tls) as server:
        with Wire(server) as wire:
            wire.say("")
            wire.say("STARTTLS\r\n")
            wire.socket.shutdown(socket.SHUT_RDWR)
        eventually(lambda: server.counters.open == 0 and not server.awaited)
        assert server.counters.tls_failed == 1
