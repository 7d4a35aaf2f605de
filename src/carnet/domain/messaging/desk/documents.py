"""The clinical documents of a mailbox: known as soon as their message is, filed with their patient by a person."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from carnet.domain.directory.commands.traces import leave_traces
from carnet.domain.directory.queries import mailboxes_by_address, mailboxes_by_id
from carnet.domain.directory.traces import TraceAct
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.messaging.desk.document_values import DocumentHead, Named, Side, document_head, document_head_name
from carnet.domain.messaging.desk.words import digests
from carnet.domain.messaging.models import DeskDocument
from carnet.domain.messaging.values import Direction
from carnet.domain.nomenclature.queries import document_type
from carnet.domain.record.queries import author_text
from carnet.domain.record.xdm import XdmPackage, document_patient_ids
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.keys import OwnerKey
from carnet.foundation.owner_keys import owner_key

_MOST_AT_ONCE = 500
_LONGEST_PATH = 100


def index_documents(
    mailbox_id: UUID,
    message_id: UUID,
    *,
    packages: Mapping[str, XdmPackage],
    correspondent: str,
    direction: str,
    at: datetime,
) -> int:
    """Note the documents of a message of the mailbox, received or sent; part of the caller's transaction.

    ``packages``: the archives of the message by the path of their part; ``correspondent``: the address of the other
    side. What the mailbox sent about a patient is filed with them at once. Noting a message again changes nothing.
    Returns how many documents it has.
    """
    key = owner_key(mailbox_id)
    side = _side(mailbox_id, correspondent, sent=direction == Direction.SENT)
    rows = []
    for path, package in packages.items():
        ids = document_patient_ids(package)
        for rank, (document, header) in enumerate(zip(package.documents, package.headers, strict=True)):
            place = f"{path}#{rank}"
            if len(place) > _LONGEST_PATH:
                continue
            code = document.entry.type_code
            known = document_type(code.code) if code else None
            head = document_head(
                document.entry,
                header,
                ids[rank],
                author=author_text(document.entry),
                type_label=known.label_fr if known else (code.label if code else ""),
                replaced_entry=package.replaced[rank],
                side=side,
            )
            rows.append(_row(key, message_id, place, head, at))
    DeskDocument.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _side(mailbox_id: UUID, correspondent: str, *, sent: bool) -> Side:
    if sent:
        own = mailboxes_by_id([mailbox_id]).get(mailbox_id)
        return Side(own.address if own else "", own.finess if own else "", own=True)
    address = correspondent.lower()
    known = mailboxes_by_address([address]).get(address)
    return Side(address, known.finess if known else "")


def _row(key: OwnerKey, message_id: UUID, path: str, head: DocumentHead, at: datetime) -> DeskDocument:
    document_id = new_id()
    return DeskDocument(
        mailbox_id=key.owner_id,
        id=document_id,
        message_id=message_id,
        path=path,
        head=key.seal(document_head_name(document_id), head.to_json()),
        patient_digest=key.digest("desk-patient", head.patient_key.encode()),
        unique_digest=unique_digest(key, head.unique_id),
        replaces_digest=unique_digest(key, head.replaces[0]) if head.replaces else None,
        words=_words(key, head),
        at=at,
        filed_at=at if head.side.own and head.named is Named.INS else None,
    )


def _words(key: OwnerKey, head: DocumentHead) -> list[int]:
    """What finds the documents of a patient: their names, the beginnings of these, their INS."""
    names = (head.birth_name, head.used_name, head.given_names)
    return digests(key, named=names, exact=[head.ins] if head.named is Named.INS else [])


def unique_digest(key: OwnerKey, unique_id: str) -> bytes:
    """A document's uniqueId as it is compared among the documents of one mailbox."""
    return key.digest("desk-document", unique_id.encode())


@transaction.atomic
def file_documents(actor: DeskActor, *, message_ids: Sequence[UUID] = (), document_ids: Sequence[UUID] = ()) -> int:
    """File with their patients the documents of these messages, and these documents. Returns how many were filed.

    What is filed already, or is not of this mailbox, stays as it is.
    """
    filed = [
        *_filed(actor, message_id__in=list(message_ids)[:_MOST_AT_ONCE]),
        *_filed(actor, id__in=list(document_ids)[:_MOST_AT_ONCE]),
    ]
    if filed:
        messages = tuple(dict.fromkeys(filed))
        leave_traces([actor.trace(TraceAct.FILED, messages=messages)])
    return len(filed)


def _filed(actor: DeskActor, **which: list[UUID]) -> list[UUID]:
    """File the unfiled among these rows; the message of each row that changed."""
    waiting = DeskDocument.objects.filter(mailbox_id=actor.mailbox.id, filed_at=None, **which)
    rows = list(waiting.select_for_update().order_by("id").values_list("id", "message_id")[:_MOST_AT_ONCE])
    DeskDocument.objects.filter(mailbox_id=actor.mailbox.id, id__in=[one for one, _ in rows]).update(
        filed_at=now(), filed_by=actor.rpps
    )
    return [message_id for _, message_id in rows]


@transaction.atomic
def unfile_document(actor: DeskActor, document_id: UUID) -> bool:
    """Put a document back among those to file. False when this mailbox has none such that is filed."""
    row = (
        DeskDocument.objects.select_for_update()
        .filter(mailbox_id=actor.mailbox.id, id=document_id, filed_at__isnull=False)
        .first()
    )
    if row is None:
        return False
    DeskDocument.objects.filter(mailbox_id=row.mailbox_id, id=row.id).update(filed_at=None, filed_by="")
    leave_traces([actor.trace(TraceAct.UNFILED, messages=[row.message_id])])
    return True
