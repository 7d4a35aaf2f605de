"""The row that says of a message what lists, searches and its conversation need without opening it."""

from uuid import UUID

from carnet.domain.messaging.desk import words
from carnet.domain.messaging.desk.batches import Batch, SentHere
from carnet.domain.messaging.desk.stored import ReadMessage, canonical, is_patient, plain_text, snippet_of
from carnet.domain.messaging.desk.values import MOST_PEOPLE, Correspondent, DeskHead, MessageKind, desk_head_name
from carnet.domain.messaging.envelopes import EntryContent
from carnet.domain.messaging.models import DeskMessage
from carnet.domain.messaging.values import Direction
from carnet.foundation.keys import OwnerKey


def message_row(
    batch: Batch, message: ReadMessage, thread_id: UUID, people: list[Correspondent], known_here: SentHere
) -> DeskMessage:
    """The row of a message in its conversation; ``people``, those of the other side, the author or a patient first."""
    stored, incoming = message.stored, message.incoming
    content = incoming.content(author_name="", author_domain="", verified=False)
    text = plain_text(content)
    author = people[0]
    received = message.direction is Direction.RECEIVED
    head = DeskHead(
        name=author.name if received else batch.box.label,
        verified=author.verified if received else True,
        address=author.address if received else batch.box.address,
        answer_to=message.answer_to,
        to=_shown_recipients(batch, message),
        snippet=snippet_of(text),
    )
    told_of = (one for one in message.named if batch.placed.get(one) == thread_id and one in batch.sent)
    about = next((batch.sent[one] for one in told_of), None)
    return DeskMessage(
        mailbox_id=batch.box.id,
        message_id=stored.message_id,
        thread_id=thread_id,
        direction=message.direction.value,
        kind=message.kind.value,
        about=about,
        at=stored.at,
        head=batch.key.seal(desk_head_name(stored.message_id), head.to_json()),
        has_documents=message.kind is MessageKind.MESSAGE and bool(content.attachments),
        waits=message.waits and message.kind is MessageKind.MESSAGE,
        answers=message.answers,
        author=known_here.author,
        outcome=known_here.outcome or message.told,
        words=_words(batch.key, message, people, content, text),
    )


def _shown_recipients(batch: Batch, message: ReadMessage) -> tuple[str, ...]:
    shown = []
    for one in (*message.incoming.parsed.to, *message.incoming.parsed.cc)[:MOST_PEOPLE]:
        address = canonical(one.address)
        known = batch.box if address == batch.box.address.lower() else batch.directory.get(address)
        own_word = message.direction is Direction.SENT and is_patient(address)
        shown.append(known.label if known else (one.name if own_word and one.name else one.address))
    return tuple(dict.fromkeys(shown))


def _words(
    key: OwnerKey, message: ReadMessage, people: list[Correspondent], content: EntryContent, text: str
) -> list[int]:
    parsed = message.incoming.parsed
    names = [f"{one.name} {one.birth_name} {one.first_name} {one.used_name}" for one in people]
    files = [f"{one.name} {one.title} {one.type_label}" for one in content.attachments]
    exact = [one.address for one in people] + [one.ins for one in people] + sorted(message.incoming.patients)[:20]
    return words.digests(key, named=[parsed.subject, *names], texts=[*files, text], exact=exact)
