"""Clinical documents (HL7 CDA R2 as profiled by the CI-SIS): header, body and narrative, read from untrusted bytes."""

from carnet.domain.record.cda.body import (
    BodyProblem,
    BodyRefused,
    EmbeddedDocument,
    EmbeddedFile,
    embedded_document,
    embedded_files,
)
from carnet.domain.record.cda.entry import ClassOf, FormatOf, entry_from_cda, entry_from_header
from carnet.domain.record.cda.header import (
    CdaHeader,
    CdaLevel,
    Organization,
    PatientTraits,
    ServiceEvent,
    read_header,
)
from carnet.domain.record.cda.narrative import render_narrative
from carnet.domain.record.cda.summary import header_rows
from carnet.domain.record.cda.tree import NotCda, clinical_document

__all__ = [
    "BodyProblem",
    "BodyRefused",
    "CdaHeader",
    "CdaLevel",
    "ClassOf",
    "EmbeddedDocument",
    "EmbeddedFile",
    "FormatOf",
    "NotCda",
    "Organization",
    "PatientTraits",
    "ServiceEvent",
    "clinical_document",
    "embedded_document",
    "embedded_files",
    "entry_from_cda",
    "entry_from_header",
    "header_rows",
    "read_header",
    "render_narrative",
]
