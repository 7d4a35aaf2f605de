"""What the IMAP door is told when it is opened, and what it counts while it is open."""

from dataclasses import dataclass

PRODUCT = "Carnet"

CAPABILITIES = (
    "IMAP4rev1",
    "LITERAL+",
    "ID",
    "ENABLE",
    "IDLE",
    "NAMESPACE",
    "UIDPLUS",
    "MOVE",
    "UNSELECT",
    "CHILDREN",
    "LIST-EXTENDED",
    "LIST-STATUS",
    "SPECIAL-USE",
    "STATUS=SIZE",
    "CONDSTORE",
    "QRESYNC",
    "ESEARCH",
    "SEARCHRES",
    "WITHIN",
    "QUOTA",
    "QUOTA=RES-STORAGE",
)
"""What is announced in every state, beside what depends on it (STARTTLS, authentication, largest message)."""


@dataclass(frozen=True, slots=True)
class ImapLimits:
    """Bounds of one IMAP door. Times in seconds, sizes in octets.

    ``idle_seconds`` is the autologout timer, 30 minutes at least (RFC 3501 §5.4). ``in_flight`` bounds the large
    literals that all sessions receive or store at one moment. ``window`` is about how much of a FETCH is prepared
    before it is sent. ``workers`` bounds the threads, and so the database connections, of the door.
    """

    connections: int = 2000
    connections_per_peer: int = 100
    login_seconds: float = 60
    idle_seconds: float = 1800
    send_seconds: float = 300
    handshake_seconds: float = 30
    line: int = 65_536
    line_before_login: int = 16_384
    literal: int = 65_536
    literal_before_login: int = 4_096
    message: int = 25 * 1024 * 1024
    in_flight: int = 256 * 1024 * 1024
    window: int = 1024 * 1024
    bad_commands: int = 20
    login_failures: int = 3
    failure_delay: float = 1.0
    workers: int = 8
    backlog: int = 1024


@dataclass(slots=True)
class ImapCounters:
    """Running totals of one server since it started; ``open`` and ``in_flight`` go up and down."""

    open: int = 0
    in_flight: int = 0
    connections: int = 0
    refused: int = 0
    logins: int = 0
    login_failures: int = 0
    commands: int = 0
    bad_commands: int = 0
    tls_failed: int = 0
    tls_injections: int = 0
    timeouts: int = 0
    errors: int = 0
