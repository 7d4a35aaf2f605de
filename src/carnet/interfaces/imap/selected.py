"""One session's view of an open folder: which message has which number, and what the client was told.

A client counts messages by their place. So a view changes only when the client is told, and a removal is told only
when the grammar allows it (RFC 3501 §5.5 and §7.4.1); until then the places stay as they were.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from carnet.domain.messaging.queries.folders import Changes, FolderRow, runs
from carnet.interfaces.imap.parser import NumberSet
from carnet.interfaces.imap.text import flags_text, set_text


class Selected:
    """`uids` ascending: the message numbered n is `uids[n - 1]`. `modseq` is the sequence up to which all was told."""

    __slots__ = (
        "_gone",
        "_own",
        "folder_id",
        "modseq",
        "name",
        "read_only",
        "saved",
        "uid_next",
        "uid_validity",
        "uids",
        "vanishes",
    )

    def __init__(self, folder: FolderRow, uids: "array[int]", *, read_only: bool) -> None:
        self.folder_id = folder.id
        self.name = folder.name
        self.uid_validity = folder.uid_validity
        self.read_only = read_only
        # The counters were read before the UIDs. A message that came in between is left for the next change: counted
        # now, it would be told then as a change of flags, in the midst of an answer that says something else.
        self.uids = uids[: bisect_left(uids, folder.uid_next)]
        self.modseq = folder.modseq
        self.uid_next = folder.uid_next
        self.saved: Sequence[int] = ()
        """What the last SEARCH kept (RFC 5182)."""
        self.vanishes = False
        """Whether removals are told by UID, all at once (RFC 7162 §3.2.10)."""
        self._gone: set[int] = set()
        self._own: dict[int, int] = {}

    @property
    def owes(self) -> bool:
        """Whether there are removals that the client could not be told yet."""
        return bool(self._gone)

    def number(self, uid: int) -> int | None:
        """The number of the message of that UID, None when the client knows of none."""
        place = bisect_left(self.uids, uid)
        return place + 1 if place < len(self.uids) and self.uids[place] == uid else None

    def known(self, uids: Sequence[int]) -> list[int]:
        """Those of these UIDs that the client knows of."""
        if self._is_run:
            first, last = self.uids[0], self.uids[-1]
            return [uid for uid in uids if first <= uid <= last]
        return [uid for uid in uids if self.number(uid) is not None]

    def numbers_of(self, uids: Sequence[int]) -> list[int]:
        """The numbers of the messages of these UIDs, without those that the client does not know of."""
        if self._is_run:
            before = self.uids[0] - 1
            count = len(self.uids)
            return [number for uid in uids if 0 < (number := uid - before) <= count]
        return [found for uid in uids if (found := self.number(uid)) is not None]

    @property
    def _is_run(self) -> bool:
        """Whether no UID is missing between the first and the last: then places are reckoned, not looked for."""
        return bool(self.uids) and self.uids[-1] - self.uids[0] + 1 == len(self.uids)

    def following(self, uid: int, count: int) -> Sequence[int]:
        """The UIDs of the next messages."""
        place = bisect_right(self.uids, uid)
        return self.uids[place : place + count]

    def uids_in(self, numbers: NumberSet, *, by_uid: bool) -> list[int]:
        """The UIDs that the client means, ascending; numbers that mean no message are left out."""
        if numbers.saved:
            return self.known(self.saved)
        found: list[int] = []
        if by_uid:
            for low, high in numbers.within(self.uids[-1] if self.uids else 0):
                found.extend(self.uids[bisect_left(self.uids, low) : bisect_right(self.uids, high)])
        else:
            for low, high in numbers.within(len(self.uids)):
                found.extend(self.uids[low - 1 : high])
        return found

    def ranges_in(self, numbers: NumberSet, by_uid: bool) -> list[tuple[int, int]]:
        """The same as ranges of UIDs, which may hold UIDs of no message."""
        if numbers.saved:
            return runs(self.known(self.saved))
        if by_uid:
            return numbers.within(self.uids[-1] if self.uids else 0)
        count = len(self.uids)
        return [
            (self.uids[low - 1], self.uids[min(high, count) - 1]) for low, high in numbers.within(count) if low <= count
        ]

    def remember(self, uids: Iterable[int], modseq: int) -> None:
        """Note changes of flags that this session made and answered itself, so that they are not told again."""
        own = dict.fromkeys(uids, modseq)
        if own and modseq == self.modseq + 1:
            # The very next change of the folder is this one: there is nothing else to be told up to it.
            self.modseq = modseq
        else:
            self._own.update(own)

    def remove(self, uids: Iterable[int]) -> list[bytes]:
        """Forget messages that left the folder; the announcements to send."""
        leaving = {uid for uid in uids if self.number(uid) is not None}
        self._gone -= leaving
        if not leaving:
            return []
        kept = array("q")
        told = []
        for uid in self.uids:
            if uid in leaving:
                # Those before it have left already when the client reads this.
                told.append(b"* %d EXPUNGE\r\n" % (len(kept) + 1))
            else:
                kept.append(uid)
        self.uids = kept
        return [b"* VANISHED %b\r\n" % set_text(sorted(leaving))] if self.vanishes else told

    def apply(
        self, changes: Changes, *, may_remove: bool, tells_modseq: bool, there: Sequence[int] | None = None
    ) -> list[bytes]:
        """Take in what became of the folder; the announcements to send.

        ``there``: the UIDs that are in the folder, where its removals are forgotten.
        """
        told: list[bytes] = []
        gone = changes.expunged if there is None else set(self.uids).difference(there)
        self._gone.update(uid for uid in gone if self.number(uid) is not None)
        if may_remove and self._gone:
            told += self.remove(list(self._gone))
        arrived = [uid for uid, _, _ in changes.changed if uid >= self.uid_next]
        if arrived:
            self.uids.extend(arrived)
            self.uid_next = arrived[-1] + 1
            told.append(b"* %d EXISTS\r\n" % len(self.uids))
        told += self._flags(changes.changed, arrived, tells_modseq=tells_modseq)
        self.modseq = max(self.modseq, changes.modseq)
        return told

    def forget_own(self) -> None:
        """All is told: what this session changed itself needs no remembering."""
        self._own.clear()

    def _flags(
        self, changed: Sequence[tuple[int, list[str], int]], arrived: Sequence[int], *, tells_modseq: bool
    ) -> list[bytes]:
        told = []
        new = set(arrived)
        for uid, flags, modseq in changed:
            number = self.number(uid)
            if number is None or uid in new or self._own.get(uid) == modseq:
                continue
            sequence = b" MODSEQ (%d)" % modseq if tells_modseq else b""
            told.append(b"* %d FETCH (UID %d FLAGS %s%s)\r\n" % (number, uid, flags_text(flags), sequence))
        return told
