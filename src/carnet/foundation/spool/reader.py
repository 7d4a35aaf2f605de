"""The drain's side of the spool: open what an entry points at, and remove segments that are done with."""

import fcntl
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from carnet.foundation.keys import KeyProblem, MasterKeys
from carnet.foundation.spool import segment
from carnet.foundation.spool.writer import spool_id

_OPEN_FILES = 64
_LEFT_SECONDS = 60.0  # a segment being made is named at once; one older was left by a killed writer


class SegmentUnreadable(Exception):
    """What an entry points at cannot be read: the file is gone, cut short or changed."""


@dataclass(frozen=True)
class Accepted:
    """One accepted message as it left the door."""

    segment: UUID
    position: int
    envelope: bytes
    content: bytes


class SpoolReader:
    """Reads records of this folder's segments; keeps a bounded number of files open."""

    def __init__(self, folder: Path, master: Callable[[], MasterKeys]) -> None:
        self._folder = folder
        self._master = master
        self.spool_id = spool_id(folder)
        self._open: OrderedDict[UUID, tuple[int, AESGCM]] = OrderedDict()

    def read(self, segment_id: UUID, position: int, length: int) -> Accepted:
        """The record. Raises ``SegmentUnreadable``, or ``OSError`` for what may pass."""
        try:
            file, cipher = self._segment(segment_id)
            record = os.pread(file, length, position)
            envelope, content = segment.open_record(cipher, segment_id, position, record)
        except (FileNotFoundError, segment.SegmentDamaged, KeyProblem) as problem:
            raise SegmentUnreadable(type(problem).__name__) from problem
        return Accepted(segment_id, position, envelope, content)

    def _segment(self, segment_id: UUID) -> tuple[int, AESGCM]:
        found = self._open.get(segment_id)
        if found is not None:
            self._open.move_to_end(segment_id)
            return found
        file = os.open(self._folder / f"{segment_id}{segment.SUFFIX}", os.O_RDONLY)
        try:
            _, cipher = segment.read_header(os.pread(file, 512, 0), self._master())
        except BaseException:
            os.close(file)
            raise
        self._open[segment_id] = (file, cipher)
        if len(self._open) > _OPEN_FILES:
            _, (oldest, _) = self._open.popitem(last=False)
            os.close(oldest)
        return file, cipher

    def remove_done(self, still_named: Callable[[list[UUID]], set[UUID]]) -> int:
        """Delete the segments that no writer holds and no entry names. Returns how many.

        The lock is taken before the entries are asked for: a writer indexes only while it holds its segment.
        """
        self._remove_unborn()
        free: dict[UUID, int] = {}
        for path in self._folder.glob(f"*{segment.SUFFIX}"):
            try:
                file = os.open(path, os.O_RDONLY)
            except FileNotFoundError:  # another drain of this spool was done with it
                continue
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
                continue
            free[UUID(path.stem)] = file
        try:
            done = set(free) - (still_named(list(free)) if free else set())
            for segment_id in done:
                held = self._open.pop(segment_id, None)
                if held is not None:
                    os.close(held[0])
                (self._folder / f"{segment_id}{segment.SUFFIX}").unlink(missing_ok=True)
        finally:
            for file in free.values():
                os.close(file)
        return len(done)

    def _remove_unborn(self) -> None:
        """Delete what a writer killed between making a segment and naming it has left."""
        for path in segment.unborn(self._folder):
            try:
                if time.time() - path.stat().st_mtime > _LEFT_SECONDS:
                    path.unlink()
            except FileNotFoundError:  # named meanwhile
                continue

    def close(self) -> None:
        for file, _ in self._open.values():
            os.close(file)
        self._open.clear()


def segments_wrapped_by_others(folder: Path, master_id: str) -> int:
    """How many segments of this folder need another master key than ``master_id`` to be read; one being made may."""
    count = len(segment.unborn(folder))
    for path in folder.glob(f"*{segment.SUFFIX}"):
        try:
            with open(path, "rb") as file:
                count += segment.wrapped_by(file.read(64)) != master_id
        except FileNotFoundError:  # the drain was done with it
            continue
        except segment.SegmentDamaged:
            count += 1
    return count
