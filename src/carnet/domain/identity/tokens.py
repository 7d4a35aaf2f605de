"""Access tokens of Pro Santé Connect: what one must say to prove who its bearer is. Pure.

The token is a JSON Web Token (RFC 7519) signed by an OpenID provider of Keycloak's kind. Its signature is checked by
who holds the provider's keys; here is what its header and its claims must be (RFC 8725 §3: algorithms from a list, the
type of the token, its issuer, its audience, its life). Référentiel Pro Santé Connect names the claims: `SubjectNameID`
and `preferred_username` are the professional's national identifier, `8` and the RPPS.
"""

import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeGuard

from carnet.domain.identity.values import IdNatPs, InvalidNumber, Rpps

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"})
"""What a list of allowed algorithms may hold: never `none`, never a secret shared with the client (RFC 8725 §3.1)."""

ANY_AUDIENCE = "*"
MAX_TOKEN_LENGTH = 8192
_MAX_KEY_ID_LENGTH = 200
# The `typ` of the header: a plain JWT, or an access token (RFC 9068 §2.1).
_HEADER_TYPES = frozenset({"", "jwt", "at+jwt", "application/at+jwt"})


class TokenProblem(StrEnum):
    """Why a token does not sign anyone in."""

    MALFORMED = "malformed"
    ALGORITHM = "algorithm"
    TYPE = "type"
    UNKNOWN_KEY = "unknown-key"
    SIGNATURE = "signature"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    EXPIRED = "expired"
    NOT_YET = "not-yet"
    SUBJECT = "subject"
    NOT_ENTITLED = "not-entitled"
    PROVIDER_AWAY = "provider-away"

    @property
    def is_temporary(self) -> bool:
        """Whether the token may well be right: nobody could look."""
        return self is TokenProblem.PROVIDER_AWAY

    @property
    def is_a_guess(self) -> bool:
        """Whether an honest client never sends it: a token that has just expired is no attack."""
        return self not in (TokenProblem.EXPIRED, TokenProblem.NOT_YET, TokenProblem.PROVIDER_AWAY)


@dataclass(frozen=True, slots=True)
class TokenPolicy:
    """What tokens are taken: from one `issuer`, for one of `audiences` (`*` for any), with a `leeway` in seconds."""

    issuer: str
    audiences: frozenset[str]
    algorithms: frozenset[str] = frozenset({"RS256"})
    leeway: float = 10.0


@dataclass(frozen=True, slots=True)
class TokenHeader:
    """The algorithm that a token names, and the key."""

    algorithm: str
    key_id: str


@dataclass(frozen=True, slots=True)
class ProvenProfessional:
    """Who a token proves its bearer to be, and until when (seconds since 1970)."""

    rpps: Rpps
    until: float

    @property
    def id_nat(self) -> IdNatPs:
        return self.rpps.id_nat


def read_header(token: str, policy: TokenPolicy) -> TokenHeader | TokenProblem:
    """Which key is to check this token's signature, before anything else of it is believed."""
    if len(token) > MAX_TOKEN_LENGTH or token.count(".") != 2:
        return TokenProblem.MALFORMED
    header = _json_of(token.partition(".")[0])
    if header is None or "crit" in header:
        return TokenProblem.MALFORMED  # RFC 7515 §4.1.11: no extension is understood here
    algorithm, key_id, kind = header.get("alg"), header.get("kid", ""), header.get("typ", "")
    if not isinstance(algorithm, str):
        return TokenProblem.MALFORMED
    if algorithm not in policy.algorithms & ALGORITHMS:
        return TokenProblem.ALGORITHM
    if not isinstance(kind, str) or kind.lower() not in _HEADER_TYPES:
        return TokenProblem.TYPE
    if not isinstance(key_id, str) or len(key_id) > _MAX_KEY_ID_LENGTH:
        return TokenProblem.MALFORMED
    return TokenHeader(algorithm, key_id)


def check_claims(claims: Mapping[str, Any], policy: TokenPolicy, at: float) -> ProvenProfessional | TokenProblem:
    """Who the claims of a token whose signature is right prove, at a moment in seconds since 1970."""
    if claims.get("iss") != policy.issuer or not policy.issuer:
        return TokenProblem.ISSUER
    if not _is_access_token(claims):
        return TokenProblem.TYPE
    until, since = claims.get("exp"), claims.get("nbf", 0)
    if not _is_time(until) or not _is_time(since):
        return TokenProblem.MALFORMED
    if at >= until + policy.leeway:
        return TokenProblem.EXPIRED
    if at < since - policy.leeway:
        return TokenProblem.NOT_YET
    if ANY_AUDIENCE not in policy.audiences and not policy.audiences & _audiences(claims):
        return TokenProblem.AUDIENCE
    rpps = professional_of(claims)
    return ProvenProfessional(rpps, float(until)) if rpps is not None else TokenProblem.SUBJECT


def _is_access_token(claims: Mapping[str, Any]) -> bool:
    """Keycloak writes `typ`: Bearer, ID, Refresh, Logout. An identity token opens no mailbox (RFC 8725 §3.12)."""
    return claims.get("typ") == "Bearer" and "at_hash" not in claims


def _is_time(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e11


def _audiences(claims: Mapping[str, Any]) -> frozenset[str]:
    """Whom the token is for: `aud`, one or several, and the client that asked for it (`azp`)."""
    said = claims.get("aud", ())
    listed = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    return frozenset(one for one in (*listed, claims.get("azp")) if isinstance(one, str))


def professional_of(claims: Mapping[str, Any]) -> Rpps | None:
    """The RPPS that a token or a userinfo names; None when its two claims differ, or name somebody without one."""
    said = {claims[name] for name in ("SubjectNameID", "preferred_username") if isinstance(claims.get(name), str)}
    if len(said) != 1:
        return None
    try:
        return IdNatPs(said.pop()).rpps
    except InvalidNumber:
        return None


def _json_of(part: str) -> dict[str, Any] | None:
    try:
        raw = binascii.a2b_base64(part.encode("ascii").translate(_URL_SAFE) + b"=" * (-len(part) % 4), strict_mode=True)
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


_URL_SAFE = bytes.maketrans(b"-_", b"+/")
