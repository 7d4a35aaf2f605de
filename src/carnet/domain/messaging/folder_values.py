"""Names of a mailbox's folders, its flags, and what may be wrong with them (RFC 3501 §2.3.2, §5.1; RFC 6154)."""

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum

SEPARATOR = "/"
INBOX = "INBOX"
MAX_NAME = 200
MAX_DEPTH = 10
MAX_FOLDERS = 500
MAX_FLAGS = 50
"""Most flags and keywords that one entry keeps."""

SPECIAL_FOLDERS = (
    (INBOX, ""),
    ("Sent", "\\Sent"),
    ("Drafts", "\\Drafts"),
    ("Trash", "\\Trash"),
    ("Junk", "\\Junk"),
    ("Archive", "\\Archive"),
)
"""The folders that every mailbox has, with their special use."""

SEEN = "\\Seen"
DELETED = "\\Deleted"
UNSCANNED = "$Unscanned"
"""The keyword of a message that the antivirus has not looked at yet; it goes once that is done."""

SYSTEM_FLAGS = ("\\Answered", "\\Flagged", DELETED, SEEN, "\\Draft")

_SYSTEM = {flag.lower(): flag for flag in SYSTEM_FLAGS}
# An IMAP atom: no space, control, parenthesis, brace, quote, backslash, bracket or wildcard.
_KEYWORD = re.compile(r"[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]{1,100}")
_WILDCARDS = frozenset("%*")


class FolderProblem(StrEnum):
    """Why an act on folders is refused."""

    BAD_NAME = "bad-name"
    EXISTS = "exists"
    MISSING = "missing"
    PROTECTED = "protected"
    TOO_MANY = "too-many"
    OVER_QUOTA = "over-quota"

    @property
    def sentence(self) -> str:
        """One sentence for the person who meets the refusal."""
        return _SENTENCES[self]


_SENTENCES = {
    FolderProblem.BAD_NAME: f"A folder's name has at most {MAX_NAME} characters, no control character, % or *.",
    FolderProblem.EXISTS: "There is already a folder of that name.",
    FolderProblem.MISSING: "There is no folder of that name.",
    FolderProblem.PROTECTED: "This folder is needed: it can be neither deleted nor renamed.",
    FolderProblem.OVER_QUOTA: "The mailbox is full: delete something, or ask for more room.",
    FolderProblem.TOO_MANY: f"A mailbox has at most {MAX_FOLDERS} folders.",
}


class StoreMode(StrEnum):
    """What becomes of the flags that an entry has."""

    REPLACE = "replace"
    ADD = "add"
    REMOVE = "remove"


class InvalidFolderName(ValueError):
    """A text that cannot name a folder; the message does not repeat it."""


def folder_name(text: str) -> str:
    """The name as it is stored: composed Unicode, INBOX in capitals, no separator at its end.

    Raises ``InvalidFolderName``.

    >>> folder_name("inbox/Élèves/")
    'INBOX/Élèves'
    """
    name = unicodedata.normalize("NFC", text)
    if name.endswith(SEPARATOR):
        name = name[:-1]
    levels = name.split(SEPARATOR)
    if not name or len(name) > MAX_NAME or len(levels) > MAX_DEPTH or not all(levels):
        raise InvalidFolderName(FolderProblem.BAD_NAME.sentence)
    if _WILDCARDS & set(name) or any(unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") for one in name):
        raise InvalidFolderName(FolderProblem.BAD_NAME.sentence)
    if levels[0].upper() == INBOX:
        levels[0] = INBOX
    return SEPARATOR.join(levels)


def parents(name: str) -> list[str]:
    """The names above a name, from the top: ``a/b/c`` is under ``a`` and ``a/b``."""
    levels = name.split(SEPARATOR)
    return [SEPARATOR.join(levels[:depth]) for depth in range(1, len(levels))]


def flag(text: str) -> str | None:
    """A flag as it is stored, or None for what an entry cannot keep (``\\Recent`` belongs to a session)."""
    if text.startswith("\\"):
        return _SYSTEM.get(text.lower())
    return text if _KEYWORD.fullmatch(text) else None


def distinct(flags: Iterable[str]) -> list[str]:
    """Flags without doubles, at most ``MAX_FLAGS``; keywords that differ in case only are one."""
    found: dict[str, str] = {}
    for one in flags:
        found.setdefault(one.lower(), one)
    return list(found.values())[:MAX_FLAGS]
