"""What putting messages of a mailbox into conversations has to know, and what it writes: a batch at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection, transaction

from carnet.domain.directory.queries import MailboxFacts, mailboxes_by_address
from carnet.domain.identity.queries import traits_by_ins
from carnet.domain.identity.values import StrictTraits
from carnet.domain.messaging.delivery.situation import message_id_digest
from carnet.domain.messaging.desk.documents import index_documents
from carnet.domain.messaging.desk.heads import open_thread_head
from carnet.domain.messaging.desk.recounting import lock_threads, recount
from carnet.domain.messaging.desk.stored import ReadMessage, ins_of, is_patient
from carnet.domain.messaging.desk.values import Correspondent, MessageKind, ThreadHead
from carnet.domain.messaging.models import DeskMessage, DeskThread, Message, MessagePathway
from carnet.domain.messaging.values import Direction
from carnet.foundation import logs
from carnet.foundation.keys import OwnerKey
from carnet.foundation.owner_keys import owner_key
from carnet.foundation.rows import copy_rows

log = logs.get("desk")

_PLACE = """
UPDATE messaging_folder_entry e SET thread_id = t.thread_id
FROM unnest(%s::uuid[], %s::uuid[]) AS t(message_id, thread_id)
WHERE e.mailbox_id = %s AND e.folder_id = ANY(%s) AND e.uid = ANY(%s) AND e.message_id = t.message_id
"""
# A receipt counts once: the first moment of a reading is kept.
_TOLD = """
UPDATE messaging_desk_message SET read_at = least(read_at, %(at)s)
WHERE mailbox_id = %(mailbox)s AND message_id = %(about)s AND direction = 'out'
"""
_FAILED = """
UPDATE messaging_desk_message SET outcome = 'failed'
WHERE mailbox_id = %(mailbox)s AND message_id = %(about)s AND direction = 'out' AND outcome = ''
"""


@dataclass(frozen=True)
class SentHere:
    """What the desk knows of a message that it has just sent: its conversation if it has one, who wrote it, the person
    it is for as they were found, and why it did not arrive."""

    thread_id: UUID | None = None
    author: str = ""
    person: Correspondent | None = None
    outcome: str = ""


@dataclass
class Batch:
    """What indexing some messages of one mailbox knows and will write.

    ``placed`` says which conversation a Message-ID is in, ``sent`` which copy of a message that went out it is.
    """

    box: MailboxFacts
    key: OwnerKey
    directory: dict[str, MailboxFacts]
    traits: dict[str, StrictTraits]
    placed: dict[str, UUID]
    threads: dict[UUID, DeskThread]
    heads: dict[UUID, ThreadHead]
    pathways: dict[UUID, UUID]
    sent_here: Mapping[UUID, SentHere]
    sent: dict[str, UUID] = field(default_factory=dict)
    new: list[DeskThread] = field(default_factory=list)
    changed: set[UUID] = field(default_factory=set)
    rows: list[DeskMessage] = field(default_factory=list)


def load_batch(box: MailboxFacts, messages: Sequence[ReadMessage], sent_here: Mapping[UUID, SentHere]) -> Batch:
    """What is known of these messages and of what they refer to; their conversations are locked."""
    key = owner_key(box.id)
    identifiers = {
        one for message in messages for one in (*message.references, message.in_reply_to or "", *message.named) if one
    }
    by_digest = {message_id_digest(key, one): one for one in identifiers}
    known = dict(
        Message.objects.filter(owner_id=box.id, message_id_digest__in=list(by_digest)).values_list(
            "id", "message_id_digest"
        )
    )
    found = (
        DeskMessage.objects.filter(mailbox_id=box.id, message_id__in=list(known))
        .order_by("at", "message_id")
        .values_list("message_id", "thread_id", "direction")
    )
    placed: dict[str, UUID] = {}
    sent = {}
    for message_id, thread_id, direction in found:
        identifier = by_digest[bytes(known[message_id])]
        # Who writes under the identifier of another message takes it from nobody.
        placed.setdefault(identifier, thread_id)
        if direction == Direction.SENT:
            sent[identifier] = message_id
    threads = {
        one.id: one
        for one in _locked(box.id, {*placed.values(), *(s.thread_id for s in sent_here.values() if s.thread_id)})
    }
    addresses = {one for message in messages for one in message.people}
    # A receipt, which software sends, says that a message was opened, not who a number is.
    written = [m for m in messages if m.direction is Direction.RECEIVED and m.kind is MessageKind.MESSAGE]
    writers = {ins_of(m.people[0]) for m in written if m.people} - {""}
    out = [m.stored.message_id for m in messages if m.direction is Direction.SENT]
    return Batch(
        box=box,
        key=key,
        directory=mailboxes_by_address(one for one in addresses if not is_patient(one)),
        traits=traits_by_ins(writers) if writers else {},
        placed=placed,
        threads=threads,
        heads={one.id: open_thread_head(key, one.id, one.head) for one in threads.values()},
        pathways=dict(
            MessagePathway.objects.filter(mailbox_id=box.id, message_id__in=out).values_list("message_id", "pathway_id")
        ),
        sent_here=sent_here,
        sent=sent,
    )


def _locked(mailbox_id: UUID, thread_ids: set[UUID]) -> list[DeskThread]:
    if not thread_ids:
        return []
    lock_threads(mailbox_id, thread_ids)
    return list(DeskThread.objects.filter(mailbox_id=mailbox_id, id__in=thread_ids))


def write_batch(batch: Batch, messages: Sequence[ReadMessage]) -> None:
    """Write the conversations and the rows that were prepared, note the documents, and count anew."""
    copy_rows(batch.new)
    new = {one.id for one in batch.new}
    for thread_id in sorted(batch.changed - new):
        one = batch.threads[thread_id]
        DeskThread.objects.filter(mailbox_id=batch.box.id, id=one.id).update(
            head=one.head, participants=one.participants, pathway_id=one.pathway_id, ended_at=one.ended_at
        )
    copy_rows(batch.rows)
    for row in batch.rows:
        told = {"mailbox": batch.box.id, "about": row.about, "at": row.at}
        with connection.cursor() as cursor:
            if row.about and row.kind == MessageKind.RECEIPT and row.outcome == "displayed":
                cursor.execute(_TOLD, told)
            elif row.about and row.kind == MessageKind.REPORT and row.outcome == "failed":
                cursor.execute(_FAILED, told)
    place_entries(
        batch.box.id,
        {row.message_id: row.thread_id for row in batch.rows},
        [(message.stored.folder_id, message.stored.uid) for message in messages],
    )
    if batch.pathways:
        MessagePathway.objects.filter(mailbox_id=batch.box.id, message_id__in=list(batch.pathways)).delete()
    for message in messages:
        if message.incoming.carries_documents:
            _write_documents(batch.box.id, message)
    recount(batch.box.id, {row.thread_id for row in batch.rows})


def _write_documents(mailbox_id: UUID, message: ReadMessage) -> None:
    """Note its documents; those that nothing was prepared for keep no message from its conversation."""
    try:
        with transaction.atomic():
            index_documents(
                mailbox_id,
                message.stored.message_id,
                packages=message.incoming.packages,
                correspondent=message.people[0] if message.people else "",
                direction=message.direction.value,
                at=message.stored.at,
            )
    except Exception as problem:
        log.error("desk_documents_unreadable", message=str(message.stored.message_id), exc_info=problem)


def place_entries(mailbox_id: UUID, threads: Mapping[UUID, UUID], places: Sequence[tuple[int, int]]) -> None:
    """Say of the entries at these places (folder, UID) which conversation their message belongs to."""
    if not threads:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _PLACE,
            [
                list(threads),
                list(threads.values()),
                mailbox_id,
                [folder for folder, _ in places],
                [uid for _, uid in places],
            ],
        )
