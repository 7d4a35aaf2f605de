"""A message that somebody has begun at the desk: to whom, what, with which files or documents."""

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Self
from uuid import UUID

import orjson

from carnet.domain.messaging.desk.patients import FoundPatient

MESSAGE, DOCUMENTS = "message", "documents"
"""The two kinds: files go as they are, documents are made into an IHE_XDM.zip with their PDF beside it."""

MOST_COLLEAGUES = 20
SUBJECT_LENGTH = 200
TEXT_LENGTH = 20_000


@dataclass(frozen=True)
class DraftDocument:
    """A document of a draft: a letter by its ``text``, or the PDF of the file ``file_id``."""

    id: UUID
    type_code: str = ""
    title: str = ""
    text: str = ""
    service_on: date | None = None
    file_id: UUID | None = None
    replaces: UUID | None = None


@dataclass(frozen=True)
class DraftContent:
    """What a draft holds. ``to_patient``: the patient is written to, not only the subject of the documents."""

    kind: str = MESSAGE
    patient: FoundPatient | None = None
    to_patient: bool = True
    colleagues: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""
    end: bool = False
    receipt: bool = False
    thread_id: UUID | None = None
    documents: tuple[DraftDocument, ...] = field(default=())

    def to_json(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def from_json(cls, kept: bytes) -> Self:
        found: dict[str, Any] = orjson.loads(kept)
        patient = found["patient"]
        if patient is not None:
            patient = FoundPatient(**{**patient, "birth_date": _day(patient["birth_date"])})
        return cls(
            **{
                **found,
                "patient": patient,
                "colleagues": tuple(found["colleagues"]),
                "thread_id": _id(found["thread_id"]),
                "documents": tuple(_document(one) for one in found["documents"]),
            }
        )


def _document(kept: dict[str, Any]) -> DraftDocument:
    ids = {name: _id(kept[name]) for name in ("id", "file_id", "replaces")}
    return DraftDocument(**{**kept, **ids, "service_on": _day(kept["service_on"])})


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None
