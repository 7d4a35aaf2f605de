"""One session's view of a folder, against a client that believes what it is told and counts."""

import re
from array import array

from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.messaging.queries.folders import Changes, FolderRow
from carnet.interfaces.imap.parser import NumberSet
from carnet.interfaces.imap.selected import Selected

ARRIVE = st.tuples(st.just("arrive"), st.integers(1, 3))
LEAVE = st.tuples(st.just("leave"), st.sets(st.integers(1, 12), max_size=4))
FLAG = st.tuples(st.just("flag"), st.integers(1, 12))
SYNC = st.tuples(st.just("sync"), st.booleans())


class Folder:
    """What the database holds: entries, and words of those that left."""

    def __init__(self, count: int) -> None:
        self.entries = dict.fromkeys(range(1, count + 1), 1)
        self.gone: dict[int, int] = {}
        self.uid_next = count + 1
        self.modseq = 1

    def do(self, act: str, argument: object) -> None:
        self.modseq += 1
        if act == "arrive":
            for uid in range(self.uid_next, self.uid_next + argument):
                self.entries[uid] = self.modseq
            self.uid_next += argument
        elif act == "leave":
            for uid in argument & self.entries.keys():
                del self.entries[uid]
                self.gone[uid] = self.modseq
        elif argument in self.entries:
            self.entries[argument] = self.modseq

    def since(self, modseq: int) -> Changes:
        changed = [(uid, ["x"], at) for uid, at in sorted(self.entries.items()) if at > modseq]
        return Changes(self.uid_next, self.modseq, changed, sorted(uid for uid, at in self.gone.items() if at > modseq))

    def opened(self) -> Selected:
        row = FolderRow(1, "x", "", True, 1, self.uid_next, self.modseq)
        return Selected(row, array("q", sorted(self.entries)), read_only=False)


class Client:
    """Believes what it is told: so many messages, and the UIDs of those it was told of."""

    def __init__(self, uids: list[int]) -> None:
        self.uids: list[int | None] = list(uids)

    def read(self, lines: list[bytes]) -> None:
        for line in lines:
            number, word = re.match(rb"\* (\d+) (\w+)", line).groups()
            if word == b"EXPUNGE":
                del self.uids[int(number) - 1]
            elif word == b"EXISTS":
                assert int(number) >= len(self.uids)
                self.uids += [None] * (int(number) - len(self.uids))
            else:
                uid = int(re.search(rb"UID (\d+)", line)[1])
                assert self.uids[int(number) - 1] in (None, uid)
                self.uids[int(number) - 1] = uid


def agree(client: Client, view: Selected) -> bool:
    return len(client.uids) == len(view.uids) and all(
        known in (None, uid) for known, uid in zip(client.uids, view.uids, strict=True)
    )


@given(st.integers(0, 6), st.lists(ARRIVE | LEAVE | FLAG | SYNC, max_size=25))
def test_a_client_that_counts_never_loses_its_place(count, acts):
    folder = Folder(count)
    view = folder.opened()
    client = Client(list(view.uids))
    for act, argument in [*acts, ("sync", True)]:
        if act != "sync":
            folder.do(act, argument)
            continue
        lines = view.apply(folder.since(view.modseq), may_remove=argument, tells_modseq=False)
        assert argument or not any(b"EXPUNGE" in line for line in lines)
        client.read(lines)
        assert agree(client, view)
    assert list(view.uids) == sorted(folder.entries)
    assert not view.owes


@given(st.sets(st.integers(1, 30)), st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=4))
def test_numbers_mean_the_same_messages_singly_and_as_ranges(uids, ranges):
    view = Selected(FolderRow(1, "x", "", True, 1, 31, 1), array("q", sorted(uids)), read_only=False)
    numbers = NumberSet(tuple(ranges))
    for by_uid in (True, False):
        found = view.uids_in(numbers, by_uid=by_uid)
        assert found == sorted(set(found))
        spans = view.ranges_in(numbers, by_uid)
        assert found == [uid for uid in view.uids if any(low <= uid <= high for low, high in spans)]
    by_place = {uid for place, uid in enumerate(sorted(uids), 1) if any(min(r) <= place <= max(r) for r in ranges)}
    assert set(view.uids_in(numbers, by_uid=False)) == by_place


def test_a_message_that_came_between_the_counters_and_the_uids_is_told_once_and_as_new():
    folder = Folder(2)
    view = Selected(FolderRow(1, "x", "", True, 1, 2, 0), array("q", [1, 2]), read_only=False)
    assert list(view.uids) == [1]
    told = view.apply(folder.since(0), may_remove=True, tells_modseq=False)
    assert b"* 2 EXISTS\r\n" in told
    assert not any(line.startswith(b"* 2 FETCH") for line in told)
    assert list(view.uids) == [1, 2]
    assert view.apply(folder.since(view.modseq), may_remove=True, tells_modseq=False) == []


@given(st.sets(st.integers(1, 60)), st.booleans(), st.lists(st.integers(1, 70)))
def test_numbers_reckoned_are_numbers_looked_for(there, without_gaps, asked):
    uids = sorted(range(min(there), max(there) + 1) if there and without_gaps else there)
    view = Selected(FolderRow(1, "x", "", True, 1, 100, 1), array("q", uids), read_only=False)
    wanted = sorted(asked)
    assert view.known(wanted) == [uid for uid in wanted if uid in uids]
    assert view.numbers_of(wanted) == [uids.index(uid) + 1 for uid in wanted if uid in uids]
    assert [view.number(uid) for uid in uids] == list(range(1, len(uids) + 1))
    assert all(list(view.following(uid, 3)) == [one for one in uids if one > uid][:3] for uid in wanted)


def test_removals_that_are_forgotten_are_found_from_what_is_there():
    folder = Folder(6)
    view, client = folder.opened(), Client([1, 2, 3, 4, 5, 6])
    folder.do("leave", {2, 5})
    changes = Changes(folder.uid_next, folder.modseq, (), (), forgotten=True)
    client.read(view.apply(changes, may_remove=True, tells_modseq=False, there=sorted(folder.entries)))
    assert client.uids == [1, 3, 4, 6] == list(view.uids)


def test_a_change_that_is_the_next_one_of_the_folder_is_not_told_again_nor_is_another_one_lost():
    folder = Folder(3)
    view = folder.opened()
    folder.do("flag", 1)
    view.remember([1], folder.modseq)
    assert view.modseq == folder.modseq
    folder.do("flag", 2)
    folder.do("flag", 3)
    view.remember([3], folder.modseq)
    told = view.apply(folder.since(view.modseq), may_remove=True, tells_modseq=False)
    assert told == [b"* 2 FETCH (UID 2 FLAGS (x))\r\n"]
