"""Opening what is kept sealed of conversations of the desk, of their messages and of the documents in these."""

from uuid import UUID

from carnet.domain.messaging.desk.document_values import DocumentHead, document_head_name
from carnet.domain.messaging.desk.values import DeskHead, ThreadHead, desk_head_name, thread_name
from carnet.foundation.keys import OwnerKey


def open_thread_head(key: OwnerKey, thread_id: UUID, sealed: bytes | memoryview) -> ThreadHead:
    """The subject and the people of a conversation."""
    return ThreadHead.from_json(key.open(thread_name(thread_id), sealed))


def open_desk_head(key: OwnerKey, message_id: UUID, sealed: bytes | memoryview) -> DeskHead:
    """What lists show of a message."""
    return DeskHead.from_json(key.open(desk_head_name(message_id), sealed))


def open_document_head(key: OwnerKey, document_id: UUID, sealed: bytes | memoryview) -> DocumentHead:
    """What is known of a document."""
    return DocumentHead.from_json(key.open(document_head_name(document_id), sealed))
