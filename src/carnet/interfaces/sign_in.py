"""Whom a client of a mail door has proved to be, and which mailbox that opens: one way for submission and IMAP."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.conf import settings

from carnet.domain.directory import access
from carnet.domain.directory.models import Mailbox
from carnet.domain.directory.queries.operators import operator_of
from carnet.domain.directory.traces import NewTrace, TraceAct
from carnet.domain.identity.tokens import ProvenProfessional
from carnet.foundation import logs
from carnet.interfaces import traces
from carnet.interfaces.bearer import BearerTokens, tokens_of_the_installation
from carnet.interfaces.sasl import BEARER_MECHANISMS, CLEAR_MECHANISMS, MECHANISMS, Bearer, Claim, Password
from carnet.interfaces.tries import WrongPasswords

InThread = Callable[..., Awaitable[Any]]
"""Does something that waits, `(work, *arguments)`, in a thread with a database connection."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The mailbox that a session may use.

    `author` is who was proved: the RPPS of a professional, the subject of a certificate, or "" where a password proved
    nobody in particular. `until` is when the session ends by itself, in seconds since 1970.
    """

    mailbox_id: UUID
    address: str
    author: str = ""
    until: float | None = None


class NotSignedIn(StrEnum):
    """Why nobody is signed in, as far as the client is told."""

    WRONG = "wrong"
    UNAVAILABLE = "unavailable"


@dataclass
class SignIn:
    """The sign-in of one door. `tokens` is None where no access token is taken, `passwords` says whether one is."""

    door: str
    in_thread: InThread
    passwords: bool
    certificates: bool = False
    tokens: BearerTokens | None = None
    tries: WrongPasswords = field(default_factory=WrongPasswords)

    def __post_init__(self) -> None:
        self._log = logs.get(self.door)

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """What may be offered under TLS; EXTERNAL only to who has shown a certificate."""
        absent: set[str] = set()
        if not self.passwords:
            absent |= CLEAR_MECHANISMS
        if self.tokens is None:
            absent |= BEARER_MECHANISMS
        if not self.certificates:
            absent.add("EXTERNAL")
        return tuple(one for one in MECHANISMS if one not in absent)

    @property
    def discovery_url(self) -> str:
        """Where a client learns of the provider of tokens, empty where there is none."""
        return self.tokens.discovery_url if self.tokens is not None else ""

    async def __call__(
        self, claim: Claim, *, peer: str, certificate: bytes | None = None, session: str = ""
    ) -> SignedIn | NotSignedIn:
        """The mailbox that this claim opens. `certificate`: the client's, in DER, its chain checked in the handshake.

        Beyond the limits of `tries` a claim is answered like any wrong one, without looking at it.
        """
        if self.tries.too_many(peer, claim.user):
            return NotSignedIn.WRONG
        found = await self._look_at(claim, certificate)
        method = type(claim).__name__.lower()
        if isinstance(found, SignedIn):
            self.tries.note(peer, claim.user, right=True)
            self._log.info("signed_in", mailbox=str(found.mailbox_id), method=method, session=session)
            traces.note(NewTrace(found.mailbox_id, TraceAct.SIGN_IN, self.door, found.author, session))
            return found
        if found.is_a_guess:
            self.tries.note(peer, claim.user, right=False)
        self._log.info("sign_in_refused", reason=found.reason, method=method, session=session)
        traces.note_refused_sign_in(claim.user, self.door, found.reason, author=found.author, session=session)
        return NotSignedIn.UNAVAILABLE if found.is_temporary else NotSignedIn.WRONG

    async def _look_at(self, claim: Claim, certificate: bytes | None) -> "SignedIn | _Refusal":
        if isinstance(claim, Password):
            return await self._by_password(claim)
        if isinstance(claim, Bearer):
            return await self._by_token(claim)
        if certificate is None or not self.certificates:
            return _Refusal("no-certificate")
        found: SignedIn | _Refusal = await self.in_thread(_by_certificate, certificate, claim.user)
        return found

    async def _by_password(self, claim: Password) -> "SignedIn | _Refusal":
        if not self.passwords:
            return _Refusal("passwords-not-taken")
        mailbox: Mailbox | None = await self.in_thread(access.authenticate_mailbox, claim.user, claim.password)
        return SignedIn(mailbox.id, mailbox.address) if mailbox is not None else _Refusal("wrong-password")

    async def _by_token(self, claim: Bearer) -> "SignedIn | _Refusal":
        """A professional may have several mailboxes: which one is never left out here, as RFC 7628 §3.1 lets it be."""
        if self.tokens is None:
            return _Refusal("tokens-not-taken")
        proven = await self.tokens.prove(claim.token)
        if not isinstance(proven, ProvenProfessional):
            return _Refusal(proven, is_temporary=proven.is_temporary, is_a_guess=proven.is_a_guess)
        found = await self.in_thread(access.mailbox_of_professional, str(proven.rpps), claim.user)
        until = proven.until if settings.CARNET_TOKEN_ENDS_SESSION else None
        return _opened(found, str(proven.rpps), until)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why a claim opens nothing: a code for logs and traces, and who asked, where that is proved."""

    reason: str
    author: str = ""
    is_temporary: bool = False
    is_a_guess: bool = True


def sign_in_of_the_installation(door: str, in_thread: InThread) -> SignIn:
    """A door's sign-in as the settings say. Raises ``ImproperlyConfigured``."""
    return SignIn(
        door,
        in_thread,
        passwords=settings.CARNET_MAILBOX_PASSWORDS,
        certificates=settings.CARNET_OPERATORS_CA_FILE is not None,
        tokens=tokens_of_the_installation(),
    )


def _by_certificate(certificate: bytes, address: str) -> SignedIn | _Refusal:
    """The mailbox of a certificate that its authority has not taken back."""
    shown = operator_of(certificate)
    if shown.refusal is not None:
        away = shown.refusal.temporary
        return _Refusal(shown.refusal, shown.subject, is_temporary=away, is_a_guess=not away)
    return _opened(access.mailbox_of_certificate(shown.subject, address), shown.subject)


def _opened(found: Mailbox | access.SignInRefusal, author: str, until: float | None = None) -> SignedIn | _Refusal:
    if isinstance(found, Mailbox):
        return SignedIn(found.id, found.address, author, until)
    return _Refusal(found, author)
