"""What a SEARCH asks for (RFC 3501 §6.4.4, RFC 7162 §3.1.5)."""

from collections.abc import Callable
from dataclasses import dataclass

from carnet.domain.messaging.folder_values import flag
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
    Within,
    Written,
)
from carnet.interfaces.imap.parser import MAX_MODSEQ, BadSyntax, NumberSet, Scanner

CHARSETS = ("US-ASCII", "UTF-8")
MAX_KEYS = 500
MAX_DEPTH = 20
MAX_FIELD_NAME = 100

_RETURN = frozenset({"MIN", "MAX", "ALL", "COUNT", "SAVE"})
_STARTS_NUMBERS = frozenset(bytes([one]) for one in b"0123456789*$")


class BadCharset(Exception):
    """A charset that searches are not read in."""


@dataclass(frozen=True, slots=True)
class InNumbers(InUids):
    """Message numbers or UIDs as the client wrote them; the session makes UIDs of them."""

    numbers: NumberSet
    by_uid: bool


@dataclass(frozen=True, slots=True)
class SearchFor:
    """`tells_modseq`: the answer ends with the highest modification sequence of what was found.

    `returned`: what is told of the result instead of its numbers (RFC 4731, RFC 5182); None for an ordinary answer.
    """

    criterion: Criterion
    tells_modseq: bool
    returned: frozenset[str] | None = None


def parse_search(scanner: Scanner) -> SearchFor:
    """The arguments of SEARCH. Raises `BadSyntax` or `BadCharset`."""
    returned = None
    if scanner.text[scanner.at : scanner.at + 7].upper() == b"RETURN ":
        scanner.at += 7
        returned = _returned(scanner)
        scanner.space()
    if scanner.text[scanner.at : scanner.at + 8].upper() == b"CHARSET ":
        scanner.at += 8
        charset = scanner.astring().decode("ascii", "replace").upper()
        if charset not in (*CHARSETS, "UTF8", "ASCII"):
            raise BadCharset
        scanner.space()
    reader = _Keys(scanner)
    criteria = [reader.key(0)]
    while not scanner.ended:
        scanner.space()
        if not scanner.ended:
            criteria.append(reader.key(0))
    return SearchFor(Both(tuple(criteria)), reader.tells_modseq, returned)


def _returned(scanner: Scanner) -> frozenset[str]:
    found: set[str] = set()
    scanner.expect(b"(", "options in parentheses")
    first = True
    while not scanner.skip(b")"):
        if not first:
            scanner.space()
        first = False
        word = scanner.word("an option")
        if word not in _RETURN:
            raise BadSyntax("What a SEARCH returns is MIN, MAX, ALL, COUNT or SAVE")
        found.add(word)
    return frozenset(found) or frozenset({"ALL"})


class _Keys:
    def __init__(self, scanner: Scanner) -> None:
        self.scanner = scanner
        self.left = MAX_KEYS
        self.tells_modseq = False

    def key(self, depth: int) -> Criterion:
        self.left -= 1
        if self.left < 0 or depth > MAX_DEPTH:
            raise BadSyntax(f"A search has at most {MAX_KEYS} keys, {MAX_DEPTH} levels deep")
        scanner = self.scanner
        if scanner.skip(b"("):
            inner = [self.key(depth + 1)]
            while not scanner.skip(b")"):
                scanner.space()
                inner.append(self.key(depth + 1))
            return Both(tuple(inner))
        if scanner.text[scanner.at : scanner.at + 1] in _STARTS_NUMBERS:
            return InNumbers((), scanner.numbers(), by_uid=False)
        start = scanner.at
        word = scanner.word("a search key")
        if word in _PLAIN:
            return _PLAIN[word]
        if word == "NOT":
            scanner.space()
            return Not(self.key(depth + 1))
        if word == "OR":
            scanner.space()
            first = self.key(depth + 1)
            scanner.space()
            return Either((first, self.key(depth + 1)))
        if word == "MODSEQ":
            scanner.space()
            return self.modseq()
        read = _WITH_ARGUMENT.get(word)
        if read is None:
            scanner.at = start
            raise scanner.fail("a known search key")
        scanner.space()
        return read(scanner)

    def modseq(self) -> Criterion:
        self.tells_modseq = True
        scanner = self.scanner
        if scanner.next_is(b'"'):
            # The sequence of one flag (RFC 7162 §3.1.5): one is kept for the whole entry, which says no less.
            scanner.string()
            scanner.space()
            if scanner.word("priv, shared or all") not in ("PRIV", "SHARED", "ALL"):
                raise scanner.fail("priv, shared or all")
            scanner.space()
        return ModifiedAt(scanner.number(most=MAX_MODSEQ))


def _keyword(scanner: Scanner) -> Criterion:
    name = flag(scanner.atom("a keyword"))
    if name is None:
        raise scanner.fail("a keyword")
    return HasFlag(name)


def _unkeyword(scanner: Scanner) -> Criterion:
    return Not(_keyword(scanner))


def _header(scanner: Scanner) -> Criterion:
    start = scanner.at
    name = scanner.text_string()
    if not 0 < len(name) <= MAX_FIELD_NAME:
        scanner.at = start
        raise scanner.fail("the name of a header field")
    scanner.space()
    return HeaderHas(name.lower(), scanner.text_string())


def _field(name: str) -> Callable[[Scanner], Criterion]:
    return lambda scanner: HeaderHas(name, scanner.text_string())


def _received(when: When) -> Callable[[Scanner], Criterion]:
    return lambda scanner: Received(when, scanner.day())


def _written(when: When) -> Callable[[Scanner], Criterion]:
    return lambda scanner: Written(when, scanner.day())


_PLAIN: dict[str, Criterion] = {
    "ALL": Everything(),
    "ANSWERED": HasFlag("\\Answered"),
    "DELETED": HasFlag("\\Deleted"),
    "DRAFT": HasFlag("\\Draft"),
    "FLAGGED": HasFlag("\\Flagged"),
    "SEEN": HasFlag("\\Seen"),
    "UNANSWERED": Not(HasFlag("\\Answered")),
    "UNDELETED": Not(HasFlag("\\Deleted")),
    "UNDRAFT": Not(HasFlag("\\Draft")),
    "UNFLAGGED": Not(HasFlag("\\Flagged")),
    "UNSEEN": Not(HasFlag("\\Seen")),
    # No session is told that a message is recent: any number of them may look at a mailbox at once.
    "RECENT": Not(Everything()),
    "NEW": Not(Everything()),
    "OLD": Everything(),
}

_WITH_ARGUMENT: dict[str, Callable[[Scanner], Criterion]] = {
    "KEYWORD": _keyword,
    "UNKEYWORD": _unkeyword,
    "BEFORE": _received(When.BEFORE),
    "ON": _received(When.ON),
    "SINCE": _received(When.SINCE),
    "SENTBEFORE": _written(When.BEFORE),
    "SENTON": _written(When.ON),
    "SENTSINCE": _written(When.SINCE),
    "LARGER": lambda scanner: LargerThan(scanner.number()),
    "SMALLER": lambda scanner: SmallerThan(scanner.number()),
    "OLDER": lambda scanner: Within(scanner.number(least=1), older=True),
    "YOUNGER": lambda scanner: Within(scanner.number(least=1), older=False),
    "UID": lambda scanner: InNumbers((), scanner.numbers(), by_uid=True),
    "HEADER": _header,
    "BCC": _field("bcc"),
    "CC": _field("cc"),
    "FROM": _field("from"),
    "SUBJECT": _field("subject"),
    "TO": _field("to"),
    "BODY": lambda scanner: BodyHas(scanner.text_string()),
    "TEXT": lambda scanner: TextHas(scanner.text_string()),
}


def resolve(criterion: Criterion, to_uids: Callable[[NumberSet, bool], list[tuple[int, int]]]) -> Criterion:
    """The criterion with the client's numbers made ranges of UIDs by `to_uids`."""
    match criterion:
        case InNumbers():
            return InUids(tuple(to_uids(criterion.numbers, criterion.by_uid)))
        case Not(inner):
            return Not(resolve(inner, to_uids))
        case Both(criteria):
            return Both(tuple(resolve(one, to_uids) for one in criteria))
        case Either(criteria):
            return Either(tuple(resolve(one, to_uids) for one in criteria))
    return criterion
