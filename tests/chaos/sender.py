"""Numbered messages sent over several connections at once, with what became of each as its sender knows it."""

import itertools
import smtplib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from harness import Demo

OPERATOR = "cardiologie@clinique-horizon.mssante.test"
_LARGE = 24_000  # bytes: beyond what a body keeps in its row, so that it becomes a file


class Fate(StrEnum):
    """What the sender knows of one message."""

    ACCEPTED = "accepted"  # it got its 250
    REFUSED = "refused"  # it got another answer, or the connection broke before its content: it is not to be there
    DOUBT = "doubt"  # the connection broke after its content began: there at most once


@dataclass(frozen=True)
class Sent:
    number: int
    recipients: tuple[str, ...]  # as the inspector names them: an INS, or a mailbox's address
    fate: Fate
    answer: str = ""


@dataclass
class Ledger:
    """All that was sent to one installation."""

    sent: dict[int, Sent] = field(default_factory=dict)
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def count(self, fate: Fate) -> int:
        return sum(1 for one in self.sent.values() if one.fate is fate)


def content(number: int, sender: str, to: str, size: int = 0) -> bytes:
    """A message whose subject and last line hold its number, with lines to be counted up to about ``size`` bytes."""
    lines = [f"ligne {rank} {'.' * 60}" for rank in range(3 + size // 70)]
    head = [
        f"From: {sender}",
        f"To: {to}",
        f"Subject: essai {number}",
        f"Message-ID: <essai-{number}@{sender.partition('@')[2]}>",
        "Date: Mon, 02 Nov 2026 09:00:00 +0100",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "",
        "Bonjour,",
    ]
    return "\r\n".join([*head, *lines, f"fin de l'essai {number}, {len(lines)} lignes", ""]).encode()


def send_one(client: smtplib.SMTP, sender: str, addresses: list[str], message: bytes) -> tuple[Fate, str]:
    """One transaction, told apart by where it broke. The content has no line that begins with a dot."""
    try:
        for command in (f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{address}>" for address in addresses), "DATA"):
            code, text = client.docmd(command)
            if code not in (250, 354):
                client.rset()
                return Fate.REFUSED, f"{code} {text.decode('utf-8', 'replace')}"
    except (OSError, smtplib.SMTPException):
        client.close()
        return Fate.REFUSED, "broken before its content"
    try:
        client.send(message + b".\r\n")
        code, text = client.getreply()
    except (OSError, smtplib.SMTPException):
        client.close()
        return Fate.DOUBT, "broken"
    answer = f"{code} {text.decode('utf-8', 'replace')}"
    return (Fate.ACCEPTED if code == 250 else Fate.REFUSED), answer


class Load:
    """Sends until so many messages are accepted; every try has a number of its own."""

    def __init__(self, demo: Demo, ledger: Ledger, wanted: int = 200, pairs: int = 3) -> None:
        self.demo = demo
        self.ledger = ledger
        self.wanted = wanted
        self.accepted = 0
        self._lock = threading.Lock()
        self._progress = threading.Condition(self._lock)
        self._failures: list[BaseException] = []
        sessions = [self._from_operator, self._from_mailbox] * pairs
        self._threads = [threading.Thread(target=self._work, args=(session,), daemon=True) for session in sessions]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait_for(self, count: int, seconds: float = 60) -> None:
        """Wait until so many are accepted."""
        with self._progress:
            assert self._progress.wait_for(lambda: self.accepted >= count, seconds), f"only {self.accepted} accepted"

    def finish(self, seconds: float = 120) -> None:
        """Wait until all wanted are accepted."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
            assert not thread.is_alive(), f"only {self.accepted} accepted after {seconds:.0f} s"
        if self._failures:
            raise self._failures[0]

    def _work(self, session: Callable[[], None]) -> None:
        try:
            while not self._enough():
                session()
        except BaseException as failure:
            self._failures.append(failure)

    def _enough(self) -> bool:
        return self.accepted >= self.wanted

    def _from_operator(self) -> None:
        """Letters of another operator's mailbox: one in eight to two people, one in ten large."""
        people = self.demo.reachable
        self._session(self.demo.at_operators_door, OPERATOR, lambda number: (
            (people[number % len(people)], people[(number + 1) % len(people)])
            if number % 8 == 0
            else (people[number % len(people)],)
        ))  # fmt: skip

    def _from_mailbox(self) -> None:
        """A hosted mailbox's mail: to people, and every other one to a hosted mailbox."""
        people = self.demo.reachable
        doctor = self.demo.mailbox("claire.morvan")["address"]
        sender = self.demo.mailbox("orthopedie")["address"]
        self._session(self.demo.at_submission, sender, lambda number: (
            (doctor,) if number % 2 else (people[number % len(people)],)
        ))  # fmt: skip

    def _session(
        self, enter: Callable[[], smtplib.SMTP], sender: str, recipients_of: Callable[[int], tuple[str, ...]]
    ) -> None:
        """One connection, until it breaks or enough is accepted."""
        try:
            client = enter()
        except (OSError, smtplib.SMTPException):
            time.sleep(0.05)  # the door is being killed; it comes back
            return
        while not self._enough():
            number = next(self.ledger.numbers)
            recipients = recipients_of(number)
            addresses = [one if "@" in one else self.demo.patient(one) for one in recipients]
            message = content(number, sender, addresses[0], _LARGE if number % 10 == 0 else 0)
            fate, answer = send_one(client, sender, addresses, message)
            self._note(Sent(number, recipients, fate, answer))
            if client.sock is None:
                return
            if fate is Fate.REFUSED:
                time.sleep(0.05)
        client.close()

    def _note(self, sent: Sent) -> None:
        with self._progress:
            self.ledger.sent[sent.number] = sent
            self.accepted += sent.fate is Fate.ACCEPTED
            self._progress.notify_all()
