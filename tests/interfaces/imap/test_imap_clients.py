"""Mail software that people use, against the door."""

import fcntl
import imaplib
import mailbox as mailboxes
import os
import pty
import select
import shutil
import struct
import subprocess
import termios
import threading
import time
from datetime import UTC, datetime

import pytest
from imap_door import COMMITTED, LOGIN, PASSWORD, letter, put
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from carnet.domain.messaging.commands.entries import expunge, store_flags
from carnet.domain.messaging.folder_values import StoreMode
from carnet.domain.messaging.models import FolderEntry

pytestmark = COMMITTED


@pytest.fixture
def client(server, certificate):
    with IMAPClient("localhost", server.port, ssl=False, timeout=10) as opened:
        opened.starttls(certificate.client())
        opened.login(LOGIN, PASSWORD)
        yield opened


def test_imaplib_reads_marks_moves_and_deletes(server, certificate, mailbox):
    put(mailbox, letter(subject="premier"))
    put(mailbox, letter(subject="second"))
    with imaplib.IMAP4("localhost", server.port, timeout=10) as client:
        client.starttls(certificate.client())
        client.login(LOGIN, PASSWORD)
        assert client.select("INBOX") == ("OK", [b"2"])
        assert client.search(None, "SUBJECT", "second") == ("OK", [b"2"])
        status, found = client.fetch("1", "(RFC822)")
        assert (status, found[0][1]) == ("OK", letter(subject="premier"))
        assert client.store("1", "+FLAGS", "\\Deleted")[1] == [b"1 (FLAGS (\\Seen \\Deleted))"]
        assert client.expunge() == ("OK", [b"1"])
        assert client.uid("MOVE", "2", "Archive")[0] == "OK"
        status, [done] = client.append("Drafts", "\\Draft", imaplib.Time2Internaldate(time.time()), letter())
        assert (status, done.split()[0]) == ("OK", b"[APPENDUID")
        assert client.status("Archive", "(MESSAGES UNSEEN)") == ("OK", [b'"Archive" (MESSAGES 1 UNSEEN 1)'])
        assert client.close()[0] == "OK"


def test_imapclient_finds_its_way(client, mailbox):
    assert client.has_capability("IDLE")
    assert client.find_special_folder(b"\\Sent") == "Sent"
    client.create_folder("Élèves & amis")
    assert ((b"\\HasNoChildren",), b"/", "Élèves & amis") in client.list_folders("", "É*")
    put(mailbox, letter(subject="Ça va ?"))
    client.select_folder("INBOX")
    [uid] = client.search(["UNSEEN", "SUBJECT", "ça VA"], charset="UTF-8")
    found = client.fetch([uid], ["ENVELOPE", "BODYSTRUCTURE", "INTERNALDATE", "FLAGS", "BODY.PEEK[TEXT]"])[uid]
    assert found[b"ENVELOPE"].from_[0].mailbox == b"orthopedie"
    assert found[b"BODYSTRUCTURE"][:2] == (b"text", b"plain")
    assert abs((datetime.now(UTC) - found[b"INTERNALDATE"].astimezone(UTC)).total_seconds()) < 60
    assert found[b"BODY[TEXT]"].startswith(b"Bonjour")
    client.add_flags([uid], ["\\Flagged", "$Forwarded"])
    assert client.get_flags([uid]) == {uid: (b"\\Flagged", b"$Forwarded")}
    client.copy([uid], "Élèves & amis")
    client.move([uid], "Trash")
    assert client.folder_status("Élèves & amis", ["MESSAGES"]) == {b"MESSAGES": 1}
    client.rename_folder("Élèves & amis", "Anciens")
    client.delete_folder("Anciens")
    assert not client.folder_exists("Anciens")
    with pytest.raises(IMAPClientError, match="NONEXISTENT"):
        client.select_folder("Anciens")


def test_imapclient_is_woken_while_idle(client, mailbox):
    client.select_folder("INBOX")
    client.idle()
    threading.Timer(0.1, put, [mailbox]).start()
    assert client.idle_check(timeout=10) == [(1, b"EXISTS")]
    client.idle_done()


def test_imapclient_sees_its_quota_and_what_changed(client, mailbox, settings):
    settings.CARNET_MAILBOX_QUOTA_BYTES = 1024 * 1024
    put(mailbox)
    [quota] = client.get_quota()
    assert (quota.resource, quota.usage, quota.limit) == ("STORAGE", 1, 1024)
    client.select_folder("INBOX")
    known = client.folder_status("INBOX", ["HIGHESTMODSEQ"])[b"HIGHESTMODSEQ"]
    client.add_flags([1], ["\\Seen"])
    assert list(client.fetch([1], ["FLAGS"], modifiers=[f"CHANGEDSINCE {known}"])) == [1]
    assert client.search(["MODSEQ", str(known + 1)]) == [1]


def test_imapclient_is_refused_with_a_wrong_password(server, certificate):
    with IMAPClient("localhost", server.port, ssl=False, timeout=10) as client:
        client.starttls(certificate.client())
        with pytest.raises(LoginError, match="AUTHENTICATIONFAILED"):
            client.login(LOGIN, "wrong")


@pytest.mark.skipif(not shutil.which("mbsync"), reason="mbsync is not installed")
def test_mbsync_brings_a_mailbox_home_and_changes_back(server, certificate, mailbox, tmp_path):
    sent = [letter(subject=f"n{number}", message_id=f"<{number}@x.test>") for number in range(5)]
    for raw in sent:
        put(mailbox, raw)
    config = tmp_path / "mbsyncrc"
    config.write_text(
        f"IMAPAccount door\nHost localhost\nPort {server.port}\nUser {LOGIN}\nPass {PASSWORD}\nSSLType STARTTLS\n"
        f"CertificateFile {certificate.path}\n\nIMAPStore far\nAccount door\n\nMaildirStore near\n"
        f"Path {tmp_path}/mail/\nInbox {tmp_path}/mail/INBOX\n\nChannel all\nFar :far:\nNear :near:\n"
        f"Patterns INBOX Drafts\nCreate Near\nExpunge Both\nSyncState {tmp_path}/state/\n"
    )
    (tmp_path / "mail").mkdir()
    (tmp_path / "state").mkdir()
    home = {**os.environ, "HOME": str(tmp_path)}

    def sync() -> None:
        done = subprocess.run(
            ["mbsync", "-c", config, "-a"], env=home, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr

    sync()
    local = mailboxes.Maildir(tmp_path / "mail" / "INBOX", create=False)
    assert sorted(message["Subject"] for message in local) == [f"n{number}" for number in range(5)]
    bodies = [local.get_bytes(key).replace(b"\n", b"\r\n") for key in local.keys()]  # noqa: SIM118 (a Maildir)
    # mbsync adds a header line of its own, X-TUID, to what it stores.
    for raw in sent:
        assert any(raw.partition(b"\r\n\r\n")[2] in body for body in bodies)

    for key, message in list(local.items()):
        if message["Subject"] == "n0":
            local.remove(key)
        if message["Subject"] == "n1":
            message.set_subdir("cur")
            message.add_flag("FS")
            local[key] = message
    local.flush()
    mailboxes.Maildir(tmp_path / "mail" / "Drafts", create=False).add(letter(subject="draft").replace(b"\r\n", b"\n"))
    sync()
    entries = {entry.uid: sorted(entry.flags) for entry in FolderEntry.objects.filter(size__lt=10_000).order_by("uid")}
    inbox = FolderEntry.objects.filter(folder_id=FolderEntry.objects.order_by("internal_date").first().folder_id)
    assert sorted(inbox.values_list("uid", flat=True)) == [2, 3, 4, 5]
    assert entries[2] == ["\\Flagged", "\\Seen"]
    assert FolderEntry.objects.count() == 5

    # What another client does meanwhile comes home too: an answer, a removal, a new letter.
    folder_id = FolderEntry.objects.get(uid=3).folder_id
    store_flags(mailbox, folder_id, [3], StoreMode.ADD, ["\\Answered", "\\Seen"])
    store_flags(mailbox, folder_id, [4], StoreMode.ADD, ["\\Deleted"])
    expunge(mailbox, folder_id)
    put(mailbox, letter(subject="n5", message_id="<5@x.test>"))
    sync()
    home = {message["Subject"]: message.get_flags() for message in mailboxes.Maildir(tmp_path / "mail" / "INBOX")}
    assert home == {"n1": "FS", "n2": "RS", "n4": "", "n5": ""}


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_curl_reads_and_sends(server, certificate, mailbox, tmp_path):
    put(mailbox, letter())
    common = ["curl", "-sS", "--ssl-reqd", "--cacert", str(certificate.path), "-u", f"{LOGIN}:{PASSWORD}"]
    url = f"imap://localhost:{server.port}"
    read = subprocess.run([*common, f"{url}/INBOX;UID=1"], capture_output=True, timeout=30, check=True)
    assert read.stdout == letter()
    (tmp_path / "draft").write_bytes(letter(subject="brouillon"))
    subprocess.run([*common, "-T", str(tmp_path / "draft"), f"{url}/Drafts"], timeout=30, check=True)
    found = subprocess.run([*common, f"{url}/Drafts?SUBJECT%20brouillon"], capture_output=True, timeout=30, check=True)
    assert found.stdout.strip() == b"* SEARCH 1"


@pytest.mark.skipif(not shutil.which("mutt"), reason="mutt is not installed")
def test_mutt_opens_reads_and_saves(server, certificate, mailbox, tmp_path):
    for number in range(3):
        put(mailbox, letter(subject=f"n{number}", message_id=f"<{number}@x.test>"))
    rc = tmp_path / "muttrc"
    rc.write_text(
        f'set imap_user="{LOGIN}"\nset imap_pass="{PASSWORD}"\nset ssl_starttls=yes\nset ssl_force_tls=yes\n'
        f'set certificate_file="{certificate.path}"\nset spoolfile="imap://localhost:{server.port}/INBOX"\n'
        f'set folder="imap://localhost:{server.port}/"\nset mbox_type=mbox\nset confirmappend=no\nset copy=no\n'
        f'set wait_key=no\nset delete=yes\nset move=no\nset header_cache=""\nset sort=mailbox-order\n'
        f'push "<tag-pattern>~A<enter><tag-prefix><copy-message>{tmp_path}/saved<enter><untag-pattern>~A<enter>'
        f'<first-entry><flag-message><delete-pattern>~s n2<enter><quit>"\n'
    )
    screen = _in_terminal(["mutt", "-n", "-F", str(rc)], {"HOME": str(tmp_path), "TERM": "vt100", "LANG": "C"})
    saved = mailboxes.mbox(tmp_path / "saved", create=False)
    assert [message["Subject"] for message in saved] == ["n0", "n1", "n2"], screen
    assert list(FolderEntry.objects.order_by("uid").values_list("uid", flat=True)) == [1, 2]
    assert "\\Flagged" in FolderEntry.objects.get(uid=1).flags


def _in_terminal(command: list[str], environment: dict[str, str], seconds: float = 30) -> bytes:
    """Run a program that wants a terminal, and return what it drew."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={"PATH": os.environ["PATH"], **environment},
        start_new_session=True,
    )
    os.close(theirs)
    drawn = b""
    deadline = time.monotonic() + seconds
    try:
        while process.poll() is None and time.monotonic() < deadline:
            ready, _, _ = select.select([ours], [], [], 0.1)
            if ready:
                try:
                    drawn += os.read(ours, 65536)
                except OSError:
                    break
        process.wait(max(0.1, deadline - time.monotonic()))
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(ours)
    return drawn
