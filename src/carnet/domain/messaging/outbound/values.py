"""Outbound mail as plain values: where it goes, what the other side answered, why it waits."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:[ \t]+|$)")
_LONGEST_TEXT = 500


class Phase(StrEnum):
    """Where in a session an answer was given, or failed to come (RFC 5321 §3)."""

    ROUTE = "route"
    CONNECT = "connect"
    GREETING = "greeting"
    HELLO = "hello"
    TLS = "tls"
    MAIL = "mail"
    RECIPIENT = "recipient"
    CONTENT = "content"


class Problem(StrEnum):
    """Why mail waits or failed: a code for logs and the console, with its sentence."""

    REFUSED = "refused"
    NO_ROUTE = "no-route"
    NO_MAIL_HERE = "no-mail-here"
    NAME_UNKNOWN = "name-unknown"
    NAMES_UNAVAILABLE = "names-unavailable"
    UNREACHABLE = "unreachable"
    TOO_SLOW = "too-slow"
    CONNECTION_LOST = "connection-lost"
    NOT_SMTP = "not-smtp"
    NO_ENCRYPTION = "no-encryption"
    HANDSHAKE_FAILED = "handshake-failed"
    OUR_CERTIFICATE_REFUSED = "our-certificate-refused"
    NOT_CONFIGURED = "tls-not-configured"
    CERTIFICATE_INVALID = "certificate-invalid"
    CERTIFICATE_REVOKED = "certificate-revoked"
    REVOCATION_UNKNOWN = "revocation-unknown"
    CERTIFICATE_NOT_LISTED = "certificate-not-listed"
    TOO_LARGE = "too-large"
    NEEDS_8BIT = "needs-8bitmime"
    NEEDS_UTF8 = "needs-smtputf8"
    BAD_ADDRESS = "bad-address"
    UNREADABLE = "unreadable"
    DROPPED = "dropped"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    Problem.REFUSED: "the other operator refused it",
    Problem.NO_ROUTE: "no route to this operator",
    Problem.NO_MAIL_HERE: "the domain takes no mail (null MX)",
    Problem.NAME_UNKNOWN: "the domain has no mail server in the DNS",
    Problem.NAMES_UNAVAILABLE: "the DNS does not answer for this domain",
    Problem.UNREACHABLE: "the other operator cannot be reached",
    Problem.TOO_SLOW: "the other operator did not answer in time",
    Problem.CONNECTION_LOST: "the other operator ended the connection",
    Problem.NOT_SMTP: "what answers is not an SMTP server",
    Problem.NO_ENCRYPTION: "the other operator offers no encryption",
    Problem.HANDSHAKE_FAILED: "the encryption with the other operator could not be set up",
    Problem.OUR_CERTIFICATE_REFUSED: "the other operator refused this installation's certificate",
    Problem.NOT_CONFIGURED: "no certificate or no authority is configured for mail between operators",
    Problem.CERTIFICATE_INVALID: "the other operator's certificate is not valid for the operators' authority",
    Problem.CERTIFICATE_REVOKED: "the other operator's certificate is revoked",
    Problem.REVOCATION_UNKNOWN: "no valid revocation list says whether the other operator's certificate holds",
    Problem.CERTIFICATE_NOT_LISTED: "the trust list does not name the other operator's certificate for this domain",
    Problem.TOO_LARGE: "the message is larger than the other operator takes",
    Problem.NEEDS_8BIT: "the message has 8-bit content, which the other operator does not take",
    Problem.NEEDS_UTF8: "the other operator takes no address beyond ASCII",
    Problem.BAD_ADDRESS: "the address has characters that no address may have",
    Problem.UNREADABLE: "the message cannot be read from the store",
    Problem.DROPPED: "given up by the operator of this service",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply of the other side, or what stands for one that did not come.

    `code` is that of SMTP; `status` the enhanced one (RFC 3463), "" when none was given; `text` one line.
    """

    code: int
    status: str
    text: str
    phase: Phase
    problem: Problem = Problem.REFUSED

    @classmethod
    def read(cls, code: int, text: str, phase: Phase) -> "Answer":
        """A reply as it came; its text is bounded and made printable."""
        line = " ".join(text.encode("utf-8", "replace").decode("utf-8", "replace").split())
        line = "".join(one if one.isprintable() else "?" for one in line)[:_LONGEST_TEXT]
        enhanced = _ENHANCED.match(line)
        # A status of another class than the code contradicts it: the code stands (RFC 2034 §4).
        if enhanced and enhanced[1][0] == str(code)[0]:
            return cls(code, enhanced[1], line[enhanced.end() :], phase)
        return cls(code, "", line, phase)

    @classmethod
    def of(cls, problem: Problem, phase: Phase, code: int, status: str) -> "Answer":
        """What this side found, in the place of a reply."""
        return cls(code, status, problem.sentence, phase, problem)

    @property
    def taken(self) -> bool:
        return 200 <= self.code < 300

    @property
    def short(self) -> str:
        """Code and status, without words: `450 4.2.0`."""
        return f"{self.code} {self.status}".strip()

    @property
    def line(self) -> str:
        """The whole reply on one line."""
        return f"{self.short} {self.text}".strip()

    @property
    def report_status(self) -> str:
        """An enhanced status for a report, whatever the other side gave."""
        return self.status or f"{self.code // 100 if self.code // 100 in (2, 4, 5) else 4}.0.0"


@dataclass(frozen=True, slots=True)
class Host:
    """One server to try: a name or an address, and a port."""

    name: str
    port: int

    def __str__(self) -> str:
        return f"{self.name}:{self.port}"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient of a transaction, with what RFC 3461 lets its sender ask (`notify` words, `orcpt` decoded)."""

    address: str
    notify: tuple[str, ...] = ()
    orcpt: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """One message for several recipients behind one hop: what a transaction carries."""

    sender: str
    recipients: tuple[Recipient, ...]
    content: bytes = field(repr=False)
    ret: str = ""
    envid: str = ""
