"""The provider's signing key, and the tokens that it writes in the shape of Keycloak's."""

import hashlib
import json
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from carnet.foundation.keys import write_durably
from carnet.sandbox.psc.claims import subject
from carnet.sandbox.psc.memory import Session
from carnet.sandbox.psc.people import Person

ALGORITHM = "RS256"
_KEY_BITS = 2048


def ensure_key(folder: Path) -> RSAKey:
    """The signing key in ``folder``, made at first use."""
    path = folder / "signing-key.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = RSAKey.generate_key(_KEY_BITS, {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
        write_durably(path, json.dumps(made.as_dict(private=True)).encode("ascii"))
    return RSAKey.import_key(json.loads(path.read_bytes()))


@dataclass(frozen=True)
class TokenWriter:
    """Writes and reads tokens of one issuer; access tokens live for `seconds`."""

    issuer: str
    key: RSAKey
    seconds: int

    def key_set(self) -> dict[str, Any]:
        """The public key, as `…/certs` gives it (RFC 7517 §5)."""
        return {"keys": [self.key.as_dict(private=False)]}

    def access_token(self, session: Session) -> str:
        return self._sign(self._common(session) | {"typ": "Bearer", "scope": session.scope, "jti": str(uuid4())})

    def id_token(self, session: Session, person: Person, access_token: str) -> str:
        """OpenID Connect Core §2; `at_hash` ties it to the access token (§3.1.3.6)."""
        digest = hashlib.sha256(access_token.encode("ascii")).digest()[:16]
        return self._sign(
            self._common(session)
            | {
                "typ": "ID",
                "aud": session.client_id,
                "at_hash": urlsafe_b64encode(digest).rstrip(b"=").decode("ascii"),
                "jti": str(uuid4()),
                "given_name": person.given_name,
                "family_name": person.family_name,
            }
        )

    def read(self, token: str, *, expired: bool = False) -> dict[str, Any] | None:
        """The claims of a token of ours that has not expired, or may have; None for any other."""
        try:
            claims = jwt.decode(token, self.key, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError):
            return None
        lives = expired or claims.get("exp", 0) > time.time()
        return claims if claims.get("iss") == self.issuer and lives else None

    def _common(self, session: Session) -> dict[str, Any]:
        at = int(time.time())
        claims = {
            "exp": at + self.seconds,
            "iat": at,
            "auth_time": int(session.at),
            "iss": self.issuer,
            "sub": subject(session.id_nat),
            "azp": session.client_id,
            "session_state": session.id,
            "sid": session.id,
            "acr": session.acr,
            "preferred_username": session.id_nat,
            "SubjectNameID": session.id_nat,
        }
        return claims | ({"nonce": session.nonce} if session.nonce else {})

    def _sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": ALGORITHM, "typ": "JWT", "kid": self.key.kid}, claims, self.key)
