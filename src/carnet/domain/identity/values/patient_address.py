"""The mail address of a health space: the INS of its holder in the domain of the patients.

ANS, Référentiel socle MSSanté #2 §4.1: the local part is the 15 characters of the matricule. The address is
computed, never published in a directory, and does not say which authority gave the INS.
"""

from enum import StrEnum

from carnet.domain.identity.values.ins import INS_LENGTH, Ins, InvalidIns

# RFC 5321 §4.5.3.1.3: a path has at most 256 octets, brackets included.
_MAX_ADDRESS = 254


class PatientAddressProblem(StrEnum):
    """Why a text is not the address of a health space."""

    NOT_AN_ADDRESS = "not-an-address"
    OTHER_DOMAIN = "other-domain"
    NOT_AN_INS = "not-an-ins"
    WRONG_KEY = "wrong-key"


class InvalidPatientAddress(ValueError):
    """A text that is not the address of a health space; `code` says why, the message does not repeat it."""

    def __init__(self, code: PatientAddressProblem, message: str) -> None:
        super().__init__(message)
        self.code = code


def patient_address(ins: str, domain: str) -> str:
    """The address of the holder whose matricule is `ins`, in the patients' `domain`.

    >>> patient_address(Ins("279035121518989"), "patient.mssante.fr")
    '279035121518989@patient.mssante.fr'
    """
    return f"{ins}@{_same_case(domain)}"


def is_patient_domain(address: str, domain: str) -> bool:
    """True when what follows the last `@` of `address` is the patients' `domain`, whatever its case."""
    return _same_case(address.rpartition("@")[2]) == _same_case(domain)


def parse_patient_address(address: str, domain: str) -> Ins:
    """The INS that `address` names in the patients' `domain`; raises `InvalidPatientAddress`.

    The local part is exactly the 15 characters, 2A and 2B in either case: no separator is taken here, for
    one mailbox has one address.
    """
    local, at, found = address.rpartition("@")
    if not at or not local or not found or len(address) > _MAX_ADDRESS:
        raise InvalidPatientAddress(PatientAddressProblem.NOT_AN_ADDRESS, "an address is local-part@domain")
    if _same_case(found) != _same_case(domain):
        raise InvalidPatientAddress(
            PatientAddressProblem.OTHER_DOMAIN,
            f"the addresses of health spaces end with @{_same_case(domain)}",
        )
    if len(local) != INS_LENGTH or not local.isascii():
        raise InvalidPatientAddress(
            PatientAddressProblem.NOT_AN_INS,
            f"before @ stand the {INS_LENGTH} characters of an INS, key included",
        )
    try:
        ins = Ins(local.upper(), check_key=False)
    except InvalidIns as error:
        raise InvalidPatientAddress(PatientAddressProblem.NOT_AN_INS, f"before @ stands no INS: {error}") from error
    if not ins.key_is_valid:
        raise InvalidPatientAddress(
            PatientAddressProblem.WRONG_KEY,
            f"before @ stands a number whose key is {ins.key} where {ins.expected_key} is expected",
        )
    return ins


def _same_case(domain: str) -> str:
    """A domain as it is compared: small letters, no final dot."""
    return domain.lower().removesuffix(".")
