"""Writing the record. Every door that brings a document ends in ``submit``."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import orjson
from django.conf import settings
from django.db import transaction

from carnet.domain.audit.commands import NewEvent, leave, leave_all
from carnet.domain.nomenclature.queries import class_of_type, document_type, mes_category, patient_deposit_type
from carnet.domain.nomenclature.values import Category
from carnet.domain.notifications.commands import notify_all
from carnet.domain.notifications.values import NotificationKind
from carnet.domain.record import rules
from carnet.domain.record.cda import BodyRefused, NotCda, embedded_document, read_header
from carnet.domain.record.media_types import STYLED_XML, XML, canonical_media_type, sniff_media_type
from carnet.domain.record.metadata import dump_entry, unique_id_digest
from carnet.domain.record.models import Document, DocumentKey, Submission
from carnet.domain.record.values import Author, AvailabilityStatus, Code, DocumentEntry, PatientId, SubmissionSet
from carnet.domain.record.xml_safety import XmlRefused
from carnet.domain.spaces.access import decide, event
from carnet.domain.spaces.models import HealthSpace
from carnet.domain.spaces.values import ALLOWED, Act, Actor, Decision, Refusal, refused
from carnet.foundation import antivirus
from carnet.foundation.bodies import put_bodies
from carnet.foundation.clamd import Verdict
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import owner_key


class Source(StrEnum):
    """How a document came into the record."""

    PROFESSIONAL = "professional"
    HOLDER = "holder"
    MESSAGE = "message"


@dataclass(frozen=True)
class NewDocument:
    """A document and what is known of it; hash and size are computed from the content, whatever the entry says."""

    content: bytes
    entry: DocumentEntry


@dataclass(frozen=True)
class NewSubmission:
    space_id: UUID
    source: Source
    documents: tuple[NewDocument, ...]
    submission_set: SubmissionSet | None = None
    from_message: UUID | None = None


@dataclass(frozen=True)
class Submitted:
    """What became of each document, in order: its id, and whether it was there already (then nothing was added)."""

    documents: list[tuple[UUID, bool]] = field(default_factory=list)


@transaction.atomic
def submit(actor: Actor, new: NewSubmission) -> Submitted | Decision:
    """Add documents to a space's record: all of them, or none and the reason.

    1. Decide: the actor may add to this space, each document is of a kind, size and patient that may be added, and the
       antivirus, where there is one, has looked at it and found nothing.
    2. A document whose uniqueId is there already is left as it is.
    3. A document that says it replaces another makes that one deprecated, whichever of the two comes first.
    4. Bodies, metadata, keys, events and notifications are written together.

    (IHE ITI-41 and CI-SIS Partage de documents de santé: uniqueness of uniqueId, RPLC.)
    """
    found_clean = _look_for_viruses(new.documents)  # before the lock: it may take seconds
    space = HealthSpace.objects.select_for_update(of=("self",)).filter(id=new.space_id).first()
    if space is None:
        return refused(Refusal.NOT_FOUND)
    decision = decide(actor, Act.ADD_DOCUMENT, space.id, space.state)
    for document in new.documents:
        decision = decision and _decide_document(document, space.ins)
    decision = decision and found_clean
    if not decision:
        leave(event(actor, Act.ADD_DOCUMENT, space.id, decision, target_kind="document"))
        return decision
    submission_id = new_id()
    key = owner_key(space.id)
    at = now()
    result = Submitted()
    events = []
    rows = []
    for document in new.documents:
        digest = unique_id_digest(key, document.entry.unique_id)
        known = Document.objects.filter(space_id=space.id, unique_id_digest=digest).order_by("-version").first()
        if known is not None:
            result.documents.append((known.id, True))
            continue
        row = _row(space.id, submission_id, new, document, digest)
        rows.append((row, document))
        result.documents.append((row.id, False))
        events.append(
            event(
                actor, Act.ADD_DOCUMENT, space.id, target_kind="document", target_id=row.id, title=document.entry.title
            )
        )
    if rows:
        refs = put_bodies([(key, document.content) for _, document in rows])
        for (row, _), ref in zip(rows, refs, strict=True):
            row.body = ref.address
            row.added_at = at
        Submission.objects.create(
            space_id=space.id,
            id=submission_id,
            submitted_at=at,
            source=new.source.value,
            content_type_code=_content_type(new.submission_set),
            metadata=key.seal(f"submission:{submission_id}", orjson.dumps(new.submission_set)),
        )
        Document.objects.bulk_create([row for row, _ in rows])
        DocumentKey.objects.bulk_create(
            [
                DocumentKey(space_id=space.id, unique_id_digest=row.unique_id_digest, logical_id=row.logical_id)
                for row, _ in rows
            ]
        )
        for row, _ in rows:
            events += _mark_replaced(actor, row)
        leave_all(events)
        notify_all([(space.id, NotificationKind.DOCUMENT, row.id) for row, _ in rows])
    return result


def _look_for_viruses(documents: Sequence[NewDocument]) -> Decision:
    """What stays in a record for years is looked at first: where there is an antivirus, nothing enters without it."""
    if not antivirus.configured():
        return ALLOWED
    contents = [one.content for one in documents]
    for content in list(contents):
        try:
            inner = embedded_document(content)
        except (XmlRefused, NotCda, BodyRefused):
            continue
        if inner is not None:
            contents.append(inner.content)
    found = antivirus.look(lambda: contents)
    if found.verdict is Verdict.INFECTED:
        return refused(Refusal.INFECTED)
    return ALLOWED if found.verdict is Verdict.CLEAN else refused(Refusal.NOT_SCANNED)


def _decide_document(document: NewDocument, ins: str) -> Decision:
    entry = document.entry
    if entry.patient_id is not None and entry.patient_id.is_ins and entry.patient_id.matricule != ins:
        return refused(Refusal.WRONG_PATIENT)
    if entry.mime_type in (XML, STYLED_XML):
        try:
            if any(found.matricule != ins for found in read_header(document.content).ins_ids):
                return refused(Refusal.WRONG_PATIENT)
        except (XmlRefused, NotCda):
            return refused(Refusal.UNREADABLE)
        problem = rules.professional_document_refusal(document.content)
    else:
        problem = rules.holder_deposit_refusal(entry.uri, document.content, settings.CARNET_HOLDER_DOCUMENT_BYTES)
    return ALLOWED if problem is None else refused(problem)


def _row(space_id: UUID, submission_id: UUID, new: NewSubmission, document: NewDocument, digest: bytes) -> Document:
    """The document's row, but for its body's address."""
    key = owner_key(space_id)
    document_id = new_id()
    at = now()
    entry = replace(
        document.entry,
        entry_uuid=f"urn:uuid:{document_id}",
        logical_id=f"urn:uuid:{document_id}",
        version=1,
        hash=hashlib.sha1(document.content, usedforsecurity=False).hexdigest(),
        size=len(document.content),
        status=AvailabilityStatus.APPROVED,
    )
    type_code = entry.type_code.code if entry.type_code else ""
    class_code = entry.class_code.code if entry.class_code else (class_of_type(type_code) or "")
    replaces = entry.replaces_unique_id
    return Document(
        space_id=space_id,
        id=document_id,
        logical_id=document_id,
        version=1,
        submission_id=submission_id,
        unique_id_digest=digest,
        status="approved",
        source=new.source.value,
        type_code=type_code,
        class_code=class_code,
        category=mes_category(type_code, class_code).value,
        confidentiality=list(entry.confidentiality),
        mime_type=entry.mime_type,
        size=len(document.content),
        created_at=entry.creation_time or at,
        service_start=entry.service_start or entry.creation_time or at,
        added_at=at,
        replaces_digest=unique_id_digest(key, replaces) if replaces else None,
        from_message=new.from_message,
        metadata=key.seal(f"document:{document_id}", dump_entry(entry)),
    )


def _content_type(submission_set: SubmissionSet | None) -> str:
    return submission_set.content_type.code if submission_set and submission_set.content_type else ""


def _mark_replaced(actor: Actor, row: Document) -> list[NewEvent]:
    """Make the older version deprecated: the one that ``row`` replaces, or ``row`` if its successor came first."""
    events = []
    if row.replaces_digest is not None:
        older = Document.objects.filter(
            space_id=row.space_id, unique_id_digest=row.replaces_digest, status="approved"
        ).exclude(id=row.id)
        for replaced_id in list(older.values_list("id", flat=True)):
            events.append(
                event(actor, Act.REPLACE_DOCUMENT, row.space_id, target_kind="document", target_id=replaced_id)
            )
        older.update(status="deprecated", replaced_by=row.id)
    newer = (
        Document.objects.filter(space_id=row.space_id, replaces_digest=row.unique_id_digest)
        .exclude(id=row.id)
        .order_by("-id")
        .first()
    )
    if newer is not None:
        Document.objects.filter(space_id=row.space_id, id=row.id).update(status="deprecated", replaced_by=newer.id)
    return events


def mark_read(space_id: UUID, document_id: UUID) -> None:
    """The holder has opened the document for the first time."""
    Document.objects.filter(space_id=space_id, id=document_id, read_at=None).update(read_at=now())


_DEPOSIT = uuid.UUID("6f1d1c52-3c7e-4b5a-9a36-2d1c6c3f8a10")
"""The namespace of the uniqueIds given to plain files: the same file of the same space is the same document."""


def deposit_entry(
    space_id: UUID, content: bytes, *, file_name: str, title: str, category: Category, date: datetime, author: str
) -> DocumentEntry:
    """The metadata of a plain file that a holder puts into their record.

    Its uniqueId is made from the space and the content (an OID under 2.25), so that the same file is held once.
    """
    person = HealthSpace.objects.select_related("person").get(id=space_id).person
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
    entry = deposit_entry(
        space_id, content, file_name=file_name, title=title, category=category, date=date, author=actor.label
    )
    new = NewSubmission(space_id=space_id, source=Source.HOLDER, documents=(NewDocument(content, entry),))
    return submit(actor, new)
