"""What is known when a batch of messages is delivered: loaded in a handful of queries, whatever the batch's size."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection

from carnet.domain.directory.queries import MailboxFacts, TrustSpace, mailboxes_by_address, trust_space
from carnet.domain.directory.queries.oppositions import opposed
from carnet.domain.messaging.delivery.incoming import Incoming
from carnet.domain.messaging.models import Contact, Conversation, ConversationEntry, Message
from carnet.domain.messaging.queries.recipients import Recipient, look_up
from carnet.domain.messaging.rules import ending_of
from carnet.domain.messaging.values import EndingKind
from carnet.domain.spaces.values import Actor, ActorKind
from carnet.foundation.keys import OwnerKey
from carnet.foundation.owner_keys import owner_keys

_NEW_CONTACTS = 1_634_890_337  # the name of the advisory locks under which contacts are made, told apart by a number
_LOCKS = 1_024  # few enough for the server's table of locks, whatever the batch


@dataclass
class Situation:
    """The facts of a batch. Conversations and contacts are those of its spaces that the batch may touch.

    ``placed`` says which conversation each known message of a space belongs to, by the digest of its Message-ID.
    ``opposed`` are the pairs of a sending mailbox and a patient (INS) who asked not to be written to by it.
    """

    recipients: dict[str, Recipient]
    mailboxes: dict[str, MailboxFacts]
    trusted: TrustSpace
    keys: dict[UUID, OwnerKey] = field(default_factory=dict)
    contacts: dict[tuple[UUID, bytes], Contact] = field(default_factory=dict)
    conversations: dict[tuple[UUID, UUID], Conversation] = field(default_factory=dict)
    placed: dict[tuple[UUID, bytes], UUID] = field(default_factory=dict)
    opposed: set[tuple[UUID, str]] = field(default_factory=set)


def address_digest(key: OwnerKey, address: str) -> bytes:
    """An address as it is compared inside one space."""
    return key.digest("address", address.lower().encode())


def message_id_digest(key: OwnerKey, message_id: str) -> bytes:
    """A Message-ID as it is compared among one owner's messages."""
    return key.digest("message-id", message_id.encode())


def sending_actor(sender: MailboxFacts | None, name: str) -> Actor:
    """Who a message comes from, as the trail of a space names it."""
    person = sender is not None and not sender.kind.belongs_to_structure
    kind = ActorKind.PROFESSIONAL if person else ActorKind.ORGANIZATION
    return Actor(kind, name, mailbox_id=sender.id if sender else None)


def load(messages: Sequence[Incoming]) -> Situation:
    """Load what the delivery of these messages needs. Conversations and contacts are locked until the commit."""
    addresses = {address for message in messages for address in message.envelope.recipients}
    writers = {message.author for message in messages} | {m.envelope.sender for m in messages if m.envelope.sender}
    replies = {one.address for message in messages for one in message.parsed.reply_to}
    situation = Situation(look_up(addresses), mailboxes_by_address(writers | replies), trust_space())
    spaces = {r.space.id for r in situation.recipients.values() if r.space is not None and r.space.living}
    boxes = {r.mailbox.id for r in situation.recipients.values() if r.mailbox is not None and r.mailbox.hosted}
    boxes |= {m.id for m in situation.mailboxes.values() if m.hosted and not m.emptied}
    situation.keys = owner_keys([*spaces, *boxes])
    if spaces:
        _load_conversations(situation, messages)
    situation.opposed = opposed(
        (UUID(message.envelope.mailbox), situation.recipients[address].ins)
        for message in messages
        if message.envelope.mailbox
        for address in message.envelope.recipients
        if situation.recipients[address].ins
    )
    return situation


def _load_conversations(situation: Situation, messages: Sequence[Incoming]) -> None:
    contacts: set[tuple[UUID, bytes]] = set()
    named: set[tuple[UUID, bytes]] = set()
    for message in messages:
        identifiers = {*message.parsed.references, message.parsed.in_reply_to or ""} - {""}
        people = {message.author, *(one.address for one in message.parsed.reply_to)}
        for recipient in _spaces_of(situation, message):
            key = situation.keys[recipient]
            contacts |= {(recipient, address_digest(key, address)) for address in people}
            named |= {(recipient, message_id_digest(key, identifier)) for identifier in identifiers}
    spaces = sorted({space for space, _ in contacts})
    _load_contacts(situation, contacts)
    if missing := contacts - situation.contacts.keys():
        # Whoever is about to make one of these has it made before we look again: the desk writes beside the drain.
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(%s, k) FROM unnest(%s::int[]) AS k",
                [_NEW_CONTACTS, sorted({int.from_bytes(digest[:2], "big") % _LOCKS for _, digest in missing})],
            )
        _load_contacts(situation, missing)
    known = Message.objects.filter(
        owner_id__in={space for space, _ in named}, message_id_digest__in={digest for _, digest in named}
    ).values_list("owner_id", "id", "message_id_digest")
    by_id = {(owner, message_id): bytes(digest) for owner, message_id, digest in known}
    entries = ConversationEntry.objects.filter(
        space_id__in={owner for owner, _ in by_id}, message_id__in={message_id for _, message_id in by_id}
    ).values_list("space_id", "message_id", "conversation_id")
    for space_id, message_id, conversation_id in entries:
        if (space_id, message_id) in by_id:
            situation.placed[space_id, by_id[space_id, message_id]] = conversation_id
    named_conversations = set(situation.placed.values())
    if named_conversations:
        wanted = Conversation.objects.select_for_update().filter(space_id__in=spaces, id__in=named_conversations)
        _keep(situation, wanted)
    _load_what_ends(situation, messages)


def _load_contacts(situation: Situation, contacts: set[tuple[UUID, bytes]]) -> None:
    spaces = sorted({space for space, _ in contacts})
    digests = sorted({digest for _, digest in contacts})
    for contact in Contact.objects.select_for_update().filter(space_id__in=spaces, address_digest__in=digests):
        situation.contacts[contact.space_id, bytes(contact.address_digest)] = contact


def _load_what_ends(situation: Situation, messages: Sequence[Incoming]) -> None:
    """All conversations of the contacts that a subject of ``[FIN]`` ends; an ordinary message touches its own alone."""
    ended = {
        (space_id, address_digest(situation.keys[space_id], address))
        for message in messages
        if ending_of(message.parsed, recipient_is_patient=True) is EndingKind.SUBJECT_FIN
        for address in (message.author, *(one.address for one in message.parsed.reply_to))
        for space_id in _spaces_of(situation, message)
    }
    contacts = [situation.contacts[one] for one in ended if one in situation.contacts]
    if contacts:
        theirs = Conversation.objects.select_for_update().filter(
            space_id__in={contact.space_id for contact in contacts}, contact_id__in={contact.id for contact in contacts}
        )
        _keep(situation, theirs)


def _keep(situation: Situation, conversations: Iterable[Conversation]) -> None:
    for conversation in conversations:
        situation.conversations[conversation.space_id, conversation.id] = conversation


def _spaces_of(situation: Situation, message: Incoming) -> list[UUID]:
    found = []
    for address in message.envelope.recipients:
        space = situation.recipients[address].space
        if space is not None and space.id in situation.keys:
            found.append(space.id)
    return found
