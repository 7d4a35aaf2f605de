"""Folders of a mailbox: UIDs, flags, copies, removals, and what many writers at once make of them."""

import random
import threading
from datetime import UTC, date, datetime

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from carnet.domain.messaging.commands import entries, folder_tree
from carnet.domain.messaging.commands.folders import Appended, append, ensure_folders, file_batch, file_into
from carnet.domain.messaging.folder_values import FolderProblem, StoreMode
from carnet.domain.messaging.models import ExpungedEntry, Folder, FolderEntry, Message
from carnet.domain.messaging.queries import folders as queries
from carnet.domain.messaging.queries import search as searching
from carnet.domain.messaging.queries.criteria import (
    BodyHas,
    Both,
    Criterion,
    Either,
    Everything,
    HasFlag,
    HeaderHas,
    InUids,
    LargerThan,
    ModifiedAt,
    Not,
    Received,
    SmallerThan,
    TextHas,
    When,
    Written,
)
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import create_owner_keys

AT = datetime(2026, 11, 16, 8, 30, tzinfo=UTC)


def new_mailbox():
    mailbox_id = new_id()
    create_owner_keys([mailbox_id])
    ensure_folders([mailbox_id])
    return mailbox_id


@pytest.fixture
def mailbox(db):
    return new_mailbox()


def folder(mailbox_id, name="INBOX"):
    found = queries.folder_named(mailbox_id, name)
    assert found is not None
    return found


def letter(subject="Sortie", text="Bonjour", date="Mon, 16 Nov 2026 09:30:00 +0100", extra=""):
    return (
        f"From: =?utf-8?q?Orthop=C3=A9die?= <ortho@hopital.test>\r\nTo: a@cabinet.test\r\nSubject: {subject}\r\n"
        f"Date: {date}\r\nMessage-ID: <1@hopital.test>\r\n{extra}\r\n{text}\r\n"
    ).encode()


def put(mailbox_id, raw=None, flags=(), at=AT, name="INBOX"):
    done = append(mailbox_id, name, letter() if raw is None else raw, flags, at)
    assert isinstance(done, Appended)
    return done.uid


def flags_of(mailbox_id, uid, name="INBOX"):
    [entry] = queries.entries(mailbox_id, folder(mailbox_id, name).id, [uid], content=False)
    return entry.flags


def test_every_mailbox_has_the_same_folders_once(mailbox):
    ensure_folders([mailbox, mailbox])
    assert [(row.name, row.special_use) for row in queries.folders_of(mailbox)] == [
        ("Archive", "\\Archive"),
        ("Drafts", "\\Drafts"),
        ("INBOX", ""),
        ("Junk", "\\Junk"),
        ("Sent", "\\Sent"),
        ("Trash", "\\Trash"),
    ]


def test_a_batch_is_filed_by_mailbox_in_its_order(mailbox):
    other = new_mailbox()
    put(mailbox)
    uids = file_batch([(mailbox, new_id(), 10, AT), (other, new_id(), 20, AT), (mailbox, new_id(), 30, AT)])
    assert uids == [2, 1, 3]
    assert list(queries.uids_of(mailbox, folder(mailbox).id)) == [1, 2, 3]
    assert folder(mailbox).modseq == 3


def test_a_batch_costs_the_same_few_statements_whatever_its_size(mailbox):
    others = [new_mailbox() for _ in range(5)]
    with CaptureQueriesContext(
        connection,
    ) as captured:
        file_batch([(one, new_id(), 10, AT) for one in [mailbox, *others] * 20])
    assert len([query for query in captured if "SAVEPOINT" not in query["sql"]]) == 4


def test_a_mailbox_without_folders_gets_them_when_its_first_message_comes(db):
    mailbox_id = new_id()
    assert file_batch([(mailbox_id, new_id(), 10, AT)]) == [1]


def test_filing_into_a_folder_that_is_not_there_is_an_error(mailbox):
    with pytest.raises(LookupError), transaction.atomic():
        file_into(mailbox, [(new_id(), 1, AT, ())], "Nowhere")
    assert append(mailbox, "Nowhere", letter()) is FolderProblem.MISSING
    assert not Message.objects.exists()


def test_what_is_appended_is_sealed_and_comes_back_as_it_was_with_crlf(mailbox):
    uid = put(mailbox, b"Subject: x\n\nline\n", ["\\Seen", "$Forwarded"])
    [entry] = queries.entries(mailbox, folder(mailbox).id, [uid], content=True)
    assert queries.content(mailbox, entry.body) == b"Subject: x\r\n\r\nline\r\n"
    assert (entry.size, entry.flags, entry.internal_date) == (20, ["\\Seen", "$Forwarded"], AT)
    assert FolderEntry.objects.get(mailbox_id=mailbox).seen_at is not None
    assert b"line" not in bytes(Message.objects.get(owner_id=mailbox).structure)


def test_any_bytes_can_be_kept(mailbox):
    for raw in (b"\0", b"\xff" * 10, b"no header at all", b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x"):
        uid = put(mailbox, raw)
        assert len(queries.entries(mailbox, folder(mailbox).id, [uid], content=True)) == 1


def test_envelopes_of_a_window_are_one_query(mailbox):
    for _ in range(30):
        put(mailbox)
    place = folder(mailbox).id
    with CaptureQueriesContext(connection) as captured:
        found = queries.entries(mailbox, place, range(1, 31), content=True)
    # The mailbox's key is kept once it is committed, which it never is in a test: its own query does not count.
    assert len([one for one in captured if "messaging_" in one["sql"]]) == 1
    assert [entry.structure.envelope[:6] for entry in found] == [b'("Mon,'] * 30


@pytest.mark.parametrize(
    ("mode", "given", "kept"),
    [
        (StoreMode.ADD, ["\\Seen", "$FORWARDED"], ["\\Flagged", "$Forwarded", "\\Seen"]),
        (StoreMode.REMOVE, ["$FORWARDED", "\\Draft"], ["\\Flagged"]),
        (StoreMode.REPLACE, ["a"], ["a"]),
        (StoreMode.REPLACE, [], []),
    ],
)
def test_flags_are_stored_and_keywords_compared_without_case(mailbox, mode, given, kept):
    uid = put(mailbox, flags=["\\Flagged", "$Forwarded"])
    done = entries.store_flags(mailbox, folder(mailbox).id, [uid], mode, given)
    assert (done.changed, flags_of(mailbox, uid)) == ([uid], kept)
    assert done.modseq == folder(mailbox).modseq == 3


def test_flags_that_are_so_already_change_nothing(mailbox):
    uid = put(mailbox, flags=["\\Seen"])
    done = entries.store_flags(mailbox, folder(mailbox).id, [uid], StoreMode.ADD, ["\\Seen"])
    assert (done.changed, done.modseq, folder(mailbox).modseq) == ([], 2, 2)


def test_flags_changed_since_are_left_alone_and_told(mailbox):
    first, second = put(mailbox), put(mailbox)
    entries.store_flags(mailbox, folder(mailbox).id, [second], StoreMode.ADD, ["\\Flagged"])
    done = entries.store_flags(mailbox, folder(mailbox).id, [first, second], StoreMode.ADD, ["x"], unchanged_since=3)
    assert (done.changed, done.refused) == ([first], [second])


def test_the_moment_of_the_first_reading_is_kept(mailbox):
    uid = put(mailbox)
    place = folder(mailbox).id
    entries.store_flags(mailbox, place, [uid], StoreMode.ADD, ["\\Seen"])
    seen_at = FolderEntry.objects.get(mailbox_id=mailbox).seen_at
    entries.store_flags(mailbox, place, [uid], StoreMode.REMOVE, ["\\Seen"])
    entries.store_flags(mailbox, place, [uid], StoreMode.ADD, ["\\Seen"])
    assert seen_at == FolderEntry.objects.get(mailbox_id=mailbox).seen_at is not None


def test_a_move_keeps_flags_and_date_and_leaves_word(mailbox):
    uid = put(mailbox, flags=["\\Flagged"])
    source, target = folder(mailbox), folder(mailbox, "Trash")
    done = entries.move(mailbox, source.id, target.id, [uid, 99])
    assert (done.uids, done.new_uids, done.uid_validity) == ([uid], [1], target.uid_validity)
    assert flags_of(mailbox, 1, "Trash") == ["\\Flagged"]
    assert queries.changes(mailbox, source.id, source.modseq) is None  # no such mailbox in the directory
    assert list(ExpungedEntry.objects.values_list("folder_id", "uid")) == [(source.id, uid)]


def test_a_copy_into_its_own_folder_gets_new_uids(mailbox):
    put(mailbox), put(mailbox)
    place = folder(mailbox).id
    done = entries.copy(mailbox, place, place, [1, 2])
    assert (done.uids, done.new_uids) == ([1, 2], [3, 4])
    done = entries.move(mailbox, place, place, [1])
    assert list(queries.uids_of(mailbox, place)) == [2, 3, 4, 5]


def test_only_what_is_flagged_as_deleted_leaves_and_the_message_stays(mailbox):
    kept, gone, later = put(mailbox), put(mailbox, flags=["\\Deleted"]), put(mailbox, flags=["\\Deleted"])
    place = folder(mailbox).id
    assert entries.expunge(mailbox, place, [kept, gone]).uids == [gone]
    assert entries.expunge(mailbox, place).uids == [later]
    assert entries.expunge(mailbox, place).uids == []
    assert Message.objects.filter(owner_id=mailbox).count() == 3
    assert put(mailbox) == 4  # a UID is never given twice


def test_a_folder_made_again_under_its_name_is_told_apart(mailbox):
    folder_tree.create_folder(mailbox, "x")
    before = folder(mailbox, "x").uid_validity
    assert folder_tree.delete_folder(mailbox, "x") is None
    folder_tree.create_folder(mailbox, "x")
    assert folder(mailbox, "x").uid_validity > before


def test_folders_are_made_with_those_above_and_renamed_with_those_below(mailbox):
    assert isinstance(folder_tree.create_folder(mailbox, "a/b/c"), int)
    assert folder_tree.create_folder(mailbox, "a/b") is FolderProblem.EXISTS
    assert folder_tree.rename_folder(mailbox, "a/b", "z/y") is None
    names = {row.name for row in queries.folders_of(mailbox)}
    assert {"a", "z", "z/y", "z/y/c"} <= names
    assert not {"a/b", "a/b/c"} & names


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("Sent", "Envoyés", FolderProblem.PROTECTED),
        ("nothing", "x", FolderProblem.MISSING),
        ("a", "a/b/c", FolderProblem.BAD_NAME),
        ("a", "Trash", FolderProblem.EXISTS),
        ("a", "x*", FolderProblem.BAD_NAME),
        ("INBOX", "a", FolderProblem.EXISTS),
    ],
)
def test_renamings_that_cannot_be_are_refused_with_the_reason(mailbox, old, new, problem):
    folder_tree.create_folder(mailbox, "a/b")
    before = queries.folders_of(mailbox)
    assert folder_tree.rename_folder(mailbox, old, new) is problem
    assert queries.folders_of(mailbox) == before


def test_renaming_inbox_moves_its_messages_and_leaves_it_empty(mailbox):
    put(mailbox, flags=["\\Seen"]), put(mailbox)
    assert folder_tree.rename_folder(mailbox, "INBOX", "2026") is None
    assert list(queries.uids_of(mailbox, folder(mailbox).id)) == []
    assert flags_of(mailbox, 1, "2026") == ["\\Seen"]


def test_a_mailbox_has_a_bounded_number_of_folders(mailbox, monkeypatch):
    monkeypatch.setattr(folder_tree, "MAX_FOLDERS", 8)
    assert folder_tree.create_folder(mailbox, "a/b/c") is FolderProblem.TOO_MANY
    assert isinstance(folder_tree.create_folder(mailbox, "a/b"), int)


def test_one_mailbox_never_reaches_into_another(mailbox):
    stranger = new_mailbox()
    uid = put(mailbox, flags=["\\Deleted"])
    place = folder(mailbox).id
    assert entries.store_flags(stranger, place, [uid], StoreMode.ADD, ["x"]) is FolderProblem.MISSING
    assert entries.expunge(stranger, place) is FolderProblem.MISSING
    assert entries.copy(stranger, place, folder(stranger).id, [uid]) is FolderProblem.MISSING
    assert entries.copy(stranger, folder(stranger).id, place, [put(stranger)]) is FolderProblem.MISSING
    assert queries.entries(stranger, place, [uid], content=True) == []
    assert queries.changes(stranger, place, 0) is None
    assert flags_of(mailbox, uid) == ["\\Deleted"]


@pytest.mark.django_db(transaction=True)
def test_writers_at_once_never_share_a_uid_nor_wait_for_ever():
    mailboxes = [new_mailbox() for _ in range(3)]
    problems: list[Exception] = []

    def write(seed: int) -> None:
        chance = random.Random(seed)
        try:
            for _ in range(15):
                chosen = chance.sample(mailboxes, 2)
                file_batch([(one, new_id(), 1, now()) for one in chosen * 2])
                source, target = (folder(chosen[0], name).id for name in chance.sample(["INBOX", "Trash"], 2))
                entries.move(chosen[0], source, target, [chance.randint(1, 20), chance.randint(1, 20)])
        except Exception as problem:
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=[seed]) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert FolderEntry.objects.count() == 4 * 15 * 4
    for row in Folder.objects.filter(mailbox_id__in=mailboxes):
        uids = list(queries.uids_of(row.mailbox_id, row.id))
        gone = list(ExpungedEntry.objects.filter(folder_id=row.id).values_list("uid", flat=True))
        assert sorted(uids + gone) == list(range(1, row.uid_next))


# Searching


@pytest.fixture
def searched(mailbox):
    put(mailbox, letter("Sortie de Marie"), ["\\Seen"])
    put(
        mailbox,
        letter("=?utf-8?q?R=C3=A9sultats?=", "Une VITAMINE manque"),
        ["\\Flagged"],
        datetime(2026, 11, 17, tzinfo=UTC),
    )
    put(mailbox, letter("x", "y" * 500, "nonsense", "X-MSS-MES: FIN\r\n"), ["$Forwarded"])
    put(mailbox, letter("y", "café", "Sun, 01 Feb 2026 23:30:00 -0500"), [])
    return mailbox


def found(mailbox_id, criterion: Criterion):
    search = searching.Search(mailbox_id, folder(mailbox_id).id, criterion)
    while not search.step():
        pass
    return search.found


@pytest.mark.parametrize(
    ("criterion", "uids"),
    [
        (Everything(), [1, 2, 3, 4]),
        (HasFlag("\\Seen"), [1]),
        (Not(HasFlag("\\Seen")), [2, 3, 4]),
        (HasFlag("$FORWARDED"), [3]),
        (InUids(((2, 3), (7, 9))), [2, 3]),
        (InUids(()), []),
        (Received(When.ON, date(2026, 11, 16)), [1, 3, 4]),
        (Received(When.SINCE, date(2026, 11, 17)), [2]),
        (Received(When.BEFORE, date(2026, 11, 17)), [1, 3, 4]),
        (Written(When.ON, date(2026, 2, 1)), [4]),
        (Written(When.SINCE, date(2026, 2, 2)), [1, 2, 3]),
        (Not(Written(When.SINCE, date(2026, 2, 2))), [4]),
        (Written(When.ON, date(2026, 11, 16)), [1, 2, 3]),
        (LargerThan(500), [3]),
        (SmallerThan(500), [1, 2, 4]),
        (ModifiedAt(4), [3, 4]),
        (HeaderHas("subject", "RÉSULTATS"), [2]),
        (HeaderHas("from", "orthopédie"), [1, 2, 3, 4]),
        (HeaderHas("from", "ortho@hopital.test"), [1, 2, 3, 4]),
        (HeaderHas("to", "cabinet"), [1, 2, 3, 4]),
        (HeaderHas("cc", ""), []),
        (HeaderHas("message-id", "<1@hopital.test>"), [1, 2, 3, 4]),
        (HeaderHas("x-mss-mes", ""), [3]),
        (HeaderHas("x-mss-mes", "fin"), [3]),
        (HeaderHas("sender", ""), []),
        (BodyHas("vitamine"), [2]),
        (BodyHas("résultats"), []),
        (BodyHas("CAFÉ"), [4]),
        (TextHas("résultats"), [2]),
        (TextHas("hopital.test"), [1, 2, 3, 4]),
        (Both((HasFlag("\\Seen"), HeaderHas("subject", "sortie"))), [1]),
        (Either((HasFlag("\\Seen"), HeaderHas("subject", "y"))), [1, 4]),
        (Not(Either((HasFlag("\\Seen"), HeaderHas("subject", "y")))), [2, 3]),
    ],
)
def test_a_search_finds(searched, criterion, uids):
    assert found(searched, criterion) == uids


def test_a_search_goes_on_window_by_window(searched, monkeypatch):
    monkeypatch.setattr(searching, "WINDOW", 1)
    search = searching.Search(searched, folder(searched).id, HeaderHas("to", "cabinet"))
    steps = 1
    while not search.step():
        steps += 1
    assert (search.found, steps, search.modseq) == ([1, 2, 3, 4], 5, 5)


def test_a_search_that_opens_too_much_gives_up(searched, monkeypatch):
    monkeypatch.setattr(searching, "MAX_OPENED_OCTETS", 600)
    with pytest.raises(searching.SearchTooWide):
        found(searched, BodyHas("x"))


def test_a_step_ends_early_when_bodies_are_large(searched, monkeypatch):
    monkeypatch.setattr(searching, "STEP_OCTETS", 0)
    search = searching.Search(searched, folder(searched).id, BodyHas("café"))
    steps = 1
    while not search.step():
        steps += 1
    assert (search.found, steps) == ([4], 5)


def test_names_with_quotes_and_long_subjects_are_found_as_a_person_reads_them(mailbox):
    put(mailbox, b'From: "Jean \\"Jo\\" (x)" <j@x.test>\r\nSubject: ' + b"long " * 300 + b'"end"\r\n\r\n')
    assert found(mailbox, HeaderHas("from", 'Jean "Jo" (x) <j@x.test>')) == [1]
    assert found(mailbox, HeaderHas("subject", 'long "end"')) == [1]


def test_messages_inside_messages_are_searched_too(mailbox):
    inner = letter("=?utf-8?q?int=C3=A9rieur?=", "profond")
    put(
        mailbox,
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        + inner
        + b"\r\n--b--",
    )
    assert found(mailbox, BodyHas("PROFOND")) == found(mailbox, BodyHas("intérieur")) == [1]


def test_what_only_entries_tell_opens_nothing(searched):
    with CaptureQueriesContext(connection) as captured:
        found(searched, Both((Not(HasFlag("\\Seen")), LargerThan(10), Received(When.SINCE, date(2026, 1, 1)))))
    assert [("messaging_message" in query["sql"]) for query in captured] == [False, False]
