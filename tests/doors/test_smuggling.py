"""Second messages hidden in one, and commands hidden before TLS: at the doors as they run."""

import socket
import ssl

import pytest
from doors_clients import Talk, talk
from doors_demo import Demo
from test_refusals_at_once import DOORS, at_recipients

ENDS = [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r\r\n.\r\r\n"]


def spooled(demo: Demo) -> int:
    with demo.database() as cursor:
        cursor.execute("SELECT count(*) FROM messaging_message")
        row = cursor.fetchone()
        assert row is not None
        return int(row[0])


def second(sender: str, recipient: str) -> bytes:
    return f"MAIL FROM:<{sender}>\r\nRCPT TO:<{recipient}>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n".encode()


@pytest.mark.parametrize("door", DOORS)
def test_a_message_hidden_in_another_is_refused_with_it(demo: Demo, door: str) -> None:
    before = spooled(demo)
    sender = demo.HOSPITAL if door == "submission" else demo.CLINIC
    recipient = demo.address(demo.holder("dominique.p")["ins"])
    with at_recipients(demo, door) as wire:
        for end in ENDS:
            assert wire.say(f"RCPT TO:<{recipient}>").startswith("250")
            assert wire.say("DATA").startswith("354")
            wire.wire.sendall(f"From: {sender}\r\nSubject: first\r\n\r\nx".encode() + end + second(sender, recipient))
            assert wire.reply().startswith("550 5.6.11")
            assert wire.say(f"MAIL FROM:<{sender}>").startswith("250")
        assert wire.say(f"RCPT TO:<{recipient}>").startswith("250")
        assert wire.say("DATA").startswith("354")
        wire.wire.sendall(f"From: {sender}\r\nSubject: nul\r\n\r\na\0b\r\n.\r\n".encode())
        assert wire.reply().startswith("550 5.6.0")
    assert spooled(demo) == before


@pytest.mark.parametrize("door", DOORS)
def test_what_follows_a_bare_line_feed_is_no_command(demo: Demo, door: str) -> None:
    with at_recipients(demo, door) as wire:
        wire.wire.sendall(b"RSET\nQUIT\r\n")
        assert wire.reply().startswith("500 5.5.2")
        assert wire.reply() == ""


@pytest.mark.parametrize("injected", [b"NOOP\r\n", b"EHLO evil\r\nMAIL FROM:<a@b>\r\n"])
def test_commands_sent_along_with_starttls_are_never_carried_over(demo: Demo, injected: bytes) -> None:
    with talk(demo.submission_port) as wire:
        assert wire.reply().startswith("220")
        wire.say("EHLO poste.test")
        wire.wire.sendall(b"STARTTLS\r\n" + injected)
        assert wire.reply().startswith("554 5.5.1")
        assert wire.reply() == ""


def test_commands_sent_along_with_starttls_over_imap_are_never_carried_over(demo: Demo) -> None:
    with socket.create_connection(("127.0.0.1", demo.imap_port), 30) as wire:
        assert wire.recv(4096).startswith(b"* OK")
        wire.sendall(b"a STARTTLS\r\nb LOGIN x y\r\n")
        said = b""
        while more := wire.recv(4096):
            said += more
        assert b"* BYE" in said
        assert b"b " not in said


def test_what_was_said_before_tls_is_forgotten(demo: Demo) -> None:
    with talk(demo.submission_port) as wire:
        assert wire.reply().startswith("220")
        wire.say("EHLO poste.test")
        assert isinstance(wire, Talk)
        wire.start_tls(demo.ca_file)
        assert isinstance(wire.wire, ssl.SSLSocket)
        assert wire.say("AUTH PLAIN AGEAYg==").startswith("503")
