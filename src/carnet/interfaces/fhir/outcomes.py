"""What goes wrong, as an OperationOutcome (FHIR R4 §2.40)."""

from typing import Any


class Refused(Exception):
    """A request that is not answered as asked. ``code`` is of http://hl7.org/fhir/issue-type; ``sentence`` names what
    and where, never a person."""

    def __init__(self, status: int, code: str, sentence: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code
        self.sentence = sentence
        self.headers = headers


def outcome(code: str, sentence: str, severity: str = "error") -> dict[str, Any]:
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": severity, "code": code, "diagnostics": sentence}],
    }
