"""What the protocol engine reports. Each event waits for the caller's `reply`."""

from dataclasses import dataclass, field

from carnet.interfaces.sasl import Claim


@dataclass(slots=True)
class Connected:
    """The client is there; an accepting reply sends the banner."""


@dataclass(slots=True)
class Ehlo:
    """EHLO (`extended`) or HELO with the name that the client claims."""

    name: str
    extended: bool


@dataclass(slots=True)
class StartTls:
    """The client asks for TLS; after an accepting reply the caller makes the handshake (RFC 3207)."""


@dataclass(slots=True)
class Auth:
    """A claim to check; an accepting reply authenticates the session (RFC 4954)."""

    mechanism: str
    claim: Claim


@dataclass(slots=True)
class Mail:
    """A sender: `sender` is an address, or "" for the null sender.

    `size` is the declared size in octets (RFC 1870); `body` is "7BIT", "8BITMIME" or None (RFC 6152);
    `ret` is "FULL", "HDRS" or None and `envid` the decoded envelope identifier (RFC 3461 §4.3, §4.4).
    """

    sender: str
    size: int | None = None
    body: str | None = None
    smtputf8: bool = False
    ret: str | None = None
    envid: str | None = None

    @property
    def domain(self) -> str:
        """The sender's domain as it was written, "" for the null sender."""
        return self.sender.rpartition("@")[2]


NO_NOTIFY: frozenset[str] = frozenset()


@dataclass(slots=True)
class Rcpt:
    """A recipient. `notify` is empty when not given, else {"NEVER"} or some of SUCCESS, FAILURE, DELAY;
    `orcpt` is the original recipient, decoded, as "type;address" (RFC 3461 §4.1, §4.2)."""

    address: str
    notify: frozenset[str] = NO_NOTIFY
    orcpt: str | None = None

    @property
    def domain(self) -> str:
        """The recipient's domain as it was written, "" for <Postmaster>."""
        return self.address.rpartition("@")[2] if "@" in self.address else ""


@dataclass(slots=True)
class Envelope:
    """The sender and the accepted recipients of one message, in the order received."""

    mail: Mail
    rcpts: list[Rcpt] = field(default_factory=list)


@dataclass(slots=True)
class Data:
    """DATA was asked; an accepting reply sends 354 and the content follows."""

    envelope: Envelope


@dataclass(slots=True)
class Message:
    """A whole message: the content with CR LF line ends and without dot-stuffing."""

    envelope: Envelope
    content: bytes


@dataclass(slots=True)
class Rset:
    """The client gives up the transaction, if any."""


@dataclass(slots=True)
class Quit:
    """The client leaves."""


Event = Connected | Ehlo | StartTls | Auth | Mail | Rcpt | Data | Message | Rset | Quit
