"""What IMAP is told about a message, against the answers recorded from Dovecot 2.3.19 on the same bytes.

`dovecot_answers.json` holds each message, the ENVELOPE, BODY and BODYSTRUCTURE of Dovecot and its sections, in latin-1.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carnet.domain.messaging.mime.limits import MimeLimits
from carnet.domain.messaging.mime.structure import (
    MessageStructure,
    body_structure,
    envelope,
    header_fields,
    message_structure,
)

ANSWERS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "dovecot_answers.json").read_text("ascii"))
BY_NAME = pytest.mark.parametrize("answer", ANSWERS, ids=[one["name"] for one in ANSWERS])

# Dovecot answers these for parts that hold no further part; RFC 3501 gives them no meaning, and we answer nothing.
LENIENT = re.compile(r"[\d.]+\.1(?:\.MIME)?\Z")


def tokens(answer: bytes) -> list[object]:
    """The answer without its writing: quoted and literal strings alike, in small letters (types have no case)."""
    found: list[object] = []
    at = 0
    while at < len(answer):
        literal = re.compile(rb"\{(\d+)\}\r\n").match(answer, at)
        quoted = re.compile(rb'"((?:[^"\\]|\\.)*)"').match(answer, at)
        other = re.compile(rb"[()]|[^\s()\"{]+").match(answer, at)
        if literal:
            end = literal.end() + int(literal[1])
            found.append(("string", answer[literal.end() : end].lower()))
            at = end
        elif quoted:
            found.append(("string", re.sub(rb"\\(.)", rb"\1", quoted[1]).lower()))
            at = quoted.end()
        elif other:
            found.append(other[0])
            at = other.end()
        else:
            at += 1
    return found


@BY_NAME
def test_envelope_body_and_body_structure_are_those_of_dovecot(answer: dict[str, Any]) -> None:
    raw = answer["raw"].encode("latin-1")
    assert tokens(envelope(raw)) == tokens(answer["envelope"].encode("latin-1"))
    assert tokens(body_structure(raw, extended=False)) == tokens(answer["body"].encode("latin-1"))
    assert tokens(body_structure(raw)) == tokens(answer["body_structure"].encode("latin-1"))


@BY_NAME
def test_sections_are_those_of_dovecot(answer: dict[str, Any]) -> None:
    raw = answer["raw"].encode("latin-1")
    structure = message_structure(raw)
    header = slice(*structure.section("HEADER") or (0, 0))
    compared = 0
    for name, expected in answer["sections"].items():
        if name.startswith("HEADER.FIELDS"):
            names = name[name.index("(") + 1 : -1].split()
            found = header_fields(raw[header], names, excluded=".NOT" in name)
        else:
            span = structure.section(name)
            if span is None and LENIENT.match(name):
                continue
            assert span is not None, name
            found = raw[slice(*span)]
        assert found == expected.encode("latin-1"), name
        compared += 1
    assert compared >= 5


@BY_NAME
def test_a_structure_comes_back_from_storage_unchanged(answer: dict[str, Any]) -> None:
    structure = message_structure(answer["raw"].encode("latin-1"))
    stored = structure.to_json()
    assert MessageStructure.from_json(stored) == structure
    assert b"\\u0000" not in stored


@pytest.mark.parametrize("specification", ["0", "7", "1.9", "MIME", "1.1.1.1", "HEADER.1", "x", "1..2", "1.MIME.2"])
def test_a_section_that_is_not_there_is_none(specification: str) -> None:
    assert message_structure(b"From: a@b.fr\r\n\r\nx\r\n").section(specification) is None


def test_section_names_have_no_case() -> None:
    structure = message_structure(b"From: a@b.fr\r\n\r\nx\r\n")
    assert structure.section("header") == structure.section("HEADER") == (0, 16)
    assert structure.section("1.mime") == (0, 16)


def test_beyond_the_limits_a_part_is_described_as_one_whole() -> None:
    raw = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(60))
    structure = message_structure(raw, MimeLimits(nesting=5))
    assert max(span.path.count(".") for span in structure.parts) == 5
    many = b"Content-Type: multipart/mixed; boundary=q\r\n\r\n" + b"--q\r\n\r\nx\r\n" * 500
    assert len(message_structure(many, MimeLimits(parts=50)).parts) <= 50


def test_a_line_that_only_begins_like_the_boundary_is_text() -> None:
    head = b"Content-Type: multipart/mixed; boundary=q\r\n\r\n"
    raw = head + b"--q\r\n\r\n--qq\r\ntext --q\r\n--q \t\r\n\r\ntwo\r\n--q--\r\n"
    structure = message_structure(raw)
    assert [raw[span.body : span.end] for span in structure.parts] == [b"--qq\r\ntext --q", b"two"]


PIECES = st.sampled_from(
    [
        b"--q\r\n",
        b"--q--\r\n",
        b"\r\n",
        b"\n",
        b"Content-Type: multipart/mixed; boundary=q\r\n",
        b"--",
        b"From: ",
        b"\0",
        b"Content-Type: message/rfc822\r\n",
        b"Subject: \xe9\r\n",
        b'"',
        b"(",
        b"<a@b>",
        b"text",
        b" ",
        b"{3}\r\n",
        b"\\",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES | st.binary(max_size=20), max_size=40).map(b"".join))
def test_any_bytes_have_a_structure_whose_sections_lie_inside(raw: bytes) -> None:
    structure = message_structure(raw)
    for span in (*structure.parts, *structure.messages):
        assert 0 <= span.header <= span.body <= span.end <= len(raw)
    assert structure.parts
    assert b"\0" not in structure.envelope + structure.body_structure
    assert structure.section("HEADER") is not None
    assert MessageStructure.from_json(structure.to_json()) == structure
    for answer in (structure.envelope, structure.body, structure.body_structure):
        marks = [token for token in tokens(answer) if token in (b"(", b")")]
        assert marks.count(b"(") == marks.count(b")")
