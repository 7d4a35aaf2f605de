"""Handing a sealed message to a push service: an address that a browser gave, hence one that nobody vouches for."""

import http.client
import ipaddress
import socket
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

_SECONDS: Final = 10
_ANSWER_OCTETS: Final = 4096


class NotPushed(Exception):
    """The push service could not be reached or answered no; worth another try unless ``gone``.

    ``gone``: the browser has unsubscribed (404, 410), or its address may not be called at all.
    """

    def __init__(self, why: str, *, gone: bool = False) -> None:
        super().__init__(why)
        self.gone = gone


@dataclass(frozen=True)
class PushServices:
    """Whom pushes may be handed to: host names, ``*.`` in front for all below; ``loopback`` for a demo's own."""

    hosts: tuple[str, ...]
    loopback: bool = False

    def takes(self, endpoint: str) -> bool:
        """Whether this address may be called: https to a host of the list, without user, on the ordinary port."""
        try:
            parts = urlsplit(endpoint)
            port = parts.port
        except ValueError:
            return False
        host = (parts.hostname or "").rstrip(".").lower()
        if not host or parts.username is not None or parts.password is not None or len(endpoint) > 2000:
            return False
        if any(not 0x21 <= ord(one) <= 0x7E for one in endpoint):
            return False
        if self.loopback and _is_loopback(host):
            return parts.scheme in ("http", "https")
        return parts.scheme == "https" and port in (None, 443) and any(_names(one, host) for one in self.hosts)


def _names(pattern: str, host: str) -> bool:
    pattern = pattern.lower()
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


def _is_loopback(host: str) -> bool:
    return host in ("127.0.0.1", "::1", "localhost")


def push(endpoint: str, body: bytes, headers: dict[str, str], services: PushServices) -> None:
    """Post a sealed message. Raises ``NotPushed``.

    The name is resolved once, an address inside this network is not called, redirections are not followed.
    """
    if not services.takes(endpoint):
        raise NotPushed("the address is no push service's", gone=True)
    parts = urlsplit(endpoint)
    path = parts.path or "/"
    if parts.query:
        path = f"{path}?{parts.query}"
    connection = _connection(parts, services)
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read(_ANSWER_OCTETS)
    except (OSError, http.client.HTTPException) as problem:
        raise NotPushed(f"the push service cannot be reached ({type(problem).__name__})") from None
    finally:
        connection.close()
    if answer.status not in (200, 201, 202, 204):
        # 400 and 413 would be the same at each try; 401 and 403 are ours to mend, not the browser's leaving.
        raise NotPushed(f"the push service answered {answer.status}", gone=answer.status in (404, 410))


def _connection(parts: SplitResult, services: PushServices) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    local = services.loopback and _is_loopback(host)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise NotPushed("the push service's name is not known now") from None
    addresses = [str(one[4][0]) for one in found]
    allowed = [one for one in addresses if local or ipaddress.ip_address(one).is_global]
    if not allowed:
        raise NotPushed("the name leads into a private network")
    connection = http.client.HTTPConnection(host, port, timeout=_SECONDS)
    try:
        plain = socket.create_connection((allowed[0], port), timeout=_SECONDS)
        connection.sock = plain
        if parts.scheme == "https":
            connection.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except OSError as problem:
        raise NotPushed(f"the push service cannot be reached ({type(problem).__name__})") from None
    return connection
