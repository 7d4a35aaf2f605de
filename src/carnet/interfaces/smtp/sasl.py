"""The two SASL exchanges that mail software uses with a password: PLAIN and LOGIN."""

import binascii
from dataclasses import dataclass

MECHANISMS = ("PLAIN", "LOGIN")
_USERNAME = b"334 VXNlcm5hbWU6\r\n"
_PASSWORD = b"334 UGFzc3dvcmQ6\r\n"
_EMPTY = b"334 \r\n"


@dataclass(slots=True)
class Credentials:
    """What a client says it is. `password` never appears in the representation."""

    user: str
    password: str

    def __repr__(self) -> str:
        return "Credentials(...)"


class SaslError(Exception):
    """A response that is not base64, not UTF-8, or not of the mechanism's shape."""


class SaslExchange:
    """One exchange of PLAIN (RFC 4616) or LOGIN, without input or output.

    `respond` returns either the next challenge as wire bytes, or the credentials.
    """

    __slots__ = ("_user", "mechanism")

    def __init__(self, mechanism: str) -> None:
        self.mechanism = mechanism
        self._user: str | None = None

    def respond(self, line: bytes | None) -> bytes | Credentials:
        """One base64 line from the client, None when AUTH came without one. Raises SaslError."""
        if line is None:
            return _EMPTY if self.mechanism == "PLAIN" else _USERNAME
        try:
            words = binascii.a2b_base64(line, strict_mode=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            raise SaslError(self.mechanism) from None
        if self.mechanism == "PLAIN":
            return _plain(words)
        if "\0" in words:
            raise SaslError(self.mechanism)
        if self._user is None:
            self._user = words
            return _PASSWORD
        return Credentials(self._user, words)


def _plain(words: str) -> Credentials:
    """Split authzid NUL authcid NUL password; acting for somebody else is not offered (RFC 4616 §2)."""
    parts = words.split("\0")
    if len(parts) != 3 or not parts[1] or not parts[2] or parts[0] not in ("", parts[1]):
        raise SaslError("PLAIN")
    return Credentials(parts[1], parts[2])
