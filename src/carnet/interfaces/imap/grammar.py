"""A whole command: its tag, its name and its arguments (RFC 3501 §6 and §9)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from carnet.domain.messaging.folder_values import StoreMode, flag
from carnet.interfaces.imap.grammar_fetch import parse_fetch
from carnet.interfaces.imap.grammar_list import parse_list, parse_lsub, parse_status
from carnet.interfaces.imap.grammar_search import BadCharset, parse_search
from carnet.interfaces.imap.parser import MAX_MODSEQ, BadSyntax, NumberSet, Scanner
from carnet.interfaces.imap.wire import RawCommand

MAX_ID_PAIRS = 30


@dataclass(frozen=True, slots=True)
class Login:
    user: str
    password: str

    def __repr__(self) -> str:
        return "Login(...)"


@dataclass(frozen=True, slots=True)
class Authenticate:
    mechanism: str
    initial: bytes | None

    def __repr__(self) -> str:
        return "Authenticate(...)"


@dataclass(frozen=True, slots=True)
class Open:
    """SELECT or EXAMINE; `condstore` asks for modification sequences (RFC 7162 §3.1.8)."""

    folder: str
    condstore: bool = False
    resync: "Resync | None" = None


@dataclass(frozen=True, slots=True)
class Resync:
    """What a client that was away knows of a folder (RFC 7162 §3.2.5): up to which sequence, and which UIDs."""

    uid_validity: int
    modseq: int
    known: NumberSet | None


@dataclass(frozen=True, slots=True)
class Rename:
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Append:
    folder: str
    flags: tuple[str, ...]
    date: datetime | None
    content: bytes


@dataclass(frozen=True, slots=True)
class Store:
    numbers: NumberSet
    mode: StoreMode
    flags: tuple[str, ...]
    silent: bool = False
    unchanged_since: int | None = None


@dataclass(frozen=True, slots=True)
class CopyTo:
    numbers: NumberSet
    folder: str


@dataclass(frozen=True, slots=True)
class Command:
    """`by_uid`: the command came after UID. `arguments` is of the type that the command's name calls for."""

    tag: str
    name: str
    arguments: Any = None
    by_uid: bool = False


class BadCommand(Exception):
    """A command that is not followed: `tag` is its own, or `*` when it has none."""

    def __init__(self, tag: str, text: str, *, status: str = "BAD") -> None:
        super().__init__(text)
        self.tag = tag
        self.text = text
        self.status = status


def parse_command(raw: RawCommand) -> Command:
    """Read a command. Raises `BadCommand`, and nothing else, whatever the bytes."""
    tag = "*"
    scanner = Scanner(raw)
    try:
        tag = scanner.tag()
        scanner.space()
        name = scanner.word("a command")
        by_uid = name == "UID"
        if by_uid:
            scanner.space()
            name = scanner.word("a command")
            if name not in _BY_UID:
                raise BadSyntax("UID goes before FETCH, STORE, SEARCH, COPY, MOVE or EXPUNGE")
        return Command(tag, name, _arguments(scanner, name, by_uid=by_uid), by_uid)
    except BadSyntax as problem:
        raise BadCommand(tag, str(problem)) from None
    except BadCharset:
        raise BadCommand(tag, "[BADCHARSET (US-ASCII UTF-8)] Searches are in UTF-8", status="NO") from None


def _arguments(scanner: Scanner, name: str, *, by_uid: bool) -> Any:
    if name in _WITHOUT and not (by_uid and name == "EXPUNGE"):
        scanner.end()
        return None
    read = _READERS.get(name)
    if read is None:
        raise BadSyntax("This command is not known here")
    scanner.space()
    arguments = read(scanner)
    scanner.end()
    return arguments


def _login(scanner: Scanner) -> Login:
    user = scanner.text_string()
    scanner.space()
    return Login(user, scanner.text_string())


def _authenticate(scanner: Scanner) -> Authenticate:
    mechanism = scanner.word("a mechanism")
    if scanner.ended:
        return Authenticate(mechanism, None)
    scanner.space()
    start = scanner.at
    scanner.at = len(scanner.text)
    return Authenticate(mechanism, scanner.text[start:])


def _open(scanner: Scanner) -> Open:
    folder = scanner.folder()
    if scanner.ended:
        return Open(folder)
    scanner.space()
    scanner.expect(b"(", "parameters in parentheses")
    resync = None
    while True:
        word = scanner.word("CONDSTORE or QRESYNC")
        if word == "QRESYNC":
            scanner.space()
            resync = _resync(scanner)
        elif word != "CONDSTORE":
            raise BadSyntax("Of the parameters of SELECT only CONDSTORE and QRESYNC are known")
        if scanner.skip(b")"):
            return Open(folder, condstore=True, resync=resync)
        scanner.space()


def _resync(scanner: Scanner) -> Resync:
    """What the client knows; its pairs of numbers and UIDs only spare work, and are read and let go."""
    scanner.expect(b"(", "what is known, in parentheses")
    uid_validity = scanner.number(least=1)
    scanner.space()
    modseq = scanner.number(least=1, most=MAX_MODSEQ)
    known = None
    while not scanner.skip(b")"):
        scanner.space()
        if scanner.skip(b"("):
            scanner.numbers()
            scanner.space()
            scanner.numbers()
            scanner.expect(b")", "a closing parenthesis")
        elif known is None:
            known = scanner.numbers()
        else:
            raise scanner.fail("a closing parenthesis")
    return Resync(uid_validity, modseq, known)


def _rename(scanner: Scanner) -> Rename:
    old = scanner.folder()
    scanner.space()
    return Rename(old, scanner.folder())


def _known_flags(scanner: Scanner, names: list[str]) -> tuple[str, ...]:
    found = [flag(name) for name in names]
    known = tuple(one for one in found if one is not None)
    if len(known) < len(found):
        raise BadSyntax("A flag is not known, or is not one that a client sets")
    return known


def _append(scanner: Scanner) -> Append:
    folder = scanner.folder()
    scanner.space()
    flags: tuple[str, ...] = ()
    date = None
    if scanner.next_is(b"("):
        flags = _known_flags(scanner, scanner.flags())
        scanner.space()
    if scanner.next_is(b'"'):
        date = scanner.date_time()
        scanner.space()
    if not scanner.next_is_literal():
        raise scanner.fail("the message as a literal")
    return Append(folder, flags, date, scanner.string())


def _store(scanner: Scanner) -> Store:
    numbers = scanner.numbers()
    scanner.space()
    unchanged_since = None
    if scanner.skip(b"("):
        if scanner.word("UNCHANGEDSINCE") != "UNCHANGEDSINCE":
            raise BadSyntax("Of the modifiers of STORE only UNCHANGEDSINCE is known")
        scanner.space()
        unchanged_since = scanner.number(most=MAX_MODSEQ)
        scanner.expect(b")", "a closing parenthesis")
        scanner.space()
    start = scanner.at
    item = scanner.word("FLAGS, +FLAGS or -FLAGS")
    silent = item.endswith(".SILENT")
    mode = _STORE_MODES.get(item.removesuffix(".SILENT"))
    if mode is None:
        scanner.at = start
        raise scanner.fail("FLAGS, +FLAGS or -FLAGS")
    scanner.space()
    if scanner.next_is(b"("):
        names = scanner.flags()
    else:
        names = [scanner.flag()]
        while scanner.skip(b" "):
            names.append(scanner.flag())
    return Store(numbers, mode, _known_flags(scanner, names), silent, unchanged_since)


_STORE_MODES = {"FLAGS": StoreMode.REPLACE, "+FLAGS": StoreMode.ADD, "-FLAGS": StoreMode.REMOVE}


def _copy(scanner: Scanner) -> CopyTo:
    numbers = scanner.numbers()
    scanner.space()
    return CopyTo(numbers, scanner.folder())


def _enable(scanner: Scanner) -> tuple[str, ...]:
    names = [scanner.word("a capability")]
    while not scanner.ended:
        scanner.space()
        names.append(scanner.word("a capability"))
    return tuple(names)


def _id(scanner: Scanner) -> None:
    """What the client says of itself is read and let go (RFC 2971 §3.1)."""
    if not scanner.skip(b"("):
        if scanner.word("NIL or a list") != "NIL":
            raise scanner.fail("NIL or a list")
        return
    pairs = 0
    while not scanner.skip(b")"):
        if pairs:
            scanner.space()
        scanner.string()
        scanner.space()
        scanner.nstring()
        pairs += 1
        if pairs > MAX_ID_PAIRS:
            raise BadSyntax(f"At most {MAX_ID_PAIRS} fields identify a client")


def _quota_limits(scanner: Scanner) -> str:
    """SETQUOTA is understood, and refused."""
    root = scanner.astring().decode("utf-8", "replace")
    scanner.space()
    scanner.expect(b"(", "limits in parentheses")
    while not scanner.skip(b")"):
        scanner.skip(b" ")
        scanner.word("a resource")
        scanner.space()
        scanner.number(most=MAX_MODSEQ)
    return root


_WITHOUT = frozenset(
    ("CAPABILITY", "NOOP", "LOGOUT", "STARTTLS", "CHECK", "CLOSE", "UNSELECT", "EXPUNGE", "IDLE", "NAMESPACE")
)
_BY_UID = frozenset(("FETCH", "STORE", "SEARCH", "COPY", "MOVE", "EXPUNGE"))
_READERS: dict[str, Callable[[Scanner], Any]] = {
    "LOGIN": _login,
    "AUTHENTICATE": _authenticate,
    "SELECT": _open,
    "EXAMINE": _open,
    "CREATE": Scanner.folder,
    "DELETE": Scanner.folder,
    "RENAME": _rename,
    "SUBSCRIBE": Scanner.folder,
    "UNSUBSCRIBE": Scanner.folder,
    "LIST": parse_list,
    "LSUB": parse_lsub,
    "STATUS": parse_status,
    "APPEND": _append,
    "SEARCH": parse_search,
    "FETCH": parse_fetch,
    "STORE": _store,
    "COPY": _copy,
    "MOVE": _copy,
    "EXPUNGE": Scanner.numbers,
    "ENABLE": _enable,
    "ID": _id,
    "GETQUOTA": Scanner.text_string,
    "GETQUOTAROOT": Scanner.folder,
    "SETQUOTA": _quota_limits,
}
