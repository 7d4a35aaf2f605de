"""What a professional makes of a message before it leaves: begun about somebody, as documents, with what they bring."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from carnet.domain.messaging import rules
from carnet.domain.messaging.commands.write import NewFile
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.messaging.desk.draft_values import DraftContent
from carnet.domain.messaging.desk.drafts import OpenedDraft, add_files, save_draft
from carnet.domain.messaging.desk.filed import filed_document, patient_of_file
from carnet.domain.messaging.desk.patient_values import FoundPatient
from carnet.domain.messaging.desk.preparing import (
    MOST_DOCUMENTS,
    DocumentFault,
    DocumentProblem,
    WrongFile,
    archived_files,
)
from carnet.domain.spaces.values import Decision, Refusal
from carnet.foundation.ids import new_id


def patient_of_documents(actor: DeskActor, *, file: str = "", document_id: UUID | None = None) -> FoundPatient | None:
    """The patient of a file of documents, or of one document, that names one INS surely; verified when the mailbox sent
    it. They are known by what the documents say, and by nothing else."""
    found = patient_of_file(actor, file=file, document_id=document_id)
    return rules.patient_named(found) if found is not None else None


def begun_about(
    actor: DeskActor,
    patient: FoundPatient,
    *,
    documents: bool = False,
    thread_id: UUID | None = None,
    corrects: UUID | None = None,
) -> DraftContent:
    """What is begun about a patient: a message, or documents, the first of which ``corrects`` one of the mailbox's."""
    if not documents and corrects is None:
        return rules.begun_about(patient)
    wrong = filed_document(actor, corrects) if corrects else None
    first = rules.correction(new_id(), corrects, wrong) if corrects and wrong else rules.new_document(new_id())
    return rules.begun_about(patient, first=first, thread_id=thread_id)


def of_kind(content: DraftContent, kind: str) -> DraftContent:
    """The draft as a message or as documents (``draft_values``); without a patient it stays what it is."""
    return rules.of_kind(content, kind, rules.new_document(new_id()))


def with_letter(content: DraftContent) -> DraftContent:
    """The draft with one more letter to be typed."""
    return replace(content, documents=(*content.documents, rules.new_document(new_id())))


def add_documents(
    actor: DeskActor, draft_id: UUID, content: DraftContent, files: Sequence[NewFile]
) -> DocumentFault | WrongFile | Decision | None:
    """Put PDF into a draft, each as a document of its own: all of them, or none and why. None when they are in."""
    written = rules.written_documents(content.documents)
    if len(written) + len(files) > MOST_DOCUMENTS:
        return DocumentFault(DocumentProblem.TOO_MANY)
    ready = archived_files(files)
    if isinstance(ready, WrongFile):
        return ready
    added = add_files(actor, draft_id, ready)
    if isinstance(added, Decision):
        return added
    brought = [rules.new_document(new_id(), file_id=one) for one in added]
    save_draft(actor, draft_id, replace(content, documents=(*written, *brought)))
    return None


def unready(draft: OpenedDraft, *, recipients: int) -> Refusal | None:
    """What a draft that goes to so many still lacks before it can be looked at as a whole."""
    return rules.unready(draft.content, recipients=recipients, files=len(draft.files))
