"""Commands of every state, and those by which a client makes itself known (RFC 3501 §6.1 and §6.2)."""

import asyncio
from uuid import UUID

from django.db import transaction

from carnet.domain.messaging.commands.folders import ensure_folders
from carnet.foundation.clock import now
from carnet.interfaces.imap.grammar import Authenticate, BadCommand, Command, Login
from carnet.interfaces.imap.options import PRODUCT
from carnet.interfaces.imap.session import Ended, Session, State, command
from carnet.interfaces.sasl import Claim, Password, SaslError, SaslExchange, refusal_challenge
from carnet.interfaces.sign_in import NotSignedIn, SignedIn

_MAX_RESPONSE = 16_384
_TLS_FIRST = "NO [PRIVACYREQUIRED] Start TLS first: a password is not taken in clear"
_FAILED = "NO [AUTHENTICATIONFAILED] This does not open a mailbox"


@command("CAPABILITY", State.ANY)
async def capability(session: Session, _command: Command) -> str:
    await session.send(f"* CAPABILITY {session.capabilities}")
    return "OK That is all"


@command("NOOP", State.ANY)
async def noop(_session: Session, _command: Command) -> str:
    return "OK Nothing done"


@command("LOGOUT", State.ANY)
async def logout(session: Session, _command: Command) -> str:
    session.selected = None
    await session.send("* BYE Goodbye")
    return "OK Signed out"


@command("ID", State.ANY)
async def identify(session: Session, _command: Command) -> str:
    await session.send(f'* ID ("name" "{PRODUCT}")')
    return "OK Pleased to meet you"


@command("ENABLE", State.SIGNED_IN)
async def enable(session: Session, command: Command) -> str:
    """RFC 5161: what can be enabled are CONDSTORE and QRESYNC, which holds it (RFC 7162 §3.1, §3.2)."""
    enabled = [name for name in ("CONDSTORE", "QRESYNC") if name in command.arguments]
    session.condstore = session.condstore or bool(enabled)
    session.qresync = session.qresync or "QRESYNC" in enabled
    if session.selected is not None:
        session.selected.vanishes = session.qresync
    await session.send(" ".join(["* ENABLED", *enabled]))
    return "OK Enabled"


@command("STARTTLS", State.NOT_AUTHENTICATED)
async def start_tls(session: Session, command: Command) -> str:
    """Nothing said in clear may count afterwards (RFC 3501 §6.2.1), nor be taken for said under TLS."""
    if session.channel.secure or not session.door.offers_tls:
        raise BadCommand(command.tag, "TLS is not for now")
    await session.channel.start_tls(f"{command.tag} OK Begin TLS now\r\n".encode())
    return ""


@command("LOGIN", State.NOT_AUTHENTICATED)
async def login(session: Session, command: Command) -> str:
    arguments: Login = command.arguments
    if not session.may_sign_in:
        return _TLS_FIRST
    if not session.door.sign_in.passwords:
        return "NO [CANNOT] Passwords are not taken here: sign in with an access token or a certificate"
    return await _sign_in(session, Password(arguments.user, arguments.password))


@command("AUTHENTICATE", State.NOT_AUTHENTICATED)
async def authenticate(session: Session, command: Command) -> str:
    """SASL, the initial response in the command (RFC 4959) or after it."""
    arguments: Authenticate = command.arguments
    if not session.may_sign_in:
        return _TLS_FIRST
    if arguments.mechanism not in session.mechanisms:
        return f"NO [CANNOT] This mechanism is not offered; these are: {' '.join(session.mechanisms) or 'none'}"
    exchange = SaslExchange(arguments.mechanism)
    response = b"" if arguments.initial == b"=" else arguments.initial
    while True:
        try:
            outcome = exchange.respond(response)
        except SaslError:
            raise BadCommand(command.tag, f"Expected a response of {arguments.mechanism} in base64") from None
        if not isinstance(outcome, bytes):
            return await _sign_in(session, outcome, arguments.mechanism)
        response = await _challenge(session, outcome)
        if response == b"*" or response is None:
            raise BadCommand(command.tag, "Cancelled")


async def _challenge(session: Session, challenge: bytes) -> bytes | None:
    await session.send(b"+ " + challenge)
    return await session.channel.read_line(session.door.limits.login_seconds, _MAX_RESPONSE)


async def _sign_in(session: Session, claim: Claim, mechanism: str = "") -> str:
    door, channel = session.door, session.channel
    found = await door.sign_in(claim, peer=channel.peer, certificate=channel.certificate, session=session.id)
    if found is NotSignedIn.UNAVAILABLE:
        return "NO [UNAVAILABLE] This cannot be checked now, try again later"
    if not isinstance(found, SignedIn):
        return await _refuse(session, refusal_challenge(mechanism, door.sign_in.discovery_url))
    await session.in_thread(_ensure_folders, found.mailbox_id)
    session.signed = found
    session.mailbox_id = found.mailbox_id
    channel.signed_in()
    if found.until is not None:
        channel.leave_at(found.until - now().timestamp(), "The access token has expired: come back with a new one")
    door.counters.logins += 1
    return f"OK [CAPABILITY {session.capabilities}] Signed in"


async def _refuse(session: Session, challenge: bytes) -> str:
    """Count a failure; why a token is refused goes out as a challenge before the answer (RFC 7628 §3.2.3)."""
    session.login_failures += 1
    session.door.counters.login_failures += 1
    await asyncio.sleep(session.door.limits.failure_delay)
    if challenge:
        await _challenge(session, challenge)
    if session.login_failures >= session.door.limits.login_failures:
        raise Ended("Too many failed attempts to sign in")
    return _FAILED


def _ensure_folders(mailbox_id: UUID) -> None:
    with transaction.atomic():
        ensure_folders([mailbox_id])
