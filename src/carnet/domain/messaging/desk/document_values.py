"""What a team knows of a clinical document in its mailbox, and which document replaces which."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

import orjson

from carnet.domain.identity.values import Ins, InvalidIns
from carnet.domain.messaging.kept_json import from_kept
from carnet.domain.record.cda import CdaHeader
from carnet.domain.record.values import DocumentEntry, PatientId

USUAL_TYPES = ("11490-0", "11488-4", "34112-3", "34874-8", "96349-6", "57833-6", "18748-4", "11502-2", "60591-5")
"""What professionals write most to patients and to each other; the first is offered first."""


class Named(StrEnum):
    """How a document names its patient: by one INS whose key is right, or less surely."""

    INS = "ins"
    WRONG_KEY = "wrong-key"
    SEVERAL = "several"
    NONE = "none"


@dataclass(frozen=True)
class Side:
    """Who sent a document: the correspondent's address, and the establishment that the directory gives its mailbox.

    ``own``: this mailbox sent it itself.
    """

    address: str = ""
    finess: str = ""
    own: bool = False

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2].lower()


@dataclass(frozen=True)
class DocumentHead:
    """What is kept, sealed, of a document: what it is, whom it is about, who sent it, what it says it replaces.

    ``birth_date`` is YYYYMMDD as the document writes it; ``when`` the ISO time of the care, else of the writing.
    ``replaces`` are the uniqueIds of earlier documents (CDA relatedDocument RPLC), ``replaces_entry`` the entryUUID of
    one (XDS association RPLC).
    """

    title: str = ""
    type_code: str = ""
    type_label: str = ""
    when: str = ""
    author: str = ""
    institution: str = ""
    birth_name: str = ""
    given_names: str = ""
    used_name: str = ""
    birth_date: str = ""
    sex: str = ""
    ins: str = ""
    oid: str = ""
    named: Named = Named.NONE
    unique_id: str = ""
    entry_uuid: str = ""
    set_id: str = ""
    version: int = 0
    replaces: tuple[str, ...] = ()
    replaces_entry: str = ""
    side: Side = Side()

    @property
    def patient_key(self) -> str:
        """What the documents of one patient share: the INS, else the traits as they are written."""
        if self.named is Named.INS:
            return f"ins {self.ins}"
        return f"traits {self.birth_name.upper()} {self.given_names.upper()} {self.birth_date}"

    @property
    def patient_name(self) -> str:
        """`Prénom NOM` at birth."""
        given = self.given_names.partition(" ")[0].title()
        return " ".join(part for part in (given, self.birth_name.upper()) if part)

    @property
    def birth_day(self) -> date | None:
        """The birth date when it is a whole date of the calendar."""
        try:
            return date(int(self.birth_date[:4]), int(self.birth_date[4:6]), int(self.birth_date[6:8]))
        except ValueError:
            return None

    def to_json(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    def from_json(cls, kept: bytes) -> Self:
        return from_kept(cls, kept, named=Named, replaces=tuple, side=lambda side: Side(**side))


def document_head_name(document_id: UUID) -> str:
    """What the head of a document is sealed as."""
    return f"desk-document:{document_id}"


_MOST_REPLACED = 20


def document_head(
    entry: DocumentEntry,
    header: CdaHeader,
    ids: frozenset[PatientId],
    *,
    author: str,
    type_label: str,
    replaced_entry: str,
    side: Side,
) -> DocumentHead:
    """The head of a document of an archive. ``ids``: every INS that it names; ``replaced_entry`` as in the package."""
    traits = header.patient
    named, patient = _patient(ids)
    when = entry.service_start or entry.creation_time
    first = entry.authors[0] if entry.authors else None
    return DocumentHead(
        title=(entry.title or type_label)[:300],
        type_code=entry.type_code.code if entry.type_code else "",
        type_label=type_label[:200],
        when=when.isoformat() if when else "",
        author=author[:300],
        institution=first.institution_id[:100] if first else "",
        birth_name=(traits.birth_family or traits.used_family)[:200],
        given_names=(traits.birth_given_names or traits.birth_given or traits.used_given)[:200],
        used_name=traits.used_family[:200],
        birth_date=traits.birth_date,
        sex=traits.sex[:2],
        ins=patient.matricule if patient else "",
        oid=patient.oid if patient else "",
        named=named,
        unique_id=header.unique_id or entry.unique_id,
        entry_uuid=entry.entry_uuid,
        set_id=header.set_id,
        version=header.version or 0,
        replaces=header.replaces[:_MOST_REPLACED],
        replaces_entry=replaced_entry,
        side=side,
    )


def _patient(ids: frozenset[PatientId]) -> tuple[Named, PatientId | None]:
    """The one INS that a document names; a matricule under several authorities is one person's."""
    if len({one.matricule for one in ids}) > 1:
        return Named.SEVERAL, None
    if not ids:
        return Named.NONE, None
    patient = min(ids, key=lambda one: one.oid)
    try:
        return Named.INS, PatientId(Ins.parse(patient.matricule), patient.oid)
    except InvalidIns:
        return Named.WRONG_KEY, patient


@dataclass(frozen=True)
class KnownDocument:
    """A document of a mailbox as replacements are told among: its row's id, when it came, its head."""

    id: UUID
    at: datetime
    head: DocumentHead


def replacements(documents: Sequence[KnownDocument]) -> dict[UUID, UUID]:
    """Which document is replaced by which, from the older one's id to the newer one's.

    A document replaces another when it says so (CDA relatedDocument RPLC, XDS association RPLC), or is a later version
    of the same set (CDA setId and versionNumber); and only when both are about the same patient, by an INS that is
    right, and come from the same side: what somebody else sends never marks a letter as replaced. Where several
    replace one, the last that came counts.
    """
    by_unique: dict[str, list[KnownDocument]] = {}
    by_entry: dict[str, list[KnownDocument]] = {}
    by_set: dict[str, list[KnownDocument]] = {}
    for one in documents:
        by_unique.setdefault(one.head.unique_id, []).append(one)
        if one.head.entry_uuid:
            by_entry.setdefault(one.head.entry_uuid, []).append(one)
        if one.head.set_id and one.head.version:
            by_set.setdefault(one.head.set_id, []).append(one)
    found: dict[UUID, UUID] = {}
    for newer in sorted(documents, key=lambda one: (one.at, one.head.version, one.id.int)):
        named = [old for unique_id in newer.head.replaces for old in by_unique.get(unique_id, ())]
        named += by_entry.get(newer.head.replaces_entry, ()) if newer.head.replaces_entry else ()
        named += [old for old in by_set.get(newer.head.set_id, ()) if old.head.version < newer.head.version]
        for older in named:
            if _may_replace(newer, older) and not _leads_to(found, newer.id, older.id):
                found[older.id] = newer.id
    return found


def _may_replace(newer: KnownDocument, older: KnownDocument) -> bool:
    mine, theirs = newer.head, older.head
    if newer.id == older.id or mine.unique_id == theirs.unique_id:
        return False
    same_patient = mine.named is Named.INS and theirs.named is Named.INS and mine.ins == theirs.ins
    return same_patient and same_side(mine, theirs)


def same_side(one: DocumentHead, other: DocumentHead) -> bool:
    """Whether two documents come from the same side: the same mailbox, or mailboxes of one establishment, as the
    directory says. Neither a domain does, which an operator gives to many doctors who have nothing to do with each
    other, nor the institution that a document names: whoever writes it writes what they like.
    """
    mine, theirs = one.side, other.side
    if mine.own != theirs.own:
        return False
    if mine.address.lower() == theirs.address.lower():
        return True
    return bool(mine.finess) and mine.finess == theirs.finess


def _leads_to(found: dict[UUID, UUID], start: UUID, end: UUID) -> bool:
    """Whether following replacements from one document comes to the other: a circle replaces nothing."""
    at: UUID | None = start
    while at is not None:
        if at == end:
            return True
        at = found.get(at)
    return False
