"""The only way from an identifier to a conversation, a message or an attachment of a space."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from carnet.domain.audit.commands import NewEvent, leave, leave_all
from carnet.domain.messaging.delivery.incoming import archive_document
from carnet.domain.messaging.envelopes import EntryContent, KeptAttachment, content_name, subject_name
from carnet.domain.messaging.mime.limits import MalformedMessage
from carnet.domain.messaging.mime.read import part_content
from carnet.domain.messaging.models import Contact, Conversation, ConversationEntry, Draft, Message
from carnet.domain.record.values import DocumentEntry
from carnet.domain.spaces.access import decide, event
from carnet.domain.spaces.models import HealthSpace
from carnet.domain.spaces.values import Act, Actor, Decision, Refusal, refused
from carnet.foundation.bodies import get_body
from carnet.foundation.owner_keys import owner_key


@dataclass(frozen=True)
class OpenedConversation:
    conversation: Conversation
    contact: Contact
    subject: str


@transaction.atomic
def open_conversation(
    actor: Actor, act: Act, space_id: UUID, conversation_id: UUID, *, in_trash: bool = False
) -> OpenedConversation | Decision:
    """A conversation of a space, if ``actor`` may do ``act`` to it; either way the trail keeps it.

    What is in the trash is found ``in_trash`` only, and nothing else is.
    """
    found, events = find_conversation(actor, act, space_id, conversation_id, in_trash=in_trash)
    leave_all(events)
    return found


def find_conversation(
    actor: Actor, act: Act, space_id: UUID, conversation_id: UUID, *, lock: bool = False, in_trash: bool = False
) -> tuple[OpenedConversation | Decision, list[NewEvent]]:
    """The same, with the event for the caller to leave in the transaction of its act.

    A writer asks for the ``lock`` and leaves the event last: everyone locks contacts, conversations, folders and then
    the head of the trail, in this order, so that none waits in a circle with the drain.
    """
    space = HealthSpace.objects.filter(id=space_id).first()
    if space is None:
        return refused(Refusal.NOT_FOUND), []
    decision = decide(actor, act, space.id, space.state)
    contact, conversation = _rows(space.id, conversation_id, lock, in_trash) if decision else (None, None)
    if decision and conversation is None:
        decision = refused(Refusal.NOT_FOUND)
    subject = ""
    if conversation is not None:
        subject = owner_key(space.id).open_text(subject_name(conversation.id), conversation.subject)
    left = event(actor, act, space.id, decision, target_kind="conversation", target_id=conversation_id, title=subject)
    if contact is None or conversation is None:
        return decision, [left]
    return OpenedConversation(conversation, contact, subject), [left]


def _rows(
    space_id: UUID, conversation_id: UUID, lock: bool, in_trash: bool
) -> tuple[Contact | None, Conversation | None]:
    mine = Conversation.objects.filter(space_id=space_id, id=conversation_id, trashed_at__isnull=not in_trash)
    conversation = mine.first()
    if conversation is None:
        return None, None
    contacts = Contact.objects.select_for_update() if lock else Contact.objects
    contact = contacts.get(space_id=space_id, id=conversation.contact_id)
    if lock:
        conversation = mine.select_for_update().first()
    return contact, conversation


@transaction.atomic
def open_draft(actor: Actor, act: Act, space_id: UUID, draft_id: UUID) -> Draft | Decision:
    """A draft of a space that is not sent, if ``actor`` may do ``act`` to it; either way the trail keeps it."""
    space = HealthSpace.objects.filter(id=space_id).first()
    if space is None:
        return refused(Refusal.NOT_FOUND)
    decision = decide(actor, act, space.id, space.state)
    draft = Draft.objects.filter(space_id=space.id, id=draft_id, sent_as=None).first() if decision else None
    if decision and draft is None:
        decision = refused(Refusal.NOT_FOUND)
    leave(event(actor, act, space.id, decision, target_kind="draft", target_id=draft_id))
    return draft if draft is not None else decision


@dataclass(frozen=True)
class OpenedAttachment:
    """An attachment's bytes and what is known of it; ``entry`` for a clinical document of an archive."""

    kept: KeptAttachment
    content: bytes
    entry: DocumentEntry | None = None


@transaction.atomic
def open_attachment(
    actor: Actor, space_id: UUID, conversation_id: UUID, message_id: UUID, path: str, *, goes_on: bool = False
) -> OpenedAttachment | Decision:
    """An attachment of a message of that conversation; the reading or its refusal is in the trail.

    ``goes_on``: as for ``record.access.open_document``.
    """
    space = HealthSpace.objects.filter(id=space_id).first()
    if space is None:
        return refused(Refusal.NOT_FOUND)
    decision = decide(actor, Act.READ_ATTACHMENT, space.id, space.state)
    found = _attachment(space.id, conversation_id, message_id, path) if decision else None
    if decision and found is None:
        decision = refused(Refusal.NOT_FOUND)
    if found is not None and found.kept.problem:
        decision, found = refused(Refusal.UNREADABLE), None
    title = (found.kept.title or found.kept.name) if found else ""
    if not (goes_on and decision):
        read = Act.READ_ATTACHMENT
        leave(event(actor, read, space.id, decision, target_kind="message", target_id=message_id, title=title))
    return found if found is not None else decision


def _attachment(space_id: UUID, conversation_id: UUID, message_id: UUID, path: str) -> OpenedAttachment | None:
    entry = ConversationEntry.objects.filter(
        space_id=space_id, message_id=message_id, conversation_id=conversation_id
    ).first()
    if (
        entry is None
        or not Conversation.objects.filter(space_id=space_id, id=conversation_id, trashed_at=None).exists()
    ):
        return None
    content = EntryContent.from_json(owner_key(space_id).open(content_name(message_id), entry.content))
    message = Message.objects.filter(owner_id=space_id, id=message_id).first()
    return attachment_at(content, path, lambda: get_body(space_id, message.body)) if message else None


def attachment_at(content: EntryContent, path: str, message: Callable[[], bytes]) -> OpenedAttachment | None:
    """An attachment of a message whose bytes are ``message()``, empty when it has a problem; None when there is none at
    ``path`` or it cannot be read. Access is decided by the caller."""
    kept = next((one for one in content.attachments if one.path == path), None)
    if kept is None or kept.problem:
        return OpenedAttachment(kept, b"") if kept else None
    try:
        if kept.is_document:
            document = archive_document(message(), path)
            return OpenedAttachment(kept, document.content, document.entry) if document else None
        return OpenedAttachment(kept, part_content(message(), path))
    except MalformedMessage:
        return None
