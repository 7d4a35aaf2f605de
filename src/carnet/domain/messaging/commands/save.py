"""Saving an attachment of a message into the record."""

from dataclasses import dataclass
from uuid import UUID

from carnet.domain.messaging.access import open_attachment, open_conversation
from carnet.domain.messaging.envelopes import EntryContent, KeptAttachment, content_name
from carnet.domain.messaging.models import ConversationEntry
from carnet.domain.nomenclature.values import Category
from carnet.domain.record.commands import NewDocument, NewSubmission, Source, Submitted, deposit_entry, submit
from carnet.domain.record.media_types import HOLDER_EXTENSIONS, sniff_media_type
from carnet.domain.spaces.values import Act, Actor, Decision, Refusal, refused
from carnet.foundation.owner_keys import owner_key

_EXTENSIONS = {media_type: extension for extension, media_type in reversed(HOLDER_EXTENSIONS.items())}


def _named(name: str, content: bytes) -> str:
    """The file's name; one without an extension, as some software sends it, gets that of its content."""
    extension = _EXTENSIONS.get(sniff_media_type(content) or "")
    return name if "." in name or extension is None else f"{name}.{extension}"


def save_attachment(
    actor: Actor, space_id: UUID, conversation_id: UUID, message_id: UUID, path: str
) -> Submitted | Decision:
    """Put an attachment into the record: a clinical document with its own metadata, a plain file as a deposit."""
    opened = open_attachment(actor, space_id, conversation_id, message_id, path)
    if isinstance(opened, Decision):
        return opened
    entry = opened.entry
    if entry is None:
        at = ConversationEntry.objects.values_list("at", flat=True).get(space_id=space_id, message_id=message_id)
        entry = deposit_entry(
            space_id,
            opened.content,
            file_name=_named(opened.kept.name, opened.content),
            title=opened.kept.name.rpartition(".")[0] or opened.kept.name,
            category=Category.AUTR_DOC,
            date=at,
            author=actor.label,
        )
    return submit(
        actor,
        NewSubmission(
            space_id=space_id,
            source=Source.MESSAGE,
            documents=(NewDocument(opened.content, entry),),
            from_message=message_id,
        ),
    )


@dataclass(frozen=True)
class SavedOne:
    """What became of one attachment: in the record as ``document_id`` (``was_there``: it was already), or refused."""

    attachment: KeptAttachment
    document_id: UUID | None = None
    was_there: bool = False
    reason: Refusal | None = None


def save_all_attachments(
    actor: Actor, space_id: UUID, conversation_id: UUID, message_id: UUID
) -> list[SavedOne] | Decision:
    """Put every attachment of a message into the record, each for itself: one that is refused stops no other."""
    opened = open_conversation(actor, Act.READ_CONVERSATION, space_id, conversation_id)
    if isinstance(opened, Decision):
        return opened
    sealed = (
        ConversationEntry.objects.filter(space_id=space_id, message_id=message_id, conversation_id=conversation_id)
        .values_list("content", flat=True)
        .first()
    )
    if sealed is None:
        return refused(Refusal.NOT_FOUND)
    content = EntryContent.from_json(owner_key(space_id).open(content_name(message_id), sealed))
    return [
        _saved(one, save_attachment(actor, space_id, conversation_id, message_id, one.path))
        for one in content.attachments
        if not one.copy_of
    ]


def _saved(attachment: KeptAttachment, done: Submitted | Decision) -> SavedOne:
    if isinstance(done, Decision):
        return SavedOne(attachment, reason=done.reason)
    document_id, was_there = done.documents[0]
    return SavedOne(attachment, document_id, was_there)
