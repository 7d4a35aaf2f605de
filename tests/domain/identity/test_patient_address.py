"""The mail address of a health space."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.domain.identity.values import (
    Ins,
    InvalidPatientAddress,
    PatientAddressProblem,
    is_patient_domain,
    parse_patient_address,
    patient_address,
)

DOMAIN = "patient.mssante.fr"


def test_address_is_the_ins_in_the_domain_of_the_patients():
    assert patient_address(Ins("279035121518989"), DOMAIN) == "279035121518989@patient.mssante.fr"


@pytest.mark.parametrize(
    "address",
    [
        "284052A32102552@patient.mssante.fr",
        "284052a32102552@patient.mssante.fr",
        "284052a32102552@PATIENT.MSSante.FR",
        "284052A32102552@patient.mssante.fr.",
    ],
)
def test_address_is_read_in_any_case(address):
    assert parse_patient_address(address, "Patient.mssante.fr") == "284052A32102552"


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("", PatientAddressProblem.NOT_AN_ADDRESS),
        ("279035121518989", PatientAddressProblem.NOT_AN_ADDRESS),
        ("@patient.mssante.fr", PatientAddressProblem.NOT_AN_ADDRESS),
        ("279035121518989@", PatientAddressProblem.NOT_AN_ADDRESS),
        ("2" * 5000 + "@patient.mssante.fr", PatientAddressProblem.NOT_AN_ADDRESS),
        ("279035121518989@medecin.mssante.fr", PatientAddressProblem.OTHER_DOMAIN),
        ("279035121518989@evil.patient.mssante.fr", PatientAddressProblem.OTHER_DOMAIN),
        ("279035121518989@patient.mssante.fr.evil.fr", PatientAddressProblem.OTHER_DOMAIN),
        ("2790351215189@patient.mssante.fr", PatientAddressProblem.NOT_AN_INS),
        ("27707279035121518989@patient.mssante.fr", PatientAddressProblem.NOT_AN_INS),
        ("2 79 03 51 215 189 89@patient.mssante.fr", PatientAddressProblem.NOT_AN_INS),
        ("2790351215189.8@patient.mssante.fr", PatientAddressProblem.NOT_AN_INS),
        ("jeanne.martin12@patient.mssante.fr", PatientAddressProblem.NOT_AN_INS),
        ("27903512151898٩@patient.mssante.fr", PatientAddressProblem.NOT_AN_INS),
        ("279035121518912@patient.mssante.fr", PatientAddressProblem.WRONG_KEY),
    ],
)
def test_other_addresses_are_refused_with_their_reason(address, code):
    with pytest.raises(InvalidPatientAddress) as refused:
        parse_patient_address(address, DOMAIN)
    assert refused.value.code is code
    assert "2790351215189" not in str(refused.value)


def test_domain_is_recognised_before_the_number_is_looked_at():
    assert is_patient_domain("anything@PATIENT.mssante.fr", DOMAIN)
    assert not is_patient_domain("anything@xpatient.mssante.fr", DOMAIN)


@given(st.integers(0, 99), st.integers(0, 999_999))
def test_writing_then_reading_an_address_changes_nothing(year, order):
    ins = Ins.from_body(f"2{year:02d}022B{order:06d}")
    address = patient_address(ins, DOMAIN)
    assert parse_patient_address(address, DOMAIN) == ins == parse_patient_address(address.lower(), DOMAIN)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_and_never_crashes(text):
    with pytest.raises(InvalidPatientAddress):
        parse_patient_address(f"{text}x@{DOMAIN}", DOMAIN)
