"""A demo of the journeys' own, and what happens around the portal: a hospital that writes, e-mails that arrive."""

import email
import imaplib
import json
import os
import re
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage, Message
from email.utils import make_msgid
from pathlib import Path
from typing import Any

from carnet.domain.messaging.compose import compose_document_message, document_subject, make_message_id
from carnet.domain.messaging.mime.addresses import Address
from carnet.domain.record.values import PatientId
from carnet.domain.record.xdm import pdf_name, xdm_for_cda
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.sandbox import cast, ports
from carnet.sandbox.letter import discharge_letter

HOSPITAL = f"orthopedie@{cast.HOSPITAL_DOMAIN}"
HOSPITAL_NAME = "Centre hospitalier Saint-Aubin – Chirurgie orthopédique"
LETTER_TITLE = "Lettre de liaison à la sortie de l’hôpital"
_READY_WITHIN_SECONDS = 150


@dataclass(frozen=True)
class Demo:
    """A running demo, as its ready file tells it."""

    ready: dict[str, Any]
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def web(self) -> str:
        return str(self.ready["web"])

    def write_to(self, holder: cast.Holder, subject: str, text: str, *, sender: str = HOSPITAL, **headers: str) -> None:
        """An ordinary message of one of the hospital's teams."""
        message = EmailMessage()
        message["From"] = sender
        message["To"] = self._address(holder)
        message["Subject"] = subject
        message["Message-ID"] = make_msgid(domain=cast.HOSPITAL_DOMAIN)
        for name, value in headers.items():
            message[name.replace("_", "-")] = value
        message.set_content(text)
        self._submit(holder, message.as_bytes(policy=policy.SMTP), sender)

    def send_letter(self, holder: cast.Holder) -> None:
        """The letter that a patient gets when she leaves: IHE_XDM.zip, its PDF beside it, a receipt asked for."""
        left = now()
        letter = discharge_letter(holder, left - timedelta(days=3), left)
        label = "Lettre de liaison à la sortie d'un établissement de soins"
        given = holder.given_names.split()[0]
        mail = compose_document_message(
            sender_name=HOSPITAL_NAME,
            sender_address=HOSPITAL,
            recipients=[Address("", self._address(holder))],
            subject=document_subject([label], holder.birth_name, given, None),
            text="Bonjour,\n\nVous trouverez ci-joint la lettre de votre sortie.\n\nL’équipe de chirurgie orthopédique",
            xdm=xdm_for_cda(letter.cda, PatientId(holder.ins, holder.oid.value)),
            pdfs=[(pdf_name(left.date(), label, holder.birth_name, given), letter.pdf)],
            message_id=make_message_id(cast.HOSPITAL_DOMAIN, str(new_id())),
            date=left,
            loinc_codes=[letter.code],
            ins_is_qualified=True,
            receipt_to=HOSPITAL,
        )
        self._submit(holder, mail.content)

    def mailed(self, to: str, holding: str, since: float, seconds: float = 20) -> str:
        """The text of the e-mail to ``to``, written since then, that holds ``holding``."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for path in sorted(Path(self.ready["outbox"]).glob("*.eml"), reverse=True):
                if path.stat().st_mtime < since:
                    break
                message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
                body = message.get_body()
                text = f"{message['Subject']}\n{body.get_content() if body else ''}"
                if to in str(message["To"]) and re.search(holding, text):
                    return text
            time.sleep(0.05)
        raise AssertionError(f"no e-mail to {to} holding {holding}")

    def sign_in_code(self, holder: cast.Holder, since: float) -> str:
        return self._found(r"\b\d{6}\b", holder, since)

    def activation_code(self, holder: cast.Holder, since: float) -> str:
        return self._found(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}\b", holder, since)

    def _found(self, pattern: str, holder: cast.Holder, since: float) -> str:
        found = re.search(pattern, self.mailed(holder.email, pattern, since))
        assert found is not None
        return found.group()

    def _address(self, holder: cast.Holder) -> str:
        return f"{holder.ins}@{self.ready['patient_domain']}"

    def _submit(self, holder: cast.Holder, content: bytes, sender: str = HOSPITAL) -> None:
        door = self.ready["submission"]
        tls = ssl.create_default_context(cafile=self.ready["ca_file"])
        with smtplib.SMTP(door["host"], door["port"], timeout=30) as client:
            client.starttls(context=tls)
            client.login(sender, cast.PASSWORD)
            client.sendmail(sender, [self._address(holder)], content)

    def kept(self, mailbox: str, folder: str) -> list[tuple[datetime, Message]]:
        """The messages of a mailbox's folder as a mail program finds them, oldest first, each with its moment."""
        door = self.ready["imap"]
        with imaplib.IMAP4(door["host"], door["port"], timeout=30) as client:
            client.starttls(ssl_context=ssl.create_default_context(cafile=self.ready["ca_file"]))
            client.login(mailbox, cast.PASSWORD)
            client.select(folder, readonly=True)
            numbers = client.search(None, "ALL")[1][0].split()
            answered = client.fetch(b",".join(numbers).decode(), "(INTERNALDATE BODY.PEEK[])")[1] if numbers else []
        found = []
        for part in answered:
            if isinstance(part, tuple):
                at = imaplib.Internaldate2tuple(part[0])
                assert at is not None
                moment = datetime.fromtimestamp(time.mktime(at), UTC)
                found.append((moment, email.message_from_bytes(part[1], policy=policy.default)))
        return found

    def carnet(self, *asked: str) -> str:
        """What a command of Carnet prints when it is run beside the demo."""
        done = subprocess.run(
            [sys.executable, "-m", "carnet", *asked],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def _unused_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


@contextmanager
def running_demo() -> Iterator[Demo]:
    """Start a demo in a folder of its own, wait until it says that it is ready, stop it and delete its data."""
    root = Path(tempfile.mkdtemp(prefix="carnet-journeys-"))
    ready_file, said = root / "ready.json", root / "said"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CARNET_")}
    environment["CARNET_DATA_DIR"] = str(root / "data")
    # Ports of its own: another demo that starts at the same moment would find the same usual ones free.
    environment |= dict(zip(ports.DOORS, map(str, _unused_ports(len(ports.DOORS))), strict=True))
    command = [sys.executable, "-m", "carnet", "demo", "--headless", "--no-play", "--ready-file", str(ready_file)]
    with said.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
        try:
            deadline = time.monotonic() + _READY_WITHIN_SECONDS
            while not ready_file.exists():
                told = said.read_text("utf-8", "replace")[-3000:]
                assert process.poll() is None, f"the demo ended: {told}"
                assert time.monotonic() < deadline, f"the demo is not ready: {told}"
                time.sleep(0.1)
            yield Demo(json.loads(ready_file.read_text("utf-8")), environment)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            shutil.rmtree(root, ignore_errors=True)
