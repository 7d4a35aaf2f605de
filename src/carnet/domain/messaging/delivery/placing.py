"""What becomes of each message for each recipient: the rules applied, the rows prepared, nothing written yet."""

import re
from uuid import UUID

from django.conf import settings

from carnet.domain.identity.values import is_patient_domain
from carnet.domain.messaging import rules
from carnet.domain.messaging.compose import FailedRecipient
from carnet.domain.messaging.delivery.incoming import Incoming
from carnet.domain.messaging.delivery.plan import Plan, plan_outbound
from carnet.domain.messaging.delivery.quarantine import note_withheld, plan_quarantine, plan_unscanned
from carnet.domain.messaging.delivery.reports import failure, report, success
from carnet.domain.messaging.delivery.situation import (
    Situation,
    address_digest,
    message_id_digest,
    sending_actor,
)
from carnet.domain.messaging.delivery.tally import tally, tally_filed
from carnet.domain.messaging.envelopes import (
    Asked,
    MessageHead,
    address_name,
    content_name,
    envelope_name,
    structure_name,
    subject_name,
)
from carnet.domain.messaging.mime.message import FromProblem
from carnet.domain.messaging.models import (
    Contact,
    Conversation,
    ConversationEntry,
    Dispatch,
    Message,
)
from carnet.domain.messaging.queries.conversations import contact_state, conversation_state
from carnet.domain.messaging.queries.recipients import Recipient
from carnet.domain.messaging.values import (
    DeliveryOutcome,
    Direction,
    EndingKind,
    RecipientState,
)
from carnet.domain.spaces.access import event
from carnet.domain.spaces.queries import SpaceFacts
from carnet.domain.spaces.values import Act, Decision, Refusal
from carnet.foundation.clamd import Verdict
from carnet.foundation.ids import new_id
from carnet.foundation.keys import OwnerKey

_ACTION = re.compile(rb"^Action:[ \t]*([a-z]+)", re.IGNORECASE | re.MULTILINE)
_IDENTIFIER = re.compile(rb"<[^<>\s]{3,250}>")
_REPORT_BYTES = 256 * 1024


def place(message: Incoming, situation: Situation, plan: Plan) -> None:
    """Decide for each recipient of a message, and prepare what follows.

    1. What cannot be read as mail, goes round in circles, or comes under a From that its door would have refused, is
       told to its sender for all recipients.
    2. What the antivirus finds something in is withheld from all of them, and kept in quarantine; a file of a kind that
       is refused here is told to the sender likewise.
    3. A health space gets it into a conversation, unless its documents name another person: then it is withheld.
    4. A hosted mailbox gets it into its INBOX; another operator's recipient into the outbound queue.
    5. What failed goes back in one report with the headers alone, and what was delivered where that was asked for
       (RFC 3461).
    """
    told: list[FailedRecipient] = []
    whole = _whole_problem(message)
    done: set[object] = set()
    placed: list[Recipient] = []
    refused: list[DeliveryOutcome] = []
    for address in message.envelope.recipients:
        recipient = situation.recipients[address]
        if recipient.identity in done:
            continue  # named twice, in two writings of one address
        done.add(recipient.identity)
        asked = message.envelope.asked(address)
        failed = whole or _place_for(message, recipient, asked, situation, plan)
        if message.own is not None:
            plan.outcomes[message.own, address] = failed or DeliveryOutcome.DELIVERED
        if failed is None:
            placed.append(recipient)
            if "SUCCESS" in asked.notify and not recipient.elsewhere:
                told.append(success(address, asked))
        else:
            refused.append(failed)
            if rules.reports_wanted(asked.notify, null_sender=False).failure:
                told.append(failure(message, address, failed, asked))
            if whole is not None:
                _note_dispatch(message, recipient, situation, plan, failed)
            if failed is DeliveryOutcome.WITHHELD_INFECTED:
                note_withheld(message, recipient, situation, plan)
    if whole is DeliveryOutcome.WITHHELD_INFECTED:
        plan_quarantine(message, situation, plan)
    if told:
        report(message, told, situation, plan)
    tally(message, placed, refused, situation, plan)


def _whole_problem(message: Incoming) -> DeliveryOutcome | None:
    if message.problem is not None:
        return DeliveryOutcome.REFUSED_MALFORMED
    if not rules.check_loop(message.parsed.received_count, message.own_hops):
        return DeliveryOutcome.REFUSED_LOOP
    if message.parsed.from_problem not in (None, FromProblem.NAME_SHOWS_ANOTHER_ADDRESS):  # names are never shown
        return DeliveryOutcome.REFUSED_SENDER
    if message.scanned.verdict is Verdict.INFECTED:
        return DeliveryOutcome.WITHHELD_INFECTED
    if any(harm in settings.CARNET_REFUSED_CONTENT for harm in message.harms.values()):
        return DeliveryOutcome.REFUSED_CONTENT
    return None


def _place_for(
    message: Incoming, recipient: Recipient, asked: Asked, situation: Situation, plan: Plan
) -> DeliveryOutcome | None:
    """Place a message for one recipient; the outcome when it is refused.

    That a patient opposed leaves no evidence of a message to them: none was to be sent.
    """
    if message.envelope.mailbox and (UUID(message.envelope.mailbox), recipient.ins) in situation.opposed:
        return DeliveryOutcome.REFUSED_OPPOSITION
    if not recipient.ins and recipient.state in (RecipientState.CLOSED, RecipientState.SUSPENDED):
        return DeliveryOutcome.REFUSED_MAILBOX
    if recipient.state is not RecipientState.OPEN:
        _note_dispatch(message, recipient, situation, plan, DeliveryOutcome.REFUSED_RECIPIENT)
        return DeliveryOutcome.REFUSED_RECIPIENT
    if recipient.space is not None:
        return _place_in_space(message, recipient, recipient.space, situation, plan)
    if recipient.mailbox is not None and recipient.mailbox.hosted:
        head = MessageHead.of(message.parsed, return_path=message.envelope.sender, answer_address=message.author)
        row = _message_row(message, situation.keys[recipient.mailbox.id], head, plan)
        plan.filed.append((recipient.mailbox.id, row.id, len(message.raw), plan.at))
        tally_filed(message, recipient.mailbox, row.id, plan)
        return None
    sender = situation.mailboxes.get(message.envelope.sender.lower())
    if sender is None or not sender.hosted or sender.emptied:
        return DeliveryOutcome.REFUSED_RECIPIENT  # Carnet relays only for its own mailboxes
    plan_outbound(
        plan,
        situation.keys[sender.id],
        sender.address,
        recipient.address,
        _as_relayed(message.raw),
        message_id=None,
        asked=asked,
    )
    return None


def _as_relayed(raw: bytes) -> bytes:
    """The message without the Return-Path that this hop put first: only the last one writes it (RFC 5321 §4.4)."""
    return raw.partition(b"\r\n")[2] if raw.startswith(b"Return-Path:") else raw


def _message_row(message: Incoming, key: OwnerKey, head: MessageHead, plan: Plan) -> Message:
    """One owner's copy of the message, with its body to be stored."""
    message_id = new_id()
    row = Message(
        owner_id=key.owner_id,
        id=message_id,
        message_id_digest=message_id_digest(key, head.message_id or str(message_id)),
        received_at=plan.at,
        size=len(message.raw),
        envelope=key.seal(envelope_name(message_id), head.to_json()),
        structure=key.seal(structure_name(message_id), message.structure),
        spool_segment=message.accepted.segment,
        spool_position=message.accepted.position,
    )
    plan.messages.append(row)
    plan.bodies.append((key, message.raw, row))
    plan_unscanned(message, row, plan)
    return row


# --- into a health space ----------------------------------------------------------------------------------------


def _place_in_space(
    message: Incoming, recipient: Recipient, space: SpaceFacts, situation: Situation, plan: Plan
) -> DeliveryOutcome | None:
    parsed = message.parsed
    sender = situation.mailboxes.get(message.author)
    display = rules.sender_display(sender.label if sender else None, message.author)
    actor = sending_actor(sender, display.name)
    if is_patient_domain(message.author, settings.CARNET_PATIENT_DOMAIN):
        return DeliveryOutcome.REFUSED_HOLDER_TO_HOLDER
    if parsed.is_report:
        _note_report(message, space, situation, plan)
        return None
    key = situation.keys[space.id]
    author_digest = address_digest(key, message.author)
    joined = _joined(message, space.id, key, author_digest, situation)
    by_itself = joined is not None and rules.answers_by_itself(parsed)
    if not message.envelope.sender and not by_itself:
        # Only reports, and automatic answers to a letter of hers, come without a return path (RFC 5321 §4.5.5,
        # RFC 3834 §3.3).
        return DeliveryOutcome.REFUSED_SENDER
    if not rules.patient_matches(space.ins, message.patients):
        outcome = DeliveryOutcome.REFUSED_OTHER_PATIENT
        decision = Decision(False, Refusal.WRONG_PATIENT)
        plan.events.append(event(actor, Act.WITHHOLD_MESSAGE, space.id, decision, target_kind="message"))
        _note_dispatch(message, recipient, situation, plan, outcome)
        return outcome
    trusted = situation.trusted.listed
    answer_to = rules.answer_address(
        message.author,
        [one.address.lower() for one in parsed.reply_to],
        trusted,
        [settings.CARNET_PATIENT_DOMAIN],
    )
    ending = None if by_itself else rules.ending_of(parsed, recipient_is_patient=True)
    contact = situation.contacts.get((space.id, address_digest(key, answer_to)))
    if ending is EndingKind.SUBJECT_FIN:
        joined = _end_all(space.id, author_digest, contact, joined, situation, plan)
        if joined is None:
            ending = None  # it took part in nothing: an ordinary message, whatever its subject
    receipt = rules.receipt_wanted(parsed, message.envelope.sender, trusted)
    head = MessageHead.of(
        parsed,
        return_path=message.envelope.sender,
        answer_address=answer_to,
        receipt_to=receipt.address or "",
    )
    row = _message_row(message, key, head, plan)
    if joined is not None and by_itself:
        conversation = _continued(joined, plan)
    else:
        contact = _contact(space.id, key, answer_to, ending, situation, plan)
        conversation = _conversation(message, joined, contact, key, author_digest, ending, situation, plan)
    content = message.content(author_name=display.name, author_domain=display.domain, verified=display.verified)
    plan.entries.append(
        ConversationEntry(
            space_id=space.id,
            message_id=row.id,
            conversation_id=conversation.id,
            direction=Direction.RECEIVED.value,
            at=plan.at,
            has_attachments=bool(content.attachments),
            receipt_wanted=bool(receipt),
            content=key.seal(content_name(row.id), content.to_json()),
        )
    )
    situation.placed[space.id, bytes(row.message_id_digest)] = conversation.id
    if message.own is not None:
        plan.copies[message.own, recipient.address] = (space.id, row.id)
    if joined is not None and not by_itself:  # what has just been opened holds no letter of the holder
        plan.answered.append((space.id, conversation.id))
    plan.notified.append((space.id, row.id))
    plan.events.append(
        event(actor, Act.RECEIVE_MESSAGE, space.id, target_kind="message", target_id=row.id, title=parsed.subject)
    )
    if not by_itself:
        _note_dispatch(message, recipient, situation, plan, DeliveryOutcome.DELIVERED, row.id)
    return None


def _continued(joined: Conversation, plan: Plan) -> Conversation:
    """A conversation that a machine answered in: nothing is ended or opened again by that, and nobody has answered."""
    joined.last_at = plan.at
    plan.changed_conversations[joined.id] = joined
    return joined


def _note_report(message: Incoming, space: SpaceFacts, situation: Situation, plan: Plan) -> None:
    """Another operator's report: people see under their letter that it failed, never the report itself (RFC 3464).

    A delay, or that it was delivered, changes nothing: it left, and that is what is shown.
    """
    told = {one.lower() for one in _ACTION.findall(message.raw)}
    if message.parsed.report_type == "delivery-status" and (b"failed" in told or not told):
        key = situation.keys[space.id]
        named = dict.fromkeys(_IDENTIFIER.findall(message.raw[-_REPORT_BYTES:]))
        for identifier in list(named)[:100]:
            plan.undelivered.append((space.id, message_id_digest(key, identifier.decode("ascii", "replace"))))


def _joined(
    message: Incoming, space_id: UUID, key: OwnerKey, author: bytes, situation: Situation
) -> Conversation | None:
    """The conversation that the message's references join, for a sender who took part in it."""
    parsed = message.parsed
    known = {}
    for identifier in {*parsed.references, parsed.in_reply_to or ""} - {""}:
        conversation_id = situation.placed.get((space_id, message_id_digest(key, identifier)))
        conversation = situation.conversations.get((space_id, conversation_id)) if conversation_id else None
        if conversation is not None:
            people = frozenset(bytes(one).hex() for one in conversation.participants)
            known[identifier] = rules.KnownMessage(str(conversation.id), people)
    found = rules.match_conversation(parsed.references, parsed.in_reply_to, known, author.hex())
    return situation.conversations[space_id, UUID(found)] if found else None


def _end_all(
    space_id: UUID,
    author: bytes,
    contact: Contact | None,
    joined: Conversation | None,
    situation: Situation,
    plan: Plan,
) -> Conversation | None:
    """End every conversation that the sender took part in, and the contact; the one that will show it, if any."""
    theirs = [
        conversation
        for (owner, _), conversation in situation.conversations.items()
        if owner == space_id and author in {bytes(one) for one in conversation.participants}
    ]
    if not rules.may_end(sender_took_part=bool(theirs)):
        return None
    for conversation in theirs:
        conversation.ended = EndingKind.SUBJECT_FIN.value
        conversation.ended_at = plan.at
        plan.changed_conversations[conversation.id] = conversation
    if contact is not None:
        contact.ended_at = plan.at
        plan.changed_contacts[contact.id] = contact
    return joined or max(theirs, key=lambda one: one.last_at)


def _contact(
    space_id: UUID, key: OwnerKey, address: str, ending: EndingKind | None, situation: Situation, plan: Plan
) -> Contact:
    """The contact that the message makes, remakes or leaves as it is."""
    digest = address_digest(key, address)
    contact = situation.contacts.get((space_id, digest))
    if contact is None:
        contact_id = new_id()
        mailbox = situation.mailboxes.get(address.lower())
        after = rules.contact_after(rules.ContactState(), ending)
        contact = Contact(
            space_id=space_id,
            id=contact_id,
            address_digest=digest,
            address=key.seal_text(address_name(contact_id), address),
            mailbox_id=mailbox.id if mailbox else None,
            has_written=after.has_written,
            ended_at=plan.at if after.ended else None,
            last_wrote_at=plan.at,
        )
        situation.contacts[space_id, digest] = contact
        plan.new_contacts.append(contact)
        return contact
    after = rules.contact_after(contact_state(contact), ending)
    contact.has_written = after.has_written
    contact.ended_at = (contact.ended_at or plan.at) if after.ended else None
    contact.last_wrote_at = plan.at
    plan.changed_contacts[contact.id] = contact
    return contact


def _conversation(
    message: Incoming,
    joined: Conversation | None,
    contact: Contact,
    key: OwnerKey,
    author: bytes,
    ending: EndingKind | None,
    situation: Situation,
    plan: Plan,
) -> Conversation:
    """The conversation that the message joins, or the one that it opens."""
    if joined is None:
        conversation_id = new_id()
        joined = Conversation(
            space_id=contact.space_id,
            id=conversation_id,
            contact_id=contact.id,
            subject=key.seal_text(subject_name(conversation_id), message.parsed.subject),
            participants=[],
            started_at=plan.at,
            last_at=plan.at,
        )
        situation.conversations[contact.space_id, conversation_id] = joined
        plan.new_conversations.append(joined)
    after = rules.conversation_after(conversation_state(joined), ending)
    joined.ended = after.ended.value if after.ended else ""
    joined.ended_at = plan.at if after.ended else None
    joined.last_at = plan.at
    joined.trashed_at = None
    people = {bytes(one) for one in joined.participants} | {author, bytes(contact.address_digest)}
    joined.participants = sorted(people)
    plan.changed_conversations[joined.id] = joined
    return joined


def _note_dispatch(
    message: Incoming,
    recipient: Recipient,
    situation: Situation,
    plan: Plan,
    outcome: DeliveryOutcome,
    message_id: UUID | None = None,
) -> None:
    """Keep the evidence of a message that a mailbox of the directory wrote to a patient."""
    sender = situation.mailboxes.get(message.author) or situation.mailboxes.get(message.envelope.sender.lower())
    if sender is None or not recipient.ins:
        return
    plan.dispatches.append(
        Dispatch(
            mailbox_id=sender.id,
            ins=recipient.ins,
            space_id=recipient.space.id if recipient.space else None,
            message_id=message_id,
            sent_at=message.envelope.accepted_at,
            outcome=outcome.value,
            automatic_double=rules.is_automatic_double(sender.kind, carries_documents=message.carries_documents),
        )
    )
