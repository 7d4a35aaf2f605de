"""What a door is told when it is opened, and what it counts while it is open."""

import re
from dataclasses import dataclass, field

from carnet.interfaces.sasl import MECHANISMS

_HOSTNAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class SmtpConfig:
    """Rules of one SMTP door. Sizes are in octets.

    `starttls` offers STARTTLS (RFC 3207). `require_tls` answers 530 to all but a few commands before TLS;
    `require_auth` answers 530 to MAIL before AUTH. AUTH is never offered nor accepted before TLS, EXTERNAL only to who
    has shown a certificate. `discovery_url` is where a client whose token is refused learns of its provider.
    `max_idle_commands` bounds EHLO, NOOP, RSET, HELP and VRFY between two messages; more count as bad commands.
    `max_refused_recipients` between two messages end the session: nobody looks through our addresses.
    Raises ValueError when the settings contradict each other.
    """

    hostname: str
    banner: str = "ESMTP Carnet"
    max_size: int = 25 * 1024 * 1024
    max_recipients: int = 100
    max_line: int = 2048
    max_auth_line: int = 12288
    max_bad_commands: int = 20
    max_idle_commands: int = 100
    max_refused_recipients: int = 100
    max_auth_failures: int = 3
    starttls: bool = False
    require_tls: bool = False
    auth_mechanisms: tuple[str, ...] = ()
    require_auth: bool = False
    discovery_url: str = ""
    greeting: bytes = field(init=False, repr=False)
    helo_answer: bytes = field(init=False, repr=False)
    ehlo_plain: bytes = field(init=False, repr=False)
    ehlo_tls: bytes = field(init=False, repr=False)
    ehlo_certificate: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not _HOSTNAME.fullmatch(self.hostname):
            raise ValueError("hostname must be a domain name of letters, digits, dots and hyphens")
        if not (self.banner.isascii() and self.banner.isprintable() and len(self.banner) <= 200):
            raise ValueError("banner must be at most 200 printable ASCII characters")
        if self.max_line < 512 or self.max_recipients < 1 or self.max_size < 1:
            raise ValueError("max_line must be 512 or more, max_recipients and max_size 1 or more")
        if unknown := set(self.auth_mechanisms) - set(MECHANISMS):
            raise ValueError(f"unknown authentication mechanisms: {', '.join(sorted(unknown))}")
        if self.require_auth and not self.auth_mechanisms:
            raise ValueError("require_auth needs at least one of auth_mechanisms")
        set_field = object.__setattr__
        set_field(self, "greeting", f"220 {self.hostname} {self.banner}\r\n".encode())
        set_field(self, "helo_answer", f"250 {self.hostname}\r\n".encode())
        set_field(self, "ehlo_plain", self._ehlo(tls=False))
        set_field(self, "ehlo_tls", self._ehlo(tls=True))
        set_field(self, "ehlo_certificate", self._ehlo(tls=True, certificate=True))

    def mechanisms(self, *, certificate: bool) -> tuple[str, ...]:
        """What is offered under TLS, to who has shown a certificate or not."""
        return tuple(one for one in self.auth_mechanisms if certificate or one != "EXTERNAL")

    def _ehlo(self, *, tls: bool, certificate: bool = False) -> bytes:
        words = [self.hostname, "PIPELINING", f"SIZE {self.max_size}", "8BITMIME", "SMTPUTF8", "DSN"]
        if self.starttls and not tls:
            words.append("STARTTLS")
        if tls and (offered := self.mechanisms(certificate=certificate)):
            words.append("AUTH " + " ".join(offered))
        lines = [f"250-{word}\r\n" for word in words]
        return ("".join(lines) + "250 ENHANCEDSTATUSCODES\r\n").encode()


@dataclass(frozen=True, slots=True)
class SmtpLimits:
    """Bounds of one listening server. Times are in seconds, sizes in octets.

    `command_seconds` and `data_seconds` bound silence (RFC 5321 §4.5.3.2 asks for 5 and 10 minutes);
    `session_seconds` bounds a whole connection, so that a sender of one octet now and then is let go.
    `in_flight` bounds the content held by all sessions together, received or being stored. Content that comes
    slower than `least_rate`, once it has come for `slow_seconds`, is not waited for.
    """

    connections: int = 1000
    connections_per_ip: int = 50
    command_seconds: float = 300
    data_seconds: float = 600
    handshake_seconds: float = 30
    session_seconds: float = 3600
    in_flight: int = 256 * 1024 * 1024
    least_rate: int = 0
    slow_seconds: float = 60
    backlog: int = 1024


@dataclass(slots=True)
class Memory:
    """The octets of content that several servers of one process hold together."""

    held: int = 0


@dataclass(slots=True)
class SmtpCounters:
    """Running totals of one server since it started; `open` and `in_flight` go up and down."""

    open: int = 0
    in_flight: int = 0
    connections: int = 0
    refused_total: int = 0
    refused_per_ip: int = 0
    messages: int = 0
    messages_refused: int = 0
    octets: int = 0
    recipients: int = 0
    recipients_refused: int = 0
    senders_refused: int = 0
    too_big: int = 0
    bare_line_ends: int = 0
    memory_refused: int = 0
    bad_commands: int = 0
    too_many_errors: int = 0
    tls_started: int = 0
    tls_failed: int = 0
    tls_injections: int = 0
    auth_succeeded: int = 0
    auth_failed: int = 0
    timeouts: int = 0
    handler_errors: int = 0
