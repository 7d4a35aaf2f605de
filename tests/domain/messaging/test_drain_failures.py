"""The drain when something goes wrong: the one message that fails is told from the others, and from a database away."""

import asyncio
from email.message import EmailMessage
from email.utils import make_msgid

import pytest
from django.conf import settings
from django.db import OperationalError, close_old_connections, connection

from carnet.domain.messaging.commands import deliver as delivery
from carnet.domain.messaging.commands.deliver import TRIES, Drained, drain_once
from carnet.domain.messaging.envelopes import SpooledEnvelope
from carnet.domain.messaging.models import ConversationEntry
from carnet.foundation import database
from carnet.foundation.clock import now
from carnet.foundation.models import SpoolEntry
from carnet.foundation.owner_keys import master_keys
from carnet.foundation.spool import SpoolReader, SpoolWriter
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db(transaction=True)
ORTHO = f"orthopedie@{cast.HOSPITAL_DOMAIN}"
LARGE = 40_000  # a body that needs a file of its own


@pytest.fixture
def reader(installation):
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.orthopaedics()
    cast.patient()
    return SpoolReader(installation / "spool", master_keys)


@pytest.fixture
def spooled(installation, reader):
    """Accept messages of these sizes, in order; their entries."""

    async def accept(sizes):
        writer = SpoolWriter(installation / "spool", database.conninfo(), master_keys)
        to = f"{cast.DOMINIQUE.ins}@{settings.CARNET_PATIENT_DOMAIN}"
        for size in sizes:
            message = EmailMessage()
            message["From"], message["To"], message["Subject"] = ORTHO, to, "Votre sortie"
            message["Message-ID"] = make_msgid(domain="x.test")
            message.set_content("Bonjour.\n" * (1 + size // 9))
            envelope = SpooledEnvelope(door="submission", sender=ORTHO, recipients=(to,), accepted_at=now())
            await writer.append(envelope.to_json(), message.as_bytes())
        writer.close()

    def spool(*sizes):
        asyncio.run(accept(sizes))
        return list(SpoolEntry.objects.order_by("id").values_list("id", flat=True))

    return spool


def break_body_store(installation):
    (installation / "bodies").touch()  # a file where the folder should be


def mend_body_store(installation):
    (installation / "bodies").unlink()


def test_only_the_message_that_fails_is_counted_and_those_before_it_arrive_at_once(installation, reader, spooled):
    entries = spooled(10, 10, 10, LARGE, 10)
    break_body_store(installation)
    assert drain_once(reader) == Drained(delivered=3, held=0)
    assert ConversationEntry.objects.count() == 3
    assert dict(SpoolEntry.objects.values_list("id", "attempts")) == {entries[3]: 1, entries[4]: 0}


def test_a_message_that_keeps_failing_is_held_and_the_next_one_arrives(installation, reader, spooled):
    poison, _ = spooled(LARGE, 10)
    break_body_store(installation)
    turns = [drain_once(reader) for _ in range(TRIES)]
    assert turns[-1] == Drained(delivered=0, held=1)
    assert drain_once(reader) == Drained(delivered=1, held=0)
    held = SpoolEntry.objects.get()
    assert (held.id, held.held, held.attempts) == (poison, "keeps-failing", TRIES)
    mend_body_store(installation)
    SpoolEntry.objects.update(held="", attempts=0)
    assert drain_once(reader) == Drained(delivered=1, held=0)
    assert ConversationEntry.objects.count() == 2


def test_a_database_that_goes_away_is_no_message_s_fault(reader, spooled, monkeypatch):
    spooled(10, 10)

    def lose_the_connection(messages):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with monkeypatch.context() as patch:
        patch.setattr(delivery, "deliver", lose_the_connection)
        with pytest.raises(OperationalError):
            drain_once(reader)
    close_old_connections()
    assert list(SpoolEntry.objects.values_list("attempts", "held")) == [(0, ""), (0, "")]
    assert drain_once(reader) == Drained(delivered=2, held=0)
