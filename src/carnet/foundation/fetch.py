"""Fetching a file from an address that a setting names: bounded in size and time, checked, never led elsewhere."""

import ssl
import time
import urllib.request
from email.message import Message
from http.client import HTTPException
from pathlib import Path
from typing import IO
from urllib.error import HTTPError
from urllib.parse import urlsplit

_PIECE = 64 * 1024
_CONNECT_SECONDS = 20


class NotFetched(Exception):
    """A file could not be had; the message says why, without the address."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """What is trusted is the server of the address, and not whomever it names."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        return None


def fetch(url: str, *, ca_file: Path | None = None, most: int, seconds: float = 120, plain: bool = False) -> bytes:
    """The whole body at ``url``: at most ``most`` octets, within ``seconds``. Raises ``NotFetched``.

    Over https, the server checked against ``ca_file`` or the system's authorities; http only where ``plain`` allows it,
    for what carries a signature of its own. Redirections are not followed, proxies of the environment not used.
    """
    scheme = urlsplit(url).scheme
    if scheme != "https" and not (plain and scheme == "http"):
        raise NotFetched("the address must begin with https:")
    deadline = time.monotonic() + seconds
    try:
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        opener = urllib.request.build_opener(
            _NoRedirect, urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        body = bytearray()
        with opener.open(url, timeout=_CONNECT_SECONDS) as answer:
            while piece := answer.read1(_PIECE):
                body += piece
                if len(body) > most:
                    raise NotFetched(f"the file has more than {most} octets")
                if time.monotonic() > deadline:
                    raise NotFetched(f"the file did not come within {seconds:.0f} seconds")
    except HTTPError as problem:
        raise NotFetched(f"the server answered {problem.code}") from None
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
