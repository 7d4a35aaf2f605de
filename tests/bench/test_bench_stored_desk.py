"""What the benchmark of the desk stores opens as what delivery and the desk leave."""

import psycopg
import pytest

from carnet.bench import stored_desk
from carnet.domain.directory.queries import mailboxes_by_id
from carnet.domain.messaging.desk.access import open_thread
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.messaging.desk.catching_up import prepare
from carnet.domain.messaging.desk.listing import search, threads
from carnet.domain.messaging.desk.recounting import recount
from carnet.domain.messaging.desk.shown import OpenedThread
from carnet.domain.messaging.models import DeskThread
from carnet.domain.messaging.queries.conversations import conversations
from carnet.foundation import database
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db(transaction=True)


def test_stored_conversations_open_are_found_and_count_as_a_recount_says(settings):
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    box = mailboxes_by_id([cast.orthopaedics()]).popitem()[1]
    space_id = cast.patient()
    with psycopg.connect(database.conninfo(), autocommit=True) as beside:
        keys = settings.CARNET_MASTER_KEY_FILE
        word = stored_desk.fill_desk(beside, keys, box.address, settings.CARNET_PATIENT_DOMAIN, 60)
        stored_desk.fill_holder(beside, keys, cast.DOMINIQUE.ins, box.address, 5)
    actor = DeskActor("99700218938", "Mme Julie LEMAIRE", box)
    assert prepare(box.id).ready
    [first, *_] = threads(actor).rows
    opened = open_thread(actor, first.id, mark_read=False)
    assert isinstance(opened, OpenedThread)
    assert opened.messages[0].content.text.startswith("mot")
    assert search(actor, word).rows
    counted = ["in_inbox", "in_sent", "in_trash", "unread", "messages", "outgoing_last", "last_at", "waiting_since"]
    before = list(DeskThread.objects.order_by("id").values(*counted))
    recount(box.id, DeskThread.objects.values_list("id", flat=True))
    assert list(DeskThread.objects.order_by("id").values(*counted)) == before
    assert len(conversations(space_id).rows) == 5
