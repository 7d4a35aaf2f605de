"""From what was begun at the desk to what leaves: checked, made, sent once."""

from uuid import UUID

from django.conf import settings
from django.db import transaction

from carnet.domain.messaging.commands.write import NewFile
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.messaging.desk.draft_values import DOCUMENTS, DraftContent
from carnet.domain.messaging.desk.drafts import OpenedDraft, discard_draft, file_of_draft, open_draft
from carnet.domain.messaging.desk.outgoing import Sent, sent_before
from carnet.domain.messaging.desk.patient_values import FoundPatient
from carnet.domain.messaging.desk.preparing import (
    DocumentFault,
    DocumentProblem,
    MadeDocument,
    NewDocument,
    document_mail,
    make_documents,
)
from carnet.domain.messaging.desk.values import Correspondent
from carnet.domain.messaging.desk.writing import DocumentMail, NewDeskMail, RecipientCheck, check_recipients, write_new
from carnet.domain.messaging.models import DeskDraft
from carnet.domain.spaces.values import Decision, Refusal, refused


def recipients_of(actor: DeskActor, content: DraftContent) -> list[RecipientCheck]:
    """Whom a draft is written to, each with what there is to know before it leaves."""
    ins = content.patient.ins if content.patient and content.to_patient else ""
    return check_recipients(actor, patient_ins=ins, colleagues=content.colleagues)


def documents_of(actor: DeskActor, draft: OpenedDraft, only: int | None = None) -> list[MadeDocument] | DocumentFault:
    """The documents of a draft as they will leave, or the first fault; ``only`` makes one of them (from 0)."""
    content = draft.content
    if content.patient is None:
        return DocumentFault(DocumentProblem.PATIENT_UNKNOWN)
    wanted = content.documents if only is None else content.documents[only : only + 1]
    given = [
        NewDocument(
            type_code=one.type_code,
            title=one.title,
            text=one.text if one.file_id is None else "",
            pdf=_content(actor, draft.id, one.file_id),
            service_on=one.service_on,
            replaces=one.replaces,
        )
        for one in wanted
    ]
    return make_documents(actor, content.patient, given)


def send_draft(actor: DeskActor, draft_id: UUID) -> tuple[Sent, ...] | Decision | DocumentFault:
    """Send what was begun; the draft goes with it. Asked twice, it leaves once and answers the same.

    Nothing leaves to a patient whose identity nobody checked (ANS, Référentiel socle MSSanté #2, ECO.2.2.6).
    """
    draft = open_draft(actor, draft_id)
    if draft is None:
        return _sent_before(actor, draft_id)
    content = draft.content
    patient = content.patient
    if patient is None and not content.colleagues:
        return refused(Refusal.NO_RECIPIENT)
    if patient is not None and not (content.to_patient or content.colleagues):
        return refused(Refusal.NO_RECIPIENT)
    if patient is not None and not patient.verified:
        return DocumentFault(DocumentProblem.NOT_VERIFIED)
    mail = _mail(actor, draft)
    if isinstance(mail, DocumentFault):
        return mail
    if mail.documents is not None and _sent_size(mail.documents) > settings.CARNET_MAX_MESSAGE_BYTES:
        return refused(Refusal.TOO_LARGE)
    return _send(actor, draft_id, mail)


def _sent_size(documents: DocumentMail) -> int:
    """About what a mail with these documents measures: base64 in lines, and the fields of its parts."""
    encoded = sum(len(content) for content in (documents.xdm, *(pdf for _, pdf in documents.pdfs)))
    return encoded * 4 // 3 * 78 // 76 + 32_768


@transaction.atomic
def _send(actor: DeskActor, draft_id: UUID, mail: NewDeskMail) -> tuple[Sent, ...] | Decision:
    waiting = DeskDraft.objects.select_for_update().filter(mailbox_id=actor.mailbox.id, id=draft_id)
    if not waiting.exists():  # sent meanwhile by the same form
        return _sent_before(actor, draft_id)
    done = write_new(actor, mail, token=draft_id)
    if not isinstance(done, Decision):
        discard_draft(actor, draft_id)
    return done


def _sent_before(actor: DeskActor, draft_id: UUID) -> tuple[Sent, ...] | Decision:
    return tuple(sent_before(actor, draft_id)) or refused(Refusal.NOT_FOUND)


def _mail(actor: DeskActor, draft: OpenedDraft) -> NewDeskMail | DocumentFault:
    content = draft.content
    patient = content.patient
    documents = None
    if content.kind == DOCUMENTS:
        made = documents_of(actor, draft)
        if isinstance(made, DocumentFault):
            return made
        assert patient is not None
        documents = document_mail(patient, made, replaces=any(one.replaces for one in content.documents))
    files = () if documents else tuple(_files(actor, draft))
    return NewDeskMail(
        subject=content.subject,
        text=content.text,
        files=files,
        patient_ins=patient.ins if patient and content.to_patient else "",
        patient_head=_head(patient) if patient and content.to_patient else None,
        colleagues=content.colleagues,
        documents=documents,
        end=content.end,
        receipt=content.receipt,
        thread_id=content.thread_id,
    )


def _files(actor: DeskActor, draft: OpenedDraft) -> list[NewFile]:
    found = (file_of_draft(actor, draft.id, one.id) for one in draft.files)
    return [one for one in found if one is not None]


def _content(actor: DeskActor, draft_id: UUID, file_id: UUID | None) -> bytes:
    file = file_of_draft(actor, draft_id, file_id) if file_id else None
    return file.content if file else b""


def _head(patient: FoundPatient) -> Correspondent:
    return Correspondent(
        address="",
        name=patient.name,
        patient=True,
        verified=patient.verified and patient.insi_agrees,
        ins=patient.ins,
        birth_name=patient.birth_name,
        first_name=patient.first_given_name.title(),
        birth_date=patient.birth_date,
    )
