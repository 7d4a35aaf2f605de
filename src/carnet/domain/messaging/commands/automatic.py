"""What a mailbox answers by itself: that its holder is away, that it closes soon (RFC 3834)."""

import re
from datetime import date, datetime
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from carnet.domain.directory.commands.traces import leave_traces
from carnet.domain.directory.queries import mailboxes_by_id, trust_space
from carnet.domain.directory.queries.mailboxes import StandingAnswer, standing_answers
from carnet.domain.directory.traces import NewTrace, TraceAct
from carnet.domain.messaging import rules
from carnet.domain.messaging.compose import (
    ComposeRefused,
    OutgoingMail,
    answer_references,
    compose_message,
    make_message_id,
)
from carnet.domain.messaging.compose.writing import usable_message_ids
from carnet.domain.messaging.delivery.incoming import Incoming, read_incoming
from carnet.domain.messaging.delivery.placing import place
from carnet.domain.messaging.delivery.plan import SYSTEM_OWNER, Plan, plan_filing, plan_outbound
from carnet.domain.messaging.delivery.situation import address_digest, load
from carnet.domain.messaging.delivery.writing import write
from carnet.domain.messaging.envelopes import MessageHead, SpooledEnvelope, envelope_name
from carnet.domain.messaging.jobs import send_outbound
from carnet.domain.messaging.mime.addresses import Address
from carnet.domain.messaging.mime.limits import MalformedMessage
from carnet.domain.messaging.mime.read import read_message
from carnet.domain.messaging.models import Message
from carnet.domain.messaging.queries.recipients import look_up
from carnet.foundation.bodies import get_body
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.keys import OwnerKey
from carnet.foundation.owner_keys import create_owner_keys, owner_key
from carnet.foundation.spool import Accepted

DOOR = "automatic"
_LIST_FIELD = re.compile(rb"^List-[A-Za-z]+\s*:", re.IGNORECASE | re.MULTILINE)
_HEADER_BYTES = 256 * 1024
_SUBJECT_LENGTH = 500


@transaction.atomic
def answer_by_itself(mailbox_id: UUID, message_id: UUID) -> bool:
    """Answer a message that came into a mailbox, if it answers by itself today. Returns whether anything was sent.

    1. What the mailbox tells today, and whether a machine may tell it to that sender.
    2. The claim: once a correspondent and an occasion, in the transaction of the answer itself.
    3. The answer, without a return path, into the space or mailbox of the sender, or to their operator.
    """
    answers = standing_answers(mailbox_id)
    message = Message.objects.filter(owner_id=mailbox_id, id=message_id).first() if answers else None
    if message is None:
        return False
    key = owner_key(mailbox_id)
    head = MessageHead.from_json(key.open(envelope_name(message_id), message.envelope))
    raw = get_body(mailbox_id, message.body)
    try:
        parsed = read_message(raw)
    except MalformedMessage:
        return False
    fields = raw[:_HEADER_BYTES].partition(b"\r\n\r\n")[0]
    sender, has_list_fields = head.return_path, bool(_LIST_FIELD.search(fields))
    sent = False
    for answer in answers:
        may = rules.may_answer_by_itself(
            parsed, sender, answer.address, trust_space().listed, has_list_fields=has_list_fields
        )
        if may and _claim(mailbox_id, answer.occasion, address_digest(key, sender)):
            _send(answer, sender, head, key)
            leave_traces([NewTrace(mailbox_id, TraceAct.ANSWERED_BY_ITSELF, DOOR, messages=(message_id,))])
            sent = True
    return sent


@transaction.atomic
def tell_holders(mailbox_id: UUID, occasion: str, subject: str, text: str) -> bool:
    """Put a notice into a mailbox for the people who use it, once for an occasion. Returns whether it was new."""
    mailbox = mailboxes_by_id([mailbox_id])[mailbox_id]
    if not _claim(mailbox_id, f"told:{occasion}", b""):
        return False
    notice = compose_message(
        sender_name="Carnet",
        sender_address=f"mailer-daemon@{settings.CARNET_HOSTNAME}",
        recipients=[Address("", mailbox.address)],
        subject=subject,
        text=text,
        message_id=make_message_id(settings.CARNET_HOSTNAME, str(new_id())),
        date=now(),
        automatic=True,
    )
    plan = Plan(at=now())
    plan_filing(plan, owner_key(mailbox_id), notice.content)
    write(plan)
    return True


def tell_of_closing(mailbox_id: UUID, day: date) -> None:
    """The people who use a mailbox learn that it closes; once for a day."""
    text = (
        f"Cette boîte aux lettres ferme le {day:%d/%m/%Y}.\n\n"
        "Jusque-là, elle reçoit et envoie comme d'habitude, et ceux qui lui écrivent sont prévenus. À partir de cette"
        " date, personne ne peut plus l'ouvrir et les messages qui lui sont adressés sont refusés.\n"
        f"Son contenu est conservé {settings.CARNET_MAILBOX_KEEP_DAYS} jours, puis supprimé : enregistrez avant la"
        " fermeture ce qui doit rejoindre le dossier des patients.\n"
    )
    tell_holders(mailbox_id, f"closing:{day}", f"Cette boîte aux lettres ferme le {day:%d/%m/%Y}", text)


def _claim(mailbox_id: UUID, occasion: str, correspondent: bytes) -> bool:
    """Whether this is the first time; the claim holds once the caller's transaction is committed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO messaging_automatic_answer (mailbox_id, occasion, correspondent, answered_at)"
            " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [mailbox_id, occasion, correspondent, now()],
        )
        return cursor.rowcount == 1


def _send(answer: StandingAnswer, to: str, head: MessageHead, key: OwnerKey) -> None:
    """Into the space or the mailbox of the correspondent when it is here, else to their operator."""
    try:
        mail = _compose(answer, to, head)
    except ComposeRefused:  # an address that cannot be written to
        return
    plan = Plan(at=now())
    recipient = look_up([to])[to]
    if recipient.elsewhere:
        plan_outbound(plan, key, "", to, mail.content, message_id=None)
    else:
        incoming = _incoming(mail, plan.at)
        situation = load([incoming])
        create_owner_keys([SYSTEM_OWNER])
        situation.keys[SYSTEM_OWNER] = owner_key(SYSTEM_OWNER)
        place(incoming, situation, plan)
    write(plan)
    if plan.outbound:
        send_outbound.defer()


def _incoming(mail: OutgoingMail, at: datetime) -> Incoming:
    """The answer as if it had come through a door, with no return path."""
    envelope = SpooledEnvelope(
        door=DOOR, sender="", recipients=mail.recipients, accepted_at=at, tracing="Return-Path: <>\r\n"
    )
    return read_incoming(Accepted(new_id(), 0, envelope.to_json(), mail.content))


def _compose(answer: StandingAnswer, to: str, head: MessageHead) -> OutgoingMail:
    """In French, as all that Carnet writes by mail; the text of an absence is its holder's own (RFC 3834 §3.1)."""
    known = usable_message_ids([head.message_id] if head.message_id else [])
    text = answer.text
    if answer.closes_on is not None:
        text = (
            f"La boîte aux lettres « {answer.label} » ({answer.address}) ferme le {answer.closes_on:%d/%m/%Y}.\n"
            "Votre message lui a été remis. À partir de cette date, elle ne recevra plus rien :"
            " adressez-vous dès maintenant à un autre correspondant.\n"
        )
    return compose_message(
        sender_name=answer.label,
        sender_address=answer.address,
        recipients=[Address("", to)],
        subject=f"Réponse automatique : {head.subject}".rstrip(" :")[:_SUBJECT_LENGTH],
        text=text,
        message_id=make_message_id(answer.address.rpartition("@")[2], str(new_id())),
        date=now(),
        in_reply_to=known[0] if known else None,
        references=answer_references(head.references, known[0]) if known else (),
        automatic=True,
    )
