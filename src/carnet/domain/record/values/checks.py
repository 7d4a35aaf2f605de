"""What breaks the rules in a document's metadata: one small validator for each kind of rule.

The cardinalities are those of the ANS logical model of the DMP entry (IG PDSm, DocumentEntry), which asks for more
than IHE ITI TF-3 table 4.2.3.2-1. The caller decides what it refuses and what it only notes.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from carnet.domain.nomenclature.values import Confidentiality
from carnet.domain.record.values.codes import LEVELS, Code
from carnet.domain.record.values.entries import DocumentEntry, SubmissionSet
from carnet.domain.record.values.identifiers import is_entry_uuid, is_oid, is_unique_id, is_uuid


class ProblemCode(StrEnum):
    """The kinds of fault."""

    MISSING = "missing"
    UNIQUE_ID_FORM = "unique_id_form"
    UNIQUE_ID_UUID = "unique_id_uuid"
    ENTRY_UUID_FORM = "entry_uuid_form"
    OID_FORM = "oid_form"
    VERSION = "version"
    HASH_FORM = "hash_form"
    SIZE = "size"
    MIME_TYPE_FORM = "mime_type_form"
    LANGUAGE_FORM = "language_form"
    TOO_LONG = "too_long"
    TIME_ZONE = "time_zone"
    TIME_ORDER = "time_order"
    CODE_INCOMPLETE = "code_incomplete"
    CONFIDENTIALITY_COUNT = "confidentiality_count"
    CONFIDENTIALITY_LEVEL = "confidentiality_level"
    CONFIDENTIALITY_UNKNOWN = "confidentiality_unknown"
    AUTHOR_EMPTY = "author_empty"
    AUTHOR_NAME = "author_name"
    AUTHOR_COUNT = "author_count"
    CHARACTERS = "characters"


@dataclass(frozen=True, slots=True)
class MetadataProblem:
    """One fault: its kind, the XDS attribute it is in, and a sentence without any of the content."""

    code: ProblemCode
    attribute: str
    sentence: str


_REQUIRED: Final = (
    ("unique_id", "uniqueId"),
    ("mime_type", "mimeType"),
    ("language", "languageCode"),
    ("creation_time", "creationTime"),
    ("service_start", "serviceStartTime"),
    ("authors", "author"),
    ("legal_authenticator", "legalAuthenticator"),
    ("title", "title"),
    ("class_code", "classCode"),
    ("type_code", "typeCode"),
    ("format_code", "formatCode"),
    ("facility_type", "healthcareFacilityTypeCode"),
    ("practice_setting", "practiceSettingCode"),
    ("confidentiality", "confidentialityCode"),
    ("source_patient_id", "sourcePatientId"),
    ("source_patient_info", "sourcePatientInfo"),
    ("patient_id", "patientId"),
)
_REQUIRED_OF_SET: Final = (
    ("unique_id", "uniqueId"),
    ("source_id", "sourceId"),
    ("submission_time", "submissionTime"),
    ("patient_id", "patientId"),
    ("content_type", "contentTypeCode"),
)
_MAX_TITLE: Final = 255
_MAX_COMMENTS: Final = 4000
_MIME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_SHA1: Final = re.compile(r"[0-9a-fA-F]{40}")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")

Found = Iterator[MetadataProblem]


def problems(entry: DocumentEntry) -> list[MetadataProblem]:
    """Every fault of an entry, in the order of the validators; empty when there is none."""
    return [problem for validator in _ENTRY_VALIDATORS for problem in validator(entry)]


def submission_problems(submission: SubmissionSet) -> list[MetadataProblem]:
    """Every fault of a submission set."""
    return [problem for validator in _SET_VALIDATORS for problem in validator(submission)]


def _missing(value: object, required: Iterable[tuple[str, str]]) -> Found:
    for name, attribute in required:
        if not getattr(value, name):
            yield MetadataProblem(ProblemCode.MISSING, attribute, f"{attribute} is required.")


def _entry_missing(entry: DocumentEntry) -> Found:
    yield from _missing(entry, _REQUIRED)


def _set_missing(submission: SubmissionSet) -> Found:
    yield from _missing(submission, _REQUIRED_OF_SET)


def _unique_id(value: DocumentEntry | SubmissionSet) -> Found:
    text = value.unique_id
    if not text or is_unique_id(text):
        return
    if is_uuid(text.partition("^")[0]):
        sentence = "uniqueId is a UUID where an OID is expected."
        yield MetadataProblem(ProblemCode.UNIQUE_ID_UUID, "uniqueId", sentence)
    else:
        sentence = "uniqueId must be an OID of at most 64 characters, or root^extension."
        yield MetadataProblem(ProblemCode.UNIQUE_ID_FORM, "uniqueId", sentence)


def _entry_uuid(value: DocumentEntry | SubmissionSet) -> Found:
    names = [("entryUUID", value.entry_uuid)]
    if isinstance(value, DocumentEntry):
        names.append(("logicalId", value.logical_id))
    for attribute, text in names:
        if text and not is_entry_uuid(text):
            sentence = f"{attribute} must be urn:uuid: followed by a UUID."
            yield MetadataProblem(ProblemCode.ENTRY_UUID_FORM, attribute, sentence)


def _oids(value: DocumentEntry | SubmissionSet) -> Found:
    oids: list[tuple[str, str | None]] = [("patientId", value.patient_id.oid if value.patient_id else None)]
    if isinstance(value, DocumentEntry):
        oids.append(("sourcePatientId", value.source_patient_id.oid if value.source_patient_id else None))
        oids.append(("repositoryUniqueId", value.repository_unique_id or None))
    else:
        oids.append(("sourceId", value.source_id or None))
    for attribute, oid in oids:
        if oid is not None and not is_oid(oid):
            yield MetadataProblem(ProblemCode.OID_FORM, attribute, f"The OID in {attribute} is not an OID.")


def _version(entry: DocumentEntry) -> Found:
    if entry.version < 1:
        yield MetadataProblem(ProblemCode.VERSION, "version", "The version counts from 1.")


def _content(entry: DocumentEntry) -> Found:
    if entry.hash and not _SHA1.fullmatch(entry.hash):
        yield MetadataProblem(ProblemCode.HASH_FORM, "hash", "hash must be a SHA-1 of 40 hexadecimal digits.")
    if entry.size is not None and entry.size < 0:
        yield MetadataProblem(ProblemCode.SIZE, "size", "size must not be negative.")
    if entry.mime_type and not _MIME.fullmatch(entry.mime_type):
        yield MetadataProblem(ProblemCode.MIME_TYPE_FORM, "mimeType", "mimeType must be type/subtype.")
    if entry.language and not _LANGUAGE.fullmatch(entry.language):
        sentence = "languageCode must be a language tag such as fr-FR."
        yield MetadataProblem(ProblemCode.LANGUAGE_FORM, "languageCode", sentence)


def _lengths(value: DocumentEntry | SubmissionSet) -> Found:
    for attribute, text, limit in (
        ("title", value.title, _MAX_TITLE),
        ("comments", value.comments, _MAX_COMMENTS),
    ):
        if len(text) > limit:
            sentence = f"{attribute} has more than {limit} characters."
            yield MetadataProblem(ProblemCode.TOO_LONG, attribute, sentence)


def _times(value: DocumentEntry | SubmissionSet) -> Found:
    if isinstance(value, SubmissionSet):
        times = [("submissionTime", value.submission_time)]
    else:
        times = [
            ("creationTime", value.creation_time),
            ("serviceStartTime", value.service_start),
            ("serviceStopTime", value.service_stop),
        ]
    known = [(attribute, moment) for attribute, moment in times if moment is not None]
    naive = [attribute for attribute, moment in known if moment.tzinfo is None]
    for attribute in naive:
        yield MetadataProblem(ProblemCode.TIME_ZONE, attribute, f"{attribute} does not know its zone.")
    if naive or isinstance(value, SubmissionSet) or value.service_start is None or value.service_stop is None:
        return
    if value.service_stop < value.service_start:
        sentence = "serviceStopTime comes before serviceStartTime."
        yield MetadataProblem(ProblemCode.TIME_ORDER, "serviceStopTime", sentence)


def _codes(value: DocumentEntry | SubmissionSet) -> Found:
    if isinstance(value, SubmissionSet):
        codes: list[tuple[str, Code | None]] = [("contentTypeCode", value.content_type)]
    else:
        codes = [
            ("classCode", value.class_code),
            ("typeCode", value.type_code),
            ("formatCode", value.format_code),
            ("healthcareFacilityTypeCode", value.facility_type),
            ("practiceSettingCode", value.practice_setting),
            *(("eventCodeList", code) for code in value.event_codes),
        ]
    for attribute, code in codes:
        if code is not None and not (code.code and code.system):
            sentence = f"{attribute} needs both a code and its system."
            yield MetadataProblem(ProblemCode.CODE_INCOMPLETE, attribute, sentence)


def _confidentiality(entry: DocumentEntry) -> Found:
    codes = entry.confidentiality
    if not codes:
        return
    attribute = "confidentialityCode"
    if len(codes) > 4 or len(set(codes)) != len(codes):
        sentence = "confidentialityCode takes one to four different codes."
        yield MetadataProblem(ProblemCode.CONFIDENTIALITY_COUNT, attribute, sentence)
    if len(LEVELS.intersection(codes)) != 1:
        sentence = "confidentialityCode needs exactly one level among N, R and V."
        yield MetadataProblem(ProblemCode.CONFIDENTIALITY_LEVEL, attribute, sentence)
    if not set(codes) <= {kind.value for kind in Confidentiality}:
        sentence = "confidentialityCode has a code that is not in its value set."
        yield MetadataProblem(ProblemCode.CONFIDENTIALITY_UNKNOWN, attribute, sentence)


def _authors(value: DocumentEntry | SubmissionSet) -> Found:
    named = [("author", author) for author in value.authors]
    if isinstance(value, DocumentEntry):
        if value.legal_authenticator is not None:
            named.append(("legalAuthenticator", value.legal_authenticator))
    elif len(value.authors) != 1:
        sentence = "A submission set has exactly one author."
        yield MetadataProblem(ProblemCode.AUTHOR_COUNT, "author", sentence)
    for attribute, author in named:
        if not author.has_person and not author.has_institution:
            sentence = f"{attribute} names neither a person nor an institution."
            yield MetadataProblem(ProblemCode.AUTHOR_EMPTY, attribute, sentence)
        # DMP rule of the GIE SESAM-Vitale notes on author fields: an empty family or given name is refused.
        elif author.has_person and not author.is_system and not (author.family and author.given):
            sentence = f"{attribute} needs a family name and a given name."
            yield MetadataProblem(ProblemCode.AUTHOR_NAME, attribute, sentence)


def _characters(value: DocumentEntry | SubmissionSet) -> Found:
    for attribute, text in (("uniqueId", value.unique_id), ("title", value.title), ("comments", value.comments)):
        if _CONTROL.search(text):
            sentence = f"{attribute} has characters that XML cannot carry."
            yield MetadataProblem(ProblemCode.CHARACTERS, attribute, sentence)


_ENTRY_VALIDATORS: Final[tuple[Callable[[DocumentEntry], Found], ...]] = (
    _entry_missing,
    _unique_id,
    _entry_uuid,
    _oids,
    _version,
    _content,
    _lengths,
    _times,
    _codes,
    _confidentiality,
    _authors,
    _characters,
)
_SET_VALIDATORS: Final[tuple[Callable[[SubmissionSet], Found], ...]] = (
    _set_missing,
    _unique_id,
    _entry_uuid,
    _oids,
    _lengths,
    _times,
    _codes,
    _authors,
    _characters,
)
