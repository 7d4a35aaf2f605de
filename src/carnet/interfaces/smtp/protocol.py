"""The server side of SMTP as a state machine on bytes, without sockets, clocks or tasks (RFC 5321).

    machine = SmtpProtocol(config)
    event = machine.next_event()            # Connected
    while event is not None:
        machine.reply(decide(event))        # None accepts with the ordinary words
        event = machine.next_event()
    send(machine.data_to_send())            # then machine.receive_data(bytes) gives the next event

One event waits at a time: until `reply` is called, what the client pipelined (RFC 2920) is kept unread.
"""

import re

from carnet.interfaces.smtp import reply as replies
from carnet.interfaces.smtp.decisions import DECISIONS
from carnet.interfaces.smtp.events import Connected, Event, Message
from carnet.interfaces.smtp.options import SmtpConfig, SmtpCounters
from carnet.interfaces.smtp.reply import Reply
from carnet.interfaces.smtp.state import SmtpState
from carnet.interfaces.smtp.verbs import BEFORE_TLS, IDLE_VERBS, VERBS, sasl_line

_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_AUTH_PREFIX = re.compile(rb"(?i:AUTH) ")
_CR = 13


class SmtpProtocol(SmtpState):
    """One session. `pending` is the event that waits for `reply`, or None.

    `closed` turns True when the bytes still to send are the last ones. `tls` says whether the channel is
    encrypted from the start; `counters` may be shared by many sessions.
    """

    __slots__ = ("_kept", "_skipped_cr", "_skipping", "pending")

    def __init__(self, config: SmtpConfig, counters: SmtpCounters | None = None, *, tls: bool = False) -> None:
        super().__init__(config, SmtpCounters() if counters is None else counters, tls=tls)
        self._kept: list[bytes] = []
        self.pending: Event | None = None
        self._skipping = False
        self._skipped_cr = False

    @property
    def idle(self) -> bool:
        """Whether nothing is in progress: no content being received and no event waiting."""
        return self.pending is None and self.content is None

    def receive_data(self, data: bytes) -> Event | None:
        """Take bytes from the client; the next event, or None when more bytes or a reply must come first."""
        if self.closed:
            return None
        if self.handshaking:
            # Plaintext where only TLS may be: nothing of it is read.
            self.counters.tls_injections += 1
            self.closed = True
            return None
        if self.pending is not None:
            self._kept.append(data)
            return None
        self.buffer = self.buffer[self.position :] + data if self.position < len(self.buffer) else data
        self.position = 0
        return self.next_event()

    def next_event(self) -> Event | None:
        """The next event in what was already received, or None."""
        if self.pending is not None or self.closed or self.handshaking:
            return None
        event: Event | None
        if self.greeted is None:
            self.greeted = False
            self.pending = event = Connected()
            return event
        while not self.closed:
            if self.content is not None:
                end = self.content.feed(self.buffer, self.position)
                if end < 0:
                    self.position = len(self.buffer)
                    return None
                self.position = end
                event = self._end_content()
            else:
                line = self._take_line()
                if line is None:
                    return None
                event = self._command(line) if self.sasl is None else sasl_line(self, line)
            if event is not None:
                self.pending = event
                return event
        return None

    def reply(self, answer: Reply | None = None) -> None:
        """Decide the waiting event: None or a 2xx reply accepts it, any other refuses it, 421 also closes.

        Raises RuntimeError when no event waits.
        """
        event = self.pending
        if event is None:
            raise RuntimeError("no event is waiting for a reply")
        self.pending = None
        if self._kept:
            self.buffer = b"".join((self.buffer[self.position :], *self._kept))
            self.position = 0
            self._kept.clear()
        DECISIONS[type(event)](self, event, answer)
        if answer is not None and answer.code == 421:
            self.closed = True

    def data_to_send(self) -> bytes:
        """The bytes to send now, b"" if none."""
        out = self.out
        if not out:
            return b""
        data = out[0] if len(out) == 1 else b"".join(out)
        out.clear()
        return data

    def tls_started(self, *, certificate: bool = False) -> None:
        """The handshake is done: all that the client said before is forgotten (RFC 3207 §4.2)."""
        self.handshaking = False
        self.tls = True
        self.certificate = certificate
        self.greeted = False
        self.reset()

    def refuse_content(self, answer: Reply) -> None:
        """Let go the content being received; `answer` follows its end."""
        if self.content is not None:
            self.content.refuse(answer)

    def shut(self, answer: Reply) -> None:
        """Say a last reply, usually 421, in place of whatever was in progress."""
        self.pending = None
        self.close_with(answer)

    def _take_line(self) -> bytes | None:
        """The next command line without its CR LF. One too long is answered and passed.

        One that ends with a bare LF ends the session: what follows it on the wire may be part of it for another server,
        and must not be a command for this one (SMTP smuggling).
        """
        buffer = self.buffer
        while not self.closed:
            start = self.position
            end = buffer.find(b"\n", start)
            length = (end + 1 if end >= 0 else len(buffer)) - start
            has_cr = buffer[end - 1] == _CR if end > start else self._skipped_cr
            if self._skipping:
                self.position = start + length
                if end < 0:
                    self._skipped_cr = buffer.endswith(b"\r") if length else self._skipped_cr
                    return None
                self._skipping = self._skipped_cr = False
            elif length > self.config.max_line and length > self._line_limit(start):
                self.position = start + length
                self._skipping = end < 0
                self._skipped_cr = end < 0 and buffer.endswith(b"\r")
                self._refuse_line(replies.LINE_TOO_LONG if self.sasl is None else replies.AUTH_LINE_TOO_LONG)
            elif end < 0:
                return None
            elif has_cr:
                self.position = end + 1
                return buffer[start : end - 1]
            if end >= 0 and not has_cr and not self.closed:
                self.counters.bare_line_ends += 1
                self.close_with(replies.BARE_LINE_FEED)
        return None

    def _refuse_line(self, answer: Reply) -> None:
        self.sasl = None
        self.refuse_bad(answer)

    def _line_limit(self, start: int) -> int:
        if self.sasl is not None or _AUTH_PREFIX.match(self.buffer, start):
            return self.config.max_auth_line
        return self.config.max_line

    def _command(self, line: bytes) -> Event | None:
        if _CONTROL.search(line):
            return self.refuse_bad(replies.CONTROL_CHARACTER)
        verb, _, argument = line.partition(b" ")
        verb = verb.upper()
        act = VERBS.get(verb)
        if act is None:
            return self.refuse_bad(replies.UNKNOWN_COMMAND)
        if self.config.require_tls and not self.tls and verb not in BEFORE_TLS:
            return self.refuse_bad(replies.TLS_FIRST)
        if verb in IDLE_VERBS:
            self.idle_commands += 1
            if self.idle_commands > self.config.max_idle_commands:
                return self.refuse_bad(replies.TOO_MANY_IDLE)
        return act(self, argument.strip(b" "))

    def _end_content(self) -> Event | None:
        content, envelope = self.content, self.envelope
        assert content is not None
        assert envelope is not None
        outcome = content.finish()
        self.content = None
        self.idle_commands = 0
        self.reset()
        if isinstance(outcome, bytes):
            return Message(envelope, outcome)
        self.counters.messages_refused += 1
        if outcome is replies.MESSAGE_TOO_BIG:
            self.counters.too_big += 1
        elif outcome is replies.BARE_LINE_ENDS:
            self.counters.bare_line_ends += 1
        self.out.append(outcome.encode())
        return None
