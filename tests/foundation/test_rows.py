"""Rows written by COPY are what ``save`` would have written."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from carnet.domain.messaging.models import Contact, Conversation, Dispatch
from carnet.foundation.ids import new_id
from carnet.foundation.models import Body
from carnet.foundation.rows import copy_rows, server_cursor

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 7, 30, 0, 123456, tzinfo=UTC)


def conversation(**values):
    usual = {"space_id": new_id(), "id": new_id(), "contact_id": new_id(), "subject": b"\x00\xff\\x",
             "started_at": AT, "last_at": AT}  # fmt: skip
    return Conversation(**{**usual, **values})


def columns(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def read(row):
    found = type(row).objects.get(pk=row.pk)
    return {name: bytes(value) if isinstance(value, memoryview) else value for name, value in columns(found).items()}


def test_every_kind_of_column_comes_back_as_it_was():
    row = conversation(participants=[b"\x01" * 32, b"\x02" * 32], ended="fin", ended_at=AT)
    copy_rows([row])
    found = read(row)
    found["participants"] = [bytes(one) for one in found["participants"]]
    assert found == columns(row)


def test_nothing_at_all_is_kept_as_nothing():
    row = conversation()
    copy_rows([row])
    found = Conversation.objects.get(space_id=row.space_id)
    assert (found.ended_at, found.trashed_at, found.participants, found.ended) == (None, None, [], "")


def test_many_rows_of_one_model_are_written_at_once():
    rows = [conversation() for _ in range(500)]
    copy_rows(rows)
    assert set(Conversation.objects.values_list("id", flat=True)) == {row.id for row in rows}


def test_a_key_that_the_database_counts_up_is_left_to_it():
    box = new_id()
    copy_rows([Dispatch(mailbox_id=box, ins="279035121518989", sent_at=AT, outcome="delivered") for _ in range(3)])
    assert len(set(Dispatch.objects.filter(mailbox_id=box).values_list("id", flat=True))) == 3


def test_rows_of_a_partitioned_table_find_their_partition():
    rows = [Body(owner_id=new_id(), address=b"a" * 32, size=3, inline=b"\x00\n\xff", stored_at=AT) for _ in range(40)]
    copy_rows(rows)
    assert all(read(row)["inline"] == b"\x00\n\xff" for row in rows)


def test_no_rows_are_no_question():
    copy_rows([])


def test_a_row_that_exists_is_refused_and_none_of_its_group_is_written():
    space = new_id()
    one = Contact(space_id=space, id=new_id(), address_digest=b"d", address=b"s", last_wrote_at=AT)
    same = Contact(space_id=space, id=new_id(), address_digest=b"d", address=b"s", last_wrote_at=AT)
    with pytest.raises(IntegrityError), transaction.atomic():
        copy_rows([one, same])
    assert not Contact.objects.filter(space_id=space).exists()


def test_a_server_cursor_is_in_the_same_transaction():
    row = conversation()
    with transaction.atomic():
        copy_rows([row])
        with server_cursor() as cursor:
            cursor.execute("SELECT subject FROM messaging_conversation WHERE id = %b", [row.id])
            assert cursor.fetchone() == (b"\x00\xff\\x",)
        transaction.set_rollback(True)
    assert not Conversation.objects.exists()
