"""Reading the documents of a mailbox: which replaces which, what waits to be filed, each patient's file."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import F, Q, QuerySet

from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.messaging.desk.document_values import DocumentHead, KnownDocument, Named, replacements
from carnet.domain.messaging.desk.documents import unique_digest
from carnet.domain.messaging.desk.heads import open_document_head
from carnet.domain.messaging.desk.words import asked
from carnet.domain.messaging.models import DeskDocument, DeskMessage, FolderEntry
from carnet.foundation.owner_keys import owner_key
from carnet.foundation.places import read_place, write_place

PAGE = 25
MOST_OF_A_PATIENT = 300
_MOST_MARKED = 500
_PATIENT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Other:
    """A document that replaces another, or is replaced: where it is, what it is."""

    thread_id: UUID | None
    message_id: UUID
    path: str
    title: str
    at: datetime


@dataclass(frozen=True)
class DocumentMark:
    """What a conversation shows beside a document: its patient's file, what it replaces, what replaces it."""

    id: UUID
    path: str
    patient: str
    patient_name: str
    named: Named
    filed_at: datetime | None
    replaces: tuple[Other, ...]
    replaced_by: Other | None


@dataclass(frozen=True)
class FiledDocument:
    """A document as lists show it. ``when`` is the care's, ``at`` when it came; ``patient`` opens the patient's file.

    ``older``: the versions that it replaces, the newest first.
    """

    id: UUID
    thread_id: UUID | None
    message_id: UUID
    path: str
    title: str
    type_label: str
    author: str
    when: datetime | None
    at: datetime
    sent: bool
    named: Named
    patient: str
    patient_name: str
    birth_date: date | None
    filed_at: datetime | None
    filed_by: str
    older: tuple["FiledDocument", ...] = ()
    replaced: bool = False


@dataclass(frozen=True)
class DocumentList:
    rows: list[FiledDocument]
    next_before: str


@dataclass(frozen=True)
class PatientRow:
    """A patient of whom the mailbox holds documents. ``ins`` is empty when the documents name none surely."""

    patient: str
    name: str
    used_name: str
    given_names: str
    birth_date: date | None
    sex: str
    ins: str
    oid: str
    named: Named
    last_at: datetime
    title: str


@dataclass(frozen=True)
class PatientFile:
    """A patient's documents, the newest care first, replaced ones under what replaces them.

    ``unfiled`` are those that nobody has filed yet; ``more``: older ones exist and are not shown.
    """

    who: PatientRow
    documents: list[FiledDocument]
    unfiled: list[FiledDocument]
    more: bool


def document_marks(mailbox_id: UUID, message_ids: Collection[UUID]) -> dict[UUID, tuple[DocumentMark, ...]]:
    """What is to be said of the documents of these messages, by message. Bounded: see ``MOST_OF_A_PATIENT``."""
    if not message_ids:
        return {}
    of_box = DeskDocument.objects.filter(mailbox_id=mailbox_id)
    rows = list(of_box.filter(message_id__in=list(message_ids)).order_by("at", "path")[:_MOST_MARKED])
    if not rows:
        return {}
    loaded = _Loaded(mailbox_id)
    loaded.add(rows)
    uniques = {bytes(row.unique_digest) for row in rows}
    replaced = {unique_digest(loaded.key, one) for row in rows for one in loaded.heads[row.id].replaces}
    linked = of_box.filter(Q(unique_digest__in=replaced) | Q(replaces_digest__in=uniques))
    loaded.add(linked.order_by("-at")[:_MOST_MARKED])
    patients = {bytes(row.patient_digest) for row in rows}
    loaded.add(of_box.filter(patient_digest__in=patients).order_by("-at")[:MOST_OF_A_PATIENT])
    links = loaded.links()
    threads = loaded.threads()
    marks: dict[UUID, list[DocumentMark]] = {}
    for row in rows:
        head = loaded.heads[row.id]
        newer = links.get(row.id)
        older = [one for one, by in links.items() if by == row.id]
        marks.setdefault(row.message_id, []).append(
            DocumentMark(
                id=row.id,
                path=row.path,
                patient=bytes(row.patient_digest).hex(),
                patient_name=head.patient_name,
                named=head.named,
                filed_at=row.filed_at,
                replaces=tuple(loaded.other(one, threads) for one in older),
                replaced_by=loaded.other(newer, threads) if newer else None,
            )
        )
    return {message_id: tuple(found) for message_id, found in marks.items()}


def unfiled(actor: DeskActor, *, before: str = "", limit: int = PAGE) -> DocumentList:
    """The documents that wait to be filed, the newest first. Index: ``desk_document_unfiled``."""
    rows = DeskDocument.objects.filter(mailbox_id=actor.mailbox.id, filed_at=None)
    return _listed(actor.mailbox.id, rows, before, limit)


def count_unfiled(actor: DeskActor, most: int = 100) -> int:
    """How many documents wait to be filed, counted up to ``most``. Index: ``desk_document_unfiled``."""
    return DeskDocument.objects.filter(mailbox_id=actor.mailbox.id, filed_at=None)[:most].count()


def patients(actor: DeskActor, text: str = "", *, limit: int = 50) -> list[PatientRow]:
    """Patients of whom the mailbox holds documents: those of the newest ones, or those whom ``text`` names.

    Looks at the newest 500 documents in question. Indexes: ``desk_document_newest``, ``desk_document_words``.
    """
    key = owner_key(actor.mailbox.id)
    rows = DeskDocument.objects.filter(mailbox_id=actor.mailbox.id)
    if text.strip():
        words = asked(key, text)
        if not words:
            return []
        rows = rows.filter(words__contains=words)
    found: dict[bytes, PatientRow] = {}
    for row in rows.order_by("-at", "-id")[:_MOST_MARKED]:
        digest = bytes(row.patient_digest)
        if digest not in found:
            found[digest] = _patient_row(row, open_document_head(key, row.id, row.head))
            if len(found) == limit:
                break
    return list(found.values())


def patient_file(actor: DeskActor, patient: str) -> PatientFile | None:
    """The file of a patient by the name that lists give it; None when the mailbox has no document of theirs."""
    if not _PATIENT.fullmatch(patient):
        return None
    of_patient = DeskDocument.objects.filter(mailbox_id=actor.mailbox.id, patient_digest=bytes.fromhex(patient))
    rows = list(of_patient.order_by("-at", "-id")[: MOST_OF_A_PATIENT + 1])
    if not rows:
        return None
    shown = rows[:MOST_OF_A_PATIENT]
    loaded = _Loaded(actor.mailbox.id)
    loaded.add(shown)
    documents = loaded.documents(shown)
    links = {older: newer for older, newer in loaded.links().items() if older in documents and newer in documents}
    below: dict[UUID, list[FiledDocument]] = {}
    for older in links:
        below.setdefault(_newest(links, older), []).append(documents[older])
    twice = _twice(shown, loaded)
    current = [
        _with_older(one, [old for old in below.get(one.id, []) if old.id not in twice])
        for one in documents.values()
        if one.id not in links and one.id not in twice
    ]
    current.sort(key=lambda one: (one.when or one.at, one.at), reverse=True)
    return PatientFile(
        who=_patient_row(shown[0], loaded.heads[shown[0].id]),
        documents=[one for one in current if one.filed_at is not None],
        unfiled=[one for one in current if one.filed_at is None],
        more=len(rows) > MOST_OF_A_PATIENT,
    )


def filed_document(actor: DeskActor, document_id: UUID) -> DocumentHead | None:
    """What is known of one document of the mailbox."""
    row = DeskDocument.objects.filter(mailbox_id=actor.mailbox.id, id=document_id).first()
    return open_document_head(owner_key(actor.mailbox.id), row.id, row.head) if row else None


def patient_of_file(actor: DeskActor, *, file: str = "", document_id: UUID | None = None) -> DocumentHead | None:
    """What the documents of a patient say of them: by the name of their file, or by one of its documents."""
    rows = DeskDocument.objects.filter(mailbox_id=actor.mailbox.id)
    if document_id is not None:
        return filed_document(actor, document_id)
    if not _PATIENT.fullmatch(file):
        return None
    row = rows.filter(patient_digest=bytes.fromhex(file)).order_by("-at").first()
    return filed_document(actor, row.id) if row else None


def _newest(links: dict[UUID, UUID], document_id: UUID) -> UUID:
    while document_id in links:
        document_id = links[document_id]
    return document_id


def _twice(rows: Sequence[DeskDocument], loaded: "_Loaded") -> set[UUID]:
    """Filed documents that are there already, from the same side: a letter to a patient and to her doctor leaves in two
    messages, and is one letter."""
    seen: set[tuple[str, str, bool]] = set()
    found = set()
    for row in reversed(rows):
        side = loaded.heads[row.id].side
        one = (loaded.heads[row.id].unique_id, side.address, side.own)
        if row.filed_at is not None and one in seen:
            found.add(row.id)
        elif row.filed_at is not None:
            seen.add(one)
    return found


def _with_older(one: FiledDocument, older: list[FiledDocument]) -> FiledDocument:
    older.sort(key=lambda version: version.at, reverse=True)
    fields = {**one.__dict__, "older": tuple(FiledDocument(**{**old.__dict__, "replaced": True}) for old in older)}
    return FiledDocument(**fields)


def _listed(mailbox_id: UUID, rows: QuerySet[DeskDocument], before: str, limit: int) -> DocumentList:
    if before:
        place = read_place(before)
        if place is None:
            return DocumentList([], "")
        at, document_id = place
        rows = rows.filter(Q(at__lt=at) | Q(at=at, id__lt=document_id))
    found = list(rows.order_by(F("at").desc(), F("id").desc())[: limit + 1])
    shown = found[:limit]
    if not shown:
        return DocumentList([], "")
    next_before = write_place(shown[-1].at, shown[-1].id) if len(found) > limit else ""
    loaded = _Loaded(mailbox_id)
    loaded.add(shown)
    return DocumentList(list(loaded.documents(shown).values()), next_before)


class _Loaded:
    """Documents of one mailbox with their heads opened, each once."""

    def __init__(self, mailbox_id: UUID) -> None:
        self.mailbox_id = mailbox_id
        self.key = owner_key(mailbox_id)
        self.rows: dict[UUID, DeskDocument] = {}
        self.heads: dict[UUID, DocumentHead] = {}

    def add(self, rows: Iterable[DeskDocument]) -> None:
        for row in rows:
            if row.id not in self.rows:
                self.rows[row.id] = row
                self.heads[row.id] = open_document_head(self.key, row.id, row.head)

    def links(self) -> dict[UUID, UUID]:
        return replacements([KnownDocument(row.id, row.at, self.heads[row.id]) for row in self.rows.values()])

    def threads(self) -> dict[UUID, UUID]:
        """The conversation of each message that still lies in a folder."""
        messages = {row.message_id for row in self.rows.values()}
        known = DeskMessage.objects.filter(mailbox_id=self.mailbox_id, message_id__in=messages)
        found = dict(known.values_list("message_id", "thread_id"))
        # By the conversation: entries have an index of that, and none of the message.
        there = FolderEntry.objects.filter(mailbox_id=self.mailbox_id, thread_id__in=set(found.values()))
        still = set(there.filter(message_id__in=list(found)).values_list("message_id", flat=True))
        return {message_id: thread_id for message_id, thread_id in found.items() if message_id in still}

    def other(self, document_id: UUID, threads: dict[UUID, UUID]) -> Other:
        row, head = self.rows[document_id], self.heads[document_id]
        return Other(threads.get(row.message_id), row.message_id, row.path, head.title or head.type_label, row.at)

    def documents(self, rows: Sequence[DeskDocument]) -> dict[UUID, FiledDocument]:
        threads = self.threads()
        return {row.id: _filed_document(row, self.heads[row.id], threads.get(row.message_id)) for row in rows}


def _filed_document(row: DeskDocument, head: DocumentHead, thread_id: UUID | None) -> FiledDocument:
    return FiledDocument(
        id=row.id,
        thread_id=thread_id,
        message_id=row.message_id,
        path=row.path,
        title=head.title or head.type_label,
        type_label=head.type_label,
        author=head.author,
        when=datetime.fromisoformat(head.when) if head.when else None,
        at=row.at,
        sent=head.side.own,
        named=head.named,
        patient=bytes(row.patient_digest).hex(),
        patient_name=head.patient_name,
        birth_date=head.birth_day,
        filed_at=row.filed_at,
        filed_by=row.filed_by,
    )


def _patient_row(row: DeskDocument, head: DocumentHead) -> PatientRow:
    return PatientRow(
        patient=bytes(row.patient_digest).hex(),
        name=head.patient_name,
        used_name=head.used_name if head.used_name.upper() != head.birth_name.upper() else "",
        given_names=head.given_names,
        birth_date=head.birth_day,
        sex=head.sex,
        ins=head.ins if head.named is Named.INS else "",
        oid=head.oid,
        named=head.named,
        last_at=row.at,
        title=head.title or head.type_label,
    )
