"""Master keys are dropped only when nothing can need them any more, whoever works at the same moment."""

import asyncio
import threading
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection, transaction

from carnet.foundation import database
from carnet.foundation.owner_keys import (
    create_owner_keys,
    finish_rotation,
    forget_cached_keys,
    master_keys,
    owner_key,
    rewrap_batch,
)
from carnet.foundation.spool import SpoolReader, SpoolWriter, segments_wrapped_by_others

pytestmark = pytest.mark.django_db(transaction=True)


def new_master_key():
    master_keys().with_new_key().save(settings.CARNET_MASTER_KEY_FILE)


def test_a_key_made_in_a_transaction_that_is_undone_is_not_remembered():
    owner = uuid4()
    with transaction.atomic():
        create_owner_keys([owner])
        owner_key(owner)
        transaction.set_rollback(True)
    create_owner_keys([owner])
    sealed = owner_key(owner).seal_text("title", "une lettre")
    forget_cached_keys()  # as another process has it
    assert owner_key(owner).open_text("title", sealed) == "une lettre"


def test_a_key_in_the_making_keeps_the_master_key_that_wraps_it():
    owner = uuid4()
    made, commit = threading.Event(), threading.Event()

    def make() -> None:
        with transaction.atomic():
            create_owner_keys([owner])
            made.set()
            commit.wait(10)
        connection.close()

    maker = threading.Thread(target=make)
    maker.start()
    assert made.wait(10)
    new_master_key()
    assert rewrap_batch() == 0, "nobody else sees it yet"
    threading.Timer(0.5, commit.set).start()
    assert not finish_rotation(lambda _: False), "the older key is still needed"
    maker.join()
    assert rewrap_batch() == 1
    assert finish_rotation(lambda _: False)
    forget_cached_keys()
    assert len(master_keys().keys) == 1
    owner_key(owner)


def test_the_spool_s_writer_takes_up_a_new_master_key_by_itself(installation):
    folder = installation / "spool"
    writer = SpoolWriter(folder, database.conninfo(), master_keys)
    reader = SpoolReader(folder, master_keys)
    try:
        asyncio.run(writer.append(b"{}", b"one"))
        new_master_key()
        assert segments_wrapped_by_others(folder, master_keys().current_id) == 1
        asyncio.run(writer.append(b"{}", b"two"))
        assert reader.remove_done(lambda _: set()) == 1, "the older segment is let go"
        assert segments_wrapped_by_others(folder, master_keys().current_id) == 0
    finally:
        writer.close()


def test_a_segment_in_the_making_keeps_the_older_master_keys(installation):
    folder = installation / "spool"
    folder.mkdir()
    (folder / f".{uuid4()}").touch()
    assert segments_wrapped_by_others(folder, master_keys().current_id) == 1
