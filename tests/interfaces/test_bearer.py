"""Access tokens at the doors: the provider's keys over HTTP, and tokens that somebody made up."""

import asyncio
import hashlib
import hmac
import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from carnet.domain.identity.tokens import ProvenProfessional, TokenPolicy, TokenProblem
from carnet.interfaces.bearer import BearerTokens, KeysNotRead, ProviderKeys, read_keys, tokens_of_the_installation

ISSUER = "https://auth.psc.test/auth/realms/esante-wallet"
POLICY = TokenPolicy(ISSUER, frozenset({"dpi"}), algorithms=frozenset({"RS256", "ES256"}))
KEY = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
NEXT_KEY = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
STRANGER = RSAKey.generate_key(2048)


class KeyServer:
    """The provider's `certs` address: what it serves may change, and it may be away."""

    def __init__(self) -> None:
        self.keys = [KEY]
        self.asked = 0
        self.answer: Callable[[], tuple[int, bytes]] = self._key_set
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                status, body = outer.answer()
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", outer.url + "/elsewhere")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/certs"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _key_set(self) -> tuple[int, bytes]:
        return 200, json.dumps({"keys": [key.as_dict(private=False) for key in self.keys]}).encode()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def provider() -> Iterator[KeyServer]:
    server = KeyServer()
    yield server
    server.close()


def claims(**changes: Any) -> dict[str, Any]:
    at = int(time.time())
    return {"iss": ISSUER, "typ": "Bearer", "azp": "dpi", "exp": at + 60, "SubjectNameID": "899700218912"} | changes


def signed(key: RSAKey = KEY, kid: str | None = None, **changes: Any) -> str:
    return jwt.encode({"alg": "RS256", "kid": kid or key.kid or KEY.kid}, claims(**changes), key)


def raw(header: dict[str, Any], payload: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    first = b".".join(urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, payload))
    return (first + b"." + urlsafe_b64encode(sign(first)).rstrip(b"=")).decode()


def with_tokens(keys: ProviderKeys, act: Callable[[BearerTokens], Awaitable[None]]) -> None:
    async def run() -> None:
        await act(BearerTokens(POLICY, keys))

    try:
        asyncio.run(run())
    finally:
        keys.close()


def prove(provider: KeyServer, token: str) -> ProvenProfessional | TokenProblem:
    found: list[ProvenProfessional | TokenProblem] = []

    async def act(tokens: BearerTokens) -> None:
        found.append(await tokens.prove(token))

    with_tokens(ProviderKeys(provider.url), act)
    return found[0]


def test_a_token_signed_by_the_provider_proves_a_professional(provider: KeyServer) -> None:
    proven = prove(provider, signed())
    assert isinstance(proven, ProvenProfessional)
    assert proven.rpps == "99700218912"


def forged_none() -> str:
    return raw({"alg": "none", "kid": KEY.kid}, claims(), lambda _: b"")


def forged_with_the_public_key_as_a_secret() -> str:
    """The algorithm is confused: the public key, which everybody has, taken for the secret of an HMAC."""
    secret = KEY.as_pem(private=False)
    return raw({"alg": "HS256", "kid": KEY.kid}, claims(), lambda text: hmac.digest(secret, text, hashlib.sha256))


def with_another_payload() -> str:
    head, _, tail = signed().split(".")
    changed = urlsafe_b64encode(json.dumps(claims(SubjectNameID="899700218920")).encode()).rstrip(b"=").decode()
    return f"{head}.{changed}.{tail}"


def with_a_key_of_its_own_in_the_header() -> str:
    header = {"alg": "RS256", "kid": KEY.kid, "jwk": STRANGER.as_dict(private=False)}
    return jwt.encode(header, claims(), STRANGER)


@pytest.mark.parametrize(
    ("forge", "problem"),
    [
        (lambda: signed(STRANGER, KEY.kid), TokenProblem.SIGNATURE),
        (lambda: signed(STRANGER, "stranger"), TokenProblem.UNKNOWN_KEY),
        (forged_none, TokenProblem.ALGORITHM),
        (forged_with_the_public_key_as_a_secret, TokenProblem.ALGORITHM),
        (with_another_payload, TokenProblem.SIGNATURE),
        (with_a_key_of_its_own_in_the_header, TokenProblem.SIGNATURE),
        (lambda: signed().rpartition(".")[0] + ".", TokenProblem.SIGNATURE),
        (lambda: jwt.encode({"alg": "ES256", "kid": KEY.kid}, claims(), ECKey.generate_key("P-256")),
         TokenProblem.SIGNATURE),
        (lambda: signed(exp=int(time.time()) - 60), TokenProblem.EXPIRED),
        (lambda: signed(iss="https://auth.other.test"), TokenProblem.ISSUER),
        (lambda: signed(azp="another-client"), TokenProblem.AUDIENCE),
        (lambda: signed(typ="ID", aud="dpi"), TokenProblem.TYPE),
        (lambda: signed(SubjectNameID="3519999015/EMP1"), TokenProblem.SUBJECT),
        (lambda: "not a token", TokenProblem.MALFORMED),
    ],
)  # fmt: skip
def test_a_forged_or_borrowed_token_proves_nobody(
    provider: KeyServer, forge: Callable[[], str], problem: TokenProblem
) -> None:
    assert prove(provider, forge()) is problem


def test_a_new_key_is_asked_for_and_strangers_cannot_make_the_door_ask_all_the_time(provider: KeyServer) -> None:
    async def act(tokens: BearerTokens) -> None:
        assert isinstance(await tokens.prove(signed()), ProvenProfessional)
        provider.keys = [KEY, NEXT_KEY]
        tokens.keys.pause = 0
        assert isinstance(await tokens.prove(signed(NEXT_KEY)), ProvenProfessional)
        assert provider.asked == 2
        tokens.keys.pause = 60
        guesses = [tokens.prove(signed(STRANGER, f"guess-{number}")) for number in range(20)]
        assert set(await asyncio.gather(*guesses)) == {TokenProblem.UNKNOWN_KEY}
        assert provider.asked == 2

    with_tokens(ProviderKeys(provider.url), act)


def test_many_at_once_ask_the_provider_once(provider: KeyServer) -> None:
    async def act(tokens: BearerTokens) -> None:
        found = await asyncio.gather(*(tokens.prove(signed()) for _ in range(10)))
        assert all(isinstance(one, ProvenProfessional) for one in found)
        assert provider.asked == 1

    with_tokens(ProviderKeys(provider.url), act)


def test_while_the_provider_is_away_its_last_keys_serve_for_a_time_only(provider: KeyServer) -> None:
    async def act(tokens: BearerTokens) -> None:
        keys = tokens.keys
        assert isinstance(await tokens.prove(signed()), ProvenProfessional)
        provider.answer = lambda: (503, b"")
        keys.renew = keys.pause = 0
        assert isinstance(await tokens.prove(signed()), ProvenProfessional)
        while keys._asking is not None:  # the renewal that this token began, which fails
            await asyncio.sleep(0.01)
        assert isinstance(await tokens.prove(signed()), ProvenProfessional)
        assert await tokens.prove(signed(NEXT_KEY)) is TokenProblem.PROVIDER_AWAY
        keys.keep = 0
        assert await tokens.prove(signed()) is TokenProblem.PROVIDER_AWAY
        assert TokenProblem.PROVIDER_AWAY.is_temporary

    with_tokens(ProviderKeys(provider.url), act)


@pytest.mark.parametrize(
    "answer",
    [
        (500, b""),
        (302, b""),
        (200, b"{"),
        (200, b"[]"),
        (200, b'{"keys": {}}'),
        (200, b'{"keys": []}'),
        (200, b"[" * 100_000),
        (200, b" " * 300_000),
    ],
)
def test_what_is_not_a_key_set_is_a_provider_that_is_away(provider: KeyServer, answer: tuple[int, bytes]) -> None:
    provider.answer = lambda: answer
    assert prove(provider, signed()) is TokenProblem.PROVIDER_AWAY
    assert provider.asked == 1  # a redirection is not followed


def test_nobody_answers_at_the_provider_s_address(provider: KeyServer) -> None:
    provider.close()
    assert prove(provider, signed()) is TokenProblem.PROVIDER_AWAY


@pytest.mark.parametrize(
    ("issuer", "audiences", "named"),
    [
        (ISSUER, (), "CARNET_PSC_AUDIENCES"),
        ("http://auth.psc.test/realm", ("dpi",), "CARNET_PSC_ISSUER"),
        ("ftp://127.0.0.1/realm", ("dpi",), "CARNET_PSC_ISSUER"),
    ],
)
def test_settings_that_would_take_anybody_s_token_are_refused(
    settings: Any, issuer: str, audiences: tuple[str, ...], named: str
) -> None:
    settings.CARNET_PSC_ISSUER, settings.CARNET_PSC_AUDIENCES = issuer, audiences
    with pytest.raises(ImproperlyConfigured, match=named):
        tokens_of_the_installation()


def test_the_settings_make_the_policy(settings: Any) -> None:
    assert tokens_of_the_installation() is None
    settings.CARNET_PSC_ISSUER, settings.CARNET_PSC_AUDIENCES = ISSUER, ("dpi",)
    made = tokens_of_the_installation()
    assert made is not None
    made.keys.close()
    assert made.policy == TokenPolicy(ISSUER, frozenset({"dpi"}), frozenset({"RS256"}), 10)
    assert made.keys.url == f"{ISSUER}/protocol/openid-connect/certs"


@pytest.mark.filterwarnings("ignore:Key size")
def test_keys_for_other_uses_and_weak_ones_do_not_count() -> None:
    weak = RSAKey.generate_key(1024, {"kid": "weak", "use": "sig"}).as_dict(private=False)
    secret = OctKey.generate_key(256, {"kid": "secret", "use": "sig"}).as_dict()
    for_encryption = {**STRANGER.as_dict(private=False), "kid": "enc", "use": "enc"}
    broken = {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"}
    others = [weak, secret, for_encryption, broken, 7, {"kty": []}]
    with pytest.raises(KeysNotRead):
        read_keys(json.dumps({"keys": others}).encode())
    kept = read_keys(json.dumps({"keys": [*others, KEY.as_dict(private=False)]}).encode())
    assert list(kept) == [KEY.kid]
