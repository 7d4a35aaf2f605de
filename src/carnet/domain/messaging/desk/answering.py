"""Answering in a conversation of the desk, and ending an exchange with a patient."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from carnet.domain.directory.traces import TraceAct
from carnet.domain.messaging import rules
from carnet.domain.messaging.commands.holder_files import NewFile, ReadyFiles, check, ready_files
from carnet.domain.messaging.compose import (
    ComposeRefused,
    OutgoingMail,
    answer_references,
    compose_answer,
    compose_message,
    make_message_id,
)
from carnet.domain.messaging.compose.writing import usable_message_ids
from carnet.domain.messaging.desk.access import find_thread
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.messaging.desk.addressees import refusal_of, refusal_of_outcome
from carnet.domain.messaging.desk.begun_answers import forget_answer
from carnet.domain.messaging.desk.flags import set_flags
from carnet.domain.messaging.desk.heads import open_desk_head, open_thread_head
from carnet.domain.messaging.desk.outgoing import (
    NobodyReached,
    Sent,
    mss_fields,
    one_at_a_time,
    send_at_desk,
    sent_before,
)
from carnet.domain.messaging.desk.team import names_of
from carnet.domain.messaging.desk.values import DeskHead, MessageKind, ThreadHead
from carnet.domain.messaging.envelopes import MessageHead, envelope_name
from carnet.domain.messaging.folder_values import SEEN
from carnet.domain.messaging.mime.addresses import Address
from carnet.domain.messaging.models import DeskMessage, DeskThread, FolderEntry, Message
from carnet.domain.messaging.rules.exchange import FIN_SUBJECT
from carnet.domain.messaging.values import Direction
from carnet.domain.spaces.values import Decision, Refusal, refused
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.keys import OwnerKey
from carnet.foundation.owner_keys import owner_key

ANSWERED = "\\Answered"
_LOOKED_BACK = 200
_END_TEXT = (
    "Cet échange est terminé. Si vous avez besoin de nous joindre, utilisez les coordonnées de notre établissement.\n"
)


@dataclass(frozen=True)
class AnsweredMeanwhile:
    """What a colleague sent since the form was opened: to be shown before the answer leaves after all."""

    message_id: UUID
    author_name: str
    at: datetime
    text: str


@dataclass(frozen=True)
class _Answered:
    """What is answered: the conversation's head, its messages (the oldest first), the newest that came in."""

    thread: DeskThread
    head: ThreadHead
    rows: list[tuple[DeskMessage, DeskHead]]
    newest: MessageHead
    newest_in: UUID | None


def answer(
    actor: DeskActor,
    thread_id: UUID,
    text: str,
    files: Sequence[NewFile] = (),
    *,
    token: UUID,
    seen: UUID | None = None,
    end: bool = False,
    receipt: bool = False,
    everyone: bool = False,
) -> Sent | AnsweredMeanwhile | Decision:
    """Answer in a conversation; the form of one ``token`` sends once, however often it comes.

    ``seen`` is the newest message that the writer had seen: when somebody of the team has answered since, nothing is
    sent and their answer is given back. ``end`` closes this conversation for the patient (``X-MSS-MES: FIN``),
    ``receipt`` asks for a receipt of reading, ``everyone`` writes to all colleagues who take part.
    """
    ready = ready_files(files)  # before any lock: the antivirus may take seconds
    sent = _send_once(
        actor, thread_id, text, ready, token=token, seen=seen, end=end, receipt=receipt, everyone=everyone
    )
    if isinstance(sent, Sent) and not sent.again:
        _mark_answered(actor, thread_id)
    return sent


def _send_once(
    actor: DeskActor,
    thread_id: UUID,
    text: str,
    ready: ReadyFiles,
    *,
    token: UUID,
    seen: UUID | None,
    end: bool,
    receipt: bool,
    everyone: bool,
) -> Sent | AnsweredMeanwhile | Decision:
    try:
        with one_at_a_time(f"desk-thread:{thread_id}"):
            if before := sent_before(actor, token):
                return before[0]
            found = _load(actor, thread_id)
            if isinstance(found, Decision):
                return found
            decision = check(text, ready)
            if not decision:
                return decision
            if meanwhile := _meanwhile(found, seen):
                return meanwhile
            to = rules.answer_addresses(
                found.head.people, [(row.direction, row.kind, head) for row, head in found.rows], everyone=everyone
            )
            if refusal := refusal_of(to):
                return refused(refusal)
            mail = _compose(actor, found, to, text, ready, end=end and found.thread.patient, receipt=receipt)
            sent = send_at_desk(actor, mail, token=token, thread_id=thread_id)
            forget_answer(actor, thread_id)
            return sent
    except NobodyReached as nobody:
        return refused(refusal_of_outcome(nobody.outcome))
    except ComposeRefused:
        return refused(Refusal.BAD_RECIPIENT)


def end_exchanges(actor: DeskActor, thread_id: UUID, *, token: UUID) -> Sent | Decision:
    """End all exchanges of the mailbox with the patient of a conversation: a subject of exactly ``[FIN]`` (ANS,
    Référentiel socle MSSanté #2, ECO.2.2.8). An ordinary message to them opens the exchange again."""
    try:
        with one_at_a_time(f"desk-thread:{thread_id}"):
            if before := sent_before(actor, token):
                return before[0]
            found = _load(actor, thread_id)
            if isinstance(found, Decision):
                return found
            if not found.thread.patient:
                return refused(Refusal.NOT_FOUND)
            to = (found.head.people[0].address,)
            if refusal := refusal_of(to):
                return refused(refusal)
            known = usable_message_ids([found.newest.message_id] if found.newest.message_id else [])
            mail = compose_message(
                sender_name=actor.mailbox.label,
                sender_address=actor.mailbox.address,
                recipients=[Address("", one) for one in to],
                subject=FIN_SUBJECT,
                text=_END_TEXT,
                message_id=make_message_id(actor.mailbox.address.rpartition("@")[2], str(new_id())),
                date=now(),
                in_reply_to=known[0] if known else None,
                references=answer_references(found.newest.references, known[0]) if known else (),
            )
            return send_at_desk(actor, mail, token=token, thread_id=thread_id)
    except NobodyReached as nobody:
        return refused(refusal_of_outcome(nobody.outcome))


def _load(actor: DeskActor, thread_id: UUID) -> _Answered | Decision:
    thread = find_thread(actor, thread_id, TraceAct.SENT)
    if isinstance(thread, Decision):
        return thread
    key = owner_key(actor.mailbox.id)
    newest_first = DeskMessage.objects.filter(
        mailbox_id=actor.mailbox.id, thread_id=thread_id, kind=MessageKind.MESSAGE
    )
    rows = list(newest_first.defer("words").order_by("-at", "-message_id")[:_LOOKED_BACK])[::-1]
    opened = [(row, open_desk_head(key, row.message_id, row.head)) for row in rows]
    newest_in = next((row.message_id for row in reversed(rows) if row.direction == Direction.RECEIVED), None)
    answered = newest_in or (rows[-1].message_id if rows else None)
    head = open_thread_head(key, thread.id, thread.head)
    return _Answered(thread, head, opened, _head(key, answered), newest_in)


def _head(key: OwnerKey, message_id: UUID | None) -> MessageHead:
    if message_id is None:
        return MessageHead()
    sealed = Message.objects.values_list("envelope", flat=True).get(owner_id=key.owner_id, id=message_id)
    return MessageHead.from_json(key.open(envelope_name(message_id), sealed))


def _meanwhile(found: _Answered, seen: UUID | None) -> AnsweredMeanwhile | None:
    if seen is None:
        return None
    known = next((row.at for row, _ in found.rows if row.message_id == seen), None)
    newer = [
        (row, head)
        for row, head in found.rows
        if row.direction == Direction.SENT and row.message_id != seen and (known is None or row.at > known)
    ]
    if not newer:
        return None
    row, head = newer[-1]
    return AnsweredMeanwhile(row.message_id, names_of([row.author]).get(row.author, ""), row.at, head.snippet)


def _compose(
    actor: DeskActor,
    found: _Answered,
    to: Sequence[str],
    text: str,
    ready: ReadyFiles,
    *,
    end: bool,
    receipt: bool,
) -> OutgoingMail:
    return compose_answer(
        sender_name=actor.mailbox.label,
        sender_address=actor.mailbox.address,
        recipients=[Address("", one) for one in to],
        answered_id=found.newest.message_id or None,
        answered_references=found.newest.references,
        answered_subject=found.head.subject,
        text=text,
        message_id=make_message_id(actor.mailbox.address.rpartition("@")[2], str(new_id())),
        date=now(),
        attachments=ready.attachments,
        receipt_to=actor.mailbox.address if receipt else None,
        mss_fields=mss_fields(end=end),
    )


@transaction.atomic
def _mark_answered(actor: DeskActor, thread_id: UUID) -> None:
    """Mail clients see that what came in was read and answered. After the answer left: other folders are locked now."""
    mailbox_id = actor.mailbox.id
    received = DeskMessage.objects.filter(
        mailbox_id=mailbox_id, thread_id=thread_id, direction=Direction.RECEIVED.value
    ).values_list("message_id", flat=True)
    entries = FolderEntry.objects.filter(mailbox_id=mailbox_id, thread_id=thread_id, message_id__in=list(received))
    set_flags(mailbox_id, entries.values_list("folder_id", "uid"), [ANSWERED, SEEN])
