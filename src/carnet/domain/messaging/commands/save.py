"""Saving an attachment of a message into the record."""

from uuid import UUID

from carnet.domain.messaging.access import open_attachment
from carnet.domain.messaging.models import ConversationEntry
from carnet.domain.nomenclature.values import Category
from carnet.domain.record.commands import NewDocument, NewSubmission, Source, Submitted, deposit_entry, submit
from carnet.domain.record.media_types import HOLDER_EXTENSIONS, sniff_media_type
from carnet.domain.spaces.values import Actor, Decision

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
