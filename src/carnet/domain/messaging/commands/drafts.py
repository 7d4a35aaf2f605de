"""Drafts of a holder: kept while they write, given up, and sent once."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from carnet.domain.audit.commands import leave
from carnet.domain.messaging.commands.holder_files import ReadyFiles, scanned
from carnet.domain.messaging.commands.write import Written, answer_ready, write_new_ready
from carnet.domain.messaging.draft_content import (
    MOST_SUBJECT,
    MOST_TEXT,
    DraftContent,
    attachments_of,
    files_of,
    open_content,
    seal_content,
)
from carnet.domain.messaging.models import Contact, Conversation, Draft
from carnet.domain.spaces.access import decide, event
from carnet.domain.spaces.models import HealthSpace
from carnet.domain.spaces.values import Act, Actor, Decision, Refusal, refused
from carnet.foundation.clock import now
from carnet.foundation.owner_keys import owner_key

MOST_DRAFTS = 100
"""Drafts that one space keeps at a time."""


@dataclass(frozen=True)
class Saved:
    """The draft is kept, as this version."""

    draft_id: UUID
    version: int
    at: datetime


@dataclass(frozen=True)
class Conflict:
    """Something newer is kept than what the writer had before them: ``content``, or None when it was deleted.

    Nothing was changed. Saving with this ``draft_id`` and ``version`` puts the writer's words in its place.
    """

    draft_id: UUID
    version: int
    content: DraftContent | None


@transaction.atomic
def save_draft(
    actor: Actor,
    space_id: UUID,
    draft_id: UUID,
    content: DraftContent,
    *,
    conversation_id: UUID | None = None,
    contact_id: UUID | None = None,
    version: int = 0,
) -> Saved | Conflict | Written | Decision:
    """Keep what a holder has written so far, an answer in a conversation or a new message.

    ``draft_id`` is chosen by the writer's page, ``version`` the one that it has before it (0 for a draft that it
    begins). A draft that became a message answers with that message: nothing is kept. One draft a conversation.
    """
    decision = _may_write(actor, space_id, conversation_id)
    if decision and (len(content.text) > MOST_TEXT or len(content.subject) > MOST_SUBJECT):
        decision = refused(Refusal.TOO_LARGE)
    if not decision:
        leave(event(actor, Act.WRITE_DRAFT, space_id, decision, target_kind="draft", target_id=draft_id))
        return decision
    kept = Draft.objects.select_for_update().filter(space_id=space_id, id=draft_id).first()
    if kept is None:
        begun = _begin(actor, space_id, draft_id, content, conversation_id, contact_id, version)
        if begun is not None:
            return begun
        kept = Draft.objects.select_for_update().get(space_id=space_id, id=draft_id)
    if kept.sent_as is not None:
        return _sent(kept)
    key = owner_key(space_id)
    before = open_content(key, kept)
    same_writer = bool(content.writer) and before.writer == content.writer
    contact_id = _known_contact(space_id, contact_id)
    if before.says_the_same(content) and kept.contact_id == contact_id:
        return Saved(draft_id, kept.version, kept.saved_at)
    if kept.version != version and not same_writer:
        return Conflict(draft_id, kept.version, before)
    kept.version += 1
    kept.saved_at = now()
    kept.contact_id = contact_id
    kept.content = seal_content(key, draft_id, content)
    kept.save(update_fields=["version", "saved_at", "contact_id", "content"])
    return Saved(draft_id, kept.version, kept.saved_at)


def _may_write(actor: Actor, space_id: UUID, conversation_id: UUID | None) -> Decision:
    """Whether the actor may write in this space, and in this conversation of it; also in one that went to the trash
    from another page: what is typed is kept, and leaves once it is put back."""
    space = HealthSpace.objects.filter(id=space_id).first()
    if space is None:
        return refused(Refusal.NOT_FOUND)
    decision = decide(actor, Act.WRITE_DRAFT, space.id, space.state)
    if not decision or conversation_id is None:
        return decision
    theirs = Conversation.objects.filter(space_id=space_id, id=conversation_id)
    return decision if theirs.exists() else refused(Refusal.NOT_FOUND)


def _known_contact(space_id: UUID, contact_id: UUID | None) -> UUID | None:
    """The contact, if it is one of this space."""
    if contact_id is None or not Contact.objects.filter(space_id=space_id, id=contact_id).exists():
        return None
    return contact_id


def _begin(
    actor: Actor,
    space_id: UUID,
    draft_id: UUID,
    content: DraftContent,
    conversation_id: UUID | None,
    contact_id: UUID | None,
    version: int,
) -> Saved | Conflict | Decision | None:
    """Keep a draft that is new, unless its conversation has one already or the one it was has been deleted.

    None when it is not new: the same page has begun it in the same moment, as it does when words leave by themselves
    and by the button at once.
    """
    if version > 0:
        return Conflict(draft_id, 0, None)
    live = Draft.objects.filter(space_id=space_id, sent_as=None)
    if live.count() >= MOST_DRAFTS:
        return refused(Refusal.TOO_MANY)
    at = now()
    key = owner_key(space_id)
    try:
        with transaction.atomic():
            Draft.objects.create(
                space_id=space_id,
                id=draft_id,
                conversation_id=conversation_id,
                contact_id=_known_contact(space_id, contact_id) if conversation_id is None else None,
                content=seal_content(key, draft_id, content),
                created_at=at,
                saved_at=at,
            )
    except IntegrityError:
        if Draft.objects.filter(space_id=space_id, id=draft_id).exists():
            return None
        other = live.filter(conversation_id=conversation_id).first() if conversation_id is not None else None
        if other is None:
            return refused(Refusal.NOT_FOUND)
        return Conflict(other.id, other.version, open_content(key, other))
    leave(event(actor, Act.WRITE_DRAFT, space_id, target_kind="draft", target_id=draft_id))
    return Saved(draft_id, 1, at)


def _sent(draft: Draft) -> Written | Decision:
    if draft.sent_as is None or draft.conversation_id is None:
        return refused(Refusal.NOT_FOUND)
    return Written(draft.conversation_id, draft.sent_as)


def send_draft(
    actor: Actor, space_id: UUID, draft_id: UUID, *, version: int | None = None
) -> Written | Conflict | Decision:
    """Send a draft with its files, by the rules of ``write.answer`` and ``write.write_new``; once, however often asked.

    ``version``: what the sender has before them; a newer one is not sent in its place. A refusal leaves the draft as
    it is.
    """
    draft = Draft.objects.filter(space_id=space_id, id=draft_id).first()
    allowed = _may_write(actor, space_id, None)
    if draft is None or not allowed:
        return refused(Refusal.NOT_FOUND) if allowed else allowed
    if draft.sent_as is not None:
        return _sent(draft)
    files = files_of(space_id, draft_id)
    ready = scanned(attachments_of(space_id, files))  # before the lock: it may take seconds
    with transaction.atomic():
        draft = Draft.objects.select_for_update().filter(space_id=space_id, id=draft_id).first()
        if draft is None:
            return refused(Refusal.NOT_FOUND)
        if draft.sent_as is not None:
            return _sent(draft)
        content = open_content(owner_key(space_id), draft)
        changed = [one.id for one in files_of(space_id, draft_id)] != [one.id for one in files]
        if changed or (version is not None and draft.version != version):
            return Conflict(draft_id, draft.version, content)
        done = _leave(actor, draft, content, ready)
        if isinstance(done, Written):
            _note_sent(draft, done)
        return done


def _leave(actor: Actor, draft: Draft, content: DraftContent, ready: ReadyFiles) -> Written | Decision:
    if draft.conversation_id is not None:
        return answer_ready(
            actor, draft.space_id, draft.conversation_id, content.text, ready, everyone=content.everyone
        )
    return write_new_ready(
        actor,
        draft.space_id,
        draft.contact_id,
        content.subject,
        content.text,
        ready,
        pharmacy_id=content.pharmacy_id,
    )


def _note_sent(draft: Draft, done: Written) -> None:
    """Remember which message the draft became, and nothing of what it held."""
    draft.sent_as = done.message_id
    draft.conversation_id = done.conversation_id
    draft.content = seal_content(owner_key(draft.space_id), draft.id, DraftContent())
    draft.saved_at = now()
    draft.save(update_fields=["sent_as", "conversation_id", "content", "saved_at"])
    forget_files(draft.space_id, draft.id)


@transaction.atomic
def delete_draft(actor: Actor, space_id: UUID, draft_id: UUID) -> Decision:
    """Delete a draft and its files for good."""
    decision = _may_write(actor, space_id, None)
    draft = Draft.objects.select_for_update().filter(space_id=space_id, id=draft_id, sent_as=None).first()
    if decision and draft is None:
        decision = refused(Refusal.NOT_FOUND)
    if decision and draft is not None:
        _forget(draft)
    leave(event(actor, Act.DELETE_DRAFT, space_id, decision, target_kind="draft", target_id=draft_id))
    return decision


def _forget(draft: Draft) -> None:
    forget_files(draft.space_id, draft.id)
    Draft.objects.filter(space_id=draft.space_id, id=draft.id).delete()


def forget_files(space_id: UUID, draft_id: UUID, file_id: UUID | None = None) -> int:
    """Delete the files of a draft, or one of them, with their content; how many. Part of the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM messaging_draft_file WHERE space_id = %s AND draft_id = %s"
            " AND (%s::uuid IS NULL OR id = %s) RETURNING body",
            [space_id, draft_id, file_id, file_id],
        )
        bodies = [bytes(row[0]) for row in cursor.fetchall()]
        cursor.execute("DELETE FROM foundation_body WHERE owner_id = %s AND address = ANY(%s)", [space_id, bodies])
    return len(bodies)
