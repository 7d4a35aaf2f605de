"""What a process keeps at hand of the folders that its sessions have open.

Answers that are asked again and again (flags, dates, envelopes) are kept opened in memory while at least one session
has the folder open, and forgotten when the last one leaves it. Changes are heard of through the listener: what is told
from memory is what the database held a moment ago, as RFC 3501 §5.2 allows; a session's own changes are always seen.

Everything here happens on the event loop; only the reading itself is done in threads.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from carnet.domain.messaging.mime.structure import MessageStructure
from carnet.domain.messaging.queries import folders as queries
from carnet.domain.messaging.queries.folders import Changes
from carnet.interfaces.imap.text import date_time_text, flags_text

MAX_ROWS = 200_000
"""Rows kept by a process, some 350 octets each."""

MAX_OPENED = 20_000
"""Envelopes and structures kept by a process, some 3 kB each."""

MAX_CHANGES = 2_000
"""Changes beyond which a folder's rows are read anew rather than followed."""

InThread = Callable[..., Awaitable[Any]]
Subscribe = Callable[[UUID, Callable[[], None]], Callable[[], None]]


class Kept:
    """What never changes of a message: the address of its body, and its structure."""

    __slots__ = ("body", "structure")

    def __init__(self, body: bytes, structure: MessageStructure) -> None:
        self.body = body
        self.structure = structure


class Row:
    """An entry as it is told. Never changed once made: what changes is another row."""

    __slots__ = ("date_text", "flags", "flags_text", "kept", "message_id", "modseq", "size", "uid")

    def __init__(
        self, uid: int, flags: list[str], date_text: bytes, size: int, modseq: int, message_id: UUID, kept: Kept | None
    ) -> None:
        self.uid = uid
        self.flags = flags
        self.flags_text = flags_text(flags)
        self.date_text = date_text
        self.size = size
        self.modseq = modseq
        self.message_id = message_id
        self.kept = kept

    def changed(self, flags: list[str], modseq: int) -> "Row":
        return Row(self.uid, flags, self.date_text, self.size, modseq, self.message_id, self.kept)

    def without_structure(self) -> "Row":
        return Row(self.uid, self.flags, self.date_text, self.size, self.modseq, self.message_id, None)


class Shelf:
    """The open folders of a process, by mailbox and folder, each with how many sessions have it open.

    ``hears`` tells whether changes are heard of now: when they are not, nothing is told without asking.
    """

    def __init__(self, in_thread: InThread, subscribe: Subscribe, hears: Callable[[], bool]) -> None:
        self.in_thread = in_thread
        self.hears = hears
        self._subscribe = subscribe
        self._open: OrderedDict[tuple[UUID, int], OpenFolder] = OrderedDict()
        self._of: dict[UUID, set[int]] = {}

    def enter(self, mailbox_id: UUID, folder_id: int, modseq: int) -> "OpenFolder":
        """The folder, for one session more; ``modseq`` is its sequence as the session read it."""
        found = self._open.get((mailbox_id, folder_id))
        if found is None:
            found = OpenFolder(self, mailbox_id, folder_id, modseq)
            found.unsubscribe = self._subscribe(mailbox_id, found.touch)
            self._open[mailbox_id, folder_id] = found
            self._of.setdefault(mailbox_id, set()).add(folder_id)
        found.sessions += 1
        return found

    def leave(self, folder: "OpenFolder") -> None:
        """One session less; after the last one all that was kept of the folder is forgotten."""
        folder.sessions -= 1
        if not folder.sessions:
            folder.unsubscribe()
            folder.forget()
            del self._open[folder.mailbox_id, folder.folder_id]
            others = self._of[folder.mailbox_id]
            others.discard(folder.folder_id)
            if not others:
                del self._of[folder.mailbox_id]

    def touch(self, mailbox_id: UUID) -> None:
        """A session of this process has just changed this mailbox."""
        for folder_id in self._of.get(mailbox_id, ()):
            self._open[mailbox_id, folder_id].touch()

    def used(self, folder: "OpenFolder") -> None:
        """This one was read last: when there is too much, others go first."""
        self._open.move_to_end((folder.mailbox_id, folder.folder_id))
        if sum(one.opened for one in self._open.values()) > MAX_OPENED:
            for one in list(self._open.values()):
                one.let_go()
                if sum(other.opened for other in self._open.values()) <= MAX_OPENED // 2:
                    break
        if sum(len(one.rows) for one in self._open.values()) > MAX_ROWS:
            for one in list(self._open.values()):
                one.forget()
                if sum(len(other.rows) for other in self._open.values()) <= MAX_ROWS // 2:
                    break


class OpenFolder:
    """The rows of one folder that sessions asked for, as of ``modseq``, or newer."""

    __slots__ = (
        "_refreshing",
        "_shelf",
        "_stale",
        "_version",
        "folder_id",
        "mailbox_id",
        "modseq",
        "opened",
        "rows",
        "sessions",
        "unsubscribe",
    )

    def __init__(self, shelf: Shelf, mailbox_id: UUID, folder_id: int, modseq: int) -> None:
        self.mailbox_id = mailbox_id
        self.folder_id = folder_id
        self.modseq = modseq
        self.rows: dict[int, Row] = {}
        self.opened = 0
        """Rows whose message's structure is kept too."""
        self.sessions = 0
        self.unsubscribe: Callable[[], None] = lambda: None
        self._shelf = shelf
        self._stale = True
        self._version = 0
        self._refreshing: asyncio.Future[None] | None = None

    def touch(self) -> None:
        """Something changed, or may have."""
        self._stale = True

    def let_go(self) -> None:
        """Forget what was opened of the messages."""
        self.rows = {uid: row.without_structure() for uid, row in self.rows.items()}
        self.opened = 0

    def forget(self) -> None:
        """Forget all."""
        self.rows = {}
        self.opened = 0

    async def read(self, uids: Sequence[int], *, content: bool, ahead: Sequence[int] = ()) -> list[Row]:
        """The rows of these UIDs, in their order, without those that are gone; with ``content``, their structure too.

        ``ahead``: what is likely to be asked next, read too when something must be read at all.
        """
        await self._refresh()
        rows = self.rows
        missing = self._missing(uids, content=content)
        if not missing:
            return [rows[uid] for uid in uids]
        version = self._version
        wanted = [*missing, *self._missing(ahead, content=content)]
        loaded = await self._shelf.in_thread(_read, self.mailbox_id, self.folder_id, wanted, content)
        # What changed while this was read is not overwritten by what it was before.
        if self._version == version and self.sessions:
            self.rows.update(loaded)
            self.opened += len(loaded) if content else 0
            self._shelf.used(self)
        anew = set(missing)
        found = (loaded.get(uid) if uid in anew else rows.get(uid) for uid in uids)
        return [row for row in found if row is not None]

    def _missing(self, uids: Iterable[int], *, content: bool) -> list[int]:
        rows = self.rows
        if not content:
            return [uid for uid in uids if uid not in rows]
        return [uid for uid in uids if (row := rows.get(uid)) is None or row.kept is None]

    async def _refresh(self) -> None:
        """Take in what changed since, if anything may have."""
        if not self._shelf.hears():
            self._stale = True
        while self._stale or self._refreshing is not None:
            if self._refreshing is not None:
                await asyncio.shield(self._refreshing)
                continue
            # First: a change that is announced while this one reads is read by the next.
            self._stale = False
            if not self.rows:
                continue
            self._refreshing = asyncio.get_running_loop().create_future()
            try:
                changes = await self._shelf.in_thread(
                    queries.changes, self.mailbox_id, self.folder_id, self.modseq, MAX_CHANGES
                )
                self._apply(changes)
            except BaseException:
                self._stale = True
                raise
            finally:
                self._refreshing.set_result(None)
                self._refreshing = None
            if not self._shelf.hears():
                return

    def _apply(self, changes: Changes | None) -> None:
        self._version += 1
        if changes is None or changes.more or changes.forgotten:
            # The folder is gone, or nearly all of it changed.
            self.forget()
        else:
            for uid, flags, modseq in changes.changed:
                row = self.rows.get(uid)
                if row is not None:
                    self.rows[uid] = row.changed(flags, modseq)
            for uid in changes.expunged:
                gone = self.rows.pop(uid, None)
                self.opened -= gone is not None and gone.kept is not None
        if changes is not None:
            self.modseq = max(self.modseq, changes.modseq)


def _read(mailbox_id: UUID, folder_id: int, uids: Sequence[int], content: bool) -> dict[int, Row]:
    dates: dict[datetime, bytes] = {}
    rows = {}
    for entry in queries.entries(mailbox_id, folder_id, uids, content=content):
        date = dates.get(entry.internal_date)
        if date is None:
            date = dates[entry.internal_date] = date_time_text(entry.internal_date)
        kept = Kept(entry.body, entry.structure) if entry.structure is not None else None
        rows[entry.uid] = Row(entry.uid, entry.flags, date, entry.size, entry.modseq, entry.message_id, kept)
    return rows
