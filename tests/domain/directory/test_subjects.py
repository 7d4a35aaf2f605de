"""A certificate's subject is one value, however a list, a program or the certificate itself writes it."""

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.directory.subjects import (
    MAX_SUBJECT_LENGTH,
    InvalidSubject,
    Subject,
    fingerprint,
    subject_of,
    written_organization,
)

CANONICAL = "C=fr,CN=mss.chu.fr,O=chu de là\\, site nord,OU=0002 123456789,ST=paris (75)"


@pytest.mark.parametrize(
    "written",
    [
        "CN=mss.chu.fr,OU=0002 123456789,O=CHU de là\\, site nord,ST=Paris (75),C=FR",
        "CN=mss.chu.fr,OU=0002 123456789,O=CHU de là, site nord,ST=Paris (75),C=FR",
        'C = FR, ST = Paris (75), O = "CHU de là, site nord", OU = 0002 123456789, CN = MSS.chu.fr',
        "/C=FR/ST=Paris (75)/O=CHU de là, site nord/OU=0002 123456789/CN=mss.chu.fr",
        "/C=FR/ST=Paris (75)/O=CHU de l\\xC3\\xA0, site nord/OU=0002 123456789/CN=mss.chu.fr",
        "CN=mss.chu.fr;OU=0002  123456789;O=CHU de l\\C3\\A0\\2C site nord;S=Paris (75);C=FR",
        "2.5.4.3=mss.chu.fr,OID.2.5.4.11=0002 123456789,O=CHU de la\u0300\\, site nord,ST=Paris (75),countryName=fr",
        "CN=mss.chu.fr+OU=0002 123456789,O=CHU de là\\, site nord,\n ST=Paris (75),C=FR",
    ],
)
def test_one_subject_in_many_writings(written):
    assert Subject.parse(written) == CANONICAL
    assert fingerprint(Subject.parse(written)) == fingerprint(CANONICAL)


@pytest.mark.parametrize(
    "other",
    [
        "CN=mss.chu.fr,OU=0002 123456789,O=CHU de là\\, site sud,ST=Paris (75),C=FR",
        "CN=mss.chu.fr,OU=0002 123456789,O=CHU de là\\, site nord,ST=Paris (75)",
        "CN=mss.chu.fr,CN=mss.chu.fr,OU=0002 123456789,O=CHU de là\\, site nord,ST=Paris (75),C=FR",
        "CN=mss.chu.fr,O=0002 123456789,OU=CHU de là\\, site nord,ST=Paris (75),C=FR",
        # One value that looks like two attributes is not two attributes.
        "CN=mss.chu.fr\\,OU=0002 123456789,O=CHU de là\\, site nord,ST=Paris (75),C=FR",
    ],
)
def test_what_differs_is_another_subject(other):
    assert Subject.parse(other) != CANONICAL


@pytest.mark.parametrize(
    "bad",
    [
        "", "   ", "mss.chu.fr", "CN", "CN=", "CN=a,O=", "PLANET=earth", "CN=a\\", 'CN="a', 'CN="a"b', "CN=\\ff",
        "CN=a\x00b", "CN=a\\00b", "CN=" + "a" * MAX_SUBJECT_LENGTH, ",".join(["OU=a"] * 51), "CN=a,O=x,PLANET=earth",
    ],
)  # fmt: skip
def test_what_is_no_subject_is_told_and_not_repeated(bad):
    with pytest.raises(InvalidSubject) as problem:
        Subject.parse(bad)
    assert len(bad.strip()) < 4 or bad not in str(problem.value)


def test_the_organisation_is_shown_as_the_list_writes_it():
    assert written_organization("CN=mss.chu.fr,O=CHU de là\\, site nord,C=FR") == "CHU de là, site nord"
    assert written_organization("CN=mss.chu.fr,C=FR") == "mss.chu.fr"
    assert written_organization("nonsense") == ""


TYPES = [
    NameOID.COMMON_NAME,
    NameOID.ORGANIZATION_NAME,
    NameOID.ORGANIZATIONAL_UNIT_NAME,
    NameOID.STATE_OR_PROVINCE_NAME,
    x509.ObjectIdentifier("1.2.250.1.71"),
]
VALUES = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co")), min_size=1, max_size=20).filter(
    lambda text: text.strip() != "" and text == text.strip() and " ".join(text.split()) != ""
)
KEY = ec.generate_private_key(ec.SECP256R1())


def certificate(name):
    at = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(KEY.public_key())
    builder = builder.serial_number(1).not_valid_before(at).not_valid_after(at + datetime.timedelta(days=1))
    return builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@given(st.lists(st.tuples(st.sampled_from(TYPES), VALUES), min_size=1, max_size=6), st.randoms())
def test_a_certificate_and_its_writing_by_the_standard_are_one_subject(pairs, chance):
    name = x509.Name([x509.NameAttribute(kind, value) for kind, value in pairs])
    found = subject_of(certificate(name))
    assert Subject.parse(name.rfc4514_string()) == found
    assert Subject.parse(str(found)) == found
    chance.shuffle(pairs)
    shuffled = x509.Name([x509.NameAttribute(kind, value) for kind, value in pairs])
    assert Subject.parse(shuffled.rfc4514_string()) == found


@given(st.text(max_size=300))
def test_any_text_is_a_subject_or_told_why_not(text):
    try:
        found = Subject.parse(text)
    except InvalidSubject:
        return
    assert Subject.parse(found) == found


@given(st.binary(max_size=300))
def test_bytes_that_are_no_certificate_are_told(data):
    with pytest.raises(InvalidSubject):
        subject_of(data)
