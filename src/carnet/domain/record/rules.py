"""What the record takes in, who reads it, and when two documents are one: decisions as pure functions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from carnet.domain.nomenclature.values import Confidentiality
from carnet.domain.record.cda import BodyRefused, NotCda, embedded_document
from carnet.domain.record.media_types import HOLDER_EXTENSIONS, sniff_media_type
from carnet.domain.record.xml_safety import XmlRefused
from carnet.domain.spaces.values import ALLOWED, Actor, ActorKind, Decision, Refusal, refused

__all__ = [
    "INVISIBLE_TO_PATIENT_DAYS",
    "DocumentFacts",
    "holder_deposit_refusal",
    "may_read",
    "plain_unique_id",
    "professional_document_refusal",
]

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
    hidden = Confidentiality.INVISIBLE_PATIENT in facts.confidentiality
    if hidden and facts.added_at > now - timedelta(days=INVISIBLE_TO_PATIENT_DAYS):
        return refused(Refusal.NOT_FOUND)
    return ALLOWED


def holder_deposit_refusal(file_name: str, data: bytes, max_bytes: int) -> Refusal | None:
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
    except (XmlRefused, NotCda, BodyRefused):
        return Refusal.UNREADABLE
    return None


def plain_unique_id(text: str) -> str:
    """What two uniqueIds of one document share, whichever way it came: root and extension without URN prefix.

    A UUID root counts without its case, an extension with it.
    """
    stripped = text.strip()
    for prefix in ("urn:oid:", "urn:uuid:"):
        if stripped[: len(prefix)].lower() == prefix:
            stripped = stripped[len(prefix) :]
    root, _, extension = stripped.partition("^")
    return f"{root.lower()}^{extension}" if extension else root.lower()
