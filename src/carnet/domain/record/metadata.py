"""A DocumentEntry as it is kept: JSON, to be sealed under the space's key, and read back whole."""

from datetime import datetime
from typing import Any

import orjson

from carnet.domain.record.rules import plain_unique_id
from carnet.domain.record.values import Author, AvailabilityStatus, Code, DocumentEntry, PatientId
from carnet.foundation.keys import OwnerKey


def unique_id_digest(key: OwnerKey, unique_id: str) -> bytes:
    """What a space finds a document by: its uniqueId in its one writing, under the space's key."""
    return key.digest("document-unique-id", plain_unique_id(unique_id).encode())


def dump_entry(entry: DocumentEntry) -> bytes:
    """The entry as JSON, for ``load_entry``."""
    return orjson.dumps(entry)


def load_entry(kept: bytes) -> DocumentEntry:
    """What ``dump_entry`` wrote."""
    fields: dict[str, Any] = orjson.loads(kept)
    for name in ("creation_time", "service_start", "service_stop"):
        fields[name] = datetime.fromisoformat(fields[name]) if fields[name] else None
    for name in ("class_code", "type_code", "format_code", "facility_type", "practice_setting"):
        fields[name] = _code(fields[name])
    for name in ("source_patient_id", "patient_id"):
        fields[name] = PatientId(**fields[name]) if fields[name] else None
    fields["status"] = AvailabilityStatus(fields["status"])
    fields["authors"] = tuple(_author(author) for author in fields["authors"])
    fields["legal_authenticator"] = _author(fields["legal_authenticator"]) if fields["legal_authenticator"] else None
    fields["event_codes"] = tuple(Code(**code) for code in fields["event_codes"])
    fields["source_patient_info"] = tuple(tuple(pair) for pair in fields["source_patient_info"])
    for name in ("confidentiality", "reference_ids"):
        fields[name] = tuple(fields[name])
    return DocumentEntry(**fields)


def _code(kept: dict[str, str] | None) -> Code | None:
    return Code(**kept) if kept else None


def _author(kept: dict[str, Any]) -> Author:
    return Author(
        **{**kept, "specialty": _code(kept["specialty"]), "others": tuple(tuple(pair) for pair in kept["others"])}
    )
