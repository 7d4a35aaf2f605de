"""What a client asks of the provider and what it gets: authorization requests, grants, introspection.

OpenID Connect Core 1.0, RFC 6749, RFC 7636 (S256), RFC 7662, and CIBA Core 1.0 in poll mode, within what Pro Santé
Connect asks for: `acr_values=eidas1`, `scope=openid scope_all`.
"""

import hashlib
import hmac
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from carnet.sandbox.psc.address import CIBA_GRANT
from carnet.sandbox.psc.memory import (
    CIBA_INTERVAL,
    CIBA_SECONDS,
    CODE_SECONDS,
    Answer,
    Code,
    Memory,
    Session,
    SignInRequest,
    TelephoneRequest,
)
from carnet.sandbox.psc.people import Person
from carnet.sandbox.psc.tokens import TokenWriter

LEVELS = ("eidas1", "eidas2", "eidas3")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_MESSAGE_LENGTH = 50
# A client that asks every second, and whose clock is a little fast, is not told to slow down.
_INTERVAL = CIBA_INTERVAL * 0.8


class OAuthError(Exception):
    """A refusal as RFC 6749 §5.2 words it: a code, and a description for who writes the client."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.status = status
        self.tell_client = False
        """Whether the client's address is known to be its own, so that the refusal may be sent there."""


@dataclass(frozen=True)
class Client:
    """A piece of software that the provider knows."""

    id: str
    secret: str

    def __repr__(self) -> str:
        return f"Client({self.id!r})"


@dataclass
class Provider:
    """The provider: its clients, who may sign in, and what is in progress."""

    clients: Mapping[str, Client]
    tokens: TokenWriter
    person: Callable[[str], Person | None]
    memory: Memory
    approve_always: bool = False

    def client(self, client_id: str, secret: str) -> Client:
        """The client that proves itself by its secret. Raises `OAuthError`."""
        found = self.clients.get(client_id)
        if found is None or not hmac.compare_digest(found.secret.encode(), secret.encode()):
            raise OAuthError("invalid_client", "The client or its secret is not known", 401)
        return found

    # The authorization code flow

    def asked(self, query: Mapping[str, str]) -> str:
        """Check an authorization request; the name under which it waits for a person. Raises `OAuthError`.

        Nothing is ever sent to an address that this has not checked: only a client on this machine is answered.
        """
        client = self.clients.get(query.get("client_id", ""))
        redirect = query.get("redirect_uri", "")
        if client is None:
            raise OAuthError("invalid_client", "client_id is not known")
        if urlsplit(redirect).hostname not in _LOOPBACK or "#" in redirect:
            raise OAuthError("invalid_redirect_uri", "redirect_uri must be an address of this machine (localhost)")
        try:
            return self.memory.requests.put(_sign_in_request(client, redirect, query))
        except OAuthError as refusal:
            refusal.tell_client = True
            raise

    def chosen(self, waiting: str, id_nat: str) -> tuple[SignInRequest, str]:
        """A person has said who they are: the request and its code. Raises `OAuthError`."""
        request = self.memory.requests.drop(waiting)
        if request is None:
            raise OAuthError("invalid_request", "This sign-in is over: begin again from your software")
        return request, self.memory.codes.put(Code(request, self._known(id_nat).id_nat, time.time()))

    # Grants (the token endpoint)

    def grant(self, client: Client, form: Mapping[str, str]) -> dict[str, Any]:
        """What the token endpoint answers. Raises `OAuthError`."""
        match form.get("grant_type", ""):
            case "authorization_code":
                return self._answer(self._by_code(client, form))
            case "refresh_token":
                return self._answer(self._by_refresh(client, form), form["refresh_token"])
            case kind if kind == CIBA_GRANT:
                return self._answer(self._by_telephone(client, form))
        raise OAuthError("unsupported_grant_type", f"grant_type: authorization_code, refresh_token or {CIBA_GRANT}")

    def _by_code(self, client: Client, form: Mapping[str, str]) -> Session:
        with self.memory.lock:
            name = form.get("code", "")
            code = self.memory.codes.get(name)
            if code is None or code.request.client_id != client.id:
                raise OAuthError("invalid_grant", "Code not valid")
            if code.used_for:  # RFC 6749 §4.1.2: what was given for it is taken back
                self.memory.sessions.drop(code.used_for)
                raise OAuthError("invalid_grant", "Code already used")
            if time.time() > code.at + CODE_SECONDS:
                raise OAuthError("invalid_grant", "Code expired")
            if form.get("redirect_uri", "") != code.request.redirect_uri:
                raise OAuthError("invalid_grant", "Incorrect redirect_uri")
            if not _verifies(code.request.code_challenge, form.get("code_verifier", "")):
                raise OAuthError("invalid_grant", "PKCE verification failed")
            request = code.request
            session = self.memory.open_session(client.id, code.id_nat, request.scope, request.acr, request.nonce)
            self.memory.codes.change(name, lambda found: replace(found, used_for=session.id))
            return session

    def _by_refresh(self, client: Client, form: Mapping[str, str]) -> Session:
        session_id = self.memory.refresh.get(form.get("refresh_token", ""))
        session = self.memory.sessions.get(session_id) if session_id else None
        if session is None or session.client_id != client.id:
            raise OAuthError("invalid_grant", "Session not active")
        return session

    def _by_telephone(self, client: Client, form: Mapping[str, str]) -> Session:
        with self.memory.lock:
            name = form.get("auth_req_id", "")
            asked = self.memory.telephone.get(name)
            if asked is None or asked.client_id != client.id:
                raise OAuthError("invalid_grant", "Invalid Auth Req ID")
            now = time.time()
            if now > asked.at + CIBA_SECONDS:
                self.memory.telephone.drop(name)
                raise OAuthError("expired_token", "The authentication request has expired")
            if asked.answer is Answer.REFUSED:
                self.memory.telephone.drop(name)
                raise OAuthError("access_denied", "The professional refused")
            if asked.answer is Answer.APPROVED:
                self.memory.telephone.drop(name)
                return self.memory.open_session(client.id, asked.id_nat, asked.scope, asked.acr)
            self.memory.telephone.change(name, lambda found: replace(found, asked_at=now))
            if now < asked.asked_at + _INTERVAL:
                raise OAuthError("slow_down", f"Ask at most every {CIBA_INTERVAL} s")
            raise OAuthError("authorization_pending", "The authorization request is still pending")

    def _answer(self, session: Session, refresh: str = "") -> dict[str, Any]:
        person = self._known(session.id_nat)
        access = self.tokens.access_token(session)
        return {
            "access_token": access,
            "expires_in": self.tokens.seconds,
            "refresh_token": refresh or self.memory.refresh.put(session.id),
            "refresh_expires_in": int(self.memory.sessions.seconds - (time.time() - session.at)),
            "token_type": "Bearer",
            "id_token": self.tokens.id_token(session, person, access),
            "not-before-policy": 0,
            "session_state": session.id,
            "scope": session.scope,
        }

    # CIBA

    def call(self, client: Client, form: Mapping[str, str], *, approved: bool = False) -> dict[str, Any]:
        """Ask a professional, on their telephone, to let a client in. Raises `OAuthError`."""
        if form.get("login_hint_token") or form.get("id_token_hint") or not form.get("login_hint"):
            raise OAuthError("invalid_request", "login_hint is needed: the professional's national identifier")
        message = form.get("binding_message", "")
        if not message or len(message) > _MESSAGE_LENGTH or not message.isprintable():
            raise OAuthError("invalid_binding_message", f"binding_message is needed, of at most {_MESSAGE_LENGTH}")
        scope, acr = _scope(form), _level(form)
        person = self.person(form["login_hint"])
        if person is None:
            raise OAuthError("unknown_user_id", "No professional has this identifier")
        yes = approved or self.approve_always
        name = secrets.token_urlsafe(32)
        asked = TelephoneRequest(name, client.id, person.id_nat, scope, acr, message, time.time())
        self.memory.telephone.put(replace(asked, answer=Answer.APPROVED) if yes else asked, name)
        return {"auth_req_id": name, "expires_in": CIBA_SECONDS, "interval": CIBA_INTERVAL}

    # Sessions

    def session_of(self, token: str) -> Session | None:
        """The living session of an access token, a refresh token or an identity token, even one that has expired."""
        claims = self.tokens.read(token, expired=True)
        name = claims.get("sid", "") if claims else self.memory.refresh.get(token)
        return self.memory.sessions.get(name) if name else None

    def introspect(self, token: str) -> dict[str, Any]:
        """RFC 7662 §2.2."""
        claims = self.tokens.read(token)
        if claims is None or self.session_of(token) is None:
            return {"active": False}
        return {**claims, "username": claims["preferred_username"], "client_id": claims["azp"], "active": True}

    def bearer(self, token: str) -> Person:
        """The professional of an access token, for userinfo. Raises `OAuthError`."""
        claims = self.tokens.read(token)
        session = self.session_of(token)
        if claims is None or claims.get("typ") != "Bearer" or session is None:
            raise OAuthError("invalid_token", "Token verification failed", 401)
        return self._known(session.id_nat)

    def end(self, token: str) -> bool:
        """End the session of a refresh or identity token; whether there was one."""
        session = self.session_of(token)
        return session is not None and self.memory.sessions.drop(session.id) is not None

    def _known(self, id_nat: str) -> Person:
        person = self.person(id_nat)
        if person is None:
            raise OAuthError("invalid_grant", "This professional cannot sign in")
        return person


def _sign_in_request(client: Client, redirect: str, query: Mapping[str, str]) -> SignInRequest:
    if query.get("response_type") != "code":
        raise OAuthError("unsupported_response_type", "response_type must be code")
    challenge = query.get("code_challenge", "")
    if challenge and query.get("code_challenge_method") != "S256":
        raise OAuthError("invalid_request", "code_challenge_method must be S256")
    return SignInRequest(
        client_id=client.id,
        redirect_uri=redirect,
        scope=_scope(query),
        acr=_level(query),
        state=query.get("state", ""),
        nonce=query.get("nonce", ""),
        code_challenge=challenge,
    )


def _scope(form: Mapping[str, str]) -> str:
    asked = form.get("scope", "").split()
    if "openid" not in asked:
        raise OAuthError("invalid_scope", "scope must hold openid (and scope_all for every claim)")
    return " ".join(one for one in ("openid", "scope_all") if one in asked)


def _level(form: Mapping[str, str]) -> str:
    """Pro Santé Connect refuses a request without `acr_values`; eidas1 is the level that it gives."""
    asked = form.get("acr_values", "").split()
    if not asked or any(one not in LEVELS for one in asked):
        raise OAuthError("invalid_request", "acr_values must be eidas1")
    return asked[0]


def _verifies(challenge: str, verifier: str) -> bool:
    """RFC 7636 §4.6."""
    if not challenge:
        return not verifier
    digest = hashlib.sha256(verifier.encode("utf-8", "replace")).digest()
    return hmac.compare_digest(urlsafe_b64encode(digest).rstrip(b"=").decode("ascii"), challenge)
