"""Traces that doors leave: grouped, put down to their mailbox, and never in anybody's way."""

from uuid import UUID

import pytest
from django.db import OperationalError, connection

from carnet.domain.directory.models import MailboxTrace
from carnet.domain.directory.queries.traces import traces_of
from carnet.domain.directory.traces import NewTrace, TraceAct
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.interfaces.traces import TraceWriter, _Refused
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db


class Writer(TraceWriter):
    """One that writes when it is told to, in the test's own transaction."""

    def __init__(self):
        super().__init__()
        self._thread = object()


@pytest.fixture
def ortho():
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    return cast.orthopaedics()


def read(mailbox, session="s1", messages=(), **more):
    return NewTrace(mailbox, TraceAct.READ, "imap", "8997", session, messages=tuple(messages), at=now(), **more)


def test_readings_of_a_session_are_one_row_and_those_of_another_are_theirs(ortho):
    writer = Writer()
    ids = [new_id() for _ in range(2500)]
    for one in ids:
        writer.note(read(ortho, messages=[one]))
    writer.note(read(ortho, "s2", ids[:1]))
    writer.flush()
    rows = [one for one in traces_of(ortho) if one.act == "read"]
    assert sorted((one.session, one.count) for one in rows) == [("s1", 500), ("s1", 1000), ("s1", 1000), ("s2", 1)]
    assert {message for one in rows for message in one.messages} == set(ids)


def test_counts_add_up_and_failures_stay_apart(ortho):
    writer = Writer()
    for count, outcome in ((2, ""), (3, ""), (1, "missing")):
        writer.note(NewTrace(ortho, TraceAct.MOVED, "imap", session="s1", outcome=outcome, count=count, at=now()))
    writer.flush()
    moved = {(one.outcome, one.count) for one in traces_of(ortho) if one.act == "moved"}
    assert moved == {("", 5), ("missing", 1)}


def test_a_refused_sign_in_is_put_down_to_the_mailbox_that_was_tried(ortho):
    writer = Writer()
    tried = NewTrace(UUID(int=0), TraceAct.SIGN_IN, "submission", outcome="wrong-password", at=now())
    for address in (f" Orthopedie@{cast.HOSPITAL_DOMAIN}", "personne@nulle-part.test", "", "\x00'; --"):
        writer.note(_Refused(address, tried))
    writer.flush()
    assert [(one.act, one.outcome) for one in traces_of(ortho)][1:] == [("sign-in", "wrong-password")]
    assert MailboxTrace.objects.count() == 2


def test_what_cannot_be_written_now_is_written_later(ortho):
    writer = Writer()
    writer.note(read(ortho, messages=[new_id()]))
    before = connection.execute_wrappers[:]

    def away(*_):
        raise OperationalError("away")

    with connection.execute_wrapper(away):
        writer.flush()
    assert connection.execute_wrappers == before
    writer.flush()
    assert [one.act for one in traces_of(ortho)][1:] == ["read"]


def test_memory_is_bounded_while_the_database_is_away(ortho, monkeypatch):
    monkeypatch.setattr("carnet.interfaces.traces._MOST_WAITING", 10)
    writer = Writer()
    for _ in range(25):
        writer.note(read(ortho))
    writer.flush()
    assert [(one.act, one.count) for one in traces_of(ortho)][1:] == [("read", 10)]
