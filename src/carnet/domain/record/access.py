"""The only way from an identifier to a document: decide, leave the event, return it or the refusal."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from carnet.domain.audit.commands import leave
from carnet.domain.nomenclature.values import Confidentiality
from carnet.domain.record.metadata import load_entry
from carnet.domain.record.models import Document
from carnet.domain.record.rules import INVISIBLE_TO_PATIENT_DAYS, DocumentFacts, may_read
from carnet.domain.record.values import DocumentEntry
from carnet.domain.spaces.access import decide, event
from carnet.domain.spaces.models import HealthSpace
from carnet.domain.spaces.values import Act, Actor, ActorKind, Decision, Refusal, refused
from carnet.foundation.bodies import get_body
from carnet.foundation.clock import now
from carnet.foundation.owner_keys import owner_key


def readable(actor: Actor, at: datetime) -> Q:
    """The predicate of the documents that ``actor`` may read at ``at``: ``rules.may_read`` as SQL."""
    if actor.kind is not ActorKind.HOLDER or actor.space_id is None:
        return Q(pk__in=[])
    hidden = Q(confidentiality__contains=[Confidentiality.INVISIBLE_PATIENT.value]) & Q(
        added_at__gt=at - timedelta(days=INVISIBLE_TO_PATIENT_DAYS)
    )
    return Q(space_id=actor.space_id) & ~Q(status="deleted") & ~hidden


def facts(document: Document) -> DocumentFacts:
    """What the right to read a stored document is decided on."""
    return DocumentFacts(
        space_id=document.space_id,
        status=document.status,
        confidentiality=frozenset(document.confidentiality),
        added_at=document.added_at,
    )


@dataclass(frozen=True)
class OpenedDocument:
    document: Document
    entry: DocumentEntry

    def content(self) -> bytes:
        return get_body(self.document.space_id, self.document.body)


@transaction.atomic
def open_document(
    actor: Actor, space_id: UUID, document_id: UUID, *, goes_on: bool = False
) -> OpenedDocument | Decision:
    """A document of a space, if ``actor`` may read it; the reading or its refusal is in the trail.

    ``goes_on``: this is part of a reading that the trail has already, such as the next page of a document. The right
    to it is decided anew, and a refusal leaves its event.
    """
    space = HealthSpace.objects.filter(id=space_id).first()
    if space is None:
        return refused(Refusal.NOT_FOUND)
    decision = decide(actor, Act.READ_DOCUMENT, space.id, space.state)
    document = Document.objects.filter(space_id=space.id, id=document_id).first()
    if decision and (document is None or not may_read(actor, facts(document), now())):
        decision = refused(Refusal.NOT_FOUND)
    entry = None
    if document is not None and decision:
        entry = load_entry(owner_key(space.id).open(f"document:{document.id}", document.metadata))
    if not (goes_on and decision):
        leave(
            event(
                actor,
                Act.READ_DOCUMENT,
                space.id,
                decision,
                target_kind="document",
                target_id=document_id,
                title=entry.title if entry else "",
            )
        )
    return OpenedDocument(document, entry) if document is not None and entry is not None else decision
