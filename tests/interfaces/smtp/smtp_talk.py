"""A client for tests of the protocol engine: says bytes, takes decisions, keeps what came out."""

from collections.abc import Callable
from dataclasses import dataclass, field

from carnet.interfaces.smtp.events import Event, Message, StartTls
from carnet.interfaces.smtp.options import SmtpConfig
from carnet.interfaces.smtp.protocol import SmtpProtocol
from carnet.interfaces.smtp.reply import Reply

HOST = "mx.carnet.example"
PATIENT = "279035121518989@patient.mssante.fr"
DOCTOR = "anne.martin@medecin.formation.mssante.fr"
ENVELOPE = f"MAIL FROM:<{DOCTOR}>\r\nRCPT TO:<{PATIENT}>\r\n".encode()


def config(**changes: object) -> SmtpConfig:
    return SmtpConfig(hostname=HOST, **changes)  # type: ignore[arg-type]


@dataclass
class Talk:
    """One session where each event is decided by `decide`, or accepted."""

    config: SmtpConfig = field(default_factory=config)
    decide: Callable[[Event], Reply | None] = lambda _event: None
    tls: bool = False
    handshakes: bool = True
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.machine = SmtpProtocol(self.config, tls=self.tls)
        self.banner = self._decide_all(self.machine.next_event())

    def say(self, data: bytes | str) -> bytes:
        """What the server answers to these bytes."""
        raw = data.encode() if isinstance(data, str) else data
        return self._decide_all(self.machine.receive_data(raw))

    def greeted(self) -> "Talk":
        assert self.say("EHLO client.example\r\n").startswith(b"250-")
        return self

    @property
    def messages(self) -> list[Message]:
        return [event for event in self.events if isinstance(event, Message)]

    def _decide_all(self, event: Event | None) -> bytes:
        out = b""
        while event is not None:
            self.events.append(event)
            self.machine.reply(self.decide(event))
            out += self.machine.data_to_send()
            if isinstance(event, StartTls) and self.handshakes and self.machine.handshaking:
                self.machine.tls_started()
            event = self.machine.next_event()
        return out + self.machine.data_to_send()


def codes(replies: bytes) -> list[str]:
    """The code and enhanced code of each reply, checking the shape of every line (RFC 5321 §4.2.1)."""
    found = []
    if not replies:
        return found
    assert replies.endswith(b"\r\n")
    previous = None
    for line in replies[:-2].split(b"\r\n"):
        assert len(line) <= 510
        assert b"\r" not in line
        assert b"\n" not in line
        code, mark, text = line[:3].decode(), line[3:4], line[4:].decode()
        assert code.isdigit()
        assert mark in (b" ", b"-")
        assert previous in (None, code)
        previous = code if mark == b"-" else None
        if mark == b" ":
            word = text.split(" ")[0]
            found.append(f"{code} {word}" if word.startswith(f"{code[0]}.") else code)
    assert previous is None
    return found
