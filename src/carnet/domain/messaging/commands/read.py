"""What reading does: the first display of a message, the receipt its sender asked for, the trash and back."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from carnet.domain.audit.commands import leave_all
from carnet.domain.messaging import rules
from carnet.domain.messaging.access import find_conversation
from carnet.domain.messaging.jobs import send_receipt
from carnet.domain.messaging.models import Conversation, ConversationEntry
from carnet.domain.spaces.access import event
from carnet.domain.spaces.values import Act, Actor, Decision, Refusal, refused
from carnet.foundation.clock import now


@transaction.atomic
def mark_displayed(actor: Actor, space_id: UUID, conversation_id: UUID, *, is_prefetch: bool) -> int:
    """The conversation was displayed to a person: its messages are read, and receipts asked for are sent, once.

    A browser that reads ahead displays nothing: then nothing changes. Returns how many messages became read. (Mon
    espace santé: the receipt leaves by itself when the message is opened.)
    """
    if is_prefetch:
        return 0
    entries = list(
        ConversationEntry.objects.select_for_update().filter(
            space_id=space_id, conversation_id=conversation_id, direction="in", read_at=None
        )
    )
    if not entries:
        return 0
    at = now()
    read = ConversationEntry.objects.filter(space_id=space_id, message_id__in=[one.message_id for one in entries])
    read.update(read_at=at)
    events = []
    for entry in entries:
        due = rules.receipt_due(
            first_displayed=True, is_prefetch=is_prefetch, already_sent=entry.receipt_sent_at is not None
        )
        if entry.receipt_wanted and due:
            send_receipt.defer(space_id=str(space_id), message_id=str(entry.message_id))
            events.append(event(actor, Act.SEND_RECEIPT, space_id, target_kind="message", target_id=entry.message_id))
    leave_all(events)
    return len(entries)


def move_to_trash(actor: Actor, space_id: UUID, conversation_id: UUID) -> Decision | None:
    """Put a conversation out of the holder's sight, with the answer that was begun in it; a later message brings it
    back, and so does ``put_back``. ``None`` when done; ``ALREADY_THERE`` when it was in the trash before."""
    return _move(actor, Act.TRASH_CONVERSATION, space_id, conversation_id, trashed_at=now())


def put_back(actor: Actor, space_id: UUID, conversation_id: UUID) -> Decision | None:
    """Take a conversation out of the trash, to its place in the list. ``None`` when done; ``ALREADY_THERE`` when it was
    in the list before."""
    return _move(actor, Act.PUT_BACK_CONVERSATION, space_id, conversation_id, trashed_at=None)


@transaction.atomic
def _move(
    actor: Actor, act: Act, space_id: UUID, conversation_id: UUID, *, trashed_at: datetime | None
) -> Decision | None:
    in_trash = trashed_at is None
    found, events = find_conversation(actor, act, space_id, conversation_id, lock=True, in_trash=in_trash)
    if not isinstance(found, Decision):
        Conversation.objects.filter(space_id=space_id, id=conversation_id).update(trashed_at=trashed_at)
    elif found.reason is Refusal.NOT_FOUND:
        there, _ = find_conversation(actor, act, space_id, conversation_id, in_trash=not in_trash)
        found = found if isinstance(there, Decision) else refused(Refusal.ALREADY_THERE)
    leave_all(events)
    return found if isinstance(found, Decision) else None
