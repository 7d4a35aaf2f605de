"""Sessions over loopback TLS, said word by word: what may come when, and what other sessions see."""

import asyncio
import base64
import contextlib
import socket
import ssl
import time

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from imap_door import COMMITTED, LOGIN, LOOPS, PASSWORD, QUICK, Wire, door, letter, put

from carnet.domain.directory.models import Mailbox
from carnet.domain.messaging.commands import entries as commands
from carnet.domain.messaging.commands.folders import file_batch
from carnet.domain.messaging.folder_values import StoreMode
from carnet.domain.messaging.models import FolderEntry, Message
from carnet.domain.messaging.queries import folders as queries
from carnet.foundation.clock import now
from carnet.interfaces.imap.options import ImapLimits
from carnet.interfaces.imap.run import serve

pytestmark = COMMITTED
PLAIN = base64.b64encode(f"\0{LOGIN}\0{PASSWORD}".encode()).decode()


def inbox(mailbox):
    found = queries.folder_named(mailbox, "INBOX")
    assert found is not None
    return found


def another(server, certificate):
    """A second session of the same mailbox, its INBOX open."""
    opened = Wire(server, certificate).sign_in()
    opened.ask("SELECT INBOX")
    return opened


# Signing in


def test_before_tls_nobody_signs_in(server):
    with Wire(server) as wire:
        assert "STARTTLS" in wire.greeting
        assert "LOGINDISABLED" in wire.greeting
        assert "AUTH=" not in wire.greeting
        assert wire.ask(f'LOGIN {LOGIN} "{PASSWORD}"')[-1].startswith("NO [PRIVACYREQUIRED]")
        assert wire.ask(f"AUTHENTICATE PLAIN {PLAIN}")[-1].startswith("NO [PRIVACYREQUIRED]")
        assert wire.ask("SELECT INBOX")[-1] == "BAD Sign in first"
    assert server.counters.logins == 0


def test_without_a_certificate_nobody_signs_in_at_all(mailbox):
    with door(None) as server, Wire(server) as wire:
        assert "STARTTLS" not in wire.greeting
        assert "LOGINDISABLED" in wire.greeting
        assert wire.ask("STARTTLS")[-1].startswith("BAD")


@pytest.mark.parametrize("loop", sorted(LOOPS))
def test_after_tls_a_mailbox_signs_in(mailbox, certificate, loop):
    with door(certificate, loop=loop) as server, Wire(server, certificate) as wire:
        [capability, _] = wire.ask("CAPABILITY")
        assert "AUTH=PLAIN" in capability
        assert "LOGINDISABLED" not in capability
        assert wire.ask("STARTTLS")[-1].startswith("BAD")
        assert wire.sign_in().ask("SELECT INBOX")[-1] == "OK [READ-WRITE] Opened"
        assert wire.ask(f"LOGIN {LOGIN} x")[-1].startswith("BAD This was to be done before")


def test_the_process_refuses_to_start_without_a_usable_certificate(settings, tmp_path):
    settings.CARNET_TLS_CERT_FILE = None
    with pytest.raises(ImproperlyConfigured, match="CARNET_TLS_CERT_FILE"):
        asyncio.run(serve(asyncio.Event()))
    settings.CARNET_TLS_CERT_FILE = tmp_path / "empty.pem"
    settings.CARNET_TLS_CERT_FILE.write_text("")
    settings.CARNET_TLS_KEY_FILE = settings.CARNET_TLS_CERT_FILE
    with pytest.raises(ImproperlyConfigured, match="not a certificate and its key"):
        asyncio.run(serve(asyncio.Event()))


def test_plaintext_after_starttls_is_never_taken_for_said_under_tls(server):
    with Wire(server) as wire:
        wire.say(b"a STARTTLS\r\nb LOGOUT\r\n")
        assert wire.line().startswith("* BYE")
        assert wire.line() == ""
    assert server.counters.tls_injections == 1


def test_an_authentication_can_take_one_step_or_two(server, certificate):
    with Wire(server, certificate) as wire:
        assert wire.ask(f"AUTHENTICATE PLAIN {PLAIN}")[-1].startswith("OK [CAPABILITY")
    with Wire(server, certificate) as wire:
        wire.say("a AUTHENTICATE PLAIN\r\n")
        assert wire.line() == "+ "
        wire.say(f"{PLAIN}\r\n")
        assert wire.line().startswith("a OK")
    with Wire(server, certificate) as wire:
        wire.say("a AUTHENTICATE PLAIN\r\n*\r\n")
        assert wire.until("a")[-1] == "BAD Cancelled"
        assert wire.ask("AUTHENTICATE PLAIN !!!")[-1].startswith("BAD")
        assert wire.ask("AUTHENTICATE XOAUTH2 abc")[-1].startswith("NO [CANNOT]")


def test_acting_for_another_mailbox_is_not_offered(server, certificate):
    other = base64.b64encode(f"archives@x.test\0{LOGIN}\0{PASSWORD}".encode()).decode()
    with Wire(server, certificate) as wire:
        assert wire.ask(f"AUTHENTICATE PLAIN {other}")[-1].startswith("BAD")


def test_wrong_passwords_end_the_session(server, certificate):
    with Wire(server, certificate) as wire:
        for _ in range(2):
            assert wire.ask(f"LOGIN {LOGIN} wrong")[-1].startswith("NO [AUTHENTICATIONFAILED]")
        assert wire.ask("LOGIN nobody@x.test wrong")[0].startswith("* BYE")
    assert server.counters.login_failures == 3


def test_a_suspended_mailbox_is_closed_at_its_next_command(server, certificate, wire, mailbox):
    wire.ask("SELECT INBOX")
    Mailbox.objects.filter(id=mailbox).update(state=Mailbox.State.SUSPENDED)
    assert wire.ask("NOOP")[0].startswith("* BYE")
    with Wire(server, certificate) as again:
        assert again.ask(f'LOGIN {LOGIN} "{PASSWORD}"')[-1].startswith("NO")


# Bad and slow clients


def test_too_many_wrong_commands_end_the_session(server, certificate):
    with Wire(server, certificate) as wire:
        for _ in range(QUICK.bad_commands - 1):
            assert wire.ask("FROB")[-1] == "BAD This command is not known here"
        assert wire.ask("FROB")[-1].startswith("BAD")
        assert wire.line() == "* BYE Too many commands were wrong"


def test_a_command_that_is_too_long_ends_the_session(server, certificate):
    with Wire(server, certificate) as wire:
        assert wire.ask("NOOP " + "x" * QUICK.line_before_login)[0] == "* BYE The command is too long"


def test_large_literals_are_refused_before_they_are_sent(server, certificate, wire):
    assert wire.ask(f"LOGIN {{{QUICK.literal + 1}}}")[-1].startswith("NO [TOOBIG]")
    assert wire.ask(f"APPEND INBOX {{{QUICK.message + 1}}}")[-1].startswith("NO [TOOBIG]")
    with Wire(server, certificate) as stranger:
        assert stranger.ask(f"APPEND INBOX {{{QUICK.literal_before_login + 1}}}")[-1].startswith("NO [TOOBIG]")


def test_what_all_sessions_receive_at_once_is_bounded(mailbox, certificate):
    limits = ImapLimits(failure_delay=0.01, in_flight=200_000)
    with door(certificate, limits=limits) as server:
        first, second = Wire(server, certificate).sign_in(), Wire(server, certificate).sign_in()
        first.say("a APPEND INBOX {150000}\r\n")
        assert first.line().startswith("+ ")
        assert second.ask("APPEND INBOX {150000}")[-1].startswith("NO [UNAVAILABLE]")
        first.say(b"x" * 150_000 + b"\r\n")
        assert first.until("a")[-1].startswith("OK [APPENDUID")
        first.ask("NOOP")
        second.say("b APPEND INBOX {150000}\r\n")
        assert second.line().startswith("+ ")
        second.close()
        deadline = time.monotonic() + 5
        while server.counters.in_flight and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.counters.in_flight == 0
        first.close()


def test_a_stranger_who_says_nothing_is_let_go(mailbox, certificate):
    with door(certificate, limits=ImapLimits(login_seconds=0.2)) as server, Wire(server) as wire:
        assert wire.line() == "* BYE Silent for too long"


def test_a_client_who_takes_no_answer_is_let_go(mailbox, certificate):
    put(mailbox, b"x" * 8_000_000)
    with door(certificate, limits=ImapLimits(send_seconds=0.3)) as server:
        wire = Wire(server, certificate).sign_in()
        wire.ask("SELECT INBOX")
        wire.say("a FETCH 1 (BODY.PEEK[])\r\nb FETCH 1 (BODY.PEEK[])\r\n")
        deadline = time.monotonic() + 10
        while server.counters.open and time.monotonic() < deadline:
            time.sleep(0.02)
        assert server.counters.open == 0
        wire.close()


def test_a_peer_has_a_bounded_number_of_connections(mailbox, certificate):
    with door(certificate, limits=ImapLimits(connections_per_peer=2)) as server:
        first, second, third = (Wire(server) for _ in range(3))
        assert third.greeting.startswith("* BYE [UNAVAILABLE]")
        first.ask("LOGOUT")
        deadline = time.monotonic() + 5
        while server.counters.open > 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert Wire(server).greeting.startswith("* OK")
        for wire in (first, second, third):
            wire.close()


@pytest.mark.parametrize(
    "data", [b"\0" * 100, b"\xff" * 5000, b"\r\n" * 100, b"a b c\r\n" * 5, b"{5}\r\n", b"a {3+}\r\n"]
)
def test_noise_is_answered_or_let_go_and_harms_nobody(server, certificate, data):
    with Wire(server, certificate) as noisy:
        noisy.say(data)
        noisy.socket.settimeout(0.3)
        with contextlib.suppress(TimeoutError, ConnectionError, ssl.SSLError):
            noisy.line()
    with Wire(server, certificate) as wire:
        assert wire.ask("NOOP")[-1].startswith("OK")
    assert server.counters.errors == 0


def test_a_door_that_closes_says_goodbye_and_finishes_what_is_in_progress(mailbox, certificate):
    put(mailbox)
    with door(certificate) as server:
        idle, busy = Wire(server, certificate).sign_in(), Wire(server, certificate).sign_in()
        idle.ask("SELECT INBOX")
        idle.say("i IDLE\r\n")
        assert idle.line().startswith("+ ")
    assert idle.line() == "* BYE The server stops, come back later"
    assert busy.line() == "* BYE The server stops, come back later"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port), timeout=1)


# What a session is told of others


def test_an_idle_session_is_woken_by_mail_flags_and_removals(server, certificate, wire, mailbox):
    put(mailbox)
    wire.ask("SELECT INBOX")
    wire.say("i IDLE\r\n")
    assert wire.line().startswith("+ ")
    message_id = Message.objects.get().id
    file_batch([(mailbox, message_id, 10, now())])
    assert wire.line() == "* 2 EXISTS"
    commands.store_flags(mailbox, inbox(mailbox).id, [1], StoreMode.ADD, ["\\Deleted"])
    assert wire.line() == "* 1 FETCH (UID 1 FLAGS (\\Deleted))"
    commands.expunge(mailbox, inbox(mailbox).id)
    assert wire.line() == "* 1 EXPUNGE"
    wire.say("DONE\r\n")
    assert wire.until("i")[-1] == "OK Was idle"
    assert wire.ask("SEARCH ALL")[0] == "* SEARCH 1"


def test_a_listening_connection_that_breaks_is_made_again_and_nothing_is_missed(server, wire, mailbox):
    wire.ask("SELECT INBOX")
    wire.say("i IDLE\r\n")
    assert wire.line().startswith("+ ")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'LISTEN%%'"
        )
        assert cursor.fetchall() == [(True,)]
    put(mailbox)
    assert wire.line() == "* 1 EXISTS"


def test_a_database_connection_that_breaks_fails_no_later_command(server, wire, mailbox):
    wire.ask("SELECT INBOX")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            " WHERE pid <> pg_backend_pid() AND datname = current_database() AND usename = current_user"
        )
    assert wire.ask("FETCH 1:* (FLAGS)")[-1].startswith(("OK", "NO"))
    put(mailbox)
    assert wire.ask("NOOP")[-1] == "OK Nothing done"
    assert wire.ask("SEARCH ALL")[0] == "* SEARCH 1"


def test_another_mailbox_wakes_nobody(server, wire, mailbox):
    from carnet.domain.messaging.commands.folders import ensure_folders
    from carnet.sandbox import cast

    other = cast.archives()
    ensure_folders([other])
    wire.ask("SELECT INBOX")
    wire.say("i IDLE\r\n")
    assert wire.line().startswith("+ ")
    put(other)
    put(mailbox)
    assert wire.line() == "* 1 EXISTS"


def test_a_removal_is_told_only_when_numbers_may_change(server, certificate, wire, mailbox, monkeypatch):
    monkeypatch.setattr("carnet.interfaces.imap.session.SYNC_EVERY", 0.0)
    for _ in range(3):
        put(mailbox)
    wire.ask("SELECT INBOX")
    with another(server, certificate) as other:
        other.ask("STORE 1 +FLAGS.SILENT (\\Deleted)")
        assert other.ask("EXPUNGE")[0] == "* 1 EXPUNGE"
    assert wire.ask("FETCH 2 (UID)")[0] == "* 2 FETCH (UID 2)"
    assert wire.ask("SEARCH ALL")[0] == "* SEARCH 2 3"
    assert wire.ask("FETCH 1 (UID)") == ["OK [EXPUNGEISSUED] Some of these messages are no longer there"]
    put(mailbox)
    assert wire.ask("STORE 3 FLAGS.SILENT ()") == ["* 4 EXISTS", "OK Stored"]
    assert wire.ask("NOOP") == ["* 1 EXPUNGE", "OK Nothing done"]
    assert wire.ask("FETCH 1:* (UID)")[:-1] == ["* 1 FETCH (UID 2)", "* 2 FETCH (UID 3)", "* 3 FETCH (UID 4)"]


def test_a_session_is_not_told_its_own_changes_twice(wire, mailbox):
    put(mailbox)
    wire.ask("SELECT INBOX")
    assert wire.ask("STORE 1 +FLAGS (\\Flagged)") == ["* 1 FETCH (FLAGS (\\Flagged))", "OK Stored"]
    assert wire.ask("STORE 1 +FLAGS.SILENT (\\Answered)") == ["OK Stored"]
    assert wire.ask("NOOP") == ["OK Nothing done"]


def test_a_message_that_comes_while_a_folder_is_opened_is_told_once(wire, mailbox):
    put(mailbox)
    assert "* 1 EXISTS" in wire.ask("SELECT INBOX")
    put(mailbox)
    assert wire.ask("NOOP") == ["* 2 EXISTS", "OK Nothing done"]
    assert wire.ask("NOOP") == ["OK Nothing done"]


# Folders and messages


def test_seen_is_set_by_reading_and_not_by_peeking_or_in_a_folder_opened_for_reading(wire, mailbox):
    put(mailbox)
    wire.ask("EXAMINE INBOX")
    assert "FLAGS" not in wire.ask("FETCH 1 (BODY[TEXT])")[0]
    assert wire.ask("STORE 1 FLAGS (\\Seen)")[-1].startswith("NO")
    assert wire.ask("EXPUNGE")[-1].startswith("NO")
    wire.ask("SELECT INBOX")
    wire.ask("FETCH 1 (BODY.PEEK[] RFC822.HEADER)")
    assert FolderEntry.objects.get().flags == []
    assert wire.ask("FETCH 1 (RFC822.TEXT)")[0].endswith(" FLAGS (\\Seen))")
    assert FolderEntry.objects.get().flags == ["\\Seen"]


def test_large_messages_are_read_in_pieces_and_whole(server, wire, mailbox):
    raw = letter(text="é" * 400_000)
    put(mailbox, raw)
    wire.ask("SELECT INBOX")
    whole = wire.ask("FETCH 1 (BODY.PEEK[])")[0]
    assert whole == f"* 1 FETCH (BODY[] {{{len(raw)}}}\r\n{raw.decode()})"
    pieces = ""
    while True:
        [answer, _] = wire.ask(f"FETCH 1 (BODY.PEEK[]<{len(pieces)}.300000>)")
        head, _, rest = answer.partition("\r\n")
        octets = int(head[head.rindex("{") + 1 : -1])
        pieces += rest[:octets]
        if octets < 300_000:
            break
    assert pieces == raw.decode()


def test_a_long_answer_comes_in_windows_and_complete(mailbox, certificate):
    for number in range(25):
        put(mailbox, letter(subject=f"n{number}", text="x" * 1000))
    with door(certificate, limits=ImapLimits(window=3000)) as server, Wire(server, certificate) as wire:
        wire.sign_in().ask("SELECT INBOX")
        found = wire.ask("FETCH 1:* (UID BODY[])")
        assert [line.split()[1] for line in found[:-1]] == [str(number) for number in range(1, 26)]
        assert all(line.endswith("FLAGS (\\Seen))") for line in found[:-1])


def test_modification_sequences_tell_what_changed(wire, mailbox):
    put(mailbox), put(mailbox)
    opened = wire.ask("SELECT INBOX (CONDSTORE)")
    assert any("HIGHESTMODSEQ 3" in line for line in opened)
    assert wire.ask("STORE 1 (UNCHANGEDSINCE 3) +FLAGS.SILENT (\\Seen)") == ["* 1 FETCH (MODSEQ (4))", "OK Stored"]
    assert wire.ask("UID STORE 1:2 (UNCHANGEDSINCE 3) +FLAGS (x)") == [
        "* 2 FETCH (UID 2 FLAGS (x) MODSEQ (5))",
        "OK [MODIFIED 1] Some had been changed since",
    ]
    assert wire.ask("FETCH 1:* (FLAGS) (CHANGEDSINCE 4)") == ["* 2 FETCH (FLAGS (x) MODSEQ (5))", "OK Fetched"]
    assert wire.ask("SEARCH MODSEQ 4")[0] == "* SEARCH 1 2 (MODSEQ 5)"
    assert wire.ask("STATUS INBOX (HIGHESTMODSEQ)")[0] == '* STATUS "INBOX" (HIGHESTMODSEQ 5)'


def test_folders_are_listed_as_clients_ask(wire):
    wire.ask("CREATE Dossiers/2026/&AMk-t&AOk-")
    wire.ask("DELETE Dossiers/2026")
    wire.ask("UNSUBSCRIBE Archive")
    assert wire.ask('LIST "" "D%"')[:-1] == [
        '* LIST (\\HasChildren) "/" "Dossiers"',
        '* LIST (\\Drafts \\HasNoChildren) "/" "Drafts"',
    ]
    assert wire.ask('LIST "Dossiers/" "%"')[:-1] == ['* LIST (\\Noselect \\HasChildren) "/" "Dossiers/2026"']
    assert wire.ask('LIST (SPECIAL-USE) "" "*" RETURN (SPECIAL-USE)')[0] == (
        '* LIST (\\Archive \\HasNoChildren) "/" "Archive"'
    )
    assert not any("Archive" in line for line in wire.ask('LSUB "" "*"'))
    assert wire.ask('LSUB "" "Dossiers/%"')[:-1] == ['* LSUB (\\Noselect \\HasChildren) "/" "Dossiers/2026"']
    assert wire.ask('LIST (SUBSCRIBED RECURSIVEMATCH) "" "Dossiers"')[:-1] == [
        '* LIST (\\Subscribed \\HasChildren) "/" "Dossiers" ("CHILDINFO" ("SUBSCRIBED"))'
    ]
    assert wire.ask('LIST "" (INBOX Sent) RETURN (STATUS (MESSAGES UIDNEXT))')[2:-1] == [
        '* STATUS "INBOX" (MESSAGES 0 UIDNEXT 1)',
        '* STATUS "Sent" (MESSAGES 0 UIDNEXT 1)',
    ]


def test_refusals_say_why_and_change_nothing(wire, mailbox):
    put(mailbox)
    wire.ask("SELECT INBOX")
    for asked, answered in {
        "COPY 1 Nowhere": "NO [TRYCREATE]",
        "MOVE 1 Nowhere": "NO [TRYCREATE]",
        "APPEND Nowhere {1+}\r\nx": "NO [TRYCREATE]",
        "APPEND INBOX {0+}\r\n": "NO [CANNOT]",
        "CREATE Sent": "NO [ALREADYEXISTS]",
        "CREATE a//b": "NO [CANNOT]",
        "DELETE Sent": "NO [CANNOT]",
        "DELETE Nowhere": "NO [NONEXISTENT]",
        "RENAME INBOX Sent": "NO [ALREADYEXISTS]",
        "SUBSCRIBE Nowhere": "NO [NONEXISTENT]",
        "STATUS Nowhere (MESSAGES)": "NO [NONEXISTENT]",
        "SEARCH CHARSET LATIN-9 ALL": "NO [BADCHARSET",
    }.items():
        assert wire.ask(asked)[-1].startswith(answered), asked
    assert wire.ask("FETCH 1 (FLAGS)")[0] == "* 1 FETCH (FLAGS ())"
    assert wire.ask("SELECT Nowhere")[-1].startswith("NO [NONEXISTENT]")
    assert wire.ask("FETCH 1 (FLAGS)")[-1] == "BAD Open a folder first"


def test_closing_removes_what_was_deleted_and_unselecting_does_not(wire, mailbox):
    put(mailbox), put(mailbox)
    wire.ask("SELECT INBOX")
    wire.ask("STORE 1 +FLAGS.SILENT (\\Deleted)")
    assert wire.ask("UNSELECT")[-1].startswith("OK")
    assert "* 2 EXISTS" in wire.ask("SELECT INBOX")
    assert wire.ask("CLOSE") == ["OK Closed"]
    assert "* 1 EXISTS" in wire.ask("SELECT INBOX")
    assert Message.objects.count() == 2


def test_a_part_that_does_not_exist_is_empty(wire, mailbox):
    put(mailbox)
    wire.ask("SELECT INBOX")
    assert wire.ask("FETCH 1 (BODY.PEEK[7.MIME] BODY.PEEK[]<999999.5>)")[0] == (
        "* 1 FETCH (BODY[7.MIME] {0}\r\n BODY[]<999999> {0}\r\n)"
    )


def test_numbers_beyond_the_folder_mean_nothing(wire, mailbox):
    wire.ask("SELECT INBOX")
    assert wire.ask("FETCH 1:* (FLAGS)") == ["OK Fetched"]
    put(mailbox)
    wire.ask("NOOP")
    assert wire.ask("UID FETCH 5:* (FLAGS)") == ["* 1 FETCH (UID 1 FLAGS ())", "OK Fetched"]
    assert wire.ask("COPY 9 Trash") == ["OK Nothing to copy"]


def test_a_message_that_does_not_open_fails_its_command_only(server, wire, mailbox):
    put(mailbox)
    Message.objects.update(structure=b"broken")
    wire.ask("SELECT INBOX")
    assert wire.ask("FETCH 1 (ENVELOPE)")[-1].startswith("NO [SERVERBUG]")
    assert wire.ask("FETCH 1 (FLAGS)")[-1] == "OK Fetched"
    assert server.counters.errors == 1
