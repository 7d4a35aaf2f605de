"""Domains and mailbox addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.directory.values import (
    AddressProblem,
    Domain,
    InvalidAddress,
    MailboxAddress,
    MailboxKind,
)


@pytest.mark.parametrize(
    ("written", "domain"),
    [
        ("medecin.mssante.fr", "medecin.mssante.fr"),
        ("MEDECIN.MSSante.FR.", "medecin.mssante.fr"),
        ("  medecin.mssante.fr ", "medecin.mssante.fr"),
        ("chu-orléans.mssante.fr", "xn--chu-orlans-h7a.mssante.fr"),
        ("CHU-ORLÉANS.mssante.fr", "xn--chu-orlans-h7a.mssante.fr"),
        ("chu-orle\u0301ans.mssante.fr", "xn--chu-orlans-h7a.mssante.fr"),
        ("XN--chu-orlans-h7a.mssante.fr", "xn--chu-orlans-h7a.mssante.fr"),
        ("medecin。mssante．fr", "medecin.mssante.fr"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("localhost", "localhost"),
    ],
)
def test_every_writing_of_a_domain_is_one_value(written, domain):
    assert Domain.parse(written) == domain


def test_domain_is_shown_in_its_own_alphabet():
    assert Domain.parse("CHU-ORLÉANS.mssante.fr").unicode == "chu-orléans.mssante.fr"
    assert Domain("xn--zzzzzz99999999.fr").unicode.endswith(".fr")


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("", AddressProblem.EMPTY),
        (".", AddressProblem.EMPTY),
        ("a..fr", AddressProblem.DOMAIN),
        ("-a.fr", AddressProblem.DOMAIN),
        ("a-.fr", AddressProblem.DOMAIN),
        ("a_b.fr", AddressProblem.DOMAIN),
        ("a b.fr", AddressProblem.DOMAIN),
        ("a\x00.fr", AddressProblem.DOMAIN),
        ("[192.0.2.1]", AddressProblem.DOMAIN),
        ("a" * 64 + ".fr", AddressProblem.DOMAIN),
        ("a․b.fr", AddressProblem.DOMAIN),
        ("\ud800.fr", AddressProblem.DOMAIN),
        ("é" * 63 + ".fr", AddressProblem.DOMAIN),
        ("straße.fr", AddressProblem.AMBIGUOUS_DOMAIN),
        ("a\u200db.fr", AddressProblem.AMBIGUOUS_DOMAIN),
        ("a." * 127 + "fr", AddressProblem.TOO_LONG),
        ("é" * 1_000_000, AddressProblem.TOO_LONG),
    ],
)
def test_what_is_no_domain_is_refused_with_its_reason(written, code):
    with pytest.raises(InvalidAddress) as refused:
        Domain.parse(written)
    assert refused.value.code is code


@given(st.text(max_size=60))
def test_any_text_is_a_domain_that_reads_again_as_itself_or_is_refused(text):
    try:
        domain = Domain.parse(text)
    except InvalidAddress:
        return
    assert domain.isascii()
    assert Domain.parse(domain) == domain == Domain(domain)


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("jeanne.martin@medecin.mssante.fr", "jeanne.martin@medecin.mssante.fr"),
        ("Jeanne.Martin@MEDECIN.mssante.fr", "Jeanne.Martin@medecin.mssante.fr"),
        (" <jeanne@medecin.mssante.fr> ", "jeanne@medecin.mssante.fr"),
        ("mailto:jeanne@medecin.mssante.fr", "jeanne@medecin.mssante.fr"),
        ('"jeanne.martin"@medecin.mssante.fr', "jeanne.martin@medecin.mssante.fr"),
        ("o'brien+mss@x.fr", "o'brien+mss@x.fr"),
        ("rené@chu-orléans.mssante.fr", "rené@xn--chu-orlans-h7a.mssante.fr"),
    ],
)
def test_address_is_read_leniently_and_held_strictly(written, address):
    assert MailboxAddress.parse(written) == address


def test_parts_of_an_address_have_names():
    address = MailboxAddress.parse("René.Martin@CHU-Orléans.mssante.fr")
    assert (address.local, address.domain) == ("René.Martin", "xn--chu-orlans-h7a.mssante.fr")
    assert address.display == "René.Martin@chu-orléans.mssante.fr"
    assert address.key == "rené.martin@xn--chu-orlans-h7a.mssante.fr"
    assert address.needs_smtputf8
    assert not MailboxAddress.parse("rene@chu-orléans.fr").needs_smtputf8


def test_case_and_composition_do_not_make_two_mailboxes():
    one = MailboxAddress.parse("284052A32102552@patient.mssante.fr")
    assert one.names_same_mailbox_as(MailboxAddress.parse("284052a32102552@PATIENT.mssante.fr"))
    assert MailboxAddress.parse("rene\u0301@x.fr").key == MailboxAddress.parse("REN\u00c9@x.fr").key
    assert not one.names_same_mailbox_as(MailboxAddress.parse("284052A32102552@medecin.mssante.fr"))


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("", AddressProblem.EMPTY),
        ("<>", AddressProblem.EMPTY),
        ("jeanne", AddressProblem.NO_AT),
        ("@x.fr", AddressProblem.LOCAL_PART),
        ("jeanne@", AddressProblem.EMPTY),
        (".jeanne@x.fr", AddressProblem.LOCAL_PART),
        ("jeanne.@x.fr", AddressProblem.LOCAL_PART),
        ("jeanne..martin@x.fr", AddressProblem.LOCAL_PART),
        ("jeanne martin@x.fr", AddressProblem.LOCAL_PART),
        ("jeanne@martin@x.fr", AddressProblem.LOCAL_PART),
        ('"jeanne martin"@x.fr', AddressProblem.LOCAL_PART),
        ("jeanne\u202emartin@x.fr", AddressProblem.LOCAL_PART),
        ("jeanne\u00a0martin@x.fr", AddressProblem.LOCAL_PART),
        ("jeanne@x.fr\r\nBcc: eve@x.fr", AddressProblem.CONTROL_CHARACTER),
        ("jeanne@x.fr\n", AddressProblem.CONTROL_CHARACTER),
        ("jeanne\x00@x.fr", AddressProblem.CONTROL_CHARACTER),
        ("jeanne\ud800@x.fr", AddressProblem.CONTROL_CHARACTER),
        ("jeanne@-x.fr", AddressProblem.DOMAIN),
        ("é" * 33 + "@x.fr", AddressProblem.LOCAL_PART_TOO_LONG),
        ("a" * 65 + "@x.fr", AddressProblem.LOCAL_PART_TOO_LONG),
        ("a" * 60 + "@" + "b" * 60 + "." + "c" * 60 + "." + "d" * 60 + "." + "e" * 20, AddressProblem.TOO_LONG),
        ("a" * 5_000_000, AddressProblem.TOO_LONG),
    ],
)
def test_what_is_no_address_is_refused_with_its_reason(written, code):
    with pytest.raises(InvalidAddress) as refused:
        MailboxAddress.parse(written)
    assert refused.value.code is code
    assert "jeanne" not in str(refused.value)


def test_longest_local_part_is_taken():
    assert MailboxAddress.parse("a" * 64 + "@x.fr").local == "a" * 64
    assert MailboxAddress.parse("é" * 32 + "@x.fr").local == "é" * 32


def test_constructor_takes_the_held_form_only():
    for written in ("jeanne@X.fr", "jeanne@é.fr", " jeanne@x.fr", "jeanne"):
        with pytest.raises(InvalidAddress):
            MailboxAddress(written)


def test_who_the_address_names_does_not_show_in_a_trace():
    assert repr(MailboxAddress("279035121518989@patient.mssante.fr")) == "MailboxAddress('…@patient.mssante.fr')"


local_parts = st.lists(
    st.text(alphabet="abcXYZ019!#$%&'*+-/=?^_`{|}~éÀß李", min_size=1, max_size=6), min_size=1, max_size=3
).map(".".join)


@given(local_parts, st.sampled_from(["x.fr", "chu-orléans.fr", "A.B-c.D"]))
def test_reading_what_was_written_changes_nothing(local, domain):
    address = MailboxAddress.parse(f"{local}@{domain}")
    assert address.local == local
    assert MailboxAddress.parse(address) == address
    assert MailboxAddress.parse(address.display) == address
    assert MailboxAddress.parse(address.key).key == address.key


@given(st.text(max_size=60))
def test_any_text_is_an_address_without_line_break_or_is_refused(text):
    try:
        address = MailboxAddress.parse(text)
    except InvalidAddress:
        return
    assert address.splitlines() == [address]
    assert MailboxAddress.parse(address) == address


@pytest.mark.parametrize(
    ("written", "kind"), [("PER", "PER"), ("pers", "PER"), (" org ", "ORG"), ("CAB", "CAB"), ("X", None)]
)
def test_kind_is_read_in_each_of_its_writings(written, kind):
    assert MailboxKind.parse(written) == kind
