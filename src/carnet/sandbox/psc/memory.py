"""What the provider remembers between two requests, in memory: it begins anew with each start of a demo."""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Generic, TypeVar
from uuid import uuid4

CODE_SECONDS = 60.0
SIGN_IN_SECONDS = 600.0
SESSION_SECONDS = 4 * 3600.0
CIBA_SECONDS = 120
CIBA_INTERVAL = 1
_MOST = 10_000

T = TypeVar("T")


@dataclass(frozen=True)
class SignInRequest:
    """An authorization request that waits for a person to choose who they are (OpenID Connect Core §3.1.2.1)."""

    client_id: str
    redirect_uri: str
    scope: str
    acr: str
    state: str = ""
    nonce: str = ""
    code_challenge: str = ""


@dataclass(frozen=True)
class Session:
    """A professional signed in for a client; `at` in seconds since 1970."""

    id: str
    client_id: str
    id_nat: str
    scope: str
    acr: str
    at: float
    nonce: str = ""


@dataclass(frozen=True)
class Code:
    """An authorization code not used yet; once used, it keeps the session that it gave."""

    request: SignInRequest
    id_nat: str
    at: float
    used_for: str = ""


class Answer(StrEnum):
    """What the professional said on the telephone."""

    NONE = "none"
    APPROVED = "approved"
    REFUSED = "refused"


@dataclass(frozen=True)
class TelephoneRequest:
    """A sign-in asked for by CIBA (OpenID Connect CIBA Core §7.1)."""

    id: str
    client_id: str
    id_nat: str
    scope: str
    acr: str
    binding_message: str
    at: float
    answer: Answer = Answer.NONE
    asked_at: float = 0.0


@dataclass
class Kept(Generic[T]):
    """Things by a random name, each for a time."""

    seconds: float
    _things: dict[str, tuple[float, T]] = field(default_factory=dict)

    def put(self, thing: T, name: str = "") -> str:
        name = name or secrets.token_urlsafe(32)
        now = time.monotonic()
        if len(self._things) >= _MOST:
            self._things = {key: kept for key, kept in self._things.items() if kept[0] > now}
        if len(self._things) >= _MOST:
            self._things.pop(next(iter(self._things)))
        self._things[name] = (now + self.seconds, thing)
        return name

    def get(self, name: str) -> T | None:
        until, thing = self._things.get(name, (0.0, None))
        return thing if until > time.monotonic() else None

    def change(self, name: str, change: Callable[[T], T]) -> None:
        """Keep it as `change` makes it, for as long as before."""
        if name in self._things:
            until, thing = self._things[name]
            self._things[name] = (until, change(thing))

    def drop(self, name: str) -> T | None:
        found = self.get(name)
        self._things.pop(name, None)
        return found

    def all(self) -> list[T]:
        now = time.monotonic()
        return [thing for until, thing in self._things.values() if until > now]


@dataclass
class Memory:
    """Everything in progress. `lock` is held while more than one thing of it is looked at and changed."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    requests: Kept[SignInRequest] = field(default_factory=lambda: Kept(SIGN_IN_SECONDS))
    codes: Kept[Code] = field(default_factory=lambda: Kept(SIGN_IN_SECONDS))
    telephone: Kept[TelephoneRequest] = field(default_factory=lambda: Kept(2.0 * CIBA_SECONDS))
    sessions: Kept[Session] = field(default_factory=lambda: Kept(SESSION_SECONDS))
    refresh: Kept[str] = field(default_factory=lambda: Kept(SESSION_SECONDS))

    def open_session(self, client_id: str, id_nat: str, scope: str, acr: str, nonce: str = "") -> Session:
        session = Session(str(uuid4()), client_id, id_nat, scope, acr, time.time(), nonce)
        self.sessions.put(session, session.id)
        return session

    def answer(self, auth_req_id: str, answer: Answer) -> bool:
        """The professional approves or refuses; whether there was still something to answer."""
        with self.lock:
            asked = self.telephone.get(auth_req_id)
            if asked is None or asked.answer is not Answer.NONE or time.time() > asked.at + CIBA_SECONDS:
                return False
            self.telephone.change(auth_req_id, lambda found: replace(found, answer=answer))
            return True

    def waiting(self) -> list[TelephoneRequest]:
        """The requests that nobody has answered yet, oldest first."""
        with self.lock:
            now = time.time()
            return [
                asked
                for asked in self.telephone.all()
                if asked.answer is Answer.NONE and now <= asked.at + CIBA_SECONDS
            ]
