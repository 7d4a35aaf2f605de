"""Guessing passwords at the mail doors."""

import time
from types import SimpleNamespace
from uuid import uuid4

import pytest

from carnet.interfaces import tries
from carnet.interfaces.sasl import Password
from carnet.interfaces.sign_in import SignedIn
from carnet.interfaces.smtp.events import Mail
from carnet.interfaces.smtp.session import Session
from carnet.interfaces.smtp.submission_door import SubmissionDoor
from carnet.interfaces.traces import TraceWriter
from carnet.interfaces.tries import PER_LOGIN, PER_PEER, SECONDS, WrongPasswords


def fail(known: WrongPasswords, times: int, login: str = "a@x.test", peer: str = "10.0.0.1") -> None:
    for _ in range(times):
        known.note(peer, login, right=False)


def test_a_login_is_guessed_at_only_so_often_by_one_peer_and_another_peer_still_may() -> None:
    known = WrongPasswords()
    fail(known, PER_LOGIN - 1)
    assert not known.too_many("10.0.0.1", "a@x.test")
    fail(known, 1, login=" A@X.test")
    assert known.too_many("10.0.0.1", "a@x.test")
    assert not known.too_many("10.0.0.2", "a@x.test")
    assert not known.too_many("10.0.0.1", "b@x.test")


def test_many_logins_count_together_for_one_peer() -> None:
    known = WrongPasswords()
    for number in range(PER_PEER):
        fail(known, 1, login=f"{number}@x.test")
    assert known.too_many("10.0.0.1", "fresh@x.test")


def test_the_right_password_forgets_the_wrong_ones() -> None:
    known = WrongPasswords()
    fail(known, PER_LOGIN - 1)
    known.note("10.0.0.1", "a@x.test", right=True)
    fail(known, PER_LOGIN - 1)
    assert not known.too_many("10.0.0.1", "a@x.test")


def test_after_five_minutes_one_may_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    known = WrongPasswords()
    fail(known, PER_LOGIN)
    later = tries.time.monotonic() + SECONDS + 1
    monkeypatch.setattr(tries.time, "monotonic", lambda: later)
    assert not known.too_many("10.0.0.1", "a@x.test")


async def guess(door: SubmissionDoor, times: int) -> None:
    for number in range(times):
        assert await door.on_auth(Session("10.0.0.1", 1), Password("a@x.test", f"guess {number}")) is None


def test_the_submission_door_stops_looking_at_guesses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TraceWriter, "note", lambda _self, _trace: None)  # there is no database here
    import asyncio

    looked_at = []

    async def check(_question: object, user: str, password: str) -> object:
        looked_at.append(password)
        return SimpleNamespace(id=uuid4(), address=user) if password == "right" else None

    door = SubmissionDoor(SimpleNamespace(check=check), SimpleNamespace())  # type: ignore[arg-type]
    asyncio.run(guess(door, PER_LOGIN + 5))
    assert len(looked_at) == PER_LOGIN
    assert asyncio.run(door.on_auth(Session("10.0.0.1", 1), Password("a@x.test", "right"))) is None
    assert asyncio.run(door.on_auth(Session("10.0.0.2", 1), Password("a@x.test", "right"))) is not None


def test_a_token_that_has_expired_ends_the_session_at_the_next_message_where_the_setting_says_so() -> None:
    door = SubmissionDoor(SimpleNamespace(closures=[], shut=frozenset(), check=None), SimpleNamespace())  # type: ignore[arg-type]
    session = Session("10.0.0.1", 1)
    for until, code in ((time.time() + 60, None), (None, None), (time.time() - 1, 421)):
        session.identity = SignedIn(uuid4(), "a@x.test", "99700218912", until)
        answer = door.on_mail(session, Mail("a@x.test"))
        assert (answer.code if answer else None) == code
