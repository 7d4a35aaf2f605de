"""The two objects that travel: a document's entry and the set it was submitted in (IHE ITI TF-3 §4.2)."""

from dataclasses import dataclass
from datetime import datetime

from carnet.domain.record.values.codes import AvailabilityStatus, Code
from carnet.domain.record.values.identifiers import PatientId
from carnet.domain.record.values.people import Author


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """What is known of a document without opening it: an XDS DocumentEntry.

    `hash` is SHA-1 in lower-case hexadecimal, `size` is in bytes, times are aware and in UTC. `source_patient_info`
    holds (PID field, HL7 text) pairs, several for a repeated field. `replaces_unique_id` comes from the document
    itself: the metadata say a replacement by an association.
    """

    unique_id: str
    entry_uuid: str = ""
    logical_id: str = ""
    version: int = 1
    mime_type: str = "text/xml"
    status: AvailabilityStatus = AvailabilityStatus.APPROVED
    hash: str = ""
    size: int | None = None
    language: str = ""
    creation_time: datetime | None = None
    service_start: datetime | None = None
    service_stop: datetime | None = None
    authors: tuple[Author, ...] = ()
    legal_authenticator: Author | None = None
    title: str = ""
    comments: str = ""
    class_code: Code | None = None
    type_code: Code | None = None
    format_code: Code | None = None
    facility_type: Code | None = None
    practice_setting: Code | None = None
    confidentiality: tuple[str, ...] = ()
    event_codes: tuple[Code, ...] = ()
    source_patient_id: PatientId | None = None
    source_patient_info: tuple[tuple[str, str], ...] = ()
    patient_id: PatientId | None = None
    repository_unique_id: str = ""
    reference_ids: tuple[str, ...] = ()
    uri: str = ""
    replaces_unique_id: str = ""

    def patient_info(self, field: str) -> tuple[str, ...]:
        """The HL7 texts of one field of sourcePatientInfo, such as `PID-5`."""
        return tuple(text for name, text in self.source_patient_info if name == field)


@dataclass(frozen=True, slots=True)
class SubmissionSet:
    """One act of submitting: an XDS SubmissionSet."""

    unique_id: str
    entry_uuid: str = ""
    source_id: str = ""
    submission_time: datetime | None = None
    patient_id: PatientId | None = None
    content_type: Code | None = None
    authors: tuple[Author, ...] = ()
    status: AvailabilityStatus = AvailabilityStatus.APPROVED
    title: str = ""
    comments: str = ""
    intended_recipients: tuple[str, ...] = ()

    @property
    def author(self) -> Author | None:
        """The author; the DMP wants exactly one."""
        return self.authors[0] if self.authors else None
