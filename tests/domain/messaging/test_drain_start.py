"""A message that kills the drain does not hold up everyone's mail for ever."""

from contextlib import suppress
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest

from carnet.domain.messaging.commands.deliver import TRIES, drain_after_start
from carnet.foundation.clock import now
from carnet.foundation.models import SpoolEntry

pytestmark = pytest.mark.django_db
SPOOL = uuid4()


class ProcessKilled(BaseException):
    """What no handler of errors catches."""


def waiting() -> SpoolEntry:
    return SpoolEntry.objects.create(spool_id=SPOOL, segment=uuid4(), position=0, length=100, accepted_at=now())


def start(deadly: UUID) -> list[UUID]:
    """Start the drain; the segments that it read from before it ended or was killed."""
    read_from: list[UUID] = []

    def read(segment: UUID, position: int, length: int) -> object:
        read_from.append(segment)
        if segment == deadly:
            raise ProcessKilled
        raise RuntimeError("the next one")

    with suppress(ProcessKilled):
        drain_after_start(SimpleNamespace(spool_id=SPOOL, read=read))  # type: ignore[arg-type]
    return read_from


def test_a_message_that_kills_the_process_is_held_after_five_starts_and_the_next_one_comes() -> None:
    deadly, following = waiting(), waiting()
    for _ in range(TRIES):
        assert start(deadly.segment) == [deadly.segment]
    assert start(deadly.segment) == [following.segment]
    deadly.refresh_from_db()
    following.refresh_from_db()
    assert (deadly.held, following.held) == ("keeps-failing", "")
