"""Access tokens of Pro Santé Connect at the mail doors: the provider's public keys, and signatures checked by them.

The rules about claims are `carnet.domain.identity.tokens`. Here is what they need of the network: the key set (RFC
7517 §5), fetched when it is first needed, renewed now and then and when a token names a key that it does not hold, and
still used for a time when the provider does not answer.
"""

import asyncio
import json
import ssl
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from carnet.domain.identity.tokens import ProvenProfessional, TokenPolicy, TokenProblem, check_claims, read_header
from carnet.foundation import logs
from carnet.foundation.clock import now

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_FETCH_SECONDS = 5.0
_MAX_OCTETS = 256 * 1024
_MAX_KEYS = 100
_LEAST_RSA_BITS = 2048

log = logs.get("sign-in")

PublicKey = RSAKey | ECKey


class KeysNotRead(Exception):
    """The provider gave no key set; the message says what happened, never what was read."""


@dataclass
class ProviderKeys:
    """The provider's public keys by their id. Times in seconds.

    They are renewed every `renew`; for a key that is not there, and after a failure, at most every `pause`; and kept
    for `keep` since they were last read, so that tokens are still known while the provider is away.
    """

    url: str
    ca_file: Path | None = None
    renew: float = 3600.0
    keep: float = 86400.0
    pause: float = 10.0
    _keys: dict[str, PublicKey] = field(default_factory=dict)
    _read_at: float | None = None
    _asked_at: float | None = None
    _asking: asyncio.Task[None] | None = None
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="psc-keys"))

    async def find(self, key_id: str) -> PublicKey | TokenProblem:
        """The key of this id, `UNKNOWN_KEY` when the provider has none, `PROVIDER_AWAY` when it could not be asked."""
        key = self._kept(key_id)
        if key is not None:
            if self._age() > self.renew and self._may_ask():
                self._ask()  # the answer is for the next token: this one need not wait for it
            return key
        if self._asking is None and self._may_ask():
            self._ask()
        if self._asking is not None:
            await asyncio.shield(self._asking)
        key = self._kept(key_id)
        if key is not None:
            return key
        known_to_be_absent = self._read_at is not None and self._read_at == self._asked_at
        return TokenProblem.UNKNOWN_KEY if known_to_be_absent else TokenProblem.PROVIDER_AWAY

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _kept(self, key_id: str) -> PublicKey | None:
        return self._keys.get(key_id) if self._age() <= self.keep else None

    def _age(self) -> float:
        return float("inf") if self._read_at is None else time.monotonic() - self._read_at

    def _may_ask(self) -> bool:
        return self._asking is None and (self._asked_at is None or time.monotonic() - self._asked_at >= self.pause)

    def _ask(self) -> None:
        self._asked_at = time.monotonic()
        self._asking = asyncio.create_task(self._read(self._asked_at))

    async def _read(self, asked_at: float) -> None:
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._thread, fetch_keys, self.url, self.ca_file)
        except KeysNotRead as problem:
            log.warning("provider_keys_not_read", reason=str(problem))
        except Exception as problem:
            log.error("provider_keys_not_read", exc_info=problem)
        else:
            self._keys, self._read_at = found, asked_at
            log.info("provider_keys_read", count=len(found))
        finally:
            self._asking = None


@dataclass
class BearerTokens:
    """Says whom an access token proves."""

    policy: TokenPolicy
    keys: ProviderKeys
    discovery_url: str = ""

    async def prove(self, token: str) -> ProvenProfessional | TokenProblem:
        """The professional whom this token proves now, or why it does not. Never raises for what is in the token."""
        header = read_header(token, self.policy)
        if isinstance(header, TokenProblem):
            return header
        key = await self.keys.find(header.key_id)
        if isinstance(key, TokenProblem):
            return key
        claims = signed_claims(token, key, header.algorithm)
        return claims if isinstance(claims, TokenProblem) else check_claims(claims, self.policy, now().timestamp())


def tokens_of_the_installation() -> BearerTokens | None:
    """As the settings say; None where no provider is named. Raises ``ImproperlyConfigured``."""
    issuer: str = settings.CARNET_PSC_ISSUER
    if not issuer:
        return None
    # The path that Keycloak gives its key set, as Pro Santé Connect publishes it.
    url = settings.CARNET_PSC_JWKS_URL or f"{issuer}/protocol/openid-connect/certs"
    for name, address in (("CARNET_PSC_ISSUER", issuer), ("CARNET_PSC_JWKS_URL", url)):
        parts = urlsplit(address)
        if parts.scheme != "https" and (parts.scheme != "http" or parts.hostname not in _LOOPBACK):
            raise ImproperlyConfigured(f"{name}: an https: address is expected (http: on loopback only)")
    if not settings.CARNET_PSC_AUDIENCES:
        raise ImproperlyConfigured(
            "CARNET_PSC_AUDIENCES: name the clients (client_id) whose tokens are taken, or * for every client of "
            "the issuer"
        )
    policy = TokenPolicy(
        issuer=issuer,
        audiences=frozenset(settings.CARNET_PSC_AUDIENCES),
        algorithms=frozenset(settings.CARNET_PSC_ALGORITHMS),
        leeway=settings.CARNET_PSC_LEEWAY_SECONDS,
    )
    keys = ProviderKeys(
        url,
        settings.CARNET_PSC_CA_FILE,
        renew=settings.CARNET_PSC_KEYS_SECONDS,
        keep=settings.CARNET_PSC_KEYS_KEEP_SECONDS,
    )
    return BearerTokens(policy, keys, f"{issuer}/.well-known/wallet-openid-configuration")


def signed_claims(token: str, key: PublicKey, algorithm: str) -> dict[str, Any] | TokenProblem:
    """The claims, once the signature is known to be right under this very key and algorithm."""
    try:
        payload = jws.deserialize_compact(token, key, algorithms=[algorithm], registry=_registry(algorithm)).payload
    except (JoseError, ValueError, TypeError):
        return TokenProblem.SIGNATURE
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError):
        return TokenProblem.MALFORMED
    return claims if isinstance(claims, dict) else TokenProblem.MALFORMED


def _registry(algorithm: str) -> jws.JWSRegistry:
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    registry.max_header_length = registry.max_payload_length = registry.max_signature_length = 16384
    return registry


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Keys come from the address that the settings name, and from no other."""


def fetch_keys(url: str, ca_file: Path | None) -> dict[str, PublicKey]:
    """Read a key set. Raises `KeysNotRead`."""
    deadline = time.monotonic() + _FETCH_SECONDS
    try:
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        opener = urllib.request.build_opener(
            _NoRedirect, urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        raw = b""
        with opener.open(url, timeout=_FETCH_SECONDS) as response:
            while chunk := response.read1(65536):
                raw += chunk
                if len(raw) > _MAX_OCTETS:
                    raise KeysNotRead("too-large")
                if time.monotonic() > deadline:
                    raise KeysNotRead("too-slow")
    except (OSError, ValueError, HTTPException) as problem:  # URLError, ssl.SSLError and timeouts are all OSError
        raise KeysNotRead(type(problem).__name__) from None
    return read_keys(raw)


def read_keys(raw: bytes) -> dict[str, PublicKey]:
    """The keys of a set that are for signatures; what else it holds is passed over. Raises `KeysNotRead`."""
    try:
        listed = json.loads(raw)["keys"]
        described = [one for one in listed[:_MAX_KEYS] if isinstance(one, dict)]
    except (ValueError, RecursionError, LookupError, TypeError):
        raise KeysNotRead("not-a-key-set") from None
    found = {}
    for one in described:
        key = _public_key(one)
        if key is not None:
            found[str(one.get("kid", ""))] = key
    if not found:
        raise KeysNotRead("no-usable-key")
    return found


def _public_key(described: dict[str, Any]) -> PublicKey | None:
    if described.get("use", "sig") != "sig":
        return None
    kinds: dict[str, type[PublicKey]] = {"RSA": RSAKey, "EC": ECKey}
    kind = kinds.get(str(described.get("kty")))
    if kind is None:
        return None
    try:
        key = kind.import_key({name: value for name, value in described.items() if isinstance(value, str)})
        size = key.raw_value.key_size
    except (JoseError, ValueError, TypeError, LookupError):
        return None
    return key if not isinstance(key, RSAKey) or size >= _LEAST_RSA_BITS else None
