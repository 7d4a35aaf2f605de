"""What an archive holds once read, and what was wrong with it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from carnet.domain.record.cda import CdaHeader
from carnet.domain.record.values import DocumentEntry, PatientId, SubmissionSet


class XdmProblem(StrEnum):
    """What can be wrong with an archive. The `fatal` ones mean that nothing of it was taken."""

    NOT_A_ZIP = "not_a_zip"
    DAMAGED = "damaged"
    TOO_BIG = "too_big"
    TOO_MANY_FILES = "too_many_files"
    BOMB = "bomb"
    UNSAFE_PATH = "unsafe_path"
    SYMLINK = "symlink"
    ENCRYPTED = "encrypted"
    DUPLICATE_NAME = "duplicate_name"
    UNSUPPORTED = "unsupported"
    NO_METADATA = "no_metadata"
    METADATA_UNREADABLE = "metadata_unreadable"
    METADATA_INCOMPLETE = "metadata_incomplete"
    NO_DOCUMENT = "no_document"
    TOO_MANY_DOCUMENTS = "too_many_documents"
    DOCUMENT_MISSING = "document_missing"
    DOCUMENT_UNREADABLE = "document_unreadable"
    DOCUMENT_NOT_CDA = "document_not_cda"
    DOCUMENT_NOT_DESCRIBED = "document_not_described"
    DOCUMENT_TWICE = "document_twice"
    HASH_MISSING = "hash_missing"
    HASH_MISMATCH = "hash_mismatch"
    SIZE_MISMATCH = "size_mismatch"
    UNIQUE_ID_MISMATCH = "unique_id_mismatch"

    @property
    def fatal(self) -> bool:
        """Whether the archive is refused as a whole."""
        return self in _FATAL

    @property
    def withholds(self) -> bool:
        """Whether something of the archive was not given to its reader."""
        return self in _WITHHOLDING

    @property
    def could_harm(self) -> bool:
        """Whether what was not given could have done something to its reader's device."""
        return self.fatal or self is XdmProblem.DOCUMENT_UNREADABLE

    @property
    def sentence(self) -> str:
        """The problem in words, without any of the archive's content."""
        return _SENTENCES[self]


_FATAL: Final = frozenset(
    {
        XdmProblem.NOT_A_ZIP,
        XdmProblem.DAMAGED,
        XdmProblem.TOO_BIG,
        XdmProblem.TOO_MANY_FILES,
        XdmProblem.BOMB,
        XdmProblem.UNSAFE_PATH,
        XdmProblem.SYMLINK,
        XdmProblem.ENCRYPTED,
        XdmProblem.DUPLICATE_NAME,
        XdmProblem.UNSUPPORTED,
    }
)
_WITHHOLDING: Final = _FATAL | {
    XdmProblem.TOO_MANY_DOCUMENTS,
    XdmProblem.DOCUMENT_MISSING,
    XdmProblem.DOCUMENT_UNREADABLE,
    XdmProblem.DOCUMENT_NOT_CDA,
    XdmProblem.DOCUMENT_NOT_DESCRIBED,
}
_SENTENCES: Final = {
    XdmProblem.NOT_A_ZIP: "The file is not a zip archive.",
    XdmProblem.DAMAGED: "The archive is truncated or damaged.",
    XdmProblem.TOO_BIG: "The archive, or what it unpacks to, is larger than what is accepted.",
    XdmProblem.TOO_MANY_FILES: "The archive holds more files than what is accepted.",
    XdmProblem.BOMB: "A file of the archive unpacks to far more than it takes.",
    XdmProblem.UNSAFE_PATH: "A file of the archive has a name that leads outside of it.",
    XdmProblem.SYMLINK: "The archive holds a symbolic link or a special file.",
    XdmProblem.ENCRYPTED: "The archive is encrypted.",
    XdmProblem.DUPLICATE_NAME: "Two files of the archive have the same name.",
    XdmProblem.UNSUPPORTED: "The archive uses a compression or an extension of zip that is not accepted.",
    XdmProblem.NO_METADATA: "The archive has no METADATA.XML; the documents' own headers were used.",
    XdmProblem.METADATA_UNREADABLE: "METADATA.XML could not be read; the documents' own headers were used.",
    XdmProblem.METADATA_INCOMPLETE: "METADATA.XML lacks a submission set or holds values that could not be read.",
    XdmProblem.NO_DOCUMENT: "The archive holds no clinical document that could be read.",
    XdmProblem.TOO_MANY_DOCUMENTS: "METADATA.XML describes more documents than what is accepted.",
    XdmProblem.DOCUMENT_MISSING: "A document that METADATA.XML describes is not in the archive.",
    XdmProblem.DOCUMENT_UNREADABLE: "A document is not safe or not well-formed XML.",
    XdmProblem.DOCUMENT_NOT_CDA: "A document is not an HL7 CDA R2 clinical document.",
    XdmProblem.DOCUMENT_NOT_DESCRIBED: "A document of the archive is not described by METADATA.XML.",
    XdmProblem.DOCUMENT_TWICE: "A document is described twice.",
    XdmProblem.HASH_MISSING: "METADATA.XML gives no hash for a document.",
    XdmProblem.HASH_MISMATCH: "A document does not have the hash that METADATA.XML gives.",
    XdmProblem.SIZE_MISMATCH: "A document does not have the size that METADATA.XML gives.",
    XdmProblem.UNIQUE_ID_MISMATCH: "A document does not have the identifier that METADATA.XML gives.",
}


class XdmFinding(NamedTuple):
    """One problem; `document` counts the entries of the archive from 0 when the problem is one document's."""

    problem: XdmProblem
    document: int | None = None


class XdmDocument(NamedTuple):
    """A document and its metadata. `entry.hash` and `entry.size` are those of `content`, verified or corrected."""

    entry: DocumentEntry
    content: bytes


@dataclass(frozen=True, slots=True)
class XdmPackage:
    """The documents of an archive. `headers` and `replaced` go with `documents`, one for one.

    `replaced` is the entryUUID of the document that the metadata say each replaces, "" when they say none.
    `named_patients` are those of all metadata, of documents that were not taken too, and of a document that no metadata
    describe. `effort` is what reading took, in bytes unpacked and as many again for each file: whoever reads several
    archives adds it up.
    """

    submission_sets: tuple[SubmissionSet, ...] = ()
    documents: tuple[XdmDocument, ...] = ()
    headers: tuple[CdaHeader, ...] = ()
    replaced: tuple[str, ...] = ()
    findings: tuple[XdmFinding, ...] = ()
    named_patients: frozenset[PatientId] = frozenset()
    effort: int = 0

    @property
    def problems(self) -> frozenset[XdmProblem]:
        """The kinds of problem found."""
        return frozenset(finding.problem for finding in self.findings)

    @property
    def refused(self) -> bool:
        """Whether the archive was refused as a whole."""
        return any(problem.fatal for problem in self.problems)


def patient_ids(package: XdmPackage) -> frozenset[PatientId]:
    """Every INS that the archive names: submission sets, entries, and the documents themselves, taken or left out.

    One mail concerns one person (ANS, Référentiel socle MSSanté #2, ECO.2.1.1): more than one is for the caller to
    refuse, as is none.
    """
    found = {sent.patient_id for sent in package.submission_sets}
    named = frozenset(i for i in found if i is not None and i.is_ins)
    return named.union(package.named_patients, *document_patient_ids(package))


def document_patient_ids(package: XdmPackage) -> tuple[frozenset[PatientId], ...]:
    """The same for each document alone: its entry (patientId, sourcePatientId, PID-3) and its header."""
    return tuple(
        entry_patient_ids(document.entry) | frozenset(header.ins_ids)
        for document, header in zip(package.documents, package.headers, strict=True)
    )


def entry_patient_ids(entry: DocumentEntry) -> frozenset[PatientId]:
    """Every INS that the metadata of one document name."""
    texts = [part for text in entry.patient_info("PID-3") for part in text.split("~")]
    found = [entry.patient_id, entry.source_patient_id, *map(PatientId.from_cx, texts)]
    return frozenset(i for i in found if i is not None and i.is_ins)
