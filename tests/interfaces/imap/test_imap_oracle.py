"""The same words said to Dovecot and to the door: the same messages must give the same answers."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from imap_door import COMMITTED, letter
from imapclient.response_parser import parse_fetch_response

pytestmark = [
    COMMITTED,
    pytest.mark.skipif(not Path("/usr/lib/dovecot/imap").exists(), reason="Dovecot is not installed"),
]

CONFIG = """\
protocols = imap
log_path = {folder}/log
base_dir = {folder}/run
ssl = no
mail_location = maildir:{folder}/mail
mail_uid = {user}
mail_gid = {group}
namespace inbox {{
  inbox = yes
  separator = /
}}
"""


class Dovecot:
    """Dovecot's IMAP program on a pipe, signed in; asked as a `Wire` is."""

    def __init__(self, folder: Path) -> None:
        user, prefix = os.getuid(), []
        if user == 0:
            # It reads no mail as root.
            user = 65534
            os.chown(folder, user, user)
            prefix = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        config = folder / "dovecot.conf"
        config.write_text(CONFIG.format(folder=folder, user=user, group=user if prefix else os.getgid()))
        self.process = subprocess.Popen(
            [*prefix, "/usr/lib/dovecot/imap", "-c", str(config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "USER": "somebody"},
        )
        assert self.line().startswith("* PREAUTH")
        self._tags = 0

    def line(self) -> str:
        assert self.process.stdout is not None
        found = b""
        while True:
            found += self.process.stdout.readline()
            announced = re.search(rb"\{(\d+)\}\r\n\Z", found)
            if not announced:
                return found.removesuffix(b"\r\n").decode("utf-8", "surrogateescape")
            found += self.process.stdout.read(int(announced[1]))

    def ask(self, command: str | bytes) -> list[str]:
        assert self.process.stdin is not None
        self._tags += 1
        tag = f"t{self._tags}"
        said = command if isinstance(command, bytes) else command.encode("utf-8", "surrogateescape")
        self.process.stdin.write(b"%s %s\r\n" % (tag.encode(), said))
        self.process.stdin.flush()
        found = []
        while not (line := self.line()).startswith(f"{tag} "):
            found.append(line)
        return [*found, line[len(tag) + 1 :]]

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    opened = Dovecot(folder)
    yield opened
    opened.close()
    shutil.rmtree(folder)


def forwarded() -> bytes:
    """A message with an attachment, an image shown in the text, and another message inside."""
    inner = EmailMessage()
    inner["From"], inner["Subject"], inner["Date"] = "b@x.test", "inner", "Sun, 1 Feb 2026 10:00:00 +0000"
    inner.set_content("inner text\n")
    inner.add_attachment(b"\x00\x01" * 40, "application", "pdf", filename="résultat.pdf")
    message = EmailMessage()
    message["From"], message["To"] = '"Doe, J." <j@x.test>, k@x.test', "Group: a@x.test, b@x.test;"
    message["Cc"], message["Subject"] = "c@x.test", "Résumé de « sortie » et d'autres choses encore bien plus longues"
    message["Date"], message["Message-ID"] = "Tue, 17 Nov 2026 23:59:00 -0500", "<f@x.test>"
    message["In-Reply-To"] = "<e@x.test>"
    message.set_content("plain é\n")
    message.add_alternative('<p>html <img src="cid:i"></p>', subtype="html")
    message.get_payload()[1].add_related(b"GIF89a", "image", "gif", cid="<i>")
    message.add_attachment(inner)
    return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


MESSAGES = [
    letter(),
    forwarded(),
    b"Subject: bare\r\n\r\n",
    b"From: a\r\nSubject: =?iso-8859-1?q?=E9t=E9?=\r\nReferences: <a>\r\n <b>\r\nX-Long: " + b"y" * 300 + b"\r\n\r\nz\r\n",
]
ITEMS = (
    "ENVELOPE",
    "BODYSTRUCTURE",
    "BODY",
    "RFC822.SIZE",
    "INTERNALDATE",
    "BODY.PEEK[]",
    "BODY.PEEK[HEADER]",
    "BODY.PEEK[TEXT]",
    "BODY.PEEK[1]",
    "BODY.PEEK[2]",
    "BODY.PEEK[1.1]",
    "BODY.PEEK[1.2.1.MIME]",
    "BODY.PEEK[2.HEADER]",
    "BODY.PEEK[2.TEXT]",
    "BODY.PEEK[2.1]",
    "BODY.PEEK[2.2.MIME]",
    "BODY.PEEK[]<10.20>",
    "BODY.PEEK[TEXT]<5.100000>",
    "BODY.PEEK[HEADER.FIELDS (subject DATE x-long)]",
    "BODY.PEEK[HEADER.FIELDS.NOT (Subject)]",
    "BODY.PEEK[2.HEADER.FIELDS (SUBJECT)]",
    "RFC822.HEADER",
)
SEARCHES = (
    "ALL",
    "UNSEEN",
    "FLAGGED",
    "SUBJECT sortie",
    'SUBJECT "été"',
    "FROM doe",
    "TO b@x.test",
    "CC c@x.test",
    "BODY voici",
    "TEXT inner",
    "BODY inner",
    "HEADER X-LONG yyy",
    'HEADER REFERENCES ""',
    "SENTON 17-Nov-2026",
    "SENTBEFORE 17-Nov-2026",
    "SENTSINCE 16-Nov-2026",
    "SINCE 2-Jan-2026",
    "BEFORE 2-Jan-2026",
    "LARGER 400",
    "NOT SUBJECT sortie",
    "OR SUBJECT bare FROM doe",
    "2:3 UNDELETED",
    "UID 4:*",
    "(OR (FLAGGED) (SUBJECT bare)) NOT 1",
    "KEYWORD $Forwarded",
    "UNKEYWORD $Forwarded",
)


def fill(asked, messages=MESSAGES):
    for number, raw in enumerate(messages):
        flags = "\\Flagged $Forwarded" if number == 1 else ""
        said = f'APPEND INBOX ({flags}) " {number + 1}-Jan-2026 12:00:00 +0000" {{{len(raw)}+}}\r\n'
        assert asked.ask(said + raw.decode("utf-8", "surrogateescape"))[-1].startswith("OK [APPENDUID")
    assert asked.ask("SELECT INBOX")[-1].startswith("OK")


def answers(lines: list[str]) -> object:
    """What FETCH said, by message, whatever the order and the spelling; numbers of SEARCH as they are."""
    if lines[0].startswith("* SEARCH"):
        return lines[0]
    found = [line[2:].encode("utf-8", "surrogateescape") for line in lines[:-1] if " FETCH (" in line]
    parsed: dict[int, object] = {}
    for one in found:
        # imapclient reads a literal as its lines: what announces it, and what it holds.
        pieces: list[object] = []
        rest = one
        while match := re.search(rb"\{(\d+)\}\r\n", rest):
            octets = int(match[1])
            pieces.append((rest[: match.end() - 2], rest[match.end() : match.end() + octets]))
            rest = rest[match.end() + octets :]
        for number, values in parse_fetch_response([*pieces, rest], uid_is_key=False).items():
            parsed[number] = {name: value for name, value in values.items() if name != b"SEQ"}
    return parsed


@pytest.mark.parametrize("item", ITEMS)
def test_what_is_fetched_is_what_dovecot_fetches(prepared, item):
    ours, theirs = prepared
    said = f"FETCH 1:* ({item})"
    assert lowered(answers(ours.ask(said))) == lowered(answers(theirs.ask(said)))


@pytest.mark.parametrize("key", SEARCHES)
def test_what_is_found_is_what_dovecot_finds(prepared, key):
    ours, theirs = prepared
    said = f"SEARCH CHARSET UTF-8 {key}" if not key.isascii() else f"SEARCH {key}"
    assert answers(ours.ask(said)) == answers(theirs.ask(said))
