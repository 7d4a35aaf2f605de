"""Mail clients that nobody here wrote, driven as their users do: swaks, imaplib, mbsync, mutt; and a bare socket."""

import email
import imaplib
import mailbox
import os
import pty
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email import policy
from email.header import Header
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from typing import TypeVar

import pytest

T = TypeVar("T")


def tool(name: str) -> str:
    """The path of a program; the test is skipped, and says so, where it is missing."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (apt install {'isync' if name == 'mbsync' else name})")
    return found


def eventually(ask: Callable[[], T | None], what: str, seconds: float = 30) -> T:
    """Ask until the answer is something; the longer asking takes, the less often."""
    deadline = time.monotonic() + seconds
    while True:
        asked = time.monotonic()
        answer = ask()
        if answer:
            return answer
        answered = time.monotonic()
        assert answered < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(max(0.1, answered - asked))


@dataclass(frozen=True)
class Spoken:
    """What swaks and a server said to each other."""

    code: int
    transcript: str

    @property
    def answers(self) -> list[str]:
        """The server's lines."""
        return [line[4:] for line in self.transcript.splitlines() if re.match(r"<[-~*x]{1,2} +", line)]

    @property
    def sent(self) -> bool:
        return self.code == 0

    def answer_to(self, command: str) -> str:
        """The last line that answered the first command that begins so."""
        lines = self.transcript.splitlines()
        start = next(n for n, line in enumerate(lines) if re.match(rf" [-~*]> {re.escape(command)}", line))
        found = ""
        for line in lines[start + 1 :]:
            if line.startswith((" ->", " ~>")):
                break
            if line[:1] == "<":
                found = line[4:]
        return found

    @property
    def last_refusal(self) -> str:
        return [line for line in self.answers if line[:1] in "45"][-1]


@dataclass(frozen=True)
class Attached:
    """A file of a message that swaks builds."""

    name: str
    kind: str
    content: bytes


def swaks(port: int, folder: Path, sender: str, recipients: Sequence[str], *more: str) -> Spoken:
    """Run swaks against a door of this machine."""
    command = [tool("swaks"), "--server", "127.0.0.1", "--port", str(port), "--helo", "poste.test", "--timeout", "60s"]
    command += ["--from", sender, "--to", ",".join(recipients), "--suppress-data", *more]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False, cwd=folder)
    return Spoken(done.returncode, done.stdout.decode("utf-8", "replace") + done.stderr.decode("utf-8", "replace"))


def message_options(
    folder: Path, subject: str, text: str, attached: Sequence[Attached] = (), headers: Sequence[str] = ()
) -> list[str]:
    """swaks options for a message with attachments, of which swaks itself makes the MIME."""
    body = folder / "body.txt"
    body.write_text(text, "utf-8")
    options = ["--header", f"Subject: {encoded(subject)}"]
    for header in headers:
        # swaks writes a Message-Id of its own unless that very one is replaced.
        options += ["--header" if header.lower().startswith("message-id:") else "--add-header", header]
    if not attached:
        return [*options, "--add-header", "Content-Type: text/plain; charset=utf-8", "--body", f"@{body}"]
    options += ["--attach-type", "text/plain; charset=utf-8", "--attach-body", f"@{body}"]
    for number, one in enumerate(attached):
        path = folder / f"attached-{number}"
        path.write_bytes(one.content)
        options += ["--attach-type", one.kind, "--attach-name", one.name, "--attach", f"@{path}"]
    return options


def encoded(text: str) -> str:
    """A header value in ASCII (RFC 2047), on one line."""
    return text if text.isascii() else Header(text, "utf-8", maxlinelen=900).encode()


def simple(sender: str, recipient: str, subject: str, text: str = "Bonjour.", **headers: str) -> EmailMessage:
    """A message for clients that send what they are given."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, recipient, subject
    message["Message-ID"] = headers.pop("message_id", "") or make_msgid(domain="poste.test")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


@contextmanager
def talk(port: int):
    """A bare SMTP conversation on a socket."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as wire:
        yield Talk(wire)


class Talk:
    """Says bytes and reads whole replies."""

    def __init__(self, wire: socket.socket) -> None:
        self.wire = wire
        self.left = b""

    def reply(self) -> str:
        """The last line of the next reply; empty when the server has closed."""
        while True:
            line, found, rest = self.left.partition(b"\r\n")
            if found:
                self.left = rest
                if line[3:4] != b"-":
                    return line.decode()
                continue
            try:
                more = self.wire.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                return ""
            self.left += more

    def say(self, line: bytes | str) -> str:
        self.wire.sendall((line.encode() if isinstance(line, str) else line) + b"\r\n")
        return self.reply()

    def start_tls(self, ca_file: str) -> None:
        assert self.say("STARTTLS").startswith("220")
        context = ssl.create_default_context(cafile=ca_file)
        self.wire = context.wrap_socket(self.wire, server_hostname="127.0.0.1")


@contextmanager
def signed_in_imap(port: int, ca_file: str, login: str, password: str):
    """imaplib on a mailbox, over STARTTLS."""
    with imaplib.IMAP4("127.0.0.1", port, timeout=60) as client:
        client.starttls(ssl.create_default_context(cafile=ca_file))
        client.login(login, password)
        yield client


def fetch_all(client: imaplib.IMAP4, folder: str = "INBOX") -> list[EmailMessage]:
    """Every message of a folder, unread ones left unread."""
    assert client.select(folder, readonly=True)[0] == "OK"
    numbers = client.search(None, "ALL")[1][0].split()
    found = []
    for number in numbers:
        answered = client.fetch(number.decode(), "(BODY.PEEK[])")[1]
        # imaplib gives flags that changed meanwhile among what was asked for.
        content = next(part[1] for part in answered if isinstance(part, tuple))
        found.append(email.message_from_bytes(content, policy=policy.default))
    return found


def run_mbsync(
    folder: Path, port: int, ca_file: str, login: str, password: str, *, tls: str = "STARTTLS"
) -> list[EmailMessage]:
    """Copy an INBOX into a Maildir with mbsync, and read it there. ``tls``: STARTTLS, or IMAPS for TLS at once."""
    program = tool("mbsync")
    (folder / "mail").mkdir(parents=True)
    settings = folder / "mbsyncrc"
    settings.write_text(
        f"""
IMAPAccount carnet
Host localhost
Port {port}
User {login}
Pass "{password}"
SSLType {tls}
CertificateFile {ca_file}
SystemCertificates no

IMAPStore far
Account carnet

MaildirStore near
Path {folder}/mail/
Inbox {folder}/mail/INBOX

Channel all
Far :far:
Near :near:
Patterns INBOX
Create Near
Sync Pull
SyncState *
"""
    )
    done = subprocess.run(
        [program, "-c", str(settings), "all"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    made = mailbox.Maildir(folder / "mail" / "INBOX", factory=None, create=False)
    return [email.message_from_bytes(made.get_bytes(key), policy=policy.default) for key in sorted(made.keys())]


def run_mutt(
    folder: Path, port: int, ca_file: str, login: str, password: str, *, scheme: str = "imap"
) -> list[EmailMessage]:
    """Open an INBOX in mutt, tag everything, copy it into an mbox file, leave; and read that file."""
    program = tool("mutt")
    folder.mkdir(parents=True, exist_ok=True)
    copied = folder / "copied"
    settings = folder / "muttrc"
    settings.write_text(
        f"""
set folder="{scheme}://127.0.0.1:{port}/"
set spoolfile="{scheme}://127.0.0.1:{port}/INBOX"
set imap_user="{login}"
set imap_pass="{password}"
set ssl_starttls=yes
set ssl_force_tls=yes
set ssl_ca_certificates_file="{ca_file}"
set certificate_file="{folder}/certificates"
set header_cache=""
set mbox_type=mbox
set confirmappend=no
set confirmcreate=no
set delete=no
set quit=yes
set wait_key=no
push "<tag-pattern>~A<enter><tag-prefix><copy-message><kill-line>{copied}<enter><quit>"
"""
    )
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm", HOME=str(folder), LINES="40", COLUMNS="120")
        os.execv(program, [program, "-n", "-F", str(settings)])
    shown = _watch(child, terminal, 60)
    assert copied.exists(), f"mutt copied nothing: {shown[-2000:]!r}"
    made = mailbox.mbox(copied, factory=None, create=False)
    return [email.message_from_bytes(made.get_bytes(key), policy=policy.default) for key in made.keys()]  # noqa: SIM118


def _watch(child: int, terminal: int, seconds: float) -> bytes:
    """What a program writes to its terminal, until it ends or has had its time."""
    shown = b""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                shown += os.read(terminal, 65536)
            except OSError:
                break
    else:
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(terminal)
    return shown
