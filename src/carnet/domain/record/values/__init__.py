"""The value types of the record: what XDS calls metadata, as plain immutable Python.

Lenient to read, strict to write: the readers take what the field sends, `problems` says what breaks the rules.
"""

from carnet.domain.record.values.checks import MetadataProblem, ProblemCode, problems, submission_problems
from carnet.domain.record.values.codes import AvailabilityStatus, Code, confidentiality_code
from carnet.domain.record.values.entries import DocumentEntry, SubmissionSet
from carnet.domain.record.values.identifiers import INS_OIDS, PatientId, is_oid, is_unique_id
from carnet.domain.record.values.people import Author
from carnet.domain.record.values.times import Dtm, format_dtm, parse_dtm, parse_ts

__all__ = [
    "INS_OIDS",
    "Author",
    "AvailabilityStatus",
    "Code",
    "DocumentEntry",
    "Dtm",
    "MetadataProblem",
    "PatientId",
    "ProblemCode",
    "SubmissionSet",
    "confidentiality_code",
    "format_dtm",
    "is_oid",
    "is_unique_id",
    "parse_dtm",
    "parse_ts",
    "problems",
    "submission_problems",
]
