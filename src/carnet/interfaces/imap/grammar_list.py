"""What LIST, LSUB and STATUS ask for (RFC 3501 §6.3.8 to §6.3.10, RFC 5258, RFC 5819, RFC 6154)."""

from dataclasses import dataclass

from carnet.interfaces.imap.parser import BadSyntax, Scanner

MAX_PATTERNS = 20

STATUS_ITEMS = frozenset({"MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "HIGHESTMODSEQ", "SIZE"})
_SELECTION = frozenset({"SUBSCRIBED", "REMOTE", "RECURSIVEMATCH", "SPECIAL-USE"})
_RETURN = frozenset({"SUBSCRIBED", "CHILDREN", "SPECIAL-USE"})


@dataclass(frozen=True, slots=True)
class ListFolders:
    """`extended`: the client speaks RFC 5258. `status`: the counts to return with each folder."""

    reference: str
    patterns: tuple[str, ...]
    selection: frozenset[str] = frozenset()
    returned: frozenset[str] = frozenset()
    status: tuple[str, ...] = ()
    extended: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    folder: str
    items: tuple[str, ...]


def parse_list(scanner: Scanner) -> ListFolders:
    """The arguments of LIST."""
    selection: frozenset[str] = frozenset()
    extended = scanner.next_is(b"(")
    if extended:
        selection = frozenset(_options(scanner, _SELECTION))
        scanner.space()
        if "RECURSIVEMATCH" in selection and not selection & {"SUBSCRIBED", "SPECIAL-USE"}:
            raise BadSyntax("RECURSIVEMATCH needs another selection option")
    reference = scanner.folder()
    scanner.space()
    if scanner.skip(b"("):
        extended = True
        patterns = [scanner.folder_pattern()]
        while not scanner.skip(b")"):
            scanner.space()
            patterns.append(scanner.folder_pattern())
            if len(patterns) > MAX_PATTERNS:
                raise BadSyntax(f"At most {MAX_PATTERNS} patterns are matched at once")
    else:
        patterns = [scanner.folder_pattern()]
    if scanner.ended:
        return ListFolders(reference, tuple(patterns), selection, extended=extended)
    scanner.space()
    if scanner.word("RETURN") != "RETURN":
        raise BadSyntax("Expected RETURN after the patterns")
    scanner.space()
    returned, status = _returned(scanner)
    return ListFolders(reference, tuple(patterns), selection, returned, status, extended=True)


def parse_lsub(scanner: Scanner) -> ListFolders:
    """The arguments of LSUB, which is a LIST of subscribed folders."""
    reference = scanner.folder()
    scanner.space()
    return ListFolders(reference, (scanner.folder_pattern(),), frozenset({"SUBSCRIBED"}))


def parse_status(scanner: Scanner) -> Status:
    """The arguments of STATUS."""
    folder = scanner.folder()
    scanner.space()
    return Status(folder, _status_items(scanner))


def _status_items(scanner: Scanner) -> tuple[str, ...]:
    items = _options(scanner, STATUS_ITEMS)
    if not items:
        raise scanner.fail("something to tell of the folder")
    return items


def _options(scanner: Scanner, known: frozenset[str]) -> tuple[str, ...]:
    """Words in parentheses, all of them known, without doubles."""
    found: list[str] = []
    scanner.expect(b"(", "words in parentheses")
    while not scanner.skip(b")"):
        if found:
            scanner.space()
        start = scanner.at
        word = scanner.word("a word")
        if word not in known:
            scanner.at = start
            raise scanner.fail("one of " + ", ".join(sorted(known)))
        found.append(word)
    return tuple(dict.fromkeys(found))


def _returned(scanner: Scanner) -> tuple[frozenset[str], tuple[str, ...]]:
    found: set[str] = set()
    status: tuple[str, ...] = ()
    scanner.expect(b"(", "options in parentheses")
    first = True
    while not scanner.skip(b")"):
        if not first:
            scanner.space()
        first = False
        start = scanner.at
        word = scanner.word("an option")
        if word == "STATUS":
            scanner.space()
            status = _status_items(scanner)
        elif word in _RETURN:
            found.add(word)
        else:
            scanner.at = start
            raise scanner.fail("a known return option")
    return frozenset(found), status
