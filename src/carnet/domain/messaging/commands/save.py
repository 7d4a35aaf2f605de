"""Saving an attachment of a message into the record."""

import hashlib
import uuid
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from carnet.domain.identity.models import Person
from carnet.domain.messaging.access import OpenedAttachment, open_attachment
from carnet.domain.messaging.models import ConversationEntry
from carnet.domain.nomenclature.queries import document_type, patient_deposit_type
from carnet.domain.nomenclature.values import Category
from carnet.domain.record.commands import NewDocument, NewSubmission, Source, Submitted, submit
from carnet.domain.record.media_types import canonical_media_type
from carnet.domain.record.rules import sniff_media_type
from carnet.domain.record.values import Author, Code, DocumentEntry, PatientId
from carnet.domain.spaces.models import HealthSpace
from carnet.domain.spaces.values import Actor, Decision

_DEPOSIT = uuid.UUID("6f1d1c52-3c7e-4b5a-9a36-2d1c6c3f8a10")
"""The namespace of the uniqueIds given to plain files: the same file of the same space is the same document."""


def save_attachment(
    actor: Actor, space_id: UUID, conversation_id: UUID, message_id: UUID, path: str
) -> Submitted | Decision:
    """Put an attachment into the record: a clinical document with its own metadata, a plain file as a deposit."""
    opened = open_attachment(actor, space_id, conversation_id, message_id, path)
    if isinstance(opened, Decision):
        return opened
    entry = opened.entry
    if entry is None:
        at = ConversationEntry.objects.values_list("at", flat=True).get(space_id=space_id, message_id=message_id)
        entry = deposit_entry(
            space_id,
            opened.content,
            file_name=opened.kept.name,
            title=opened.kept.name.rpartition(".")[0] or opened.kept.name,
            category=Category.AUTR_DOC,
            date=at,
            author=actor.label,
        )
    return submit(
        actor,
        NewSubmission(
            space_id=space_id,
            source=Source.MESSAGE,
            documents=(NewDocument(opened.content, entry),),
            from_message=message_id,
        ),
    )


def deposit_entry(
    space_id: UUID, content: bytes, *, file_name: str, title: str, category: Category, date: datetime, author: str
) -> DocumentEntry:
    """The metadata of a plain file that a holder puts into their record.

    Its uniqueId is made from the space and the content (an OID under 2.25), so that the same file is held once.
    """
    person = Person.objects.get(healthspace__id=space_id)
    digest = hashlib.sha256(content).hexdigest()
    kind = patient_deposit_type(category) or document_type("DOCPAT01")
    given, _, family = author.rpartition(" ")
    return DocumentEntry(
        unique_id=f"2.25.{uuid.uuid5(_DEPOSIT, f'{space_id}:{digest}').int}",
        mime_type=canonical_media_type(sniff_media_type(content) or "application/octet-stream"),
        language="fr-FR",
        creation_time=date,
        service_start=date,
        title=title[:255],
        type_code=Code(kind.code, kind.system, kind.label_fr) if kind else None,
        confidentiality=("N",),
        patient_id=PatientId(person.ins, person.oid),
        authors=(
            Author(person_id=person.ins, person_id_system=person.oid, person_id_type="NH", family=family, given=given),
        ),
        uri=file_name,
    )


def add_file(
    actor: Actor, space_id: UUID, content: bytes, *, file_name: str, title: str, category: Category, date: datetime
) -> Submitted | Decision:
    """Put a file of the holder's own into the record."""
    space = HealthSpace.objects.get(id=space_id)
    entry = deposit_entry(
        space.id, content, file_name=file_name, title=title, category=category, date=date, author=actor.label
    )
    document = NewDocument(content, replace(entry, title=title[:255]))
    return submit(actor, NewSubmission(space_id=space_id, source=Source.HOLDER, documents=(document,)))


__all__ = ["OpenedAttachment", "add_file", "deposit_entry", "save_attachment"]
