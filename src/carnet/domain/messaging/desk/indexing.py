"""Putting stored messages into the conversations of the desk, a batch of one mailbox at a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from carnet.domain.directory.queries import MailboxFacts, TrustSpace, trust_space
from carnet.domain.messaging.desk.batches import SentHere, load_batch, write_batch
from carnet.domain.messaging.desk.placing import place
from carnet.domain.messaging.desk.stored import ReadMessage, StoredMessage, read_stored
from carnet.foundation import logs

log = logs.get("desk")


def index(
    box: MailboxFacts, messages: Sequence[ReadMessage], sent_here: Mapping[UUID, SentHere] | None = None
) -> dict[UUID, UUID]:
    """Put read messages, the oldest first, into conversations. Returns each one's conversation.

    Part of the caller's transaction, which has locked the folders where they lie. Nobody joins a conversation by
    knowing an identifier: whom a message goes from or to must have taken part.
    """
    batch = load_batch(box, messages, sent_here or {})
    for message in messages:
        place(batch, message)
    write_batch(batch, messages)
    return {row.message_id: row.thread_id for row in batch.rows}


def read_all(box: MailboxFacts, messages: Iterable[StoredMessage]) -> list[ReadMessage]:
    """Read messages of a mailbox. Long work, to be done before anything is locked."""
    trust = trust_space()
    return [_read(message, box, trust) for message in messages]


def _read(message: StoredMessage, box: MailboxFacts, trust: TrustSpace) -> ReadMessage:
    """One that no reader foresaw is there without content: it must not keep the others from the desk."""
    try:
        return read_stored(message, box.address, trust)
    except Exception as problem:
        log.error("desk_message_unreadable", message=str(message.message_id), exc_info=problem)
        return read_stored(replace(message, raw=b""), box.address, trust)
