"""What a professional has begun to write at the desk: kept from page to page, for a day, for nobody but them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet, Sum

from carnet.domain.directory.traces import TraceAct
from carnet.domain.identity.queries import identity_of_ins
from carnet.domain.messaging.commands.write import NewFile
from carnet.domain.messaging.desk.access import find_thread
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.messaging.desk.draft_values import DraftContent
from carnet.domain.messaging.desk.heads import open_thread_head
from carnet.domain.messaging.desk.patient_values import FoundPatient
from carnet.domain.messaging.models import DeskDraft, DeskDraftFile
from carnet.domain.record.file_names import safe_file_name
from carnet.domain.record.media_types import GIF, HOLDER_EXTENSIONS, sniff_media_type
from carnet.domain.spaces.values import Decision, Refusal, refused
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.keys import OwnerKey
from carnet.foundation.owner_keys import create_owner_keys, owner_key

MOST_FILES = 20
MOST_DRAFTS = 50
"""Messages that a professional may have begun in a mailbox; and as many answers."""

_SENDABLE = frozenset(HOLDER_EXTENSIONS.values()) | {GIF}


@dataclass(frozen=True)
class DraftFileRow:
    """A file of a draft, without its content."""

    id: UUID
    name: str
    media_type: str
    size: int


@dataclass(frozen=True)
class OpenedDraft:
    id: UUID
    content: DraftContent
    files: tuple[DraftFileRow, ...]
    saved_at: datetime


@transaction.atomic
def begin_draft(actor: DeskActor, content: DraftContent) -> UUID:
    """Begin a message. Of a professional's drafts in a mailbox, the oldest beyond MOST_DRAFTS goes."""
    create_owner_keys([actor.mailbox.id])
    draft_id = new_id()
    DeskDraft.objects.create(
        mailbox_id=actor.mailbox.id,
        id=draft_id,
        author=actor.rpps,
        content=_seal(owner_key(actor.mailbox.id), draft_id, content),
        saved_at=now(),
    )
    drop_oldest(actor, _messages(actor))
    return draft_id


def drop_oldest(actor: DeskActor, begun: QuerySet[DeskDraft]) -> None:
    """Of the messages, or of the answers, begun by a professional in a mailbox, the oldest beyond MOST_DRAFTS goes."""
    for old in begun.order_by("-saved_at").values_list("id", flat=True)[MOST_DRAFTS:]:
        discard_draft(actor, old)


def open_draft(actor: DeskActor, draft_id: UUID) -> OpenedDraft | None:
    """A draft of this professional in this mailbox; None for another's as for one that is not there."""
    row = _messages(actor).filter(id=draft_id).first()
    if row is None:
        return None
    key = owner_key(actor.mailbox.id)
    content = DraftContent.from_json(key.open(draft_name(draft_id), row.content))
    files = tuple(
        DraftFileRow(file_id, key.open_text(_file_name(file_id), name), media_type, size)
        for file_id, name, media_type, size in _files(actor, draft_id).values_list("id", "name", "media_type", "size")
    )
    return OpenedDraft(draft_id, content, files, row.saved_at)


def drafts_of(actor: DeskActor) -> list[OpenedDraft]:
    """The messages that this professional has begun in this mailbox, the newest first, without the files."""
    key = owner_key(actor.mailbox.id)
    return [
        OpenedDraft(row.id, DraftContent.from_json(key.open(draft_name(row.id), row.content)), (), row.saved_at)
        for row in _messages(actor).order_by("-saved_at")[:MOST_DRAFTS]
    ]


def save_draft(actor: DeskActor, draft_id: UUID, content: DraftContent) -> bool:
    """Keep what was typed. False when the draft is not there any more."""
    sealed = _seal(owner_key(actor.mailbox.id), draft_id, content)
    return bool(_messages(actor).filter(id=draft_id).update(content=sealed, saved_at=now()))


@transaction.atomic
def add_files(actor: DeskActor, draft_id: UUID, files: Sequence[NewFile]) -> list[UUID] | Decision:
    """Put files into a draft: all of them, or none and why. Returns their ids, in order."""
    if not _messages(actor).select_for_update().filter(id=draft_id).exists():
        return refused(Refusal.NOT_FOUND)
    there = _files(actor, draft_id)
    size = (there.aggregate(size=Sum("size"))["size"] or 0) + sum(len(file.content) for file in files)
    if there.count() + len(files) > MOST_FILES or size > settings.CARNET_HOLDER_MESSAGE_BYTES:
        return refused(Refusal.TOO_LARGE)
    for file in files:
        if not file.content:
            return refused(Refusal.EMPTY_FILE)
        if sniff_media_type(file.content) not in _SENDABLE:
            return refused(Refusal.TYPE_NOT_ACCEPTED)
    key = owner_key(actor.mailbox.id)
    at = now()
    rows = []
    for file in files:
        file_id = new_id()
        rows.append(
            DeskDraftFile(
                mailbox_id=actor.mailbox.id,
                id=file_id,
                draft_id=draft_id,
                name=key.seal_text(_file_name(file_id), safe_file_name(file.name)),
                media_type=sniff_media_type(file.content) or "application/octet-stream",
                size=len(file.content),
                content=key.seal(_content_name(file_id), file.content),
                added_at=at,
            )
        )
    DeskDraftFile.objects.bulk_create(rows)
    return [row.id for row in rows]


@transaction.atomic
def remove_file(actor: DeskActor, draft_id: UUID, file_id: UUID) -> None:
    """Take a file out of a draft, and the document that it was."""
    draft = open_draft(actor, draft_id)
    if draft is None:
        return
    _files(actor, draft_id).filter(id=file_id).delete()
    kept = tuple(one for one in draft.content.documents if one.file_id != file_id)
    save_draft(actor, draft_id, replace(draft.content, documents=kept))


def file_of_draft(actor: DeskActor, draft_id: UUID, file_id: UUID) -> NewFile | None:
    """A file of a draft with its content."""
    row = _files(actor, draft_id).filter(id=file_id).first() if _messages(actor).filter(id=draft_id).exists() else None
    if row is None:
        return None
    key = owner_key(actor.mailbox.id)
    return NewFile(key.open_text(_file_name(file_id), row.name), key.open(_content_name(file_id), row.content))


@transaction.atomic
def discard_draft(actor: DeskActor, draft_id: UUID) -> bool:
    """Throw a draft away with its files. False when it was not there."""
    deleted, _ = own_drafts(actor).filter(id=draft_id).delete()
    if deleted:
        DeskDraftFile.objects.filter(mailbox_id=actor.mailbox.id, draft_id=draft_id).delete()
    return bool(deleted)


def forget_desk_drafts(before: datetime) -> int:
    """Delete what was last saved before ``before``. Returns how many drafts went. Index: ``desk_draft_age``.

    Each is looked at again as it goes: what was saved since it was listed stays.
    """
    old = DeskDraft.objects.filter(saved_at__lt=before)
    gone = 0
    for mailbox_id, draft_id in list(old.values_list("mailbox_id", "id")[:10_000]):
        with transaction.atomic():
            deleted, _ = old.filter(mailbox_id=mailbox_id, id=draft_id).delete()
            if deleted:
                DeskDraftFile.objects.filter(mailbox_id=mailbox_id, draft_id=draft_id).delete()
                gone += 1
    return gone


@transaction.atomic
def patient_of_thread(actor: DeskActor, thread_id: UUID) -> FoundPatient | None:
    """The patient with whom this mailbox has a conversation: they are known here by their INS already.

    Who wrote is known by the rest of their identity too. Who was only written to is known by what was written:
    otherwise a number that somebody typed would tell whose it is. None for one who has no health space here.
    """
    thread = find_thread(actor, thread_id, TraceAct.READ)
    if isinstance(thread, Decision) or not thread.patient:
        return None
    person = open_thread_head(owner_key(actor.mailbox.id), thread.id, thread.head).correspondent
    known = identity_of_ins(person.ins)
    if known is None:
        return None
    found = FoundPatient(
        ins=person.ins,
        oid=known.oid.value,
        birth_name=person.birth_name,
        given_names=person.first_name,
        birth_date=person.birth_date,
        how="thread",
        verified=True,
    )
    if not person.verified:
        return found
    traits = known.traits
    return replace(
        found,
        given_names=traits.given_names_text or traits.first_given_name,
        sex=traits.sex.value if traits.sex else "",
        birth_place=traits.birth_place,
        insi_agrees=known.qualified,
    )


def own_drafts(actor: DeskActor) -> QuerySet[DeskDraft]:
    """All that this professional has begun in this mailbox: messages, and answers in conversations."""
    return DeskDraft.objects.filter(mailbox_id=actor.mailbox.id, author=actor.rpps)


def _messages(actor: DeskActor) -> QuerySet[DeskDraft]:
    return own_drafts(actor).filter(thread_id=None)


def _files(actor: DeskActor, draft_id: UUID) -> QuerySet[DeskDraftFile]:
    return DeskDraftFile.objects.filter(mailbox_id=actor.mailbox.id, draft_id=draft_id).order_by("added_at", "id")


def _seal(key: OwnerKey, draft_id: UUID, content: DraftContent) -> bytes:
    return key.seal(draft_name(draft_id), content.to_json())


def draft_name(draft_id: UUID) -> str:
    """Under which name the content of a draft is sealed."""
    return f"desk-draft:{draft_id}"


def _file_name(file_id: UUID) -> str:
    return f"desk-draft-file:{file_id}:name"


def _content_name(file_id: UUID) -> str:
    return f"desk-draft-file:{file_id}:content"
