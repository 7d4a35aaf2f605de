"""Messages delivered while the antivirus was away: looked at once it is back, and withdrawn if it was needed."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from carnet.domain.audit.commands import leave
from carnet.domain.messaging.commands.carnet_mail import deliver_report
from carnet.domain.messaging.commands.entries import expunge, store_flags
from carnet.domain.messaging.compose import FailedRecipient, compose_dsn, compose_message, make_message_id
from carnet.domain.messaging.delivery.incoming import Incoming, read_incoming
from carnet.domain.messaging.delivery.plan import Plan, plan_filing
from carnet.domain.messaging.delivery.scanning import pieces
from carnet.domain.messaging.delivery.writing import write
from carnet.domain.messaging.envelopes import EntryContent, MessageHead, SpooledEnvelope, content_name, envelope_name
from carnet.domain.messaging.folder_values import DELETED, UNSCANNED, StoreMode
from carnet.domain.messaging.mime.addresses import Address
from carnet.domain.messaging.models import ConversationEntry, Message, UnscannedMessage
from carnet.domain.messaging.values import MessagingRefusal, SmtpError
from carnet.domain.spaces.access import event
from carnet.domain.spaces.values import Act, Actor, ActorKind, Refusal, refused
from carnet.foundation import antivirus, logs
from carnet.foundation.bodies import BodyMissing, get_body
from carnet.foundation.clamd import Finding, Verdict
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.keys import OwnerKey
from carnet.foundation.owner_keys import owner_key
from carnet.foundation.spool import Accepted

TRIES = 8
"""Over a day, each after twice the pause of the one before: what the daemon never manages to read stays marked."""

FIRST_PAUSE = timedelta(minutes=5)

log = logs.get("antivirus")


def rescan_due(limit: int = 50) -> int:
    """Look at the messages whose turn it is, the longest waiting first. How many are settled, one way or the other."""
    due = list(
        UnscannedMessage.objects.filter(next_try_at__lte=now())
        .order_by("next_try_at")
        .values_list("owner_id", "message_id")[:limit]
    )
    settled = 0
    for owner_id, message_id in due:
        if not antivirus.answers():
            break
        settled += _rescan(owner_id, message_id)
    return settled


@transaction.atomic
def _rescan(owner_id: UUID, message_id: UUID) -> bool:
    row = (
        UnscannedMessage.objects.select_for_update(skip_locked=True)
        .filter(owner_id=owner_id, message_id=message_id)
        .first()
    )
    message = Message.objects.filter(owner_id=owner_id, id=message_id).first()
    if row is None:
        return False
    try:
        found = _look(message) if message is not None else None
    except BodyMissing:
        found = None
    if found is not None and found.verdict is Verdict.UNSCANNED:
        row.attempts += 1
        if row.attempts < TRIES:
            row.next_try_at = now() + FIRST_PAUSE * 2**row.attempts
            row.save(update_fields=["attempts", "next_try_at"])
            return False
        log.warning("antivirus_gave_up", message=str(message_id))
    elif message is not None and found is not None:
        _mark(message, found)
    row.delete()
    return True


def _look(message: Message) -> Finding:
    return antivirus.look(partial(pieces, _as_incoming(message)))


def _as_incoming(message: Message) -> Incoming:
    """A stored message as the drain read it; its envelope does not matter here."""
    envelope = SpooledEnvelope("", "", (), message.received_at)
    raw = get_body(message.owner_id, message.body)
    return read_incoming(Accepted(message.id, 0, envelope.to_json(), raw))


def _mark(message: Message, found: Finding) -> None:
    key = owner_key(message.owner_id)
    infected = found.verdict is Verdict.INFECTED
    entry = (
        ConversationEntry.objects.select_for_update().filter(space_id=message.owner_id, message_id=message.id).first()
    )
    if entry is not None:
        _mark_in_space(entry, key, found.verdict)
    elif infected:
        _withdraw_from_folders(message, key)
    else:
        for folder_id, uid in _places(message):
            store_flags(message.owner_id, folder_id, [uid], StoreMode.REMOVE, [UNSCANNED])
    if infected:
        _tell_sender(message, key)


def _mark_in_space(entry: ConversationEntry, key: OwnerKey, verdict: Verdict) -> None:
    """Clean: the mark goes. Infected: text and files are shown no more, the line in the conversation says why."""
    name = content_name(entry.message_id)
    content = EntryContent.from_json(key.open(name, entry.content))
    if verdict is Verdict.INFECTED:
        kept = tuple(replace(one, problem=Verdict.INFECTED.value) for one in content.attachments)
        content = replace(content, text="", html="", attachments=kept)
        actor = Actor(ActorKind.SYSTEM, settings.CARNET_HOSTNAME)
        why = refused(Refusal.INFECTED)
        leave(
            event(
                actor,
                Act.WITHHOLD_MESSAGE,
                entry.space_id,
                why,
                target_kind="message",
                target_id=entry.message_id,
            )
        )
    entry.content = key.seal(name, replace(content, scan=verdict.value).to_json())
    ConversationEntry.objects.filter(space_id=entry.space_id, message_id=entry.message_id).update(content=entry.content)


def _places(message: Message) -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT folder_id, uid FROM messaging_folder_entry WHERE mailbox_id = %s AND message_id = %s"
            " ORDER BY folder_id",
            [message.owner_id, message.id],
        )
        return [(row[0], row[1]) for row in cursor.fetchall()]


def _withdraw_from_folders(message: Message, key: OwnerKey) -> None:
    """Take the message out of the mailbox's folders, and say so in its INBOX; the copy stays, sealed, as evidence."""
    for folder_id, uid in _places(message):
        store_flags(message.owner_id, folder_id, [uid], StoreMode.ADD, [DELETED])
        expunge(message.owner_id, folder_id, [uid])
    at = now()
    notice = compose_message(
        sender_name="Carnet",
        sender_address=f"postmaster@{settings.CARNET_HOSTNAME}",
        recipients=[Address("", f"postmaster@{settings.CARNET_HOSTNAME}")],
        subject="Un message a été retiré de votre boîte",
        text=(
            f"Un message reçu le {message.received_at:%d/%m/%Y à %H:%M} (UTC) a été retiré : l’antivirus, qui était"
            " indisponible à son arrivée, y a trouvé un contenu dangereux.\n\n"
            "Si vous l’avez ouvert ou enregistré, prévenez votre service informatique.\n"
        ),
        message_id=make_message_id(settings.CARNET_HOSTNAME, str(new_id())),
        date=at,
        mss_fields=None,
    )
    plan = Plan(at=at)
    plan_filing(plan, key, b"Auto-Submitted: auto-generated\r\n" + notice.content)
    write(plan)


def _tell_sender(message: Message, key: OwnerKey) -> None:
    """The sender learns late, and learns all the same (RFC 3464), inside the trust space only."""
    head = MessageHead.from_json(key.open(envelope_name(message.id), message.envelope))
    if not head.return_path:
        return
    sentence = MessagingRefusal.INFECTED.sentence
    recipient = head.to[0] if len(head.to) == 1 else f"postmaster@{settings.CARNET_HOSTNAME}"
    error = SmtpError.FILTERED
    report = compose_dsn(
        reporting_domain=settings.CARNET_HOSTNAME,
        return_path=head.return_path,
        failures=[FailedRecipient(recipient, "5.7.1", error, reply=f"{error.value} 5.7.1 {sentence}")],
        original=get_body(message.owner_id, message.body),
        message_id=make_message_id(settings.CARNET_HOSTNAME, str(new_id())),
        date=now(),
        arrival=message.received_at,
    )
    deliver_report(head.return_path, report.content)
