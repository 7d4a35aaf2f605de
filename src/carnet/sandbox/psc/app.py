"""The provider as a WSGI application: the paths of the realm, and the pages for people."""

import binascii
import json
from base64 import b64decode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

from django.db import close_old_connections

from carnet.foundation import logs
from carnet.sandbox.psc import claims, pages
from carnet.sandbox.psc.address import CIBA_GRANT, REALM
from carnet.sandbox.psc.grants import LEVELS, Client, OAuthError, Provider
from carnet.sandbox.psc.memory import Answer
from carnet.sandbox.psc.people import people
from carnet.sandbox.psc.tokens import ALGORITHM

_CONNECT = f"{REALM}/protocol/openid-connect"
_MOST_OCTETS = 64 * 1024
_STATUS = {200: "200 OK", 302: "302 Found", 400: "400 Bad Request", 401: "401 Unauthorized", 404: "404 Not Found",
           405: "405 Method Not Allowed", 413: "413 Content Too Large", 500: "500 Internal Server Error"}  # fmt: skip
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"

log = logs.get("psc")


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    authorization: str


@dataclass
class Response:
    status: int
    body: bytes
    kind: str = "application/json"
    headers: list[tuple[str, str]] = field(default_factory=list)


Endpoint = Callable[[Provider, Request], Response]


def application(provider: Provider) -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """The WSGI application of a provider."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        response = _respond(provider, environ)
        headers = [("Content-Type", response.kind), ("Content-Length", str(len(response.body)))]
        headers += [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"), *response.headers]
        start_response(_STATUS[response.status], headers)
        return [response.body]

    return answer


def _respond(provider: Provider, environ: dict[str, Any]) -> Response:
    close_old_connections()
    route = _ROUTES.get(environ.get("PATH_INFO", ""))
    if route is None:
        return _json({"error": "Not found"}, 404)
    methods, endpoint = route
    method = environ["REQUEST_METHOD"]
    try:
        if method not in methods:
            return Response(405, b"", "text/plain", [("Allow", ", ".join(methods))])
        return endpoint(provider, _read(environ, method))
    except OAuthError as refusal:
        return _refused(refusal)
    except Exception:
        log.error("request_failed", exc_info=True)
        return _json({"error": "server_error"}, 500)
    finally:
        close_old_connections()


def _read(environ: dict[str, Any], method: str) -> Request:
    form: dict[str, str] = {}
    if method == "POST":
        try:
            length = int(environ.get("CONTENT_LENGTH") or 0)
        except ValueError:
            length = -1
        if not 0 <= length <= _MOST_OCTETS:
            raise OAuthError("invalid_request", "The request is too large", 413)
        form = _pairs(environ["wsgi.input"].read(length))
    return Request(
        method,
        environ["PATH_INFO"],
        _pairs(environ.get("QUERY_STRING", "").encode("latin-1")),
        form,
        environ.get("HTTP_AUTHORIZATION", ""),
    )


def _pairs(raw: bytes) -> dict[str, str]:
    """Parameters, each at most once (RFC 6749 §3.1)."""
    try:
        found = parse_qsl(raw.decode("ascii"), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        raise OAuthError("invalid_request", "The parameters cannot be read") from None
    if len(dict(found)) != len(found):
        raise OAuthError("invalid_request", "A parameter is given twice")
    return dict(found)


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return Response(status, json.dumps(content, ensure_ascii=False).encode("utf-8"))


def _page(html: str, status: int = 200) -> Response:
    return Response(
        status, html.encode("utf-8"), "text/html; charset=utf-8", [("Content-Security-Policy", _PAGE_POLICY)]
    )


def _refused(refusal: OAuthError) -> Response:
    response = _json({"error": refusal.code, "error_description": refusal.description}, refusal.status)
    if refusal.status == 401:
        scheme = "Bearer" if refusal.code == "invalid_token" else "Basic"
        response.headers.append(("WWW-Authenticate", f'{scheme} realm="esante-wallet", error="{refusal.code}"'))
    return response


def _client(provider: Provider, request: Request) -> Client:
    """By HTTP Basic, both halves form-encoded (RFC 6749 §2.3.1), or by the form."""
    scheme, _, rest = request.authorization.partition(" ")
    if scheme.lower() != "basic":
        return provider.client(request.form.get("client_id", ""), request.form.get("client_secret", ""))
    try:
        name, _, secret = b64decode(rest, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise OAuthError("invalid_client", "The Authorization header cannot be read", 401) from None
    return provider.client(unquote_plus(name), unquote_plus(secret))


def discovery(provider: Provider, _request: Request) -> Response:
    issuer = provider.tokens.issuer
    connect = f"{issuer}/protocol/openid-connect"
    secrets = ["client_secret_basic", "client_secret_post"]
    return _json(
        {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer.removesuffix(REALM)}/auth",
            "token_endpoint": f"{connect}/token",
            "introspection_endpoint": f"{connect}/token/introspect",
            "userinfo_endpoint": f"{connect}/userinfo",
            "end_session_endpoint": f"{connect}/logout",
            "jwks_uri": f"{connect}/certs",
            "backchannel_authentication_endpoint": f"{connect}/ext/ciba/auth",
            "grant_types_supported": ["authorization_code", "refresh_token", CIBA_GRANT],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "acr_values_supported": list(LEVELS),
            "scopes_supported": ["openid", "scope_all"],
            "claims_supported": ["sub", "iss", "auth_time", "preferred_username", "given_name", "family_name", "acr"],
            "token_endpoint_auth_methods_supported": secrets,
            "introspection_endpoint_auth_methods_supported": secrets,
            "code_challenge_methods_supported": ["S256"],
            "backchannel_token_delivery_modes_supported": ["poll"],
            "backchannel_user_code_parameter_supported": False,
        }
    )


def certs(provider: Provider, _request: Request) -> Response:
    return _json(provider.tokens.key_set())


def authorize(provider: Provider, request: Request) -> Response:
    if request.method == "GET":
        try:
            waiting = provider.asked(request.query)
        except OAuthError as refusal:
            if refusal.tell_client:
                back, state = request.query["redirect_uri"], request.query.get("state", "")
                return _back(back, state, error=refusal.code, error_description=refusal.description)
            return _page(pages.error(refusal.description), 400)
        return _page(pages.sign_in(waiting, people()))
    try:
        if request.form.get("answer") == "no":
            asked = provider.memory.requests.drop(request.form.get("waiting", ""))
            if asked is None:
                raise OAuthError("invalid_request", "Cette connexion est terminée.")
            return _back(asked.redirect_uri, asked.state, error="access_denied")
        asked, code = provider.chosen(request.form.get("waiting", ""), request.form.get("id_nat", ""))
    except OAuthError as refusal:
        return _page(pages.error(refusal.description), 400)
    return _back(asked.redirect_uri, asked.state, code=code)


def _back(address: str, state: str, **answer: str) -> Response:
    """Back to the client, with what it asked to see again."""
    said = urlencode(answer | ({"state": state} if state else {}))
    return Response(302, b"", "text/plain", [("Location", f"{address}{'&' if urlsplit(address).query else '?'}{said}")])


def token(provider: Provider, request: Request) -> Response:
    return _json(provider.grant(_client(provider, request), request.form))


def userinfo(provider: Provider, request: Request) -> Response:
    scheme, _, bearer = request.authorization.partition(" ")
    if scheme.lower() != "bearer":
        bearer = request.form.get("access_token", "")
    return _json(claims.userinfo(provider.bearer(bearer.strip())))


def introspect(provider: Provider, request: Request) -> Response:
    _client(provider, request)
    return _json(provider.introspect(request.form.get("token", "")))


def ciba(provider: Provider, request: Request) -> Response:
    """`sandbox_approve=yes` is the sandbox's own: a script need not hold a telephone."""
    client = _client(provider, request)
    return _json(provider.call(client, request.form, approved=request.form.get("sandbox_approve") == "yes"))


def logout(provider: Provider, request: Request) -> Response:
    """With a refresh token as Keycloak takes it, or as OpenID Connect RP-Initiated Logout 1.0."""
    said = request.query | request.form
    if "refresh_token" in said:
        _client(provider, request)
        provider.end(said["refresh_token"])
        return Response(200, b"", "text/plain")
    hint, back = said.get("id_token_hint", ""), said.get("post_logout_redirect_uri", "")
    ended = provider.end(hint)
    if back and ended and urlsplit(back).hostname in ("127.0.0.1", "::1", "localhost"):
        return _back(back, said.get("state", ""))
    return _page(pages.signed_out() if ended else pages.nothing_to_end())


def telephone(provider: Provider, request: Request) -> Response:
    said = ""
    if request.method == "POST":
        answer = {"approve": Answer.APPROVED, "refuse": Answer.REFUSED}.get(request.form.get("answer", ""))
        done = answer is not None and provider.memory.answer(request.form.get("auth_req_id", ""), answer)
        words = "Connexion approuvée." if answer is Answer.APPROVED else "Connexion refusée."
        said = words if done else "Cette demande n’attend plus de réponse."
    waiting = [(asked, provider.person(asked.id_nat)) for asked in provider.memory.waiting()]
    return _page(pages.telephone(waiting, said))


_ROUTES: dict[str, tuple[tuple[str, ...], Endpoint]] = {
    f"{REALM}/.well-known/wallet-openid-configuration": (("GET",), discovery),
    f"{REALM}/.well-known/openid-configuration": (("GET",), discovery),
    "/auth": (("GET", "POST"), authorize),
    f"{_CONNECT}/auth": (("GET", "POST"), authorize),
    f"{_CONNECT}/token": (("POST",), token),
    f"{_CONNECT}/token/introspect": (("POST",), introspect),
    f"{_CONNECT}/userinfo": (("GET", "POST"), userinfo),
    f"{_CONNECT}/certs": (("GET",), certs),
    f"{_CONNECT}/logout": (("GET", "POST"), logout),
    f"{_CONNECT}/ext/ciba/auth": (("POST",), ciba),
    "/telephone": (("GET", "POST"), telephone),
}
