"""What somebody has begun at the desk: a message (to whom, what, with which files or documents), or an answer."""

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Self
from uuid import UUID

import orjson

from carnet.domain.messaging.desk.patient_values import FoundPatient
from carnet.domain.messaging.kept_json import from_kept

MESSAGE, DOCUMENTS = "message", "documents"
"""The two kinds: files go as they are, documents are made into an IHE_XDM.zip with their PDF beside it."""

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
        return from_kept(cls, kept, patient=_patient, colleagues=tuple, thread_id=_id, documents=_documents)


@dataclass(frozen=True)
class AnswerContent:
    """What was typed and ticked in the answer box of a conversation; its files are not kept.

    ``page`` is the token of the form that was last kept, not part of what it says.
    """

    text: str = ""
    receipt: bool = False
    end: bool = False
    everyone: bool = False
    page: str = field(default="", compare=False)

    def to_json(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def from_json(cls, kept: bytes) -> Self:
        return from_kept(cls, kept)


def _patient(kept: dict[str, Any] | None) -> FoundPatient | None:
    return FoundPatient(**{**kept, "birth_date": _day(kept["birth_date"])}) if kept is not None else None


def _documents(kept: list[dict[str, Any]]) -> tuple[DraftDocument, ...]:
    return tuple(_document(one) for one in kept)


def _document(kept: dict[str, Any]) -> DraftDocument:
    ids = {name: _id(kept[name]) for name in ("id", "file_id", "replaces")}
    return DraftDocument(**{**kept, **ids, "service_on": _day(kept["service_on"])})


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None
