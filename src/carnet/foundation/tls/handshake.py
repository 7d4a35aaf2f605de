"""Handshakes whose refusal reaches the peer, and is told here with the certificate that was refused.

The event loops (asyncio's, uvloop) close a connection as soon as OpenSSL reports that a handshake failed, before the
alert that OpenSSL wrote has left: the peer would see a closed connection, and not learn why.
"""

import _ssl
import ssl
from collections.abc import Callable
from typing import Any

_HANDSHAKE, _CERTIFICATE = 22, 11
_LARGEST_MESSAGE = 64 * 1024
_GOING_ON = (ssl.SSLWantReadError, ssl.SSLWantWriteError, ssl.SSLSyscallError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


class _TellingObject(ssl.SSLObject):
    """A TLS session that, when its handshake fails, first asks for one more round: the loop then sends what is
    waiting, which is the alert, and comes back when the peer has closed or the handshake's time is over. Who is told
    nothing, since they do not speak TLS at all, is not waited for."""

    shown = b""
    failure: ssl.SSLError | None = None
    outgoing: ssl.MemoryBIO

    @classmethod
    def _create(cls, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *arguments: Any, **options: Any) -> Any:
        made = super()._create(incoming, outgoing, *arguments, **options)  # type: ignore[misc]
        made.outgoing = outgoing
        return made

    def do_handshake(self) -> None:
        if self.failure is not None:
            raise self.failure
        try:
            super().do_handshake()
        except _GOING_ON:
            raise
        except ssl.SSLError as problem:
            self.failure = problem
            context = self.context
            if isinstance(problem, ssl.SSLCertVerificationError) and isinstance(context, TellingContext):
                context.refused(problem, first_certificate(self.shown))
            if not self.outgoing.pending:
                raise
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "the alert is on its way") from problem


class TellingContext(ssl.SSLContext):
    """A context whose sessions send their alert before they fail.

    ``refused`` is called once for each session that failed because of the peer's certificate, with OpenSSL's reason
    and that certificate in DER, b"" when it could not be had.
    """

    refused: Callable[[ssl.SSLCertVerificationError, bytes], None]

    def __new__(cls, *arguments: Any, **options: Any) -> "TellingContext":
        context = super().__new__(cls, *arguments, **options)
        context.sslobject_class = _TellingObject
        context.refused = lambda problem, certificate: None
        # OpenSSL forgets a certificate that it refuses; CPython only shows it to this hook, which it keeps for
        # debugging. The slot below `ssl` is used because `ssl`'s own makes three enumerations of each call.
        slot = getattr(_ssl._SSLContext, "_msg_callback", None)
        if slot is not None:
            slot.__set__(context, _keep_certificate)
        return context


def _keep_certificate(session: object, direction: str, version: int, content: int, kind: int, message: bytes) -> None:
    """Called for every TLS message: keep the one in which the peer shows its certificates."""
    if kind == _CERTIFICATE and content == _HANDSHAKE and direction == "read" and isinstance(session, _TellingObject):
        session.shown = message[:_LARGEST_MESSAGE]


def first_certificate(message: bytes) -> bytes:
    """The peer's own certificate in a Certificate message (RFC 8446 §4.4.2, RFC 5246 §7.4.2); b"" when there is none.

    TLS 1.3 begins it with a request context of its own length, empty in a handshake; TLS 1.2 does not have that octet.
    """
    for start in (5, 4):  # type, three octets of length, and in TLS 1.3 the empty context
        total = int.from_bytes(message[start : start + 3], "big")
        size = int.from_bytes(message[start + 3 : start + 6], "big")
        end = start + 6 + size
        if total and start + 3 + total == len(message) and size and end <= len(message):
            return message[start + 6 : end]
    return b""
