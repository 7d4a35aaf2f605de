"""Signing in with Pro Santé Connect: OpenID Connect by authorization code, with authlib as the client.

OpenID Connect Core 1.0 §3.1, RFC 7636 (PKCE, S256), RFC 9207 (who answered), Référentiel Pro Santé Connect (scopes,
``acr_values``, the claims that name a professional). State, nonce and verifier wait in the session of the browser that
asked: an answer that another began finds none.
"""

import base64
import functools
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from carnet.domain.identity.tokens import professional_of
from carnet.foundation import logs
from carnet.foundation.keys import KeyProblem
from carnet.foundation.owner_keys import master_keys

if TYPE_CHECKING:
    from authlib.integrations.django_client import DjangoOAuth2App

_NAME = "psc"
_SECONDS = 10.0
_SIGN_OUT_SECONDS = 4.0
_DESCRIPTION_SECONDS = 3600.0
_MOST_BEGUN = 5
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_SEALED_FOR = b"psc-refresh-token"

log = logs.get("psc")


class SignInProblem(StrEnum):
    """Why a professional is not signed in."""

    CANCELLED = "cancelled"
    STATE = "state"
    ISSUER = "issuer"
    TOKEN = "token"  # noqa: S105 - the name of a problem
    SUBJECT = "subject"
    UNKNOWN = "unknown"
    TOO_OFTEN = "too-often"
    PROVIDER_AWAY = "provider-away"


@dataclass(frozen=True)
class Proven:
    """Whom Pro Santé Connect proved: an RPPS, and the token by which its session is ended, sealed."""

    rpps: str
    session: str


class _NotTheIssuer(Exception):
    """What describes itself at the configured address is not the issuer that the settings name."""


def offered() -> bool:
    """Whether professionals can sign in to this portal."""
    return bool(settings.CARNET_PSC_CLIENT_ID)


def begin(request: HttpRequest) -> HttpResponse | SignInProblem:
    """Send the browser to Pro Santé Connect."""
    _forget_older_tries(request)
    levels = settings.CARNET_PSC_LEVELS
    try:
        answer = _client().authorize_redirect(request, _back(request), **({"acr_values": levels[0]} if levels else {}))
    except Exception as problem:
        return _away(problem)
    return cast(HttpResponse, answer)


def finish(request: HttpRequest) -> Proven | SignInProblem:
    """Whom the answer of Pro Santé Connect proves, once every part of it is checked; or why nobody."""
    from authlib.common.errors import AuthlibBaseError
    from authlib.integrations.base_client.errors import MismatchingStateError
    from joserfc.errors import JoseError
    from requests import RequestException

    client = _client()
    state = request.GET.get("state", "")
    if not state or client.framework.get_state_data(request.session, state) is None:
        return SignInProblem.STATE
    if request.GET.get("iss", settings.CARNET_PSC_ISSUER) != settings.CARNET_PSC_ISSUER:
        client.framework.clear_state_data(request.session, state)
        return SignInProblem.ISSUER
    if "code" not in request.GET:
        client.framework.clear_state_data(request.session, state)
        return SignInProblem.CANCELLED if request.GET.get("error") == "access_denied" else SignInProblem.TOKEN
    try:
        token = client.authorize_access_token(
            request, claims_options=_claims_expected(), leeway=settings.CARNET_PSC_LEEWAY_SECONDS
        )
        proved = token.get("userinfo")
        if not proved:  # no identity token: nothing was checked
            return SignInProblem.TOKEN
        told = client.userinfo(token=token)
    except MismatchingStateError:
        return SignInProblem.STATE
    except (AuthlibBaseError, JoseError) as problem:
        log.warning("sign_in_refused", error=type(problem).__name__)
        return SignInProblem.TOKEN
    except (RequestException, _NotTheIssuer) as problem:
        return _away(problem)
    except (ValueError, TypeError, LookupError, RuntimeError) as problem:  # what was answered cannot be read
        log.warning("sign_in_refused", error=type(problem).__name__)
        return SignInProblem.TOKEN
    rpps = professional_of(told)
    if told.get("sub") != proved["sub"] or rpps is None:  # OpenID Connect Core 1.0 §5.3.2
        return SignInProblem.SUBJECT
    return Proven(str(rpps), _sealed(token.get("refresh_token")))


def end(session: str) -> bool:
    """End a session at Pro Santé Connect by its sealed token, as Keycloak takes it; whether it said so.

    From server to server: no token stands in an address, and the portal's pages send forms nowhere else.
    """
    try:
        refresh_token = master_keys().unwrap(base64.b64decode(session), _SEALED_FOR).decode()
        client = _client()
        where = client.load_server_metadata().get("end_session_endpoint", "")
        if not _is_safe(where):
            return False
        with client._get_session() as http:
            answer = http.request(
                "POST",
                where,
                withhold_token=True,
                timeout=_SIGN_OUT_SECONDS,
                data={
                    "client_id": client.client_id,
                    "client_secret": client.client_secret,
                    "refresh_token": refresh_token,
                },
            )
        return bool(answer.ok)
    except (KeyProblem, ValueError):
        return False
    except Exception as problem:
        _away(problem)
        return False


def _claims_expected() -> dict[str, Any]:
    """What the identity token must say (OpenID Connect Core 1.0 §3.1.3.7); authlib checks its nonce and its life."""
    expected: dict[str, Any] = {
        "iss": {"essential": True, "value": settings.CARNET_PSC_ISSUER},
        "aud": {"essential": True, "value": settings.CARNET_PSC_CLIENT_ID},
        "sub": {"essential": True},
        "nonce": {"essential": True},
    }
    if settings.CARNET_PSC_LEVELS:
        expected["acr"] = {"essential": True, "values": list(settings.CARNET_PSC_LEVELS)}
    return expected


def _back(request: HttpRequest) -> str:
    """The address that Pro Santé Connect sends people back to; a demo may be reached under several names."""
    path = reverse("desk_sign_in_back")
    return f"{settings.CARNET_WEB_URL}{path}" if settings.CARNET_PRODUCTION else request.build_absolute_uri(path)


def _forget_older_tries(request: HttpRequest) -> None:
    """A session keeps the last few sign-ins that were begun in it, not each."""
    begun = [key for key, _kept in request.session.items() if key.startswith(f"_state_{_NAME}_")]
    begun.sort(key=lambda key: request.session[key].get("exp", 0))
    for key in begun[:-_MOST_BEGUN]:
        del request.session[key]


def _sealed(refresh_token: Any) -> str:
    """The token that ends the session, so that a copy of the table of sessions is no way in."""
    if not isinstance(refresh_token, str):
        return ""
    return base64.b64encode(master_keys().wrap(refresh_token.encode(), _SEALED_FOR)).decode()


def _away(problem: Exception) -> SignInProblem:
    log.warning("provider_away", error=type(problem).__name__)
    return SignInProblem.PROVIDER_AWAY


def _is_safe(address: Any) -> bool:
    parts = urlsplit(address if isinstance(address, str) else "")
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def _client() -> "DjangoOAuth2App":
    path = cast(Path, settings.CARNET_PSC_CLIENT_SECRET_FILE)
    return _make_client(
        settings.CARNET_PSC_DISCOVERY_URL,
        settings.CARNET_PSC_ISSUER,
        settings.CARNET_PSC_CLIENT_ID,
        path.read_text("ascii").strip(),
        settings.CARNET_PSC_AUTHORIZATION_URL,
        int(time.time() // _DESCRIPTION_SECONDS),
    )


@functools.lru_cache(maxsize=4)
def _make_client(
    discovery: str, issuer: str, client_id: str, secret: str, authorization: str, _hour: int
) -> "DjangoOAuth2App":
    """The client, made anew each hour; it reads the issuer's description at first use.

    authlib is loaded here: the portal starts without it, and most of its requests need none.
    """
    from authlib.integrations.django_client import DjangoOAuth2App, OAuth

    class Client(DjangoOAuth2App):
        def load_server_metadata(self) -> dict[str, Any]:
            """The issuer's description; what it may not choose is set by the settings."""
            known = "_loaded_at" in self.server_metadata
            found: dict[str, Any] = super().load_server_metadata()
            if not known:
                places = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
                if found.get("issuer") != issuer or not all(_is_safe(found.get(place)) for place in places):
                    del self.server_metadata["_loaded_at"]
                    raise _NotTheIssuer
                found["id_token_signing_alg_values_supported"] = list(settings.CARNET_PSC_ALGORITHMS)
            return found

    registry = OAuth()
    return cast(
        "DjangoOAuth2App",
        registry.register(
            _NAME,
            client_cls=Client,
            server_metadata_url=discovery,
            client_id=client_id,
            client_secret=secret,
            authorize_url=authorization or None,
            client_kwargs={
                "scope": " ".join(settings.CARNET_PSC_SCOPES),
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": "client_secret_basic",
                "default_timeout": _SECONDS,
                "verify": str(settings.CARNET_PSC_CA_FILE) if settings.CARNET_PSC_CA_FILE else True,
                "trust_env": False,
                "max_redirects": 0,
            },
        ),
    )
