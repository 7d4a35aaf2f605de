"""RPPS, ADELI, FINESS, the national identifiers built on them, and OIDs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.identity.values import (
    Adeli,
    Finess,
    IdNatPs,
    IdNatPsKind,
    IdNatStruct,
    IdNatStructKind,
    InvalidNumber,
    InvalidOid,
    NumberProblem,
    Oid,
    OidProblem,
    Rpps,
    luhn_is_valid,
)


@pytest.mark.parametrize(
    ("number", "valid"),
    [("99700218896", True), ("99700366240", True), ("10003461033", False), ("01234567893", False)],
)
def test_rpps_with_a_wrong_key_is_a_warning_not_a_refusal(number, valid):
    assert Rpps.parse(number).luhn_is_valid is valid


def test_finess_key_is_checked_where_the_department_has_no_letter():
    assert Finess.parse("75 071 218 4").luhn_is_valid is True
    assert Finess("750712185").luhn_is_valid is False
    assert Finess.parse("2a0000014").luhn_is_valid is None
    assert Adeli("2A1234567").luhn_is_valid is None


@pytest.mark.parametrize(
    ("kind", "written", "code"),
    [
        (Rpps, "", NumberProblem.EMPTY),
        (Rpps, "9970021889", NumberProblem.WRONG_LENGTH),
        (Rpps, "9970021889X", NumberProblem.WRONG_STRUCTURE),
        (Rpps, "9970021889٦", NumberProblem.WRONG_STRUCTURE),
        (Rpps, "9" * 1_000_000, NumberProblem.WRONG_LENGTH),
        (Finess, "A50712184", NumberProblem.WRONG_STRUCTURE),
        (Finess, "75071218", NumberProblem.WRONG_LENGTH),
        (Adeli, "75071218-", NumberProblem.WRONG_STRUCTURE),
    ],
)
def test_what_is_no_number_is_refused_with_its_reason(kind, written, code):
    with pytest.raises(InvalidNumber) as refused:
        kind.parse(written)
    assert refused.value.code is code


@given(st.text(alphabet="0123456789", min_size=10, max_size=10))
def test_exactly_one_last_digit_completes_a_number(start):
    assert sum(luhn_is_valid(f"{start}{digit}") for digit in range(10)) == 1


@given(st.text(alphabet="0123456789", min_size=11, max_size=11), st.integers(0, 10), st.integers(1, 9))
def test_one_wrong_digit_changes_the_verdict_of_a_good_rpps(digits, place, shift):
    wrong = str((int(digits[place]) + shift) % 10)
    if luhn_is_valid(digits):
        assert not Rpps(f"{digits[:place]}{wrong}{digits[place + 1 :]}").luhn_is_valid


def test_national_identifiers_go_there_and_back():
    assert Rpps("99700218896").id_nat == "899700218896"
    assert IdNatPs.parse(" 899700218896 ").rpps == "99700218896"
    assert Finess("754567860").id_nat == "1754567860"
    assert IdNatStruct("1754567860").finess == "754567860"
    assert IdNatStruct("1754567860").kind is IdNatStructKind.FINESS


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("0754567860", IdNatPsKind.ADELI),
        ("3754567860/0012", IdNatPsKind.FINESS_EMPLOYEE),
        ("4123456789/jdupont", IdNatPsKind.SIREN_EMPLOYEE),
        ("512345678901234/7", IdNatPsKind.SIRET_EMPLOYEE),
        ("899700218896", IdNatPsKind.RPPS),
        ("9E12345", IdNatPsKind.STUDENT),
    ],
)
def test_kind_of_a_professional_identifier_is_its_first_digit(written, kind):
    identifier = IdNatPs(written)
    assert identifier.kind is kind
    assert (identifier.rpps is not None) == (kind is IdNatPsKind.RPPS)


def test_employee_of_an_establishment_leads_to_its_finess():
    assert IdNatPs("3754567860/0012").employer_finess == "754567860"
    assert IdNatPs("899700218896").employer_finess is None


@pytest.mark.parametrize(
    ("kind", "written", "code"),
    [
        (IdNatPs, "", NumberProblem.EMPTY),
        (IdNatPs, "7123", NumberProblem.UNKNOWN_PREFIX),
        (IdNatPs, "89970021889", NumberProblem.WRONG_STRUCTURE),
        (IdNatPs, "3754567860/a^b", NumberProblem.WRONG_STRUCTURE),
        (IdNatPs, "3754567860/" + "1" * 60, NumberProblem.WRONG_LENGTH),
        (IdNatStruct, "5754567860", NumberProblem.UNKNOWN_PREFIX),
        (IdNatStruct, "1754567", NumberProblem.WRONG_STRUCTURE),
    ],
)
def test_national_identifiers_that_are_none_are_refused(kind, written, code):
    with pytest.raises(InvalidNumber) as refused:
        kind.parse(written)
    assert refused.value.code is code


@pytest.mark.parametrize(
    "written", ["1.2.250.1.213.1.4.10", "urn:oid:1.2.250.1.213.1.4.10", " URN:OID:1.2.250.1.213.1.4.10"]
)
def test_oid_is_read_with_or_without_its_urn(written):
    assert Oid.parse(written) == "1.2.250.1.213.1.4.10"
    assert Oid.parse(written).urn == "urn:oid:1.2.250.1.213.1.4.10"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("", OidProblem.EMPTY),
        ("1", OidProblem.MALFORMED),
        ("1.2.", OidProblem.MALFORMED),
        ("1..2", OidProblem.MALFORMED),
        ("1.02", OidProblem.MALFORMED),
        ("3.1", OidProblem.MALFORMED),
        ("1.40", OidProblem.MALFORMED),
        ("urn:uuid:1.2", OidProblem.MALFORMED),
        ("1." + "2" * 63, OidProblem.TOO_LONG),
    ],
)
def test_what_is_no_oid_is_refused_with_its_reason(written, code):
    with pytest.raises(InvalidOid) as refused:
        Oid.parse(written)
    assert refused.value.code is code


def test_oid_lies_under_its_root_and_not_under_a_neighbour():
    assert Oid("1.2.250.1.213").is_under("1.2.250")
    assert Oid("1.2.250").is_under("1.2.250")
    assert not Oid("1.2.2501").is_under("1.2.250")


@given(st.integers(0, 1), st.integers(0, 39), st.lists(st.integers(0, 10**6), max_size=7))
def test_writing_then_reading_an_oid_changes_nothing(first, second, rest):
    text = ".".join(map(str, (first, second, *rest)))
    assert Oid.parse(Oid(text).urn) == text
