"""Files of a draft: added one by one, from the device or from the record, and taken out."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from carnet.domain.audit.commands import leave
from carnet.domain.messaging.commands.drafts import forget_files
from carnet.domain.messaging.commands.holder_files import NewFile, prepared
from carnet.domain.messaging.compose.messages import Attachment
from carnet.domain.messaging.draft_content import body_of
from carnet.domain.messaging.envelopes import draft_file_name
from carnet.domain.messaging.models import Draft, DraftFile
from carnet.domain.profile.pdf import profile_file_name, profile_pdf
from carnet.domain.record.access import open_document
from carnet.domain.record.cda import BodyRefused, NotCda, embedded_document
from carnet.domain.record.file_names import safe_file_name
from carnet.domain.record.media_types import HOLDER_EXTENSIONS, PDF, XML
from carnet.domain.record.xml_safety import XmlRefused
from carnet.domain.spaces.access import decide, event
from carnet.domain.spaces.models import HealthSpace
from carnet.domain.spaces.values import ALLOWED, Act, Actor, Decision, Refusal, refused
from carnet.foundation.bodies import put_bodies
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import owner_key

MOST_FILES = 50
MOST_MESSAGES = 10
"""So many messages' worth of files lie in all drafts of a space together: what is never sent fills no disk."""
_EXTENSIONS = {media_type: extension for extension, media_type in reversed(HOLDER_EXTENSIONS.items())} | {XML: "xml"}


@dataclass(frozen=True)
class Added:
    """The file is in the draft."""

    file_id: UUID


def add_file(actor: Actor, space_id: UUID, draft_id: UUID, file: NewFile) -> Added | Decision:
    """Put a file of the device into a draft; a photograph loses the place where it was taken."""
    if len(file.content) > settings.CARNET_HOLDER_MESSAGE_BYTES:
        return _add(actor, space_id, draft_id, refused(Refusal.TOO_LARGE))
    return _add(actor, space_id, draft_id, prepared(file))


def add_document(actor: Actor, space_id: UUID, draft_id: UUID, document_id: UUID) -> Added | Decision:
    """Put a document of the record into a draft; reading it for that is in the trail.

    Of a document that only wraps a file (CDA level 1), the file is sent; a structured one is sent as it is.
    """
    opened = open_document(actor, space_id, document_id)
    if isinstance(opened, Decision):
        return opened
    content, media_type = opened.content(), opened.document.mime_type
    if media_type == XML:
        try:
            inner = embedded_document(content)
        except (XmlRefused, NotCda, BodyRefused):
            return _add(actor, space_id, draft_id, refused(Refusal.UNREADABLE))
        if inner is not None:
            content, media_type = inner.content, inner.media_type
    return _add(actor, space_id, draft_id, (_named(opened.entry.title, media_type), media_type, content))


def add_profile(actor: Actor, space_id: UUID, draft_id: UUID, language: str) -> Added | Decision:
    """Put the holder's medical profile into a draft, as PDF in ``fr`` or ``en``; reading it is in the trail."""
    made = profile_pdf(actor, space_id, language)
    if isinstance(made, Decision):
        return made
    return _add(actor, space_id, draft_id, (profile_file_name(language), PDF, made))


def _named(title: str, media_type: str) -> str:
    extension = _EXTENSIONS.get(media_type, "")
    name = title or "document"
    return safe_file_name(name if not extension or name.lower().endswith(f".{extension}") else f"{name}.{extension}")


@transaction.atomic
def _add(actor: Actor, space_id: UUID, draft_id: UUID, ready: Attachment | Decision) -> Added | Decision:
    space = HealthSpace.objects.filter(id=space_id).first()
    decision = decide(actor, Act.WRITE_DRAFT, space.id, space.state) if space else refused(Refusal.NOT_FOUND)
    draft = Draft.objects.select_for_update().filter(space_id=space_id, id=draft_id, sent_as=None).first()
    if decision and draft is None:
        decision = refused(Refusal.NOT_FOUND)
    if decision and isinstance(ready, Decision):
        decision = ready
    if decision and not isinstance(ready, Decision):
        decision = _fits(space_id, draft_id, len(ready[2]))
    if not decision or isinstance(ready, Decision):
        leave(event(actor, Act.WRITE_DRAFT, space_id, decision, target_kind="draft", target_id=draft_id))
        return decision
    name, media_type, content = ready
    key = owner_key(space_id)
    file_id = new_id()
    [body] = put_bodies([(key, body_of(file_id, content))])
    DraftFile.objects.create(
        space_id=space_id,
        id=file_id,
        draft_id=draft_id,
        name=key.seal_text(draft_file_name(file_id), name),
        media_type=media_type,
        size=len(content),
        body=body.address,
        added_at=now(),
    )
    return Added(file_id)


def _fits(space_id: UUID, draft_id: UUID, size: int) -> Decision:
    """Whether one more file of this size goes with the others in one message, and with those of all drafts."""
    budget = settings.CARNET_HOLDER_MESSAGE_BYTES
    everywhere = DraftFile.objects.filter(space_id=space_id)
    if (everywhere.aggregate(used=Sum("size"))["used"] or 0) + size > MOST_MESSAGES * budget:
        return refused(Refusal.TOO_MANY)
    files = everywhere.filter(draft_id=draft_id)
    if files.count() >= MOST_FILES:
        return refused(Refusal.TOO_MANY)
    used = files.aggregate(used=Sum("size"))["used"] or 0
    return ALLOWED if used + size <= budget else refused(Refusal.TOO_LARGE)


@transaction.atomic
def remove_file(actor: Actor, space_id: UUID, draft_id: UUID, file_id: UUID) -> Decision:
    """Take a file out of a draft, with its content."""
    space = HealthSpace.objects.filter(id=space_id).first()
    decision = decide(actor, Act.WRITE_DRAFT, space.id, space.state) if space else refused(Refusal.NOT_FOUND)
    draft = Draft.objects.select_for_update().filter(space_id=space_id, id=draft_id, sent_as=None).first()
    if decision and (draft is None or not forget_files(space_id, draft_id, file_id)):
        decision = refused(Refusal.NOT_FOUND)
    if not decision:
        leave(event(actor, Act.WRITE_DRAFT, space_id, decision, target_kind="draft", target_id=draft_id))
    return decision
