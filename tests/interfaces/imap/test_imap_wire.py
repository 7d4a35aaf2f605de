"""Commands assembled from bytes, in whatever pieces they come."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.interfaces.imap.wire import TOO_LONG, CommandReader, Continue, RawCommand, Refused, WireLimits

LIMITS = WireLimits(line=100, literal=20, message=1000)


def taken(reader: CommandReader) -> list[object]:
    found: list[object] = []
    while (one := reader.take_command()) is not None:
        found.append(one)
        if isinstance(one, Refused) and one.fatal:
            break
    return found


def read(data: bytes, pieces: Iterable[int] = ()) -> list[object]:
    """Everything read from `data` cut at `pieces`."""
    reader = CommandReader(LIMITS)
    found: list[object] = []
    cuts = sorted({cut for cut in pieces if cut < len(data)} | {0, len(data)})
    for start, end in pairwise(cuts):
        reader.feed(data[start:end])
        found += taken(reader)
        if found and found[-1] == TOO_LONG:
            break
    return found


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"a NOOP\r\n", [RawCommand(b"a NOOP")]),
        (b"a NOOP\n", [RawCommand(b"a NOOP")]),
        (b"a NOOP\r\nb NOOP\r\n", [RawCommand(b"a NOOP"), RawCommand(b"b NOOP")]),
        (b"a NOOP", []),
        (b"a LOGIN {2}\r\nme x\r\n", [Continue(), RawCommand(b"a LOGIN {2}\r\n x", (b"me",))]),
        (b"a LOGIN {2+}\r\nme {0+}\r\n\r\n", [RawCommand(b"a LOGIN {2+}\r\n {0+}\r\n", (b"me", b""))]),
        (b"a X {3+}\r\n\r\n)\r\n", [RawCommand(b"a X {3+}\r\n", (b"\r\n)",))]),
        (b"a APPEND x {500+}\r\n" + b"y" * 500 + b"\r\n", [RawCommand(b"a APPEND x {500+}\r\n", (b"y" * 500,))]),
    ],
)
def test_commands_and_their_literals_are_assembled(data, found):
    assert read(data) == found


def test_a_literal_that_is_too_large_is_refused_before_it_is_sent():
    [refusal, after] = read(b"a LOGIN {21}\r\nb NOOP\r\n")
    assert isinstance(refusal, Refused)
    assert (refusal.tag, refusal.status, refusal.fatal) == (b"a", "NO", False)
    assert after == RawCommand(b"b NOOP")


def test_a_literal_sent_unasked_that_is_too_large_is_read_to_nowhere():
    data = b"a LOGIN {21+}\r\n" + b"b NOOP\r\n" * 2 + b"12345 {3+}\r\nxyz\r\nc NOOP\r\n"
    [refusal, after] = read(data)
    assert isinstance(refusal, Refused)
    assert refusal.tag == b"a"
    assert after == RawCommand(b"c NOOP")


def test_a_literal_sent_unasked_beyond_all_measure_ends_the_session():
    [refusal] = read(b"a LOGIN {99999999+}\r\nxxxx")
    assert isinstance(refusal, Refused)
    assert refusal.fatal


@pytest.mark.parametrize("data", [b"x" * 101, b"a " + b"x" * 120 + b"\r\n", b"a {1+}\r\nx" * 30])
def test_a_command_that_is_too_long_ends_the_session(data):
    assert read(data)[-1] == TOO_LONG


def test_room_is_asked_for_large_literals_only():
    asked: list[int] = []
    reader = CommandReader(LIMITS, lambda octets: bool(asked.append(octets)))
    reader.feed(b"a APPEND x {20}\r\n" + b"y" * 20 + b"\r\nb APPEND x {21}\r\n")
    first, whole, refusal = taken(reader)
    assert isinstance(first, Continue)
    assert isinstance(whole, RawCommand)
    assert asked == [21]
    assert isinstance(refusal, Refused)
    assert refusal.text.startswith("[UNAVAILABLE]")


WORDS = st.sampled_from(
    b"a NOOP\r\n|b LOGIN {3}\r\n|c LOGIN {3+}\r\n|d APPEND x {30+}\r\n|{25}\r\n|{25+}\r\n|xyz| |\r\n|\n|\r|{"
    b"|9999999999+}\r\n|yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy|\0\xff".split(b"|")
)


@given(st.lists(WORDS, max_size=20).map(b"".join), st.lists(st.integers(0, 300), max_size=30))
def test_the_pieces_that_bytes_come_in_change_nothing(data, cuts):
    assert read(data, cuts) == read(data)


@given(st.binary(max_size=500))
def test_random_bytes_never_crash_the_reader(data):
    read(data, range(0, len(data), 7))


@given(st.binary(max_size=120), st.lists(st.integers(0, 120), max_size=10))
def test_lines_outside_commands_come_whole(data, cuts):
    whole = [line.removesuffix(b"\r") for line in data.split(b"\n")[:-1]]
    reader = CommandReader(LIMITS)
    found: list[object] = []
    edges = sorted({cut for cut in cuts if cut < len(data)} | {0, len(data)})
    for start, end in pairwise(edges):
        reader.feed(data[start:end])
        while (line := reader.take_line(200)) is not None:
            found.append(line)
    assert found == whole
