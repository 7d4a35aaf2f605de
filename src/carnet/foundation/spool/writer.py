"""The door's side of the spool: accept many messages at once with one flush and one commit."""

import asyncio
import fcntl
import os
import queue
import select
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from carnet.foundation import logs
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.keys import MasterKeys, sync_folder, write_durably
from carnet.foundation.prepared import ConnectionLost, Statement, array, run
from carnet.foundation.spool import segment

SEGMENT_BYTES = 64 * 1024 * 1024
BATCH = 512
GATHER_SECONDS = 0.002
"""While several senders are at it, a batch waits this long for the next of them: a flush and a commit cost the same for
twenty messages as for one, and so do the threads' hand-overs. A message that comes alone does not wait."""

IDLE_SECONDS = 30.0
"""A segment that nobody writes to is closed, so that it can be removed once drained, its master key with it."""

SETTLE_SECONDS = 6.0
_TRY_AGAIN_SECONDS = 0.05

NOTIFY_CHANNEL = "carnet_spool"

_INDEX = Statement(
    b"spool_index",
    b"""
WITH entries AS (
    INSERT INTO foundation_spool_entry (spool_id, segment, position, length, accepted_at, attempts, held)
    SELECT $1::uuid, $2::uuid, t.position, t.length, $3::timestamptz, 0, ''
    FROM unnest($4::bigint[], $5::bigint[]) AS t(position, length)
    ON CONFLICT (segment, position) DO NOTHING
)
SELECT pg_notify($6, '')
""",
)

log = logs.get("spool")


class SpoolFull(Exception):
    """The message could not be made durable now; nothing was promised."""


def spool_id(folder: Path) -> UUID:
    """The identity of a spool folder, made with it: entries name the spool whose disk holds them."""
    path = folder / "id"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            write_durably(path, str(uuid4()).encode("ascii"))
    finally:
        os.close(lock)
    return UUID(path.read_text("ascii").strip())


@dataclass(slots=True)
class _Waiting:
    envelope: bytes
    content: bytes
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[None]


class SpoolWriter:
    """Appends to segment files of its own and indexes them; one a process.

    ``append`` resolves once the record is flushed to disk and its index row is committed. A failure of either
    raises ``SpoolFull`` to every message of the batch: what may have reached the disk is then not indexed. When the
    database is lost in the middle of the commit itself, nobody knows whether it was done: the same rows are then
    indexed again as soon as the database is back, which changes nothing if they are there (the drain leaves it the
    time). Only when it does not come back within 6 s are the senders told to try again, and a double is the lesser
    evil then (RFC 5321 §4.5.5).
    """

    def __init__(self, folder: Path, conninfo: str, master: Callable[[], MasterKeys]) -> None:
        self._folder = folder
        self._conninfo = conninfo
        self._master = master
        self._spool_id = spool_id(folder)
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._connection: psycopg.Connection | None = None
        self._file: int | None = None
        self._cipher: AESGCM | None = None
        self._segment_id = UUID(int=0)
        self._master_id = ""
        self._position = 0
        self._thread = threading.Thread(target=self._run, name="spool-writer", daemon=True)
        self._thread.start()

    async def append(self, envelope: bytes, content: bytes) -> None:
        """Make one message durable. Raises ``SpoolFull``."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._queue.put(_Waiting(envelope, content, loop, future))
        await future

    def close(self) -> None:
        """Finish what waits, then close the segment."""
        self._queue.put(None)
        self._thread.join()

    # --- the writing thread -------------------------------------------------------------------------------------

    def _run(self) -> None:
        stopping = False
        last = 0
        while not stopping:
            batch = []
            try:
                item = self._queue.get(timeout=None if self._file is None else IDLE_SECONDS)
            except queue.Empty:
                self._close_segment()
                continue
            if last > 1:
                time.sleep(GATHER_SECONDS)
            while True:
                if item is None:
                    stopping = True
                else:
                    batch.append(item)
                if stopping or len(batch) >= BATCH or self._queue.empty():
                    break
                item = self._queue.get()
            if batch:
                last = len(batch)
                problem: BaseException | None = None
                try:
                    self._write(batch)
                except Exception as failure:  # whatever it is, the door must answer and live on
                    log.error("spool_write_failed", exc_info=failure, count=len(batch))
                    self._drop_state()
                    problem = SpoolFull("not durable")
                _tell(batch, problem)
        self._drop_state()

    def _write(self, batch: list[_Waiting]) -> None:
        full = self._position >= SEGMENT_BYTES
        if self._file is None or full or self._master().current_id != self._master_id:
            self._open_segment()
        assert self._cipher is not None
        assert self._file is not None
        pieces: list[bytes] = []
        rows = []
        position = self._position
        for waiting in batch:
            record = segment.seal_record(self._cipher, self._segment_id, position, waiting.envelope, waiting.content)
            length = sum(map(len, record))
            pieces.extend(record)
            rows.append((position, length))
            position += length
        _write_all(self._file, pieces)
        os.fdatasync(self._file)
        self._index(rows)
        self._position = position

    def _index(self, rows: list[tuple[int, int]]) -> None:
        # One statement, which is its own transaction: one exchange with the database between the flush and the 250.
        values = (
            str(self._spool_id).encode("ascii"),
            str(self._segment_id).encode("ascii"),
            now().isoformat().encode("ascii"),
            array(position for position, _ in rows),
            array(length for _, length in rows),
            NOTIFY_CHANNEL.encode("ascii"),
        )
        connection = self._connected()
        try:
            run(connection, _INDEX, *values)
        except ConnectionLost:
            self._settle(values)

    def _settle(self, values: tuple[bytes, ...]) -> None:
        """Index once more what may have been committed or not. Raises the last ``psycopg.Error`` when it cannot."""
        until = time.monotonic() + SETTLE_SECONDS
        while True:
            try:
                run(self._connected(), _INDEX, *values)
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(_TRY_AGAIN_SECONDS)
            else:
                return

    def _connected(self) -> psycopg.Connection:
        """The connection, made anew when it is gone."""
        connection = self._connection
        if connection is None or connection.closed or _has_news(connection):
            if connection is not None:
                connection.close()
            connection = psycopg.connect(self._conninfo, autocommit=True, application_name="carnet-spool")
            self._connection = connection
        return connection

    def _open_segment(self) -> None:
        self._close_segment()
        self._segment_id = new_id()
        key = segment.new_key()
        # Born locked under another name: the drain never sees a segment whose writer does not hold it yet. The file
        # comes before the look at the master keys, so that a rotation that drops one knows of this segment.
        temporary = self._folder / f".{self._segment_id}"
        self._file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        master = self._master()
        start = segment.header(self._segment_id, key, master)
        _write_all(self._file, [start])
        os.rename(temporary, self._folder / f"{self._segment_id}{segment.SUFFIX}")
        sync_folder(self._folder)
        self._cipher = AESGCM(key)
        self._master_id = master.current_id
        self._position = len(start)

    def _close_segment(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _drop_state(self) -> None:
        """Leave the segment and the connection: after a failure their position is not known."""
        self._close_segment()
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _tell(batch: list[_Waiting], problem: BaseException | None) -> None:
    """Wake each loop once for all of its own that waited."""

    def resolve(waited: list[_Waiting]) -> None:
        for one in waited:
            if not one.done.done():
                if problem is None:
                    one.done.set_result(None)
                else:
                    one.done.set_exception(problem)

    for loop in {one.loop for one in batch}:
        loop.call_soon_threadsafe(resolve, [one for one in batch if one.loop is loop])


def _has_news(connection: psycopg.Connection) -> bool:
    """Whether an idle connection has something to say: it is asked nothing, so only that the server is gone."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _write_all(file: int, pieces: list[bytes]) -> None:
    for start in range(0, len(pieces), 512):  # IOV_MAX is 1024
        group = [memoryview(piece) for piece in pieces[start : start + 512]]
        while group:
            written = os.writev(file, group)
            while group and written >= len(group[0]):
                written -= len(group[0])
                group.pop(0)
            if group and written:
                group[0] = group[0][written:]
