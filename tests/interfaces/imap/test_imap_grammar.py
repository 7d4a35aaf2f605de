"""What commands mean, and that what is no command is said to be none."""

import contextlib
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.messaging.folder_values import StoreMode
from carnet.domain.messaging.queries.criteria import (
    BodyHas,
    Both,
    Either,
    Everything,
    HasFlag,
    HeaderHas,
    LargerThan,
    ModifiedAt,
    Not,
    Received,
    TextHas,
    When,
    Written,
)
from carnet.interfaces.imap.grammar import (
    _READERS,
    _WITHOUT,
    Append,
    Authenticate,
    BadCommand,
    Command,
    CopyTo,
    Login,
    Open,
    Rename,
    Store,
    parse_command,
)
from carnet.interfaces.imap.grammar_fetch import BodyItem, Fetch, Section
from carnet.interfaces.imap.grammar_list import ListFolders, Status
from carnet.interfaces.imap.grammar_search import InNumbers, SearchFor
from carnet.interfaces.imap.parser import NumberSet
from carnet.interfaces.imap.server import COMMANDS
from carnet.interfaces.imap.wire import CommandReader, Continue, RawCommand, WireLimits

ALL = NumberSet(((1, None),))
ONE = NumberSet(((1, 1),))
SUBJECT = BodyItem("BODY[HEADER.FIELDS (SUBJECT DATE)]", Section("", "HEADER.FIELDS", (b"SUBJECT", b"DATE")), peek=True)


def parsed(text: bytes) -> Command:
    """The command as the wire and the grammar read it."""
    reader = CommandReader(WireLimits(100_000, 10_000, 10_000))
    reader.feed(text + b"\r\n")
    raw = reader.take_command()
    while isinstance(raw, Continue):
        raw = reader.take_command()
    assert isinstance(raw, RawCommand)
    return parse_command(raw)


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        (b"a NOOP", None),
        (b'a LOGIN me "pa\\"ss \\\\ word"', Login("me", 'pa"ss \\ word')),
        (b"a LOGIN {2+}\r\nme {4+}\r\n\xc3\xa9t ", Login("me", "ét ")),
        (b"a authenticate plain", Authenticate("PLAIN", None)),
        (b"a AUTHENTICATE PLAIN AG1lAHg=", Authenticate("PLAIN", b"AG1lAHg=")),
        (b"a SELECT inbox", Open("inbox")),
        (b'a SELECT "&AMk-l&AOk-ments" (CONDSTORE)', Open("Éléments", condstore=True)),
        (b"a RENAME x {1+}\r\ny", Rename("x", "y")),
        (b'a LIST "" *', ListFolders("", ("*",))),
        (b'a LIST (SUBSCRIBED) "" (a% "b") RETURN (CHILDREN STATUS (UNSEEN))',
         ListFolders("", ("a%", "b"), frozenset({"SUBSCRIBED"}), frozenset({"CHILDREN"}), ("UNSEEN",), extended=True)),
        (b"a STATUS x (MESSAGES UIDNEXT)", Status("x", ("MESSAGES", "UIDNEXT"))),
        (b'a APPEND x (\\seen $K) " 1-Feb-2026 12:30:00 +0100" {3+}\r\nabc',
         Append("x", ("\\Seen", "$K"), datetime(2026, 2, 1, 11, 30, tzinfo=UTC), b"abc")),
        (b"a APPEND x {3+}\r\nabc", Append("x", (), None, b"abc")),
        (b"a COPY 1 x", CopyTo(ONE, "x")),
        (b"a UID EXPUNGE 1:*", ALL),
        (b"a STORE 1 +FLAGS (\\Deleted k)", Store(ONE, StoreMode.ADD, ("\\Deleted", "k"))),
        (b"a STORE 1 -flags.silent \\Deleted", Store(ONE, StoreMode.REMOVE, ("\\Deleted",), silent=True)),
        (b"a STORE 1 (UNCHANGEDSINCE 7) FLAGS ()", Store(ONE, StoreMode.REPLACE, (), unchanged_since=7)),
        (b"a FETCH 1 FAST", Fetch(ONE, ("FLAGS", "INTERNALDATE", "RFC822.SIZE"))),
        (b"a FETCH 1:* (UID FLAGS) (CHANGEDSINCE 9)", Fetch(ALL, ("UID", "FLAGS", "MODSEQ"), 9)),
        (b"a FETCH 1 BODY", Fetch(ONE, ("BODY",))),
        (b"a FETCH 1 body[]", Fetch(ONE, (BodyItem("BODY[]", Section()),))),
        (b"a FETCH 1 BODY.PEEK[1.2.MIME]<0.10>",
         Fetch(ONE, (BodyItem("BODY[1.2.MIME]<0>", Section("1.2", "MIME"), peek=True, partial=(0, 10)),))),
        (b'a FETCH 1 BODY.PEEK[HEADER.FIELDS (subject "Date")]', Fetch(ONE, (SUBJECT,))),
        (b"a FETCH 1 RFC822.HEADER", Fetch(ONE, (BodyItem("RFC822.HEADER", Section("", "HEADER"), peek=True),))),
        (b"a ENABLE CONDSTORE x", ("CONDSTORE", "X")),
        (b'a ID ("name" "x" "os" NIL)', None),
    ],
)  # fmt: skip
def test_commands_are_read(text, arguments):
    command = parsed(text)
    assert (command.tag, command.arguments) == ("a", arguments)


@pytest.mark.parametrize(
    ("text", "criteria", "tells_modseq"),
    [
        (b"ALL", (Everything(),), False),
        (b"1:* UNSEEN", (InNumbers((), ALL, by_uid=False), Not(HasFlag("\\Seen"))), False),
        (b"UID 1:* KEYWORD $Forwarded", (InNumbers((), ALL, by_uid=True), HasFlag("$Forwarded")), False),
        (b'CHARSET UTF-8 SUBJECT "\xc3\xa9t\xc3\xa9"', (HeaderHas("subject", "été"),), False),
        (b"OR FROM a NOT (BODY b TEXT {1+}\r\nc)",
         (Either((HeaderHas("from", "a"), Not(Both((BodyHas("b"), TextHas("c")))))),), False),
        (b'SINCE 1-Feb-2026 SENTBEFORE "28-Feb-2026"',
         (Received(When.SINCE, date(2026, 2, 1)), Written(When.BEFORE, date(2026, 2, 28))), False),
        (b"LARGER 100 HEADER X-MSS-MES \"\"", (LargerThan(100), HeaderHas("x-mss-mes", "")), False),
        (b'MODSEQ "/flags/\\\\draft" all 620162338', (ModifiedAt(620162338),), True),
    ],
)  # fmt: skip
def test_searches_are_read(text, criteria, tells_modseq):
    assert parsed(b"a SEARCH " + text).arguments == SearchFor(Both(criteria), tells_modseq)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (b"", "Expected a tag at octet 1"),
        (b"a", "Expected a space at octet 2"),
        (b"a FROB", "This command is not known here"),
        (b"a NOOP now", "Expected the end of the command at octet 8"),
        (b"a UID NOOP", "UID goes before"),
        (b"a LOGIN me", "Expected a space"),
        (b'a LOGIN me "x', "Expected the end of the quoted string"),
        (b"a LOGIN me \xff", "Expected an atom or a string"),
        (b'a LOGIN me "\xff"', "Expected text in UTF-8"),
        (b"a SELECT &AOk", "Expected a folder name in modified UTF-7"),
        (b"a SELECT &AGE-", "Expected a folder name in modified UTF-7"),
        (b"a SELECT x (RESYNC)", "only CONDSTORE and QRESYNC are known"),
        (b"a FETCH 0 FLAGS", "Expected numbers from 1"),
        (b"a FETCH 4294967296 FLAGS", "Expected numbers from 1"),
        (b"a FETCH 1: FLAGS", "Expected a set of numbers"),
        (b"a FETCH 1 ()", "Expected an item"),
        (b"a FETCH 1 (FAST)", "Expected a known item"),
        (b"a FETCH 1 BODY[MIME]", "Expected the number of a part"),
        (b"a FETCH 1 BODY[1.]", "Expected the end of the section"),
        (b"a FETCH 1 BODY[]<0.0>", "Expected a number from 1"),
        (b"a STORE 1 FLAGS (\\Recent)", "A flag is not known"),
        (b"a STORE 1 FLAGS (\\Nonsense)", "A flag is not known"),
        (b"a STORE 1 KEYWORDS (x)", "Expected FLAGS"),
        (b'a APPEND x "not a date" {1+}\r\nx', "Expected a date"),
        (b"a APPEND x message", "Expected the message as a literal"),
        (b"a SEARCH", "Expected a space"),
        (b"a SEARCH FROB", "Expected a known search key"),
        (b"a SEARCH SINCE 31-Feb-2026", "Expected a day"),
        (b"a SEARCH " + b"(" * 30, "levels deep"),
        (b"a SEARCH " + b"NOT " * 600 + b"ALL", "levels deep"),
        (b"a SEARCH CHARSET KOI8-R ALL", "[BADCHARSET"),
    ],
)
def test_what_is_wrong_is_told_without_repeating_it(text, answer):
    with pytest.raises(BadCommand) as refused:
        parsed(text)
    assert answer in refused.value.text


def test_a_wrong_command_is_answered_under_its_own_tag():
    with pytest.raises(BadCommand) as refused:
        parsed(b"tag.7 FETCH")
    assert refused.value.tag == "tag.7"


@pytest.mark.parametrize(
    ("text", "largest", "found"),
    [
        (b"1:3,2:5", 10, [(1, 5)]),
        (b"*", 10, [(10, 10)]),
        (b"12:*", 10, [(10, 12)]),
        (b"*:2,1", 10, [(1, 10)]),
        (b"7,5,6", 10, [(5, 7)]),
        (b"*", 0, []),
    ],
)
def test_sets_of_numbers_are_put_in_order(text, largest, found):
    assert parsed(b"a UID EXPUNGE " + text).arguments.within(largest) == found


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_that_can_be_done_is_read(name):
    with contextlib.suppress(BadCommand):
        assert parsed(b"a " + name.encode()).name == name
    assert name in _WITHOUT or name in _READERS


def test_every_command_that_is_read_can_be_done():
    assert set(COMMANDS) == {*_WITHOUT, *_READERS}


VERBS = st.sampled_from([*(name.encode() for name in COMMANDS), b"UID FETCH", b"UID STORE", b"UID"])
TOKENS = st.sampled_from(
    b' |(|)|[|]|<|>|"|\\|*|%|1:*|1,2|4294967296|{2+}\r\n|FLAGS|BODY[|BODY.PEEK[1.HEADER.FIELDS (|NOT|OR|SINCE|UID'
    b"|1-Feb-2026|&AOk-|\\Seen|+FLAGS|RETURN|CHARSET|NIL|\xc3\xa9|\0|x|MODSEQ|.|HEADER".split(b"|")
)


@given(VERBS, st.lists(TOKENS, max_size=15).map(b"".join))
def test_commands_of_any_shape_are_read_or_refused(verb, rest):
    reader = CommandReader(WireLimits(100_000, 10_000, 10_000))
    reader.feed(b"a " + verb + b" " + rest + b"xx\r\n")
    raw = reader.take_command()
    if isinstance(raw, RawCommand):
        with contextlib.suppress(BadCommand):
            assert parse_command(raw).tag == "a"


@given(st.binary(max_size=300), st.lists(st.binary(max_size=5), max_size=3))
def test_random_bytes_are_read_or_refused(text, literals):
    announced = b"".join(b"{%d}\r\n" % len(one) for one in literals)
    with contextlib.suppress(BadCommand):
        parse_command(RawCommand(b"a " + text.replace(b"}\r\n", b"") + announced, tuple(literals)))
