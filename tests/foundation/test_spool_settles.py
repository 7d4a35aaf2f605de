"""The database lost in the middle of the index's commit: the writer finds out what became of it before it answers."""

import asyncio
import socket
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from django.db import connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from carnet.foundation import database
from carnet.foundation.models import SpoolEntry
from carnet.foundation.owner_keys import master_keys
from carnet.foundation.spool import SpoolFull, SpoolReader, SpoolWriter, writer

pytestmark = pytest.mark.django_db(transaction=True)


class CutLine:
    """Stands between the writer and PostgreSQL; cuts the line at the first commits, before or after they are done."""

    def __init__(self, *, cuts: int, after_commit: bool) -> None:
        self.cuts = cuts
        self.after_commit = after_commit
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        told = conninfo_to_dict(database.conninfo())
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(Path(told["host"]) / f".s.PGSQL.{told.get('port', 5432)}"))
        line = Line()
        threading.Thread(target=self._answers, args=(client, server, line), daemon=True).start()
        with suppress(OSError):
            while data := client.recv(65536):
                if self.cuts and data.startswith(b"B") and b"spool_index\x00" in data:
                    self.cuts -= 1
                    if not self.after_commit:
                        break
                    line.cut = True
                server.sendall(data)
        for end in (client, server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _answers(self, client: socket.socket, server: socket.socket, line: "Line") -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                if line.cut:  # it is committed, and the writer will not hear of it
                    client.shutdown(socket.SHUT_RDWR)
                    return
                client.sendall(data)

    def close(self) -> None:
        self._listener.close()


class Line:
    cut = False


def accept_over(line: CutLine, folder: Path) -> list[object]:
    over = make_conninfo(database.conninfo(), host="127.0.0.1", port=line.port, sslmode="disable", gssencmode="disable")
    spool = SpoolWriter(folder, over, master_keys)

    async def send() -> list[object]:
        first = await asyncio.gather(spool.append(b"{}", b"one"), return_exceptions=True)
        return [*first, *await asyncio.gather(spool.append(b"{}", b"two"), return_exceptions=True)]

    try:
        return asyncio.run(send())
    finally:
        spool.close()
        line.close()


@pytest.mark.parametrize("after_commit", [True, False])
def test_what_was_being_committed_when_the_line_was_cut_is_accepted_once(installation, after_commit):
    line = CutLine(cuts=2, after_commit=after_commit)
    assert accept_over(line, installation / "spool") == [None, None]
    assert line.cuts == 0, "the line was cut"
    entries = SpoolEntry.objects.order_by("id")
    reader = SpoolReader(installation / "spool", master_keys)
    assert [reader.read(one.segment, one.position, one.length).content for one in entries] == [b"one", b"two"]


def test_when_the_database_stays_away_the_sender_is_told_to_come_again(installation, monkeypatch):
    monkeypatch.setattr(writer, "SETTLE_SECONDS", 0.2)
    told = accept_over(CutLine(cuts=1_000_000, after_commit=False), installation / "spool")
    assert all(isinstance(one, SpoolFull) for one in told)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM foundation_spool_entry")
        assert cursor.fetchone() == (0,)
