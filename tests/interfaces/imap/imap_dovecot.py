"""Dovecot as the oracle: its IMAP program on a pipe; what its answers and the door's may differ in, each with why."""

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

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
  mailbox Sent {{
    special_use = \\Sent
    auto = subscribe
  }}
  mailbox Drafts {{
    special_use = \\Drafts
    auto = subscribe
  }}
  mailbox Trash {{
    special_use = \\Trash
    auto = subscribe
  }}
  mailbox Junk {{
    special_use = \\Junk
    auto = subscribe
  }}
  mailbox Archive {{
    special_use = \\Archive
    auto = subscribe
  }}
  mailbox INBOX {{
    auto = subscribe
  }}
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
        self.folder = folder
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

    def say(self, data: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data.encode())
        self.process.stdin.flush()

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


# --- what may differ ------------------------------------------------------------------------------------------------

Rewrite = Callable[[str], str]


def _dropped(pattern: str) -> Rewrite:
    return lambda line: "" if re.match(pattern, line) else line


def _replaced(pattern: str, by: str) -> Rewrite:
    return lambda line: re.sub(pattern, by, line, flags=re.DOTALL)


def _flags_sorted(line: str) -> str:
    flags = re.search(r" ?FLAGS \(([^()]*)\)", line)
    if flags is None or line.startswith("* FLAGS"):
        return line
    kept = sorted(set(flags[1].split()) - {"\\Recent"})
    rest = (line[: flags.start()] + line[flags.end() :]).replace("( ", "(")
    return f"{rest} with {kept}"


def _literals_quoted(line: str) -> str:
    """Literals without quotes, backslashes or line ends, as quoted strings."""

    def quote(found: re.Match[str]) -> str:
        octets = int(found[1])
        # Octets beyond ASCII came in as one surrogate or as a character each: only plain text is brought together.
        value = line[found.end() : found.end() + octets]
        return f'"{value}"' if value.isascii() and not re.search(r'["\\\r\n]', value) else ""

    place, out = 0, ""
    for found in re.finditer(r"\{(\d+)\}\r\n", line):
        if found.start() < place:
            continue
        quoted = quote(found)
        if quoted:
            out += line[place : found.start()] + quoted
            place = found.end() + int(found[1])
    return out + line[place:]


@dataclass(frozen=True)
class Difference:
    """What both may say in their own way: why, and the one spelling that is compared (empty: not compared)."""

    why: str
    rewrite: Rewrite


DIFFERENCES = (
    Difference(
        "Recent: any number of sessions may look at a mailbox of the door at once, so none is told that a message is"
        " recent (RFC 9051 did away with it)",
        _dropped(r"\* \d+ RECENT"),
    ),
    Difference(
        "The keywords of a folder: Dovecot lists those used so far, the door those that mail software agrees on; both"
        " take any other",
        _dropped(r"\* (FLAGS |OK \[PERMANENTFLAGS )"),
    ),
    Difference(
        "UIDVALIDITY, the next UID and modification sequences are each server's own numbers; Dovecot tells the first"
        " message not seen only when there is one, so does the door, under words of its own",
        _dropped(r"\* OK \[(UIDVALIDITY|UIDNEXT|HIGHESTMODSEQ|UNSEEN|NOMODSEQ)"),
    ),
    Difference("UIDVALIDITY in COPYUID", _replaced(r"(\* OK \[COPYUID) \d+( .*?\]).*", r"\1\2")),
    Difference("Modification sequences of messages", _replaced(r" ?MODSEQ \(\d+\)", "")),
    Difference("Modification sequences of searches", _replaced(r" ?\(?MODSEQ \d+\)?", "")),
    Difference("Modification sequences of folders", _replaced(r"HIGHESTMODSEQ \d+", "HIGHESTMODSEQ")),
    Difference("The client's tag in ESEARCH: the two clients count on their own", _replaced(r'\(TAG "\w+"\)', "")),
    Difference("Words after CLOSED", _replaced(r"(\* OK \[CLOSED\]).*", r"\1")),
    Difference("Days below ten: a zero or a space, RFC 3501 §9 has both", _replaced(r'"0(\d-\w{3}-\d{4} )', r'" \1')),
    Difference("Strings as literals or quoted: RFC 3501 §4.3 leaves it to the server", _literals_quoted),
    Difference(
        "Names of folders as atoms or quoted (RFC 3501 §9, astring)",
        _replaced(r'^(\* (?:LIST|LSUB) .*?"/" |\* STATUS )"?([\w/]+)"?', r"\1\2"),
    ),
    Difference("The order of what a FETCH answers, and of flags", _flags_sorted),
    Difference("The order of the attributes of LIST", lambda line: _sorted_attributes(line)),
    Difference("CHILDINFO as an atom or quoted (RFC 5258 §6)", _replaced(r'"CHILDINFO"', "CHILDINFO")),
    Difference(
        "Media types are told in small letters, by Dovecot as written: they are compared without case (RFC 2045 §5.1)",
        lambda line: re.sub(r'\("([A-Za-z]+)" "([\w.+-]*)"', lambda found: found[0].lower(), line),
    ),
    Difference(
        "A Content-Type that says only `text` is text/plain (RFC 2045 §5.2); Dovecot tells a type without subtype",
        _replaced(r'\("text" "" ', '("text" "plain" '),
    ),
    Difference(
        "A quoted parameter that never ends is read to the end of the line; Dovecot leaves it out",
        _replaced(r'\("name" "sans guillemet"\)', "NIL"),
    ),
)
"""And the order of the lines of LIST, which says nothing either; see ``differences``."""


def _sorted_attributes(line: str) -> str:
    found = re.match(r"\* (LIST|LSUB) \(([^)]*)\)(.*)", line)
    return f"* {found[1]} {sorted(found[2].split())}{found[3]}" if found else line


def told(line: str) -> str:
    """An untagged line in the one spelling that both must share; empty when it may differ altogether."""
    for one in DIFFERENCES:
        line = one.rewrite(line)
    return line


def code(tagged: str) -> str:
    """The state of a tagged answer, with the codes that clients act on: words are each server's own."""
    match = re.match(r"(OK|NO|BAD)(?: \[(\S+?)[\] ])?", tagged)
    assert match is not None, tagged
    return f"{match[1]} {match[2]}" if match[2] in ("TRYCREATE", "APPENDUID", "COPYUID", "MODIFIED") else match[1]


def _without_extras(attributes: re.Match[str]) -> str:
    told = [one for one in attributes[0][1:-1].split(", ") if not re.search(r"Has|Sent|Drafts|Trash|Junk|Archive", one)]
    return f"[{', '.join(told)}]"


def heard(lines: list[str], command: str = "") -> list[str]:
    """What is compared of the answer to a command.

    Folders come in any order. Dovecot tells of children and special uses in an extended LIST only when asked, in LSUB
    never; the door does always (RFC 5258 §3 leaves it to the server).
    """
    untagged = [one for one in map(told, lines[:-1]) if one]
    if re.match(r"LIST .*RETURN|LIST \(|LSUB", command):
        untagged = [re.sub(r"\[.*?\]", _without_extras, one, count=1) for one in untagged]
    return [*(sorted(untagged) if re.match("LIST|LSUB", command) else untagged), code(lines[-1])]


def differences(ours, theirs, said: list[str]) -> list[tuple[str, list[str], list[str]]]:
    """What the two answer differently: untagged lines, and the state and code of the tagged one."""
    found = []
    for one in said:
        mine, other = (heard(asked.ask(one), one) for asked in (ours, theirs))
        if mine != other:
            found.append((one, mine, other))
    return found
