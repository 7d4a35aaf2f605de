"""What the record takes in, and what a document is to those already there: decisions as pure functions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from carnet.domain.record.cda import BodyRefused, NotCda, embedded_document
from carnet.domain.record.media_types import HOLDER_EXTENSIONS, sniff_media_type
from carnet.domain.record.values import AvailabilityStatus, DocumentEntry
from carnet.domain.record.xml_safety import XmlRefused
from carnet.domain.spaces.values import ALLOWED, Actor, ActorKind, Decision, Refusal, refused

__all__ = [
    "INVISIBLE_TO_PATIENT_DAYS",
    "DocumentFacts",
    "Replacement",
    "ReplacementVerdict",
    "holder_deposit_refusal",
    "may_read",
    "plain_unique_id",
    "professional_document_refusal",
    "replacement",
    "same_document",
]

# Mon espace santé, public application: the largest file that a holder may deposit.
HOLDER_MAX_BYTES: Final = 5_000_000
# No public limit exists for professionals: the largest document published by the CI-SIS is 3 MB.
PROFESSIONAL_MAX_BYTES: Final = 20_000_000


# CSP R1111-53: what a professional keeps from the patient until told in person becomes visible after a month.
INVISIBLE_TO_PATIENT_DAYS: Final = 31


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """What the right to read a document is decided on."""

    space_id: UUID
    status: str
    confidentiality: frozenset[str]
    added_at: datetime


def may_read(actor: Actor, facts: DocumentFacts, now: datetime) -> Decision:
    """Whether the actor may read the document. Its twin in SQL is ``access.readable``; a test holds them equal."""
    if actor.kind is not ActorKind.HOLDER:
        return refused(Refusal.NOT_PROVIDED)
    if actor.space_id != facts.space_id:
        return refused(Refusal.NOT_YOURS)
    if facts.status == "deleted":
        return refused(Refusal.NOT_FOUND)
    hidden = "INVISIBLE_PATIENT" in facts.confidentiality
    if hidden and facts.added_at > now - timedelta(days=INVISIBLE_TO_PATIENT_DAYS):
        return refused(Refusal.NOT_FOUND)
    return ALLOWED


def holder_deposit_refusal(file_name: str, data: bytes, max_bytes: int = HOLDER_MAX_BYTES) -> Refusal | None:
    """Why a holder may not deposit this file, None when they may: its content decides, its name must agree."""
    if not data:
        return Refusal.EMPTY_FILE
    if len(data) > max_bytes:
        return Refusal.TOO_LARGE
    _, dot, extension = file_name.rpartition(".")
    if not dot or not extension.strip():
        return Refusal.TYPE_NOT_ACCEPTED
    expected = HOLDER_EXTENSIONS.get(extension.strip().lower())
    if expected is None:
        return Refusal.TYPE_NOT_ACCEPTED
    found = sniff_media_type(data)
    if found is None:
        return Refusal.CONTENT_MISMATCH
    if found not in HOLDER_EXTENSIONS.values():
        return Refusal.TYPE_NOT_ACCEPTED
    return None if found == expected else Refusal.CONTENT_MISMATCH


def professional_document_refusal(data: bytes) -> Refusal | None:
    """Why a professional's document is not taken, None when it is.

    It must be CDA R2: structured, or around a PDF, a plain or rich text, or a picture, that is what it says it is
    (CI-SIS, Structuration minimale, corps non structuré).
    """
    if not data:
        return Refusal.EMPTY_FILE
    if len(data) > PROFESSIONAL_MAX_BYTES:
        return Refusal.TOO_LARGE
    try:
        embedded_document(data)
    except XmlRefused:
        return Refusal.UNREADABLE
    except NotCda:
        return Refusal.UNREADABLE
    except BodyRefused:
        return Refusal.UNREADABLE
    return None


def same_document(unique_id_a: str, unique_id_b: str) -> bool:
    """Whether two uniqueIds name one document, whichever way it came (mail or record)."""
    first = plain_unique_id(unique_id_a)
    return bool(first) and first == plain_unique_id(unique_id_b)


def plain_unique_id(text: str) -> str:
    """Root and extension without URN prefix; a UUID root counts without its case, an extension with it."""
    stripped = text.strip()
    for prefix in ("urn:oid:", "urn:uuid:"):
        if stripped[: len(prefix)].lower() == prefix:
            stripped = stripped[len(prefix) :]
    root, _, extension = stripped.partition("^")
    return f"{root.lower()}^{extension}" if extension else root.lower()


class ReplacementVerdict(StrEnum):
    """What a document that says it replaces another does to the record."""

    NOT_A_REPLACEMENT = "not_a_replacement"
    REPLACES = "replaces"
    ALREADY_HERE = "already_here"
    PARENT_UNKNOWN = "parent_unknown"
    PARENT_NOT_CURRENT = "parent_not_current"
    OTHER_PATIENT = "other_patient"
    ITSELF = "itself"


@dataclass(frozen=True, slots=True)
class Replacement:
    """The verdict, and the entry that it is about."""

    verdict: ReplacementVerdict
    parent: DocumentEntry | None = None


def replacement(entry: DocumentEntry, existing: Iterable[DocumentEntry]) -> Replacement:
    """What `entry` does to `existing`, by the parent that its document names (CDA relatedDocument RPLC).

    1. a document that is already there changes nothing; 2. one that names no parent is simply new; 3. it cannot
    name itself; 4. a parent that never came leaves it new; 5. the parent must be of the same patient; 6. only an
    Approved parent is replaced (IHE ITI TF-2 §3.42.4.1.3.3): it becomes Deprecated.
    """
    known = list(existing)
    for other in known:
        if same_document(other.unique_id, entry.unique_id):
            return Replacement(ReplacementVerdict.ALREADY_HERE, other)
    if not entry.replaces_unique_id:
        return Replacement(ReplacementVerdict.NOT_A_REPLACEMENT)
    if same_document(entry.replaces_unique_id, entry.unique_id):
        return Replacement(ReplacementVerdict.ITSELF)
    parents = [other for other in known if same_document(other.unique_id, entry.replaces_unique_id)]
    if not parents:
        return Replacement(ReplacementVerdict.PARENT_UNKNOWN)
    # Several versions of one entry share the uniqueId: the current one speaks for the document.
    parent = next((p for p in parents if p.status is AvailabilityStatus.APPROVED), parents[-1])
    if parent.patient_id != entry.patient_id:
        return Replacement(ReplacementVerdict.OTHER_PATIENT, parent)
    if parent.status is not AvailabilityStatus.APPROVED:
        return Replacement(ReplacementVerdict.PARENT_NOT_CURRENT, parent)
    return Replacement(ReplacementVerdict.REPLACES, parent)
