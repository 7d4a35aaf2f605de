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
    b"From: a\r\nSubject: =?iso-8859-1?q?=E9t=E9?=\r\nReferences: <a>\r\n <b>\r\nX-Long: "
    + b"y" * 300
    + b"\r\n\r\nz\r\n",
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


def differences(ours, theirs, said: list[str]) -> list[tuple[str, list[str], list[str]]]:
    """What the two answer differently: untagged lines, and the state and code of the tagged one."""
    found = []
    for one in said:
        mine, other = (
            [*filter(None, map(told, lines[:-1])), code(lines[-1])] for lines in (ours.ask(one), theirs.ask(one))
        )
        if mine != other:
            found.append((one, mine, other))
    return found


def code(tagged: str) -> str:
    """`OK TRYCREATE` of a tagged answer: numbers of folders and words are each server's own."""
    match = re.match(r"(OK|NO|BAD)(?: \[(\S+))?", tagged)
    assert match is not None
    return f"{match[1]} {match[2]}" if match[2] in ("TRYCREATE", "APPENDUID", "COPYUID") else match[1]


def told(line: str) -> str:
    """An untagged line in one spelling, empty when it is each server's own (recent messages, counters, words).

    Days with or without a zero, long quoted strings as literals, folders with or without quotes, the order of flags
    and of what a FETCH answers: all the same to RFC 3501.
    """
    if re.match(r"\* (\d+ RECENT|FLAGS|OK \[(?!COPYUID))", line):
        return ""
    line = re.sub(r'"0(\d-\w{3}-\d{4} )', r'" \1', line)
    if "(ENVELOPE" in line:
        line = re.sub(r"\{\d+\}\r\n(.*?)(?= \(\()", r'"\1"', line)
    line = re.sub(r"(\* OK \[COPYUID) \d+( .*?\]).*", r"\1\2", line)
    line = re.sub(r'^(\* (?:LIST|STATUS) .*?"/" |\* STATUS )"?([\w/]+)"?', r"\1\2", line)
    flags = re.search(r" ?FLAGS \(([^()]*)\)", line)
    if flags is None:
        return line
    kept = sorted(set(flags[1].split()) - {"\\Recent"})
    rest = (line[: flags.start()] + line[flags.end() :]).replace("( ", "(")
    return f"{rest} with {kept}"


def test_what_is_fetched_is_what_dovecot_fetches(wire, dovecot):
    fill(wire), fill(dovecot)
    assert differences(wire, dovecot, [f"FETCH 1:* ({item})" for item in ITEMS]) == []


def test_what_is_found_is_what_dovecot_finds(wire, dovecot):
    fill(wire), fill(dovecot)
    said = [f"SEARCH {key}" if key.isascii() else f"SEARCH CHARSET UTF-8 {key}" for key in SEARCHES]
    assert differences(wire, dovecot, said) == []


def test_flags_copies_and_removals_go_as_with_dovecot(wire, dovecot):
    fill(wire), fill(dovecot)
    said = [
        "CREATE Elsewhere",
        "STORE 1,3 +FLAGS (\\Deleted)",
        "STORE 1 -FLAGS.SILENT (\\Deleted)",
        "STORE 4 FLAGS (\\Answered)",
        "UID STORE 4 +FLAGS.SILENT (\\Seen)",
        "FETCH 1:* (FLAGS)",
        "UID FETCH 2:* (FLAGS)",
        "COPY 1:2 Elsewhere",
        "COPY 1 Nowhere",
        "UID MOVE 4 Elsewhere",
        "UID EXPUNGE 1:2",
        "EXPUNGE",
        "FETCH 1:* (UID)",
        "STATUS Elsewhere (MESSAGES UIDNEXT UNSEEN)",
        "SELECT Elsewhere",
        "FETCH 1:* (UID FLAGS RFC822.SIZE INTERNALDATE)",
        "FETCH 2 (BODY[1.1])",
        "FETCH 2 (FLAGS)",
        "STORE 1 (FLAGS)",
        "STORE 1 FLAGS (\\Recent)",
        "FETCH 1 (NONSENSE)",
        "FETCH 2:1 (UID)",
        "UID FETCH 99:* (UID)",
        "SEARCH NONSENSE",
        "CLOSE",
        "FETCH 1 FLAGS",
        "CREATE Place",
        "RENAME Elsewhere Place/Below",
        'LIST "" "Pl*"',
        'LIST "" Place/%',
        "DELETE Place/Below",
        "SELECT Place/Below",
        "EXAMINE INBOX",
    ]
    assert differences(wire, dovecot, said) == []
