"""Quotas, resynchronisation, what is forgotten in time, passwords in clear on loopback, what sessions share."""

from datetime import timedelta

import pytest
from imap_door import COMMITTED, LOGIN, PASSWORD, QUICK, Wire, door, letter, put

from carnet.domain.messaging.commands.entries import copy, expunge, store_flags
from carnet.domain.messaging.commands.forgetting import forget_expunged
from carnet.domain.messaging.commands.quota import set_quota
from carnet.domain.messaging.folder_values import StoreMode
from carnet.domain.messaging.models import ExpungedEntry, Folder
from carnet.domain.messaging.queries.quota import quota_of
from carnet.foundation.clock import now

pytestmark = COMMITTED


def folder(mailbox, name="INBOX"):
    return Folder.objects.get(mailbox_id=mailbox, name=name)


def counters_are_right(mailbox):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT f.id FROM messaging_folder f LEFT JOIN messaging_folder_entry e"
            " ON e.mailbox_id = f.mailbox_id AND e.folder_id = f.id WHERE f.mailbox_id = %s"
            " GROUP BY f.id HAVING f.messages <> count(e.uid) OR f.octets <> coalesce(sum(e.size), 0)",
            [mailbox],
        )
        return cursor.fetchall() == []


def test_a_mailbox_without_bound_tells_none(wire):
    assert wire.ask("GETQUOTAROOT INBOX") == ['* QUOTAROOT "INBOX" ""', '* QUOTA "" ()', "OK Told"]
    assert wire.ask('GETQUOTA "other"')[-1].startswith("NO [NONEXISTENT]")
    assert wire.ask("GETQUOTAROOT Nowhere")[-1].startswith("NO [NONEXISTENT]")
    assert wire.ask('SETQUOTA "" (STORAGE 1)')[-1].startswith("NO [NOPERM]")


def test_a_full_mailbox_takes_letters_but_nothing_of_its_users(wire, mailbox, settings):
    settings.CARNET_MAILBOX_QUOTA_BYTES = 10_240
    raw = letter(text="x" * 8_000)
    put(mailbox, raw)
    used = -(-len(raw) // 1024)
    assert wire.ask('GETQUOTA ""') == [f'* QUOTA "" (STORAGE {used} 10)', "OK Told"]
    assert wire.ask(f"APPEND Sent {{{len(raw)}+}}\r\n{raw.decode()}")[-1].startswith("NO [OVERQUOTA]")
    wire.ask("SELECT INBOX")
    assert wire.ask("COPY 1 Archive")[-1].startswith("NO [OVERQUOTA]")
    assert wire.ask("MOVE 1 Archive")[-1].startswith("OK")
    assert counters_are_right(mailbox)
    assert wire.ask("STATUS Archive (MESSAGES SIZE)")[0] == f'* STATUS "Archive" (MESSAGES 1 SIZE {len(raw)})'


def test_a_mailbox_may_have_a_bound_of_its_own(mailbox, settings):
    settings.CARNET_MAILBOX_QUOTA_BYTES = 1_000
    set_quota(mailbox, 2_000)
    assert quota_of(mailbox).limit == 2_000
    set_quota(mailbox, 0)
    assert quota_of(mailbox).limit is None
    set_quota(mailbox, None)
    assert quota_of(mailbox).limit == 1_000
    with pytest.raises(ValueError, match="negative"):
        set_quota(mailbox, -1)


def test_counters_follow_every_change(mailbox):
    for _ in range(4):
        put(mailbox)
    inbox, archive = folder(mailbox), folder(mailbox, "Archive")
    copy(mailbox, inbox.id, archive.id, [1, 2])
    store_flags(mailbox, inbox.id, [1, 3], StoreMode.ADD, ["\\Deleted"])
    expunge(mailbox, inbox.id)
    assert folder(mailbox).messages == 2
    assert folder(mailbox, "Archive").messages == 2
    assert counters_are_right(mailbox)


def test_a_client_that_was_away_learns_what_is_gone_and_what_changed(wire, mailbox):
    for _ in range(6):
        put(mailbox)
    wire.ask("ENABLE QRESYNC")
    opened = wire.ask("SELECT INBOX")
    before = folder(mailbox).highest_modseq
    validity = folder(mailbox).uid_validity
    wire.ask("UNSELECT")
    inbox = folder(mailbox)
    store_flags(mailbox, inbox.id, [2, 3, 5], StoreMode.ADD, ["\\Deleted"])
    expunge(mailbox, inbox.id)
    store_flags(mailbox, inbox.id, [4], StoreMode.ADD, ["\\Flagged"])
    put(mailbox)
    told = wire.ask(f"SELECT INBOX (QRESYNC ({validity} {before}))")
    assert "* 4 EXISTS" in told
    assert "* VANISHED (EARLIER) 2:3,5" in told
    assert [line for line in told if " FETCH " in line] == [
        f"* 2 FETCH (UID 4 FLAGS (\\Flagged) MODSEQ ({before + 3}))",
        f"* 4 FETCH (UID 7 FLAGS () MODSEQ ({before + 4}))",
    ]
    assert told[-1].startswith("OK [READ-WRITE]")
    assert opened[-1].startswith("OK")
    assert "* VANISHED (EARLIER) 5" in wire.ask(f"SELECT INBOX (QRESYNC ({validity} {before} 4:6))")


def test_removals_are_told_by_uid_once_that_is_agreed(wire, mailbox):
    for _ in range(4):
        put(mailbox)
    wire.ask("ENABLE QRESYNC")
    wire.ask("SELECT INBOX")
    wire.ask("STORE 2:3 +FLAGS.SILENT (\\Deleted)")
    assert wire.ask("EXPUNGE")[0] == "* VANISHED 2:3"
    assert wire.ask("SELECT INBOX (QRESYNC (1 1 nonsense))")[-1].startswith("BAD")


def test_resynchronisation_must_be_enabled_first(wire):
    assert wire.ask("SELECT INBOX (QRESYNC (1 1))")[-1].startswith("BAD")
    wire.ask("SELECT INBOX")
    assert wire.ask("UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)")[-1].startswith("BAD")


def test_removals_are_forgotten_in_time_and_then_told_from_what_is_left(wire, mailbox, server, certificate):
    for _ in range(6):
        put(mailbox)
    before, validity = folder(mailbox).highest_modseq, folder(mailbox).uid_validity
    wire.ask("ENABLE QRESYNC")
    wire.ask("SELECT INBOX")
    store_flags(mailbox, folder(mailbox).id, [2, 5], StoreMode.ADD, ["\\Deleted"])
    expunge(mailbox, folder(mailbox).id)
    assert forget_expunged(now() - timedelta(days=1)) == 0
    assert ExpungedEntry.objects.count() == 2
    assert forget_expunged(now() + timedelta(seconds=1)) == 2
    assert folder(mailbox).pruned_modseq == folder(mailbox).highest_modseq
    # A session that was open all the while:
    assert "* VANISHED 2,5" in wire.ask("NOOP")
    # One that comes later:
    with Wire(server, certificate) as later:
        later.sign_in()
        later.ask("ENABLE QRESYNC")
        assert "* VANISHED (EARLIER) 2,5" in later.ask(f"SELECT INBOX (QRESYNC ({validity} {before}))")
        assert later.ask("FETCH 1:* (UID)")[:4] == [f"* {n} FETCH (UID {uid})" for n, uid in enumerate((1, 3, 4, 6), 1)]


def test_flags_changed_in_one_session_are_fetched_in_another(wire, mailbox, server, certificate):
    put(mailbox)
    with Wire(server, certificate) as other:
        other.sign_in().ask("SELECT INBOX")
        assert other.ask("FETCH 1 (FLAGS)")[0] == "* 1 FETCH (FLAGS ())"
        wire.ask("SELECT INBOX")
        for flag in ("\\Seen", "\\Flagged", "$Forwarded"):
            wire.ask(f"STORE 1 FLAGS ({flag})")
            assert other.ask("FETCH 1 (FLAGS)")[0] == f"* 1 FETCH (FLAGS ({flag}))"
        wire.ask("STORE 1 +FLAGS (\\Deleted)")
        wire.ask("EXPUNGE")
        assert other.ask("FETCH 1 (FLAGS)")[-1].startswith(("OK", "NO"))
        assert "* 1 EXPUNGE" in other.ask("NOOP")


def test_what_was_opened_is_forgotten_with_the_last_session(wire, server, mailbox):
    put(mailbox)
    wire.ask("SELECT INBOX")
    wire.ask("FETCH 1 (ENVELOPE)")
    shelf = server.door.shelf
    assert [len(one.rows) for one in shelf._open.values()] == [1]
    wire.ask("UNSELECT")
    assert not shelf._open
    wire.ask("SELECT INBOX")
    wire.ask("FETCH 1 (ENVELOPE)")
    wire.ask("LOGOUT")
    assert not shelf._open


def test_a_message_that_cannot_be_opened_keeps_no_other_from_being_read(wire, mailbox):
    from carnet.domain.messaging.models import FolderEntry, Message
    from carnet.foundation.models import Body

    for number in range(3):
        put(mailbox, letter(subject=f"n{number}"))
    entry = FolderEntry.objects.get(uid=2)
    address = Message.objects.get(owner_id=mailbox, id=entry.message_id).body
    Body.objects.filter(owner_id=mailbox, address=bytes(address)).update(inline=b"\0" * 100)
    wire.ask("SELECT INBOX")
    assert wire.ask("FETCH 2 BODY.PEEK[]")[-1].startswith("NO [SERVERBUG]")
    for number in (1, 3):
        assert f"Subject: n{number - 1}" in wire.ask(f"FETCH {number} BODY.PEEK[]")[0]


def test_passwords_in_clear_are_taken_only_where_that_is_set(mailbox, certificate):
    with door(certificate) as strict, Wire(strict) as plain:
        assert "LOGINDISABLED" in plain.greeting
        assert plain.ask(f'LOGIN {LOGIN} "{PASSWORD}"')[-1].startswith("NO [PRIVACYREQUIRED]")
    with door(certificate, limits=QUICK, clear_passwords=True) as lenient, Wire(lenient) as plain:
        assert "LOGINDISABLED" not in plain.greeting
        assert "STARTTLS" in plain.greeting
        assert plain.ask(f'LOGIN {LOGIN} "{PASSWORD}"')[-1].startswith("OK")


def test_passwords_in_clear_are_never_taken_beyond_loopback(settings):
    import asyncio

    from django.core.exceptions import ImproperlyConfigured

    from carnet.interfaces.imap.run import serve

    settings.CARNET_IMAP_NEEDS_TLS = False
    settings.CARNET_BIND = "0.0.0.0"
    with pytest.raises(ImproperlyConfigured):
        asyncio.run(serve(asyncio.Event()))
