"""What the benchmark of growth stores by itself has the shape of what delivery leaves."""

import psycopg
import pytest
from django.db import connection

from carnet.bench import stored
from carnet.domain.messaging.models import (
    Contact,
    Conversation,
    ConversationEntry,
    Dispatch,
    Folder,
    FolderEntry,
    Message,
)
from carnet.domain.messaging.queries.recipients import look_up
from carnet.domain.messaging.values import RecipientState
from carnet.foundation import database
from carnet.foundation.models import Body

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def beside(monkeypatch):
    """A connection of the benchmark's own, and far fewer people than it usually makes."""
    monkeypatch.setattr(stored, "SPACES", 40)
    with psycopg.connect(database.conninfo(), autocommit=True) as other:
        yield other
        other.execute("DROP TABLE bench_owner")


def test_stored_messages_lie_in_every_table_once_and_people_can_be_written_to(beside, settings, monkeypatch):
    from carnet.domain.audit.commands import make_partitions

    make_partitions()
    people = stored.make_spaces(beside, settings.CARNET_MASTER_KEY_FILE, settings.CARNET_PATIENT_DOMAIN)
    assert len(set(people)) == 40
    assert {one.state for one in look_up(people).values()} == {RecipientState.OPEN}

    monkeypatch.setattr(stored, "_GROUP", 70)
    stored.fill(beside, 0, 100)
    stored.fill(beside, 100, 200)
    spaces, boxes = 160, 40
    assert Message.objects.count() == Body.objects.count() == spaces + boxes
    assert ConversationEntry.objects.count() == Dispatch.objects.count() == spaces
    assert FolderEntry.objects.count() == boxes
    assert Folder.objects.count() == 100
    conversations = set(Conversation.objects.values_list("space_id", "id"))
    assert set(ConversationEntry.objects.values_list("space_id", "conversation_id")) == conversations
    assert set(Conversation.objects.values_list("contact_id", flat=True)) == set(
        Contact.objects.values_list("id", flat=True)
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT (space_id, sequence)) FROM audit_access_event")
        assert cursor.fetchone() == (spaces, spaces)
