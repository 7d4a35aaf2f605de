"""The spool: what it accepts is on disk, sealed, and comes out once, whole and in order."""

import asyncio

import pytest
from django.db import connection

from carnet.foundation import database
from carnet.foundation.models import SpoolEntry
from carnet.foundation.owner_keys import master_keys
from carnet.foundation.spool import SegmentUnreadable, SpoolFull, SpoolReader, SpoolWriter

pytestmark = pytest.mark.django_db(transaction=True)


def accept(folder, messages, conninfo=None):
    """Append messages, all at once, as the sessions of a door would; what each was told."""
    writer = SpoolWriter(folder, conninfo or database.conninfo(), master_keys)

    async def all_at_once():
        return await asyncio.gather(*(writer.append(b"{}", one) for one in messages), return_exceptions=True)

    try:
        return asyncio.run(all_at_once())
    finally:
        writer.close()


def read_all(reader):
    entries = SpoolEntry.objects.order_by("id")
    return [reader.read(one.segment, one.position, one.length).content for one in entries]


def test_what_is_accepted_comes_out_whole_and_once(installation):
    messages = [b"%d " % n + b"x" * (n * 37 % 5000) for n in range(300)]
    assert accept(installation / "spool", messages) == [None] * 300
    assert sorted(read_all(SpoolReader(installation / "spool", master_keys))) == sorted(messages)


def test_nothing_in_the_spool_shows_what_was_written(installation):
    accept(installation / "spool", [b"coxarthrose " * 100])
    files = list((installation / "spool").glob("*.segment"))
    assert files
    assert all(b"coxarthrose" not in path.read_bytes() for path in files)
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in files)


def test_without_a_database_nothing_is_promised(installation):
    told = accept(installation / "spool", [b"x"], conninfo="host=/nonexistent dbname=none")
    assert isinstance(told[0], SpoolFull)
    assert not SpoolEntry.objects.exists()


def test_a_record_changed_on_disk_is_noticed(installation):
    accept(installation / "spool", [b"x" * 1000])
    entry = SpoolEntry.objects.get()
    path = next((installation / "spool").glob("*.segment"))
    damaged = bytearray(path.read_bytes())
    damaged[-10] ^= 1
    path.write_bytes(bytes(damaged))
    with pytest.raises(SegmentUnreadable):
        SpoolReader(installation / "spool", master_keys).read(entry.segment, entry.position, entry.length)


def still_named(segments):
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT segment FROM foundation_spool_entry WHERE segment = ANY(%s)", [segments])
        return {row[0] for row in cursor.fetchall()}


def test_a_segment_goes_when_nothing_names_it_and_no_writer_holds_it(installation):
    folder = installation / "spool"
    reader = SpoolReader(folder, master_keys)
    accept(folder, [b"x"])
    assert reader.remove_done(still_named) == 0
    SpoolEntry.objects.all().delete()
    writer = SpoolWriter(folder, database.conninfo(), master_keys)
    asyncio.run(writer.append(b"{}", b"y"))
    SpoolEntry.objects.all().delete()
    assert reader.remove_done(still_named) == 1  # the first one: the second is still held
    writer.close()
    assert reader.remove_done(still_named) == 1
    assert not list(folder.glob("*.segment"))
