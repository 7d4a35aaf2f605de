"""The access trail: complete, in order, and showing any change made behind its back."""

import pytest
from django.db import ProgrammingError, connection, transaction

from carnet.domain.audit.commands import NewEvent, leave_all, make_partitions
from carnet.domain.audit.models import AccessEvent
from carnet.domain.audit.queries import events, verify
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import create_owner_keys

pytestmark = pytest.mark.django_db


@pytest.fixture
def space():
    space_id = new_id()
    create_owner_keys([space_id])
    return space_id


def event(space_id, act="read-document", **more):
    return NewEvent(space_id=space_id, actor_kind="holder", actor_label="Dominique", act=act, **more)


def change(statement, parameters):
    """Change the trail as someone with the database's own rights would: with its guard switched off."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_access_event DISABLE TRIGGER access_event_is_kept")
        cursor.execute(statement, parameters)
        cursor.execute("ALTER TABLE audit_access_event ENABLE TRIGGER access_event_is_kept")


def test_events_are_read_newest_first_with_their_names(space):
    leave_all([event(space, title="Lettre"), event(space, act="sign-out", allowed=False, reason="not-yours")])
    newest, oldest = events(space)
    assert (newest.act, newest.allowed, newest.reason) == ("sign-out", False, "not-yours")
    assert (oldest.who, oldest.title) == ("Dominique", "Lettre")
    assert verify(space) is None


def test_names_and_titles_are_sealed(space):
    leave_all([event(space, title="Lettre de sortie")])
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_access_event e WHERE e::text ~ 'Lettre|Dominique'")
        assert cursor.fetchone()[0] == 0


def test_an_event_is_never_changed_nor_deleted(space):
    leave_all([event(space)])
    for statement in ("UPDATE audit_access_event SET act = 'x'", "DELETE FROM audit_access_event"):
        with transaction.atomic(), connection.cursor() as cursor:
            with pytest.raises(ProgrammingError, match="never changed"):
                cursor.execute(statement)
            transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE audit_access_event SET act = 'sign-in' WHERE space_id = %s AND sequence = 2", "changed"),
        ("UPDATE audit_access_event SET allowed = false WHERE space_id = %s AND sequence = 2", "changed"),
        ("DELETE FROM audit_access_event WHERE space_id = %s AND sequence = 2", "missing"),
        ("DELETE FROM audit_access_event WHERE space_id = %s AND sequence = 3", "missing"),
    ],
)
def test_a_change_behind_its_back_shows(space, statement, why):
    leave_all([event(space) for _ in range(3)])
    change(statement, [space])
    assert verify(space).why == why


def test_each_space_has_its_own_chain(space):
    other = new_id()
    create_owner_keys([other])
    leave_all([event(space), event(other), event(space)])
    assert [one.sequence for one in events(space)] == [2, 1]
    assert [one.sequence for one in events(other)] == [1]


def test_events_go_to_the_partition_of_their_month(space):
    make_partitions()
    assert make_partitions() == 0
    leave_all([event(space)])
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM audit_access_event WHERE space_id = %s", [space])
        assert cursor.fetchone()[0].startswith("audit_access_event_2")
    assert AccessEvent.objects.filter(space_id=space).count() == 1
