"""What the desk sends, in one way: once a form, delivered and put into its conversation in one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from carnet.domain.directory.queries import mailboxes_by_id
from carnet.domain.messaging.commands.mailbox_mail import SENT, Handed, SentMail, send_from_mailbox
from carnet.domain.messaging.compose import OutgoingMail
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.messaging.desk.batches import SentHere
from carnet.domain.messaging.desk.indexing import index, read_all
from carnet.domain.messaging.desk.stored import StoredMessage
from carnet.domain.messaging.desk.values import Correspondent
from carnet.domain.messaging.envelopes import MessageHead
from carnet.domain.messaging.folder_values import SEEN
from carnet.domain.messaging.models import DeskSending, Folder, FolderEntry
from carnet.domain.messaging.rules.exchange import FIN_HEADER, FIN_VALUE
from carnet.domain.messaging.values import DeliveryOutcome
from carnet.foundation.clamd import CLEAN, UNSCANNED
from carnet.foundation.clock import now

NIL_FIELD = "X-MSS-NIL"


@dataclass(frozen=True)
class Sent:
    """A message that left: its conversation, the mailbox's copy, what became of it for each recipient.

    ``again``: the same form had been sent before, and nothing was sent now.
    """

    thread_id: UUID
    message_id: UUID
    handed: tuple[Handed, ...] = ()
    again: bool = False


def mss_fields(*, end: bool = False) -> dict[str, str]:
    """The X-MSS-* fields of a message without documents: the product's reference, the end of the exchange (ANS,
    Référentiel socle MSSanté #2 §3.4, ECO.2.4.3 and ECO.2.2.8)."""
    reference = settings.CARNET_PRODUCT_REFERENCE
    return ({NIL_FIELD: reference} if reference else {}) | ({FIN_HEADER: FIN_VALUE} if end else {})


class NobodyReached(Exception):
    """No recipient could be reached: the transaction that meets this is undone, and nothing was sent."""

    def __init__(self, outcome: DeliveryOutcome) -> None:
        super().__init__(outcome.value)
        self.outcome = outcome


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """A transaction that no other of this name runs beside."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        yield


def sent_before(actor: DeskActor, token: UUID) -> list[Sent]:
    """What the form of this token sent, if it was sent; the parts in their order."""
    rows = DeskSending.objects.filter(mailbox_id=actor.mailbox.id, token=token).order_by("part")
    return [Sent(row.thread_id, row.message_id, again=True) for row in rows]


def send_at_desk(
    actor: DeskActor,
    mail: OutgoingMail,
    *,
    token: UUID,
    part: int = 0,
    thread_id: UUID | None = None,
    person: Correspondent | None = None,
    looked_at: bool = True,
) -> Sent:
    """Send one message and put it into its conversation; part of the caller's transaction.

    ``looked_at``: the antivirus has seen the files already. Raises ``NobodyReached`` when no recipient got it.
    """
    [sent] = send_from_mailbox(
        actor.mailbox,
        [mail],
        author=actor.rpps,
        session=actor.session,
        scanned=CLEAN if looked_at else UNSCANNED,
    )
    refused = [one.outcome for one in sent.handed if one.outcome is not DeliveryOutcome.DELIVERED]
    if refused and len(refused) == len(sent.handed):
        raise NobodyReached(refused[0])
    known = SentHere(thread_id, actor.rpps, person, refused[0].value if refused else "")
    placed = _indexed(actor.mailbox.id, sent, mail, known)
    DeskSending.objects.create(
        mailbox_id=actor.mailbox.id,
        token=token,
        part=part,
        thread_id=placed,
        message_id=sent.message_id,
        sent_at=now(),
    )
    return Sent(placed, sent.message_id, sent.handed)


def _indexed(mailbox_id: UUID, sent: SentMail, mail: OutgoingMail, known: SentHere) -> UUID:
    """The conversation of what was sent; its folder is locked since it was filed."""
    entry = _entry(mailbox_id, sent.message_id)
    stored = StoredMessage(
        message_id=sent.message_id,
        raw=mail.content,
        head=MessageHead(return_path=mail.return_path, from_address=mail.return_path),
        at=entry.internal_date,
        flags=(SEEN,),
        spooled=True,
        folder_id=entry.folder_id,
        uid=entry.uid,
    )
    box = mailboxes_by_id([mailbox_id])[mailbox_id]
    return index(box, read_all(box, [stored]), {sent.message_id: known})[sent.message_id]


def _entry(mailbox_id: UUID, message_id: UUID) -> FolderEntry:
    """The newest entry of a message that was just filed among those sent."""
    folder = Folder.objects.get(mailbox_id=mailbox_id, name=SENT)
    entries = FolderEntry.objects.filter(mailbox_id=mailbox_id, folder_id=folder.id, message_id=message_id)
    return entries.order_by("-uid")[:1].get()
