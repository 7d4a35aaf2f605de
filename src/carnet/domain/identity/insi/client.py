"""Asking the INSi service: bounded in time and size, its server proved, and nobody's traits in a log or an error."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from django.conf import settings

from carnet.domain.identity.insi import messages
from carnet.domain.identity.insi.messages import BadInsiMessage, InsiFault, Search, Verification
from carnet.domain.identity.insi.values import AskedTraits, FoundIdentity, InsiAnswer, InsiAway, InsiTrouble
from carnet.domain.identity.rules import may_use_oid
from carnet.domain.identity.values import Ins, InsOid, StrictTraits
from carnet.foundation import logs
from carnet.foundation.fetch import NotFetched, Posted, fetch

log = logs.get("insi")

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_Answer = TypeVar("_Answer")


def find_by_traits(asked: AskedTraits, *, by: str = "") -> InsiAnswer:
    """Who has these traits; `by` is the RPPS of the professional who asks. Raises `InsiAway`.

    It waits for the service, at most `CARNET_INSI_SECONDS`: not for within a transaction.
    """
    answer = _ask("search", messages.write_search(Search(asked, by)), messages.read_answer)
    if answer.identity is not None:
        found = answer.identity.traits
        if (found.birth_name, found.birth_date, found.sex) != (asked.birth_name, asked.birth_date, asked.sex):
            raise InsiAway(InsiTrouble.UNREADABLE, "the identity is not of whom was asked")
        decision = may_use_oid(answer.identity.oid, production=settings.CARNET_PRODUCTION)
        if not decision.allowed:
            log.error("insi_of_the_other_world", reason=decision.reason.value)
            raise InsiAway(InsiTrouble.UNREADABLE, f"the identity is of another authority: {decision.reason.value}")
    return answer


def verify_identity(ins: Ins, oid: InsOid, traits: StrictTraits, *, by: str = "") -> bool:
    """Whether the service knows this INS for the person with these traits. Raises `InsiAway`; waits as a search."""
    question = Verification(FoundIdentity(ins, oid, traits), by)
    return _ask("verification", messages.write_verification(question), messages.read_verified)


def _ask(act: str, question: bytes, read: Callable[[bytes], _Answer]) -> _Answer:
    began = time.monotonic()
    outcome = "answered"
    try:
        return read(_post(question))
    except InsiFault as fault:
        outcome = InsiTrouble.REFUSED
        raise InsiAway(InsiTrouble.REFUSED, str(fault)) from None
    except BadInsiMessage as problem:
        outcome = InsiTrouble.UNREADABLE
        raise InsiAway(InsiTrouble.UNREADABLE, str(problem)) from None
    except InsiAway as away:
        outcome = away.code
        raise
    finally:
        log.info("insi_asked", act=act, outcome=str(outcome), seconds=round(time.monotonic() - began, 3))


def _post(question: bytes) -> bytes:
    if not settings.CARNET_INSI_URL:
        raise InsiAway(InsiTrouble.NOT_CONFIGURED, "CARNET_INSI_URL is not set")
    certificate: Path | None = settings.CARNET_INSI_CERT_FILE
    try:
        return fetch(
            settings.CARNET_INSI_URL,
            ca_file=settings.CARNET_INSI_CA_FILE,
            most=messages.MAX_BYTES,
            seconds=settings.CARNET_INSI_SECONDS,
            plain=urlsplit(settings.CARNET_INSI_URL).hostname in _LOOPBACK,
            post=Posted(question, messages.MEDIA_TYPE),
            certificate=(certificate, settings.CARNET_INSI_KEY_FILE or certificate) if certificate else None,
        )
    except NotFetched as problem:
        refused = problem.status is not None
        raise InsiAway(InsiTrouble.REFUSED if refused else InsiTrouble.UNREACHABLE, str(problem)) from None
