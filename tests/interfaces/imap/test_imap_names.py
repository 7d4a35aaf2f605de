"""Folder names: their spelling on the wire, and the wildcards that find them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.messaging.folder_values import InvalidFolderName, distinct, flag, folder_name, parents
from carnet.interfaces.imap.patterns import Pattern
from carnet.interfaces.imap.utf7 import BadUtf7, decode_utf7, encode_utf7


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("INBOX", b"INBOX"),
        ("Éléments envoyés", b"&AMk-l&AOk-ments envoy&AOk-s"),
        ("a & b", b"a &- b"),
        ("台北", b"&U,BTFw-"),
        ("~peter/mail/日本語", b"~peter/mail/&ZeVnLIqe-"),
        ("\U0001f600", b"&2D3eAA-"),
    ],
)
def test_names_are_spelt_as_rfc_3501_says(name, wire):
    assert encode_utf7(name) == wire
    assert decode_utf7(wire) == name


@given(st.text(max_size=50))
def test_every_name_has_one_spelling_that_reads_back(name):
    assert decode_utf7(encode_utf7(name)) == name


@given(st.binary(max_size=50))
def test_other_spellings_are_refused(wire):
    try:
        name = decode_utf7(wire)
    except BadUtf7:
        return
    assert encode_utf7(name) == wire


@given(st.text(st.sampled_from("ab/%*"), max_size=12), st.text(st.sampled_from("ab/"), max_size=12))
def test_wildcards_match_as_a_regular_expression_would(pattern, name):
    oracle = "".join({"*": ".*", "%": "[^/]*"}.get(one, re.escape(one)) for one in pattern)
    assert Pattern(pattern).matches(name) == bool(re.fullmatch(oracle, name))


def test_a_wicked_pattern_costs_one_pass():
    assert not Pattern("*a" * 5000 + "b").matches("a" * 200)


def test_inbox_is_found_in_any_case_and_other_names_are_not():
    assert Pattern("inBox").matches("INBOX")
    assert Pattern("inbox/%").matches("INBOX/x")
    assert not Pattern("sent").matches("Sent")


@pytest.mark.parametrize("name", ["", "/", "a//b", "/a", "a*", "a%b", "a\x00", "a\n", "x" * 201, "a/" * 11 + "b"])
def test_names_that_no_folder_can_have_are_refused(name):
    with pytest.raises(InvalidFolderName):
        folder_name(name)


@given(st.text(max_size=30))
def test_a_name_that_is_taken_is_stored_as_it_stands(name):
    try:
        stored = folder_name(name)
    except InvalidFolderName:
        return
    assert folder_name(stored) == stored
    assert all(folder_name(one) == one for one in parents(stored))


def test_flags_are_stored_in_one_spelling():
    assert (flag("\\SEEN"), flag("$Forwarded"), flag("\\Recent"), flag("a b")) == ("\\Seen", "$Forwarded", None, None)
    assert distinct(["a", "A", "b"]) == ["a", "b"]
