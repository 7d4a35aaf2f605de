"""The SASL exchanges of the mail doors, without input or output: the same for SMTP (RFC 4954) and IMAP (RFC 3501).

PLAIN (RFC 4616) and LOGIN carry a password, OAUTHBEARER (RFC 7628) and XOAUTH2 an access token, EXTERNAL (RFC 4422
appendix A) says whom the client certificate of the channel is to act for. Référentiel socle MSSanté #2, CONF.07 asks
for XOAUTH2 with the access token of Pro Santé Connect, the user being the address of the mailbox.
"""

import binascii
import json
import re
from dataclasses import dataclass

MECHANISMS = ("XOAUTH2", "OAUTHBEARER", "EXTERNAL", "PLAIN", "LOGIN")
"""Every mechanism that is known, in the order in which they are offered: software takes the first that it can do."""

CLEAR_MECHANISMS = frozenset({"PLAIN", "LOGIN"})
"""Those that carry a password."""

BEARER_MECHANISMS = frozenset({"XOAUTH2", "OAUTHBEARER"})
"""Those that carry an access token."""

_USERNAME, _PASSWORD = b"Username:", b"Password:"
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750 §2.1, b64token
_SCHEME = re.compile(r"bearer +", re.IGNORECASE)
_MAX_FIELDS = 20


@dataclass(frozen=True, slots=True)
class Password:
    """A login and its password."""

    user: str
    password: str

    def __repr__(self) -> str:
        return "Password(...)"


@dataclass(frozen=True, slots=True)
class Bearer:
    """The address of a mailbox (may be empty with OAUTHBEARER) and an access token (RFC 6750)."""

    user: str
    token: str

    def __repr__(self) -> str:
        return "Bearer(...)"


@dataclass(frozen=True, slots=True)
class Certificate:
    """Who shows a client certificate in the TLS handshake asks for this mailbox; empty: for the certificate's own."""

    user: str

    def __repr__(self) -> str:
        return "Certificate(...)"


Claim = Password | Bearer | Certificate
"""What a client says that it is. No claim shows what it holds in its representation."""


class SaslError(Exception):
    """A response that is not base64, not UTF-8, or not of the mechanism's shape."""


class SaslExchange:
    """One exchange of one mechanism of `MECHANISMS`."""

    __slots__ = ("_user", "mechanism")

    def __init__(self, mechanism: str) -> None:
        self.mechanism = mechanism
        self._user: str | None = None

    def respond(self, line: bytes | None) -> bytes | Claim:
        """One line in base64 from the client, None when it began without one.

        The next challenge in base64 (it may be empty), or the claim. Raises `SaslError`.
        """
        if line is None:
            return _base64(_USERNAME) if self.mechanism == "LOGIN" else b""
        try:
            words = binascii.a2b_base64(line, strict_mode=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            raise SaslError(self.mechanism) from None
        match self.mechanism:
            case "PLAIN":
                return _plain(words)
            case "LOGIN":
                return self._login(words)
            case "XOAUTH2":
                return _xoauth2(words)
            case "OAUTHBEARER":
                return _oauthbearer(words)
            case _:
                return _external(words)

    def _login(self, words: str) -> bytes | Claim:
        if "\0" in words:
            raise SaslError(self.mechanism)
        if self._user is None:
            self._user = words
            return _base64(_PASSWORD)
        return Password(self._user, words)


def refusal_challenge(mechanism: str, discovery_url: str = "") -> bytes:
    """What goes out in base64 before a token is refused for good; the client answers it with a line of no meaning.

    RFC 7628 §3.2.2 and §3.2.3; XOAUTH2 does likewise, and clients of MSSanté know its three fields by heart. Empty for
    a mechanism that has no such step.
    """
    if mechanism not in BEARER_MECHANISMS:
        return b""
    said = {"status": "401", "schemes": "bearer", "scope": "mail"}
    if mechanism == "OAUTHBEARER" and discovery_url:
        said["openid-configuration"] = discovery_url
    return _base64(json.dumps(said, separators=(",", ":")).encode("ascii"))


def _base64(text: bytes) -> bytes:
    return binascii.b2a_base64(text, newline=False)


def _plain(words: str) -> Password:
    """authzid NUL authcid NUL password; acting for somebody else is not offered (RFC 4616 §2)."""
    parts = words.split("\0")
    if len(parts) != 3 or not parts[1] or not parts[2] or parts[0] not in ("", parts[1]):
        raise SaslError("PLAIN")
    return Password(parts[1], parts[2])


def _xoauth2(words: str) -> Bearer:
    """`user=` address ^A `auth=Bearer ` token ^A ^A."""
    if not words.endswith("\1\1"):
        raise SaslError("XOAUTH2")
    fields = _fields(words[:-2], "XOAUTH2")
    if not fields.get("user"):
        raise SaslError("XOAUTH2")
    return Bearer(fields["user"], _token(fields, "XOAUTH2"))


def _oauthbearer(words: str) -> Bearer:
    """A GS2 header without channel binding, then `auth=Bearer ` token among fields ended by ^A (RFC 7628 §3.1)."""
    header, mark, rest = words.partition("\1")
    if not mark or not rest.endswith("\1\1"):
        raise SaslError("OAUTHBEARER")
    flag, _, after = header.partition(",")
    identity, comma, left = after.partition(",")
    if flag not in ("n", "y") or not comma or left or (identity and not identity.startswith("a=")):
        raise SaslError("OAUTHBEARER")
    user = _saslname(identity.removeprefix("a=")) if identity else ""
    return Bearer(user, _token(_fields(rest[:-2], "OAUTHBEARER"), "OAUTHBEARER"))


def _external(words: str) -> Certificate:
    if "\0" in words:
        raise SaslError("EXTERNAL")
    return Certificate(words)


def _fields(words: str, mechanism: str) -> dict[str, str]:
    """`key=value` parts, each key once."""
    parts = words.split("\1")
    found = dict(part.split("=", 1) for part in parts if "=" in part)
    if len(found) != len(parts) or len(parts) > _MAX_FIELDS:
        raise SaslError(mechanism)
    return found


def _token(fields: dict[str, str], mechanism: str) -> str:
    said = fields.get("auth", "")
    scheme = _SCHEME.match(said)
    token = said[scheme.end() :] if scheme else ""
    if not _TOKEN.fullmatch(token):
        raise SaslError(mechanism)
    return token


def _saslname(text: str) -> str:
    """RFC 5801 §4: a comma is written =2C and an equals sign =3D."""
    if re.search(r"=(?!2C|3D)|\0", text):
        raise SaslError("OAUTHBEARER")
    return text.replace("=2C", ",").replace("=3D", "=")
