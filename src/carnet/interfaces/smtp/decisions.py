"""What a decision on an event does to the session, and the words that go out."""

from collections.abc import Callable
from typing import Any

from carnet.interfaces.sasl import refusal_challenge
from carnet.interfaces.smtp import reply as replies
from carnet.interfaces.smtp.content import ContentReceiver
from carnet.interfaces.smtp.events import (
    Auth,
    Connected,
    Data,
    Ehlo,
    Envelope,
    Mail,
    Message,
    Quit,
    Rcpt,
    Rset,
    StartTls,
)
from carnet.interfaces.smtp.reply import Reply
from carnet.interfaces.smtp.state import SmtpState

_OK = replies.OK.encode()
_MAIL_OK = b"250 2.1.0 Sender OK\r\n"
_RCPT_OK = b"250 2.1.5 Recipient OK\r\n"
_DATA_OK = b"354 End data with <CR><LF>.<CR><LF>\r\n"
_MESSAGE_OK = b"250 2.0.0 Message accepted\r\n"
_TLS_OK = b"220 2.0.0 Ready to start TLS\r\n"
_AUTH_OK = b"235 2.7.0 Authentication successful\r\n"
_BYE = b"221 2.0.0 Bye\r\n"


def connected(state: SmtpState, _event: Connected, answer: Reply | None) -> None:
    """The banner, or a refusal that ends the session (RFC 5321 §3.1)."""
    if answer is None or answer.accepted:
        state.out.append(state.config.greeting)
    else:
        state.close_with(answer)


def ehlo(state: SmtpState, event: Ehlo, answer: Reply | None) -> None:
    """A greeting also gives up the transaction (RFC 5321 §4.1.4)."""
    if answer is not None and not answer.accepted:
        state.out.append(answer.encode())
        return
    state.greeted = True
    state.reset()
    if not event.extended:
        state.out.append(state.config.helo_answer)
    else:
        state.out.append(_ehlo(state))


def _ehlo(state: SmtpState) -> bytes:
    if not state.tls:
        return state.config.ehlo_plain
    return state.config.ehlo_certificate if state.certificate else state.config.ehlo_tls


def starttls(state: SmtpState, _event: StartTls, answer: Reply | None) -> None:
    """After 220 only the handshake may follow."""
    if answer is not None and not answer.accepted:
        state.out.append(answer.encode())
        return
    state.refuse_injection()
    if not state.closed:
        state.out.append(_TLS_OK)
        state.handshaking = True


def auth(state: SmtpState, event: Auth, answer: Reply | None) -> None:
    """A claim refused for good is counted; the last allowed failure ends the session.

    Why a token is refused goes out as a challenge first, and the reply after the client's answer (RFC 7628 §3.2.3).
    """
    if answer is None or answer.accepted:
        state.authenticated = True
        state.counters.auth_succeeded += 1
        state.out.append(_AUTH_OK)
        return
    state.counters.auth_failed += 1
    challenge = b""
    if answer.code >= 500:
        state.auth_failures += 1
        challenge = refusal_challenge(event.mechanism, state.config.discovery_url)
    if state.auth_failures >= state.config.max_auth_failures:
        answer = replies.TOO_MANY_AUTH_FAILURES
    if challenge:
        state.out.append(b"334 " + challenge + b"\r\n")
        state.sasl = answer
    elif answer is replies.TOO_MANY_AUTH_FAILURES:
        state.close_with(answer)
    else:
        state.out.append(answer.encode())


def mail(state: SmtpState, event: Mail, answer: Reply | None) -> None:
    """An accepted sender opens the transaction."""
    if answer is None:
        state.envelope = Envelope(event, [])
        state.out.append(_MAIL_OK)
        return
    if answer.accepted:
        state.envelope = Envelope(event, [])
    else:
        state.counters.senders_refused += 1
    state.out.append(answer.encode(utf8=event.smtputf8))


def rcpt(state: SmtpState, event: Rcpt, answer: Reply | None) -> None:
    """An accepted recipient joins the envelope."""
    envelope = state.envelope
    assert envelope is not None
    if answer is None or answer.accepted:
        envelope.rcpts.append(event)
        state.counters.recipients += 1
    else:
        state.refused_rcpt = True
        state.refused_recipients += 1
        state.counters.recipients_refused += 1
        if state.refused_recipients >= state.config.max_refused_recipients:
            state.counters.too_many_errors += 1
            state.close_with(replies.TOO_MANY_REFUSED)
            return
    state.out.append(_RCPT_OK if answer is None else answer.encode(utf8=envelope.mail.smtputf8))


def data(state: SmtpState, _event: Data, answer: Reply | None) -> None:
    """354, and the content follows; a refusal leaves the transaction open."""
    if answer is None or answer.accepted:
        state.content = ContentReceiver(state.config.max_size)
        state.out.append(_DATA_OK)
    else:
        state.out.append(answer.encode())


def message(state: SmtpState, event: Message, answer: Reply | None) -> None:
    """The only positive reply that promises something: the message is kept (RFC 5321 §6.1)."""
    if answer is None or answer.accepted:
        state.refused_recipients = 0
        state.counters.messages += 1
        state.counters.octets += len(event.content)
    else:
        state.counters.messages_refused += 1
    state.out.append(_MESSAGE_OK if answer is None else answer.encode(utf8=event.envelope.mail.smtputf8))


def rset(state: SmtpState, _event: Rset, answer: Reply | None) -> None:
    """The transaction is gone, whatever the words."""
    state.reset()
    state.out.append(_OK if answer is None else answer.encode())


def leave(state: SmtpState, _event: Quit, answer: Reply | None) -> None:
    """Goodbye."""
    state.out.append(_BYE if answer is None else answer.encode())
    state.closed = True


DECISIONS: dict[type, Callable[[SmtpState, Any, Reply | None], None]] = {
    Connected: connected,
    Ehlo: ehlo,
    StartTls: starttls,
    Auth: auth,
    Mail: mail,
    Rcpt: rcpt,
    Data: data,
    Message: message,
    Rset: rset,
    Quit: leave,
}
