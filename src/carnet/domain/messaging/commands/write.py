"""What a holder writes: an answer in a conversation, or a new message to who wrote before or to a pharmacy."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from carnet.domain.audit.commands import leave, leave_all
from carnet.domain.directory.queries import mailboxes_by_address
from carnet.domain.directory.queries.pharmacies import Pharmacy, pharmacies_by_mailbox
from carnet.domain.messaging import rules
from carnet.domain.messaging.access import find_conversation
from carnet.domain.messaging.commands.holder_files import NewFile, ReadyFiles, check, ready_files
from carnet.domain.messaging.commands.sending import Letter, Written, send
from carnet.domain.messaging.delivery.situation import address_digest
from carnet.domain.messaging.envelopes import address_name, subject_name
from carnet.domain.messaging.models import Contact, Conversation
from carnet.domain.messaging.queries.conversations import (
    contact_state,
    conversation_state,
    last_message,
    others_in,
    takes_first_message,
)
from carnet.domain.messaging.queries.recipients import mailbox_state
from carnet.domain.messaging.values import MessagingRefusal, RecipientState
from carnet.domain.spaces.access import decide, event
from carnet.domain.spaces.models import HealthSpace
from carnet.domain.spaces.values import ALLOWED, Act, Actor, Decision, Refusal, refused
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import owner_key

__all__ = ["NewFile", "Written", "answer", "answer_ready", "write_new", "write_new_ready"]

_REFUSALS = {
    MessagingRefusal.EXCHANGE_ENDED: Refusal.EXCHANGE_ENDED,
    MessagingRefusal.CONVERSATION_ENDED: Refusal.NO_REPLY,
    MessagingRefusal.ANSWER_NOT_TAKEN: Refusal.NO_REPLY,
    MessagingRefusal.HOLDER_MAY_NOT_START: Refusal.CANNOT_WRITE_FIRST,
}


def answer(
    actor: Actor,
    space_id: UUID,
    conversation_id: UUID,
    text: str,
    files: Sequence[NewFile] = (),
    *,
    everyone: bool = False,
) -> Written | Decision:
    """Answer in a conversation: allowed while neither it nor the exchange has been ended by the professional.

    ``everyone``: to the other mailboxes that the last message names too.
    """
    return answer_ready(actor, space_id, conversation_id, text, ready_files(files), everyone=everyone)


@transaction.atomic
def answer_ready(
    actor: Actor, space_id: UUID, conversation_id: UUID, text: str, files: ReadyFiles, *, everyone: bool = False
) -> Written | Decision:
    """As ``answer``, with files that were looked at already."""
    opened, events = find_conversation(actor, Act.SEND_MESSAGE, space_id, conversation_id, lock=True)
    if isinstance(opened, Decision):
        leave_all(events)
        return opened
    contact = contact_state(opened.contact, takes_first_message=takes_first_message(opened.contact))
    decision = _decision(rules.may_holder_answer(conversation_state(opened.conversation), contact))
    decision = decision and _takes_mail(opened.contact) and check(text, files)
    if not decision:
        leave(event(actor, Act.SEND_MESSAGE, space_id, decision, target_kind="conversation", target_id=conversation_id))
        return decision
    letter = Letter(
        subject=opened.subject,
        text=text,
        attachments=files.attachments,
        answered=last_message(opened.conversation),
        others=others_in(opened) if everyone else (),
    )
    return send(actor, opened.conversation, opened.contact, letter, events)


def write_new(
    actor: Actor, space_id: UUID, contact_id: UUID, subject: str, text: str, files: Sequence[NewFile] = ()
) -> Written | Decision:
    """Open a conversation with a mailbox that wrote to this space and has not ended the exchange."""
    return write_new_ready(actor, space_id, contact_id, subject, text, ready_files(files))


@transaction.atomic
def write_new_ready(
    actor: Actor,
    space_id: UUID,
    contact_id: UUID | None,
    subject: str,
    text: str,
    files: ReadyFiles,
    *,
    pharmacy_id: UUID | None = None,
) -> Written | Decision:
    """As ``write_new``, with files that were looked at already; or to a pharmacy's mailbox, ``pharmacy_id``.

    Whether that mailbox is one that holders may write to first is asked again now, as Mon espace santé does in
    ``createContactWithControl``: the directory may have changed since it was chosen.
    """
    space = HealthSpace.objects.filter(id=space_id).first()
    if space is None:
        return refused(Refusal.NOT_FOUND)
    decision = decide(actor, Act.SEND_MESSAGE, space.id, space.state)
    contact = _contact(space_id, contact_id, pharmacy_id) if decision else None
    if decision and contact is None:
        nobody = contact_id is None and pharmacy_id is None
        decision = refused(Refusal.NO_RECIPIENT if nobody else Refusal.CANNOT_WRITE_FIRST)
    if decision and contact is not None:
        state = contact_state(contact, takes_first_message=takes_first_message(contact))
        decision = _decision(rules.may_holder_write(state)) and _takes_mail(contact) and check(text, files)
    if contact is None or not decision:
        leave(event(actor, Act.SEND_MESSAGE, space_id, decision))
        return decision
    at = now()
    conversation_id = new_id()
    conversation = Conversation.objects.create(
        space_id=space_id,
        id=conversation_id,
        contact_id=contact.id,
        subject=owner_key(space_id).seal_text(subject_name(conversation_id), subject),
        participants=[bytes(contact.address_digest)],
        started_at=at,
        last_at=at,
    )
    left = event(
        actor, Act.SEND_MESSAGE, space_id, target_kind="conversation", target_id=conversation_id, title=subject
    )
    return send(actor, conversation, contact, Letter(subject, text, files.attachments), [left])


def _contact(space_id: UUID, contact_id: UUID | None, pharmacy_id: UUID | None) -> Contact | None:
    """The contact written to, locked; a pharmacy becomes one by being written to."""
    mine = Contact.objects.select_for_update().filter(space_id=space_id)
    if pharmacy_id is None:
        return mine.filter(id=contact_id).first() if contact_id else None
    pharmacy = pharmacies_by_mailbox([pharmacy_id]).get(pharmacy_id)
    if pharmacy is None:
        return None
    digest = address_digest(owner_key(space_id), pharmacy.mailbox_address)
    _remember(space_id, pharmacy, digest)
    return mine.get(address_digest=digest)


def _remember(space_id: UUID, pharmacy: Pharmacy, digest: bytes) -> None:
    """Make the pharmacy a contact that never wrote, unless it is one already."""
    contact_id = new_id()
    key = owner_key(space_id)
    new = Contact(
        space_id=space_id,
        id=contact_id,
        address_digest=digest,
        address=key.seal_text(address_name(contact_id), pharmacy.mailbox_address),
        mailbox_id=pharmacy.mailbox_id,
        has_written=False,
        last_wrote_at=now(),
    )
    Contact.objects.bulk_create([new], ignore_conflicts=True)


def _decision(allowed: rules.Decision) -> Decision:
    return ALLOWED if allowed.reason is None else refused(_REFUSALS.get(allowed.reason, Refusal.NOT_PROVIDED))


def _takes_mail(contact: Contact) -> Decision:
    """Whether the contact's mailbox takes mail today, when it is hosted here: its door would say no afterwards."""
    address = owner_key(contact.space_id).open_text(address_name(contact.id), contact.address)
    mailbox = mailboxes_by_address([address]).get(address.lower())
    if mailbox is None or not mailbox.hosted:
        return ALLOWED
    match mailbox_state(mailbox):
        case RecipientState.CLOSED:
            return refused(Refusal.MAILBOX_CLOSED)
        case RecipientState.SUSPENDED:
            return refused(Refusal.MAILBOX_SUSPENDED)
    return ALLOWED
