"""Writing from the desk to a patient or to colleagues, with files or with documents of the patient."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from carnet.domain.directory.traces import TraceAct
from carnet.domain.identity.values import patient_address
from carnet.domain.messaging.commands.holder_files import NewFile, ReadyFiles, check, ready_files
from carnet.domain.messaging.compose import (
    ComposeRefused,
    OutgoingMail,
    compose_document_message,
    compose_message,
    make_message_id,
)
from carnet.domain.messaging.desk import addressees
from carnet.domain.messaging.desk.access import find_thread
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.messaging.desk.addressees import (
    MOST_COLLEAGUES,
    RecipientCheck,
    refusal_of_outcome,
)
from carnet.domain.messaging.desk.heads import open_thread_head
from carnet.domain.messaging.desk.outgoing import (
    NobodyReached,
    Sent,
    mss_fields,
    one_at_a_time,
    send_at_desk,
    sent_before,
)
from carnet.domain.messaging.desk.stored import canonical
from carnet.domain.messaging.desk.values import Correspondent
from carnet.domain.messaging.mime.addresses import Address
from carnet.domain.spaces.values import Decision, Refusal, refused
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import owner_key

__all__ = ["DocumentMail", "NewDeskMail", "RecipientCheck", "Sent", "check_recipients", "write_new"]


@dataclass(frozen=True)
class DocumentMail:
    """Documents of one person, ready to leave: the archive, the same documents as PDF (name, content), LOINC codes."""

    xdm: bytes
    pdfs: tuple[tuple[str, bytes], ...]
    loinc_codes: tuple[str, ...]
    subject: str
    ins_is_qualified: bool


@dataclass(frozen=True)
class NewDeskMail:
    """What is written: to a patient (``patient_ins``), to colleagues, or to both, each side by a message of its own.

    With ``documents``, neither ``subject`` nor ``files`` count. ``patient_head`` is the patient as they were found, to
    name the conversation by. ``thread_id`` continues that conversation.
    """

    subject: str
    text: str
    files: tuple[NewFile, ...] = ()
    patient_ins: str = ""
    patient_head: Correspondent | None = None
    colleagues: tuple[str, ...] = ()
    documents: DocumentMail | None = None
    end: bool = False
    receipt: bool = False
    thread_id: UUID | None = None


def check_recipients(
    actor: DeskActor, *, patient_ins: str = "", colleagues: Sequence[str] = ()
) -> list[RecipientCheck]:
    """What stands against writing to these people from the actor's mailbox, the patient first."""
    return addressees.check_recipients(actor.mailbox, patient_ins=patient_ins, colleagues=colleagues)


def write_new(actor: DeskActor, mail: NewDeskMail, *, token: UUID) -> tuple[Sent, ...] | Decision:
    """Send what was written, once for each ``token``: one message to the patient and another to all the colleagues, so
    that neither side sees the other's answers. All or nothing: when one side cannot be reached, nothing is sent.
    """
    ready = ready_files(mail.files) if mail.documents is None else ReadyFiles()
    colleagues = list(dict.fromkeys(canonical(one) or one for one in mail.colleagues))
    if not mail.patient_ins and not colleagues:
        return refused(Refusal.NO_RECIPIENT)
    if len(colleagues) > MOST_COLLEAGUES:
        return refused(Refusal.TOO_LARGE)
    try:
        with one_at_a_time(f"desk-form:{token}"):
            if before := sent_before(actor, token):
                return tuple(before)
            return _send(actor, mail, colleagues, ready, token)
    except NobodyReached as nobody:
        return refused(refusal_of_outcome(nobody.outcome))
    except ComposeRefused:
        return refused(Refusal.BAD_RECIPIENT)


def _send(
    actor: DeskActor, mail: NewDeskMail, colleagues: list[str], ready: ReadyFiles, token: UUID
) -> tuple[Sent, ...] | Decision:
    if mail.documents is None and not (decision := check(mail.text, ready)):
        return decision
    for one in check_recipients(actor, patient_ins=mail.patient_ins, colleagues=colleagues):
        if one.refusal is not None:
            return refused(one.refusal)
    sides = [[patient_address(mail.patient_ins, settings.CARNET_PATIENT_DOMAIN)]] if mail.patient_ins else []
    sides += [colleagues] if colleagues else []
    sent = []
    for part, to in enumerate(sides):
        is_patient = bool(mail.patient_ins) and part == 0
        composed = _compose(actor, mail, to, ready, is_patient=is_patient)
        thread_id = _continued(actor, mail.thread_id, to)
        person = mail.patient_head if is_patient else None
        sent.append(
            send_at_desk(
                actor,
                composed,
                token=token,
                part=part,
                thread_id=thread_id,
                person=person,
                looked_at=mail.documents is None,
            )
        )
    return tuple(sent)


def _continued(actor: DeskActor, thread_id: UUID | None, to: Sequence[str]) -> UUID | None:
    """The conversation that is continued, if it is with one of these people: documents of one patient never land in
    another's."""
    if thread_id is None:
        return None
    thread = find_thread(actor, thread_id, TraceAct.READ)
    if isinstance(thread, Decision):
        return None
    people = {one.address for one in open_thread_head(owner_key(actor.mailbox.id), thread.id, thread.head).people}
    return thread.id if people & set(to) else None


def _compose(
    actor: DeskActor, mail: NewDeskMail, to: Sequence[str], ready: ReadyFiles, *, is_patient: bool
) -> OutgoingMail:
    box = actor.mailbox
    identifier = make_message_id(box.address.rpartition("@")[2], str(new_id()))
    recipients = [Address("", one) for one in to]
    receipt_to = box.address if mail.receipt else None
    end = mail.end and is_patient
    if mail.documents is not None:
        documents = mail.documents
        return compose_document_message(
            sender_name=box.label,
            sender_address=box.address,
            recipients=recipients,
            subject=documents.subject,
            text=mail.text,
            xdm=documents.xdm,
            pdfs=documents.pdfs,
            message_id=identifier,
            date=now(),
            loinc_codes=documents.loinc_codes,
            ins_is_qualified=documents.ins_is_qualified,
            receipt_to=receipt_to,
            product=settings.CARNET_PRODUCT_REFERENCE or None,
            ends_exchange=end,
        )
    return compose_message(
        sender_name=box.label,
        sender_address=box.address,
        recipients=recipients,
        subject=mail.subject,
        text=mail.text,
        message_id=identifier,
        date=now(),
        attachments=ready.attachments,
        receipt_to=receipt_to,
        mss_fields=mss_fields(end=end),
    )
