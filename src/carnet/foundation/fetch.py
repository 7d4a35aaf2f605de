"""Fetching a file from an address that a setting names: bounded in size and time, checked, never led elsewhere."""

import ssl
import time
import urllib.request
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException
from pathlib import Path
from typing import IO
from urllib.error import HTTPError
from urllib.parse import urlsplit

_PIECE = 64 * 1024
_CONNECT_SECONDS = 20


class NotFetched(Exception):
    """A file could not be had; the message says why, without the address. ``status`` is that of HTTP when the server
    answered by an error."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """What is trusted is the server of the address, and not whomever it names."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        return None


@dataclass(frozen=True)
class Posted:
    """What is sent to an address: the body and its media type."""

    body: bytes
    media_type: str


def fetch(
    url: str,
    *,
    ca_file: Path | None = None,
    most: int,
    seconds: float = 120,
    plain: bool = False,
    post: Posted | None = None,
    certificate: tuple[Path, Path] | None = None,
) -> bytes:
    """The whole body at ``url``: at most ``most`` octets, within ``seconds``. Raises ``NotFetched``.

    Over https, the server checked against ``ca_file`` or the system's authorities, and told who asks by ``certificate``
    (chain and key, PEM) where there is one; http only where ``plain`` allows it, for what carries a signature of its
    own. With ``post`` that is sent, and the answer to it is what comes. Redirections are not followed, proxies of the
    environment not used.
    """
    scheme = urlsplit(url).scheme
    if scheme != "https" and not (plain and scheme == "http"):
        raise NotFetched("the address must begin with https:")
    deadline = time.monotonic() + seconds
    try:
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        if certificate is not None:
            context.load_cert_chain(*certificate)
        request = urllib.request.Request(url, post.body if post else None)  # noqa: S310 - the scheme is checked above
        if post is not None:
            request.add_header("Content-Type", post.media_type)
        opener = urllib.request.build_opener(
            _NoRedirect, urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        body = bytearray()
        with opener.open(request, timeout=min(_CONNECT_SECONDS, seconds)) as answer:
            while piece := answer.read1(_PIECE):
                body += piece
                if len(body) > most:
                    raise NotFetched(f"the file has more than {most} octets")
                if time.monotonic() > deadline:
                    raise NotFetched(f"the file did not come within {seconds:.0f} seconds")
    except HTTPError as problem:
        raise NotFetched(f"the server answered {problem.code}", problem.code) from None
    except ssl.SSLCertVerificationError as problem:
        raise NotFetched(f"the server's certificate does not pass: {problem.verify_message}") from None
    except (OSError, ValueError, HTTPException) as problem:
        cause = getattr(problem, "reason", problem)
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise NotFetched(f"the server's certificate does not pass: {cause.verify_message}") from None
        raise NotFetched(f"the server cannot be reached ({type(cause).__name__})") from None
    expected = answer.headers.get("Content-Length")
    if expected is not None and expected.isdigit() and int(expected) != len(body):
        raise NotFetched("the file came cut short")
    return bytes(body)
