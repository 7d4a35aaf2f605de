"""What a submission holds once read."""

from dataclasses import dataclass
from enum import StrEnum

from carnet.domain.record.ebrim.schemes import AssociationType
from carnet.domain.record.values import DocumentEntry, SubmissionSet


class NotASubmission(ValueError):
    """Well-formed XML without a list of registry objects where one belongs."""

    def __init__(self) -> None:
        super().__init__("The XML document is not an ebXML submission of registry objects.")


class SubmissionProblemCode(StrEnum):
    """What the reader met and could not keep."""

    NO_SUBMISSION_SET = "no_submission_set"
    SEVERAL_SUBMISSION_SETS = "several_submission_sets"
    TOO_MANY_OBJECTS = "too_many_objects"
    FOLDER_LEFT_OUT = "folder_left_out"
    EXTRA_METADATA = "extra_metadata"
    BAD_TIME = "bad_time"
    BAD_NUMBER = "bad_number"
    UNKNOWN_STATUS = "unknown_status"
    NOT_A_STABLE_DOCUMENT = "not_a_stable_document"


@dataclass(frozen=True, slots=True)
class SubmissionProblem:
    """One thing left out or misread: its kind, the attribute or object it concerns, the index of its entry if any."""

    code: SubmissionProblemCode
    attribute: str
    entry: int | None = None


@dataclass(frozen=True, slots=True)
class Association:
    """A link between two objects of the registry, by their entryUUIDs (or names inside the submission)."""

    kind: str
    source: str
    target: str
    entry_uuid: str = ""
    slots: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def slot(self, name: str) -> str:
        """The first value of a slot, such as OriginalStatus or PreviousVersion; "" when absent."""
        return next((values[0] for found, values in self.slots if found == name and values), "")


@dataclass(frozen=True, slots=True)
class Submission:
    """The objects of one submission, in their order."""

    submission_set: SubmissionSet | None
    entries: tuple[DocumentEntry, ...] = ()
    associations: tuple[Association, ...] = ()
    problems: tuple[SubmissionProblem, ...] = ()

    @property
    def replacements(self) -> tuple[Association, ...]:
        """The associations that replace a document: from the new entry to the entryUUID of the old one."""
        kinds = (AssociationType.REPLACES, AssociationType.TRANSFORMS_AND_REPLACES)
        return tuple(found for found in self.associations if found.kind in kinds)
