"""What a push service carries and cannot read: encryption for one browser, and the name of who sends.

The libraries there are either build from source and bring a second HTTP client, or leave the port out of the audience
that RFC 8292 asks for; what follows is the two RFCs on top of ``cryptography`` and ``joserfc``.
"""

import base64
import binascii
import os
import struct
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey

RECORD_SIZE: Final = 4096
MOST_OCTETS: Final = 3000
"""A payload of one record; push services take 4,096 octets in all (RFC 8030 §7.2)."""
TOKEN_SECONDS: Final = 12 * 3600
"""Life of a token: at most 24 hours (RFC 8292 §2)."""


class BadSubscription(ValueError):
    """What a browser gave is no subscription: the code says which part."""


@dataclass(frozen=True)
class BrowserKeys:
    """What a browser subscribes with: its public key (65 octets, P-256 uncompressed) and its secret (16 octets)."""

    public: bytes
    secret: bytes = field(repr=False)

    @classmethod
    def parse(cls, p256dh: str, auth: str) -> "BrowserKeys":
        """From their base64url (``PushSubscription.getKey``). Raises ``BadSubscription``."""
        public, secret = _decoded(p256dh, "p256dh"), _decoded(auth, "auth")
        if len(secret) != 16:
            raise BadSubscription("auth")
        try:
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
        except ValueError:
            raise BadSubscription("p256dh") from None
        return cls(public, secret)


def _decoded(text: str, part: str) -> bytes:
    try:
        return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise BadSubscription(part) from None


def seal(payload: bytes, keys: BrowserKeys) -> bytes:
    """The body of a push message in the content coding aes128gcm: one record (RFC 8291 §3 and §4, RFC 8188 §2).

    Raises ``ValueError`` when the payload is longer than ``MOST_OCTETS``.
    """
    return _sealed(payload, keys, ec.generate_private_key(ec.SECP256R1()), os.urandom(16))


def _sealed(payload: bytes, keys: BrowserKeys, own: ec.EllipticCurvePrivateKey, salt: bytes) -> bytes:
    if len(payload) > MOST_OCTETS:
        raise ValueError("a push message holds a sentence, no more")
    own_public = own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), keys.public)
    info = b"WebPush: info\0" + keys.public + own_public
    secret = _derive(keys.secret, own.exchange(ec.ECDH(), theirs), info, 32)
    content_key = _derive(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(salt, secret, b"Content-Encoding: nonce\0", 12)
    header = salt + struct.pack("!LB", RECORD_SIZE, len(own_public)) + own_public
    return header + AESGCM(content_key).encrypt(nonce, payload + b"\x02", None)  # 2: the last record


def _derive(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


@dataclass(frozen=True)
class SenderKey:
    """The key by which push services know this installation (VAPID)."""

    pem: bytes = field(repr=False)

    @classmethod
    def create(cls) -> "SenderKey":
        return cls(ECKey.generate_key("P-256").as_pem(private=True))

    @property
    def public(self) -> str:
        """For a browser's ``applicationServerKey``: base64url of 65 octets."""
        raw = ECKey.import_key(self.pem).public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    def authorization(self, endpoint: str, contact: str, at: float) -> str:
        """The Authorization of a request to ``endpoint`` made at ``at`` (seconds since 1970). ``contact`` is a
        ``mailto:`` or ``https:`` address by which the push service may reach who runs this (RFC 8292 §2.1)."""
        parts = urlsplit(endpoint)
        claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": int(at) + TOKEN_SECONDS, "sub": contact}
        token = jwt.encode({"typ": "JWT", "alg": "ES256"}, claims, ECKey.import_key(self.pem))
        return f"vapid t={token}, k={self.public}"
