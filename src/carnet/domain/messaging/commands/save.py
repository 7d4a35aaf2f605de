"""Saving an attachment of a message into the record."""

from uuid import UUID

from carnet.domain.messaging.access import open_attachment
from carnet.domain.messaging.models import ConversationEntry
from carnet.domain.nomenclature.values import Category
from carnet.domain.record.commands import NewDocument, NewSubmission, Source, Submitted, deposit_entry, submit
from carnet.domain.spaces.values import Actor, Decision


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
            file_name=opened.kept.name,
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
