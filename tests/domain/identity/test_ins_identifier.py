"""An INS with its authority, in the CX form of HL7."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.identity.values import (
    IdentifierProblem,
    Ins,
    InsIdentifier,
    InsOid,
    InvalidIdentifier,
    InvalidIns,
)

JEANNE = InsIdentifier(Ins("279035121518989"), InsOid.NIR_TEST)


def test_cx_is_written_with_its_three_parts_only():
    assert JEANNE.cx() == "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH"


@pytest.mark.parametrize(
    "written",
    [
        "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH",
        "279035121518989^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH",
        "279035121518989^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS",
        "279035121518989^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS^^20200101",
        "279035121518989^^^&1.2.250.1.213.1.4.10&ISO",
        "279035121518989^^^&1.2.250.1.213.1.4.10",
        " 2 79 03 51 215 189 89^^^&urn:oid:1.2.250.1.213.1.4.10&iso^NH ",
    ],
)
def test_cx_of_other_software_is_read(written):
    assert InsIdentifier.parse_cx(written) == JEANNE


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("279035121518989", IdentifierProblem.NO_AUTHORITY),
        ("279035121518989^^^^NH", IdentifierProblem.NO_AUTHORITY),
        ("279035121518989^^^&&ISO^NH", IdentifierProblem.UNKNOWN_AUTHORITY),
        ("279035121518989^^^&1.2.250.1.213.1.4.2&ISO^NH", IdentifierProblem.UNKNOWN_AUTHORITY),
        ("279035121518989^^^&1.2.250.1.213.1.4.10&DNS^NH", IdentifierProblem.WRONG_AUTHORITY_TYPE),
        ("2" * 1000, IdentifierProblem.TOO_LONG),
    ],
)
def test_cx_without_a_known_authority_is_refused(written, code):
    with pytest.raises(InvalidIdentifier) as refused:
        InsIdentifier.parse_cx(written)
    assert refused.value.code is code
    assert "2790351215189" not in str(refused.value)


def test_wrong_key_in_a_cx_is_refused_unless_asked_otherwise():
    written = "209053105611201^^^&1.2.250.1.213.1.4.10&ISO^NH"
    with pytest.raises(InvalidIns):
        InsIdentifier.parse_cx(written)
    assert InsIdentifier.parse_cx(written, check_key=False).cx() == written


@given(st.sampled_from(InsOid), st.integers(0, 999_999))
def test_writing_then_reading_a_cx_changes_nothing(oid, order):
    held = InsIdentifier(Ins.from_body(f"1800175{order:06d}"), oid)
    assert InsIdentifier.parse_cx(held.cx()) == held


@given(st.text(alphabet="^&0123456789ISO. ", max_size=60))
def test_any_text_is_read_or_refused_and_never_crashes(text):
    with contextlib.suppress(InvalidIns, InvalidIdentifier):
        InsIdentifier.parse_cx(text)


def test_test_and_demonstration_authorities_are_told_from_real_ones():
    assert {oid for oid in InsOid if oid.is_test} == {InsOid.NIR_TEST, InsOid.NIR_DEMO}
    assert InsOid.parse(" urn:oid:1.2.250.1.213.1.4.8 ") is InsOid.NIR
    assert InsOid.NIA.urn == "urn:oid:1.2.250.1.213.1.4.9"
    assert [oid.label for oid in InsOid] == ["INS-NIR", "INS-NIA", "INS-NIR-TEST", "INS-NIR-DEMO"]
