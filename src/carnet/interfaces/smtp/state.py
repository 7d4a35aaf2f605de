"""What one SMTP session remembers between two commands."""

from carnet.interfaces.sasl import SaslExchange
from carnet.interfaces.smtp import reply as replies
from carnet.interfaces.smtp.content import ContentReceiver
from carnet.interfaces.smtp.events import Envelope, Event
from carnet.interfaces.smtp.options import SmtpConfig, SmtpCounters
from carnet.interfaces.smtp.reply import Reply


class SmtpState:
    """The state that verbs read and decisions change; the input still unread; the output not yet taken.

    `greeted` is None before the banner, then whether EHLO or HELO was accepted. `certificate`: the client has shown one
    in the handshake. `sasl` is the exchange in progress, or the refusal that waits for the client's last line of it.
    """

    __slots__ = (
        "auth_failures",
        "authenticated",
        "bad",
        "buffer",
        "certificate",
        "closed",
        "config",
        "content",
        "counters",
        "envelope",
        "greeted",
        "handshaking",
        "idle_commands",
        "out",
        "position",
        "refused_rcpt",
        "refused_recipients",
        "sasl",
        "tls",
    )

    def __init__(self, config: SmtpConfig, counters: SmtpCounters, *, tls: bool) -> None:
        self.config = config
        self.counters = counters
        self.tls = tls
        self.certificate = False
        self.buffer = b""
        self.position = 0
        self.out: list[bytes] = []
        self.greeted: bool | None = None
        self.handshaking = False
        self.authenticated = False
        self.envelope: Envelope | None = None
        self.refused_rcpt = False
        self.refused_recipients = 0
        self.sasl: SaslExchange | Reply | None = None
        self.content: ContentReceiver | None = None
        self.bad = 0
        self.idle_commands = 0
        self.auth_failures = 0
        self.closed = False

    def reset(self) -> None:
        """Forget the mail transaction."""
        self.envelope = None
        self.refused_rcpt = False

    def refuse_bad(self, answer: Reply) -> Event | None:
        """Answer a command that is wrong in itself; too many of them end the session.

        Always None: a verb that refuses has no event to give.
        """
        self.bad += 1
        self.counters.bad_commands += 1
        if self.bad < self.config.max_bad_commands:
            self.out.append(answer.encode())
        else:
            self.counters.too_many_errors += 1
            self.close_with(replies.TOO_MANY_ERRORS)
        return None

    def close_with(self, answer: Reply) -> None:
        """Say a last reply and read no more."""
        self.out.append(answer.encode())
        self.content = None
        self.closed = True

    def refuse_injection(self) -> None:
        """Refuse plaintext that follows STARTTLS: it could be taken for what came by TLS (RFC 3207 §5)."""
        if self.position < len(self.buffer):
            self.counters.tls_injections += 1
            self.buffer = b""
            self.position = 0
            self.close_with(replies.TLS_INJECTION)
