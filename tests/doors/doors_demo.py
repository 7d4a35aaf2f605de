"""One demo for all tests of the doors, as its own users start it: by its command, in a folder of its own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import psycopg
from aiosmtpd.controller import Controller
from doors_clients import Attached, Spoken, message_options, signed_in_imap, swaks
from doors_portal import Outbox

from carnet.foundation.postgres import running_url
from carnet.sandbox import ports

_READY_WITHIN_SECONDS = 150
# A domain of the other operator whose mail a Postfix takes, where a test starts one.
POSTFIX = "horizon-imagerie.mssante.test"


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, each another one; away from the usual ones, where another demo may be starting."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


class OtherOperator:
    """The mail server of another operator: aiosmtpd, which for a while may say that it is not in the mood."""

    def __init__(self) -> None:
        self.is_closed = False
        self.received: list[tuple[str, tuple[str, ...], EmailMessage]] = []
        self._lock = threading.Lock()
        (self.port,) = free_ports(1)
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if self.is_closed:
            return "451 4.3.2 Closed for now"
        if address.startswith("personne@"):
            return "550 5.1.1 Nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        parsed = message_from_bytes(envelope.content, policy=policy.default)
        with self._lock:
            self.received.append((envelope.mail_from or "", tuple(envelope.rcpt_tos), parsed))
        return "250 Taken"

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()

    def holding(self, text: str) -> list[tuple[str, tuple[str, ...], EmailMessage]]:
        """What was received whose whole text holds ``text``."""
        with self._lock:
            return [one for one in self.received if text in one[2].as_string() or text in str(one[2]["Subject"])]


@dataclass
class Demo:
    """A running demo and how it is reached."""

    folder: Path
    ready: dict[str, Any]
    operator: OtherOperator
    environment: dict[str, str]
    outbox: Outbox
    work: Path
    postfix_port: int

    HOSPITAL = "orthopedie@saint-aubin.mssante.test"
    HOSPITAL_NAME = "Centre hospitalier Saint-Aubin – Chirurgie orthopédique"
    ARCHIVES = "archives@saint-aubin.mssante.test"
    DOCTOR = "claire.morvan@cabinets.mssante.test"
    CLINIC = "cardiologie@clinique-horizon.mssante.test"
    CLINIC_NAME = "Clinique Horizon – Cardiologie"

    @property
    def web(self) -> str:
        return str(self.ready["web"])

    @property
    def operators_port(self) -> int:
        return int(self.ready["smtp"]["port"])

    @property
    def submission_port(self) -> int:
        return int(self.ready["submission"]["port"])

    @property
    def imap_port(self) -> int:
        return int(self.ready["imap"]["port"])

    @property
    def ca_file(self) -> str:
        return str(self.ready["ca_file"])

    @property
    def password(self) -> str:
        return next(str(one["password"]) for one in self.ready["mailboxes"])

    @property
    def log(self) -> str:
        return "\n".join(path.read_text("utf-8") for path in sorted((self.folder / "log").glob("*.log")))

    def holder(self, login: str) -> dict[str, Any]:
        return next(one for one in self.ready["holders"] if one["login"] == login)

    def address(self, ins: str) -> str:
        return f"{ins}@{self.ready['patient_domain']}"

    def submission_options(self, login: str = HOSPITAL, password: str = "") -> list[str]:
        """swaks options of a mailbox's software: STARTTLS checked against the demo's authority, then AUTH."""
        options = ["-tls", "--tls-verify", "--tls-ca-path", self.ca_file, "--auth", "PLAIN", "--auth-user", login]
        return [*options, "--auth-password", password or self.password]

    def submit(self, recipients: Sequence[str], *options: str, login: str = HOSPITAL) -> Spoken:
        """Send by the submission door."""
        return swaks(self.submission_port, self.work, login, recipients, *self.submission_options(login), *options)

    def hand_over(self, recipients: Sequence[str], *options: str, sender: str = CLINIC) -> Spoken:
        """Send by the operators' door."""
        return swaks(self.operators_port, self.work, sender, recipients, *options)

    def send(
        self,
        door: str,
        recipient: str,
        subject: str,
        text: str = "Bonjour, voici de quoi lire.",
        attached: Sequence[Attached] = (),
        headers: Sequence[str] = (),
        sender: str = "",
    ) -> Spoken:
        """A message by one of the doors, from the hospital or from the clinic of the other operator."""
        options = message_options(self.work, subject, text, attached, headers)
        if door == "submission":
            return self.submit([recipient], *options, login=sender or self.HOSPITAL)
        return self.hand_over([recipient], *options, sender=sender or self.CLINIC)

    def mailbox(self, login: str):
        """imaplib on a hosted mailbox."""
        return signed_in_imap(self.imap_port, self.ca_file, login, self.password)

    @contextmanager
    def database(self) -> Iterator[psycopg.Cursor[Any]]:
        """Look into the demo's database, beside it."""
        url = running_url(self.folder / "postgres")
        assert url is not None
        with psycopg.connect(url) as connection, connection.cursor() as cursor:
            yield cursor

    def command(self, *words: str) -> str:
        """The output of a `carnet` command on this demo."""
        done = subprocess.run(
            [sys.executable, "-m", "carnet", *words],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=self.environment,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def running_demo() -> Iterator[Demo]:
    """Start a demo, wait until it says that it is ready, stop it at the end and delete its data."""
    root = Path(tempfile.mkdtemp(prefix="carnet-doors-"))
    folder, ready_file, work = root / "data", root / "ready.json", root / "work"
    work.mkdir()
    operator = OtherOperator()
    operator.start()
    (postfix_port,) = free_ports(1)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CARNET_")}
    environment |= {
        "CARNET_DATA_DIR": str(folder),
        "CARNET_ROUTES": f"clinique-horizon.mssante.test=127.0.0.1:{operator.port} {POSTFIX}=127.0.0.1:{postfix_port}",
        "CARNET_LOG_LEVEL": "DEBUG",
        "CARNET_SANDBOX_PSC_TOKEN_SECONDS": "1800",
        **dict(zip(ports.DOORS, map(str, free_ports(len(ports.DOORS))), strict=True)),
    }
    command = [sys.executable, "-m", "carnet", "demo", "--headless", "--no-play", "--ready-file", str(ready_file)]
    with open(root / "said", "wb") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said, start_new_session=True)
        try:
            deadline = time.monotonic() + _READY_WITHIN_SECONDS
            while not ready_file.exists():
                told = (root / "said").read_text("utf-8", "replace")[-3000:]
                assert process.poll() is None, f"the demo ended: {told}"
                assert time.monotonic() < deadline, f"the demo is not ready: {told}"
                time.sleep(0.1)
            ready = json.loads(ready_file.read_text("utf-8"))
            yield Demo(folder, ready, operator, environment, Outbox(Path(ready["outbox"])), work, postfix_port)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            operator.stop()
            shutil.rmtree(root, ignore_errors=True)
