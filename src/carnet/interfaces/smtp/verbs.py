"""What each SMTP command does: gives an event that waits for a decision, or answers by itself (RFC 5321 §4.1)."""

from collections.abc import Callable

from carnet.interfaces.sasl import SaslError, SaslExchange
from carnet.interfaces.smtp import reply as replies
from carnet.interfaces.smtp.events import Auth, Data, Ehlo, Event, Quit, Rset, StartTls
from carnet.interfaces.smtp.paths import is_helo_name, parse_mail, parse_rcpt
from carnet.interfaces.smtp.reply import Reply
from carnet.interfaces.smtp.state import SmtpState

_OK = replies.OK.encode()
_HELP = replies.HELP.encode()
_CANNOT_VERIFY = replies.CANNOT_VERIFY.encode()
_MESSAGE_TOO_BIG = replies.MESSAGE_TOO_BIG.encode()
_TOO_MANY_RECIPIENTS = replies.TOO_MANY_RECIPIENTS.encode()
_NO_VALID_RECIPIENT = replies.NO_VALID_RECIPIENT.encode()


def ehlo(state: SmtpState, argument: bytes) -> Event | None:
    """EHLO: the client's name, with extensions."""
    return _hello(state, argument, extended=True)


def helo(state: SmtpState, argument: bytes) -> Event | None:
    """HELO: the client's name, without extensions."""
    return _hello(state, argument, extended=False)


def _hello(state: SmtpState, argument: bytes, *, extended: bool) -> Event | None:
    name = argument.decode("ascii", "replace")
    if not name or not is_helo_name(name):
        return state.refuse_bad(replies.BAD_HELO_NAME)
    return Ehlo(name, extended)


def starttls(state: SmtpState, argument: bytes) -> Event | None:
    """STARTTLS (RFC 3207 §4): nothing may follow it before the handshake."""
    if not state.config.starttls:
        return state.refuse_bad(replies.NOT_IMPLEMENTED)
    if argument:
        return state.refuse_bad(replies.NO_ARGUMENT)
    if state.tls:
        return state.refuse_bad(replies.TLS_ALREADY)
    state.refuse_injection()
    return None if state.closed else StartTls()


def auth(state: SmtpState, argument: bytes) -> Event | None:
    """AUTH (RFC 4954 §4): only under TLS, once, outside a transaction."""
    if not state.config.auth_mechanisms:
        return state.refuse_bad(replies.NOT_IMPLEMENTED)
    if not state.tls:
        return state.refuse_bad(replies.TLS_FIRST_FOR_AUTH)
    if not state.greeted:
        return state.refuse_bad(replies.HELO_FIRST)
    if state.authenticated:
        return state.refuse_bad(replies.AUTH_ALREADY)
    if state.envelope is not None:
        return state.refuse_bad(replies.AUTH_NOT_NOW)
    name, space, initial = argument.partition(b" ")
    mechanism = name.decode("ascii", "replace").upper()
    if mechanism not in state.config.mechanisms(certificate=state.certificate):
        return state.refuse_bad(replies.AUTH_MECHANISM if name else replies.ARGUMENT_NEEDED)
    initial = initial.strip(b" ")
    if initial == b"=":
        return _sasl_step(state, SaslExchange(mechanism), b"")
    return _sasl_step(state, SaslExchange(mechanism), initial if space else None)


def sasl_line(state: SmtpState, line: bytes) -> Event | None:
    """The client's answer to a challenge; "*" gives up. After a refusal told by a challenge it means nothing."""
    exchange, state.sasl = state.sasl, None
    if isinstance(exchange, Reply):
        if exchange.code == 421:
            state.close_with(exchange)
        else:
            state.out.append(exchange.encode())
        return None
    if exchange is None or line == b"*":
        return state.refuse_bad(replies.AUTH_CANCELLED)
    return _sasl_step(state, exchange, line)


def _sasl_step(state: SmtpState, exchange: SaslExchange, line: bytes | None) -> Event | None:
    try:
        outcome = exchange.respond(line)
    except SaslError:
        return state.refuse_bad(replies.AUTH_DECODING)
    if not isinstance(outcome, bytes):
        return Auth(exchange.mechanism, outcome)
    state.sasl = exchange
    state.out.append(b"334 " + outcome + b"\r\n")
    return None


def mail(state: SmtpState, argument: bytes) -> Event | None:
    """MAIL opens a transaction; a declared size over the limit is refused at once (RFC 1870 §6.1)."""
    if not state.greeted:
        return state.refuse_bad(replies.HELO_FIRST)
    if state.config.require_auth and not state.authenticated:
        return state.refuse_bad(replies.AUTH_FIRST)
    if state.envelope is not None:
        return state.refuse_bad(replies.MAIL_ALREADY)
    sender = parse_mail(argument)
    if isinstance(sender, Reply):
        return state.refuse_bad(sender)
    if sender.size is not None and sender.size > state.config.max_size:
        state.counters.too_big += 1
        state.out.append(_MESSAGE_TOO_BIG)
        return None
    return sender


def rcpt(state: SmtpState, argument: bytes) -> Event | None:
    """RCPT names one more recipient (RFC 5321 §4.5.3.1.10: too many is a temporary refusal)."""
    envelope = state.envelope
    if envelope is None:
        return state.refuse_bad(replies.MAIL_FIRST)
    if len(envelope.rcpts) >= state.config.max_recipients:
        state.out.append(_TOO_MANY_RECIPIENTS)
        return None
    recipient = parse_rcpt(argument, smtputf8=envelope.mail.smtputf8)
    if isinstance(recipient, Reply):
        state.refused_rcpt = True
        return state.refuse_bad(recipient)
    return recipient


def data(state: SmtpState, argument: bytes) -> Event | None:
    """DATA needs a recipient; when all were refused the answer is 554 (RFC 2920 §3.1)."""
    if argument:
        return state.refuse_bad(replies.NO_ARGUMENT)
    if state.envelope is None:
        return state.refuse_bad(replies.MAIL_FIRST)
    if state.envelope.rcpts:
        return Data(state.envelope)
    if not state.refused_rcpt:
        return state.refuse_bad(replies.RCPT_FIRST)
    state.out.append(_NO_VALID_RECIPIENT)
    return None


def rset(state: SmtpState, argument: bytes) -> Event | None:
    """RSET gives up the transaction."""
    return state.refuse_bad(replies.NO_ARGUMENT) if argument else Rset()


def leave(state: SmtpState, argument: bytes) -> Event | None:
    """QUIT ends the session."""
    return state.refuse_bad(replies.NO_ARGUMENT) if argument else Quit()


def noop(state: SmtpState, _argument: bytes) -> None:
    """NOOP does nothing, whatever follows it."""
    state.out.append(_OK)


def give_help(state: SmtpState, _argument: bytes) -> None:
    """HELP lists the commands."""
    state.out.append(_HELP)


def vrfy(state: SmtpState, argument: bytes) -> None:
    """VRFY tells nothing about who has a mailbox (RFC 5321 §7.3)."""
    if argument:
        state.out.append(_CANNOT_VERIFY)
    else:
        state.refuse_bad(replies.ARGUMENT_NEEDED)


def not_implemented(state: SmtpState, _argument: bytes) -> None:
    """A command that exists in some document and not here."""
    state.refuse_bad(replies.NOT_IMPLEMENTED)


VERBS: dict[bytes, Callable[[SmtpState, bytes], Event | None]] = {
    b"EHLO": ehlo,
    b"HELO": helo,
    b"STARTTLS": starttls,
    b"AUTH": auth,
    b"MAIL": mail,
    b"RCPT": rcpt,
    b"DATA": data,
    b"RSET": rset,
    b"QUIT": leave,
    b"NOOP": noop,
    b"HELP": give_help,
    b"VRFY": vrfy,
    b"EXPN": not_implemented,
    b"BDAT": not_implemented,
    b"ETRN": not_implemented,
    b"TURN": not_implemented,
    b"SEND": not_implemented,
    b"SOML": not_implemented,
    b"SAML": not_implemented,
}
# RFC 3207 §4 lets these through before TLS when the server insists on it.
BEFORE_TLS = frozenset({b"EHLO", b"HELO", b"NOOP", b"STARTTLS", b"QUIT"})
# These cost work and replies without sending mail: their number between two messages is bounded.
IDLE_VERBS = frozenset({b"EHLO", b"HELO", b"NOOP", b"RSET", b"HELP", b"VRFY"})
