"""Commands of every state, and those by which a client makes itself known (RFC 3501 §6.1 and §6.2)."""

import asyncio
import binascii
from uuid import UUID

from django.db import transaction

from carnet.domain.directory.access import authenticate_mailbox
from carnet.domain.messaging.commands.folders import ensure_folders
from carnet.foundation import logs
from carnet.interfaces.imap.grammar import Authenticate, BadCommand, Command, Login
from carnet.interfaces.imap.options import PRODUCT
from carnet.interfaces.imap.session import Ended, Session, State, command

log = logs.get("imap")

_MAX_RESPONSE = 4096
_TLS_FIRST = "NO [PRIVACYREQUIRED] Start TLS first: a password is not taken in clear"
_FAILED = "NO [AUTHENTICATIONFAILED] The login or the password is wrong"


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
    """RFC 5161; of what can be enabled there is CONDSTORE only (RFC 7162 §3.1)."""
    enabled = [name for name in ("CONDSTORE",) if name in command.arguments]
    session.condstore = session.condstore or bool(enabled)
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
    if not session.channel.secure:
        return _TLS_FIRST
    return await _sign_in(session, arguments.user, arguments.password)


@command("AUTHENTICATE", State.NOT_AUTHENTICATED)
async def authenticate(session: Session, command: Command) -> str:
    """SASL PLAIN (RFC 4616), the initial response in the command (RFC 4959) or after it."""
    arguments: Authenticate = command.arguments
    if not session.channel.secure:
        return _TLS_FIRST
    if arguments.mechanism != "PLAIN":
        return "NO [CANNOT] The only mechanism is PLAIN"
    response = arguments.initial
    if response is None:
        await session.send("+ ")
        response = await session.channel.read_line(session.door.limits.login_seconds, _MAX_RESPONSE)
    if response == b"*" or response is None:
        raise BadCommand(command.tag, "Cancelled")
    credentials = read_plain(b"" if response == b"=" else response)
    if credentials is None:
        raise BadCommand(command.tag, "Expected a response of PLAIN in base64")
    return await _sign_in(session, *credentials)


def read_plain(response: bytes) -> tuple[str, str] | None:
    """User and password of a PLAIN response; acting for somebody else is not offered (RFC 4616 §2)."""
    try:
        parts = binascii.a2b_base64(response, strict_mode=True).decode("utf-8").split("\0")
    except (binascii.Error, UnicodeDecodeError):
        return None
    if len(parts) != 3 or not parts[1] or not parts[2] or parts[0] not in ("", parts[1]):
        return None
    return parts[1], parts[2]


async def _sign_in(session: Session, user: str, password: str) -> str:
    tries, peer = session.door.wrong_passwords, session.channel.peer
    mailbox_id = None
    if not tries.too_many(peer, user):
        async with session.door.signing_in:
            mailbox_id = await session.in_thread(_mailbox_of, user, password)
        tries.note(peer, user, right=mailbox_id is not None)
    if mailbox_id is None:
        session.login_failures += 1
        session.door.counters.login_failures += 1
        log.info("imap_sign_in_refused", count=session.login_failures)
        await asyncio.sleep(session.door.limits.failure_delay)
        if session.login_failures >= session.door.limits.login_failures:
            raise Ended("Too many failed attempts to sign in")
        return _FAILED
    session.mailbox_id = mailbox_id
    session.channel.signed_in()
    session.door.counters.logins += 1
    log.info("imap_signed_in", mailbox=str(mailbox_id))
    return f"OK [CAPABILITY {session.capabilities}] Signed in"


def _mailbox_of(user: str, password: str) -> UUID | None:
    mailbox = authenticate_mailbox(user, password)
    if mailbox is None:
        return None
    with transaction.atomic():
        ensure_folders([mailbox.id])
    return mailbox.id
