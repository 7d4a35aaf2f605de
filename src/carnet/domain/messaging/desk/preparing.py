"""Documents that a team sends about a patient: letters typed at the desk or PDF that it brings, made by Carnet into
what travels: clinical documents in an IHE_XDM.zip, and the same PDF beside it (ANS, Référentiel socle MSSanté #2 §3).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from uuid import UUID

from carnet.domain.directory.queries.signatures import Signature, signature_of
from carnet.domain.messaging.commands.write import NewFile
from carnet.domain.messaging.compose import document_subject
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.messaging.desk.document_values import DocumentHead
from carnet.domain.messaging.desk.filed import filed_document
from carnet.domain.messaging.desk.patient_values import FoundPatient
from carnet.domain.messaging.desk.writing import DocumentMail
from carnet.domain.nomenclature import oids
from carnet.domain.nomenclature.queries import (
    class_of_type,
    document_class,
    document_type,
    document_types,
    facility_type,
)
from carnet.domain.nomenclature.values import DocumentType
from carnet.domain.record.cda import Organization, PatientTraits, entry_from_cda
from carnet.domain.record.cda.writing import LevelOne, write_level_one
from carnet.domain.record.file_names import safe_file_name
from carnet.domain.record.pdf import LetterToPrint, PdfProblem, PdfRefused, archived_pdf, letter_pdf
from carnet.domain.record.pdf.letter import MOST_CHARACTERS
from carnet.domain.record.values import Author, Code, DocumentEntry, PatientId
from carnet.domain.record.values.times import PARIS
from carnet.domain.record.xdm import build_xdm, pdf_name
from carnet.domain.record.xdm.building import submission_set_for
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id

MOST_DOCUMENTS = 10
_NOT_WRITTEN = frozenset({"FEUILLE-DE-STYLE", "E1762", "IMG-KOS", "EXPORT_DUI", "REMB", "PIECE-IDENTITE"})
_INPATIENT_SECTORS = ("SA01", "SA02", "SA03", "SA04")
REPLACES_TAG = "[Annule et remplace]"
"""A hint for people in the subject of a corrected letter (AMBU.MSS/va1.02): programs read the document instead."""


@dataclass(frozen=True)
class NewDocument:
    """A document to be made: a letter by its ``text``, or a ``pdf`` that was brought.

    ``service_on`` is the day of the care (today by default); ``replaces`` a document that this mailbox sent about the
    same patient and that this one corrects.
    """

    type_code: str
    title: str = ""
    text: str = ""
    pdf: bytes = b""
    service_on: date | None = None
    replaces: UUID | None = None


class DocumentProblem(StrEnum):
    """Why documents cannot be made; a PDF has reasons of its own."""

    NO_DOCUMENT = "no-document"
    TOO_MANY = "too-many"
    UNKNOWN_TYPE = "unknown-type"
    EMPTY = "empty"
    TOO_LONG = "too-long"
    PATIENT_UNKNOWN = "patient-unknown"
    NOT_VERIFIED = "not-verified"
    AUTHOR_UNKNOWN = "author-unknown"
    NOT_REPLACEABLE = "not-replaceable"


@dataclass(frozen=True)
class DocumentFault:
    """What is wrong, and with which document (from 0) when it is one's."""

    problem: DocumentProblem | PdfProblem
    document: int | None = None


@dataclass(frozen=True)
class MadeDocument:
    """A document as it will leave: its title, its PDF and the name of that, its clinical document."""

    title: str
    type: DocumentType
    pdf_name: str
    pdf: bytes
    cda: bytes


@dataclass(frozen=True)
class WrongFile:
    """A file that cannot be a document, and why."""

    name: str
    problem: PdfProblem


def archived_files(files: Sequence[NewFile]) -> list[NewFile] | WrongFile:
    """The PDF that somebody brings, made fit for archiving when they come, so that what is wrong is told at once."""
    ready = []
    for file in files:
        try:
            ready.append(NewFile(file.name, archived_pdf(file.content, safe_file_name(file.name))))
        except PdfRefused as refused:
            return WrongFile(safe_file_name(file.name), refused.problem)
    return ready


def types_to_write() -> list[DocumentType]:
    """The types of what professionals write, by their label."""
    found = (one for one in document_types() if one.code not in _NOT_WRITTEN and one.class_code not in ("60", "90"))
    return sorted((one for one in found if not one.code.startswith(("DOCPAT", "EXPPAT"))), key=lambda one: one.label_fr)


def make_documents(
    actor: DeskActor, patient: FoundPatient, documents: Sequence[NewDocument]
) -> list[MadeDocument] | DocumentFault:
    """The documents with their PDF/A-1 and their CDA, in order, or the first thing that is wrong with them."""
    if not documents:
        return DocumentFault(DocumentProblem.NO_DOCUMENT)
    if len(documents) > MOST_DOCUMENTS:
        return DocumentFault(DocumentProblem.TOO_MANY)
    if not patient.may_be_named:
        return DocumentFault(DocumentProblem.PATIENT_UNKNOWN)
    signature = signature_of(actor.mailbox.id, actor.rpps)
    if signature is None:
        return DocumentFault(DocumentProblem.AUTHOR_UNKNOWN)
    at = now()
    made: list[MadeDocument] = []
    for number, document in enumerate(documents):
        one = _made(actor, patient, document, signature, at, {other.pdf_name for other in made})
        if isinstance(one, DocumentProblem | PdfProblem):
            return DocumentFault(one, number)
        made.append(one)
    return made


def document_mail(patient: FoundPatient, made: Sequence[MadeDocument], *, replaces: bool = False) -> DocumentMail:
    """What a message carries of these documents: the archive, the PDF, the subject and the fields of its header."""
    entries = [(_entry(one.cda), one.cda) for one in made]
    subject = document_subject(
        [one.type.label_fr for one in made], patient.birth_name, patient.first_given_name.title(), patient.birth_date
    )
    return DocumentMail(
        xdm=build_xdm(entries, submission_set_for([entry for entry, _ in entries])),
        pdfs=tuple((one.pdf_name, one.pdf) for one in made),
        loinc_codes=tuple(one.type.code for one in made),
        subject=f"{subject} {REPLACES_TAG}" if replaces else subject,
        ins_is_qualified=patient.verified and patient.insi_agrees,
    )


def _entry(cda: bytes) -> DocumentEntry:
    return entry_from_cda(cda, _class_of)


def _class_of(code: Code) -> Code | None:
    known = document_class(class_of_type(code.code) or "")
    return Code(known.code, known.system, known.label_fr) if known else None


def _made(
    actor: DeskActor,
    patient: FoundPatient,
    document: NewDocument,
    signature: Signature,
    at: datetime,
    names: set[str],
) -> MadeDocument | DocumentProblem | PdfProblem:
    kind = document_type(document.type_code)
    if kind is None or kind not in types_to_write():
        return DocumentProblem.UNKNOWN_TYPE
    if not document.text.strip() and not document.pdf:
        return DocumentProblem.EMPTY
    if len(document.text) > MOST_CHARACTERS:
        return DocumentProblem.TOO_LONG
    before: DocumentHead | None = None
    if document.replaces is not None:
        before = _sent_before(actor, patient, document.replaces)
        if before is None:
            return DocumentProblem.NOT_REPLACEABLE
    title = document.title.strip() or kind.label_fr
    try:
        pdf = archived_pdf(document.pdf, title) if document.pdf else _letter(document, title, patient, signature, at)
    except PdfRefused as refused:
        return refused.problem
    service = document.service_on or at.astimezone(PARIS).date()
    cda = write_level_one(_header(kind, title, patient, signature, at, service, before), pdf)
    return MadeDocument(title, kind, _name(patient, kind, service, names), pdf, cda)


def _name(patient: FoundPatient, kind: DocumentType, service: date, taken: set[str]) -> str:
    """The name of the PDF; a second one of the same day and type is numbered, where a file number may stand."""
    for number in range(1, MOST_DOCUMENTS + 1):
        record = str(number) if number > 1 else ""
        name = pdf_name(service, kind.label_fr, patient.birth_name, patient.first_given_name, record)
        if name not in taken:
            break
    return name


def _sent_before(actor: DeskActor, patient: FoundPatient, document_id: UUID) -> DocumentHead | None:
    """A document that this mailbox sent about this patient: nobody corrects another's letter."""
    head = filed_document(actor, document_id)
    return head if head is not None and head.side.own and head.ins == patient.ins else None


def _letter(document: NewDocument, title: str, patient: FoundPatient, signature: Signature, at: datetime) -> bytes:
    born = patient.birth_date
    sex = {"F": "Née", "M": "Né"}.get(patient.sex, "Né(e)")
    lines = [
        patient.name,
        f"{sex} le {born:%d/%m}/{born.year:04d}" if born else "",
        f"INS {patient.ins_display}",
    ]
    letter = LetterToPrint(
        title=title,
        text=document.text,
        structure=signature.structure,
        service=signature.service,
        place=signature.city,
        written_on=at.astimezone(PARIS).date(),
        patient=tuple(line for line in lines if line),
        signer=signature.name,
        signature=tuple(part for part in (signature.name, signature.skill, signature.service) if part),
    )
    return letter_pdf(letter, at)


def _header(
    kind: DocumentType,
    title: str,
    patient: FoundPatient,
    signature: Signature,
    at: datetime,
    service: date,
    before: DocumentHead | None,
) -> LevelOne:
    unique_id = f"2.25.{new_id().int}"
    born = patient.birth_date
    hospital = signature.sector in _INPATIENT_SECTORS or (not signature.sector and signature.structure_id[:1] == "1")
    setting = ("ETABLISSEMENT", "Etablissement de santé") if hospital else ("AMBULATOIRE", "Ambulatoire")
    specialty = Code(signature.specialty, oids.TRE_G15_PROFESSION, signature.skill)
    return LevelOne(
        unique_id=unique_id,
        code=Code(kind.code, kind.system, kind.label_fr),
        title=title,
        created_at=at,
        service_start=datetime.combine(service, time(12), PARIS),
        patient_id=PatientId(patient.ins, patient.oid),
        patient=PatientTraits(
            birth_family=patient.birth_name,
            birth_given=patient.first_given_name,
            birth_given_names=patient.given_names,
            birth_date=f"{born.year:04d}{born:%m%d}" if born else "",
            sex=patient.sex,
            birth_place_code=patient.birth_place,
        ),
        author=Author(
            person_id=signature.person_id,
            family=signature.family_name,
            given=signature.given_name,
            institution_id=signature.structure_id,
            institution_name=signature.structure,
            specialty=specialty,
        ),
        author_title=signature.title,
        custodian=Organization(signature.structure_id, oids.STRUCTURE, signature.structure),
        practice_setting=Code(setting[0], oids.TRE_A01_PRACTICE_SETTING, setting[1]),
        facility_type=_facility(signature.sector, "SA01" if hospital else "SA07"),
        set_id=(before.set_id or before.unique_id) if before else "",
        version=max(before.version, 1) + 1 if before else 1,
        replaces=before.unique_id if before else "",
    )


def _facility(sector: str, otherwise: str) -> Code:
    known = facility_type(sector) or facility_type(otherwise)
    return Code(known.code, known.system, known.label_fr) if known else Code(otherwise, oids.TRE_R02_SECTOR)
