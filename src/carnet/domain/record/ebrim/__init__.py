"""Submissions as ebXML registry objects (OASIS ebRIM 3.0 as IHE ITI TF-3 §4.2 uses it): read and written."""

from carnet.domain.record.ebrim.reading import read_submission, submission_from_element
from carnet.domain.record.ebrim.schemes import AssociationType
from carnet.domain.record.ebrim.submission import (
    Association,
    NotASubmission,
    Submission,
    SubmissionProblem,
    SubmissionProblemCode,
)
from carnet.domain.record.ebrim.writing import registry_objects, write_submission

__all__ = [
    "Association",
    "AssociationType",
    "NotASubmission",
    "Submission",
    "SubmissionProblem",
    "SubmissionProblemCode",
    "read_submission",
    "registry_objects",
    "submission_from_element",
    "write_submission",
]
