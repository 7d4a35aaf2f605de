"""Reading the record, for its holder."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from carnet.domain.nomenclature.queries import document_type
from carnet.domain.record.access import readable
from carnet.domain.record.metadata import load_entry, unique_id_digest
from carnet.domain.record.models import Document
from carnet.domain.record.values import DocumentEntry
from carnet.domain.spaces.values import Actor
from carnet.foundation.clock import now
from carnet.foundation.owner_keys import owner_key
from carnet.foundation.places import read_place, write_place

PAGE = 20


@dataclass(frozen=True)
class DocumentRow:
    """One line of a list of documents. ``date`` is the care's (service start), ``author`` as people read it."""

    id: UUID
    title: str
    type_label: str
    category: str
    author: str
    date: datetime
    added_at: datetime
    mime: str
    size: int
    source: str
    is_new: bool
    replaced: bool


def row_of(document: Document, entry: DocumentEntry) -> DocumentRow:
    """One line of a list, from a document and its opened metadata."""
    known = document_type(document.type_code)
    return DocumentRow(
        id=document.id,
        title=entry.title or (known.label_fr if known else ""),
        type_label=known.label_fr if known else (entry.type_code.label if entry.type_code else ""),
        category=document.category,
        author=author_text(entry),
        date=document.service_start,
        added_at=document.added_at,
        mime=document.mime_type,
        size=document.size,
        source=document.source,
        is_new=document.read_at is None,
        replaced=document.status == "deprecated",
    )


def author_text(entry: DocumentEntry) -> str:
    """« Prénom NOM, Établissement » of the first author; a practice that bears its practitioner's name is said once."""
    if not entry.authors:
        return ""
    person, institution = entry.authors[0].display_name, entry.authors[0].institution_name
    if person.casefold() in institution.casefold():
        return institution
    return ", ".join(part for part in (person, institution) if part)


@dataclass(frozen=True)
class DocumentPage:
    rows: list[DocumentRow]
    next_before: str


def documents(actor: Actor, *, category: str = "", before: str = "", limit: int = PAGE) -> DocumentPage:
    """The documents that ``actor`` may read, the newest care first, at most ``limit``.

    ``before`` is the ``next_before`` of the page before. Index: ``document_newest``.
    """
    wanted = readable(actor, now())
    if category:
        wanted &= Q(category=category)
    if before:
        place = read_place(before)
        if place is None:
            return DocumentPage([], "")
        date, document_id = place
        wanted &= Q(service_start__lt=date) | Q(service_start=date, id__lt=document_id)
    found = list(Document.objects.filter(wanted).order_by("-service_start", "-id")[: limit + 1])
    shown = found[:limit]
    next_before = write_place(shown[-1].service_start, shown[-1].id) if len(found) > limit else ""
    if not shown:
        return DocumentPage([], "")
    key = owner_key(shown[0].space_id)
    rows = [row_of(d, load_entry(key.open(f"document:{d.id}", d.metadata))) for d in shown]
    return DocumentPage(rows, next_before)


def count_new(actor: Actor) -> int:
    """How many readable documents the holder has not opened yet."""
    return Document.objects.filter(readable(actor, now()), read_at=None, status="approved").count()


def versions(actor: Actor, document: Document) -> list[DocumentRow]:
    """The older and newer versions of a document that ``actor`` may read, the newest first."""
    linked = Q(replaced_by=document.id)
    if document.replaced_by:
        linked |= Q(id=document.replaced_by)
    rows = Document.objects.filter(readable(actor, now()) & linked).order_by("-added_at")[:50]
    key = owner_key(document.space_id)
    return [row_of(d, load_entry(key.open(f"document:{d.id}", d.metadata))) for d in rows]


def held(space_id: UUID, unique_ids: Iterable[str]) -> dict[str, UUID]:
    """Which of these uniqueIds the record holds, and as which document: « déjà dans vos documents »."""
    key = owner_key(space_id)
    by_digest = {unique_id_digest(key, unique_id): unique_id for unique_id in unique_ids}
    if not by_digest:
        return {}
    rows = (
        Document.objects.filter(space_id=space_id, unique_id_digest__in=list(by_digest))
        .order_by("version")
        .values_list("unique_id_digest", "id")
    )
    return {by_digest[bytes(digest)]: document_id for digest, document_id in rows}
