"""Patients who wait for longer than their mailbox's usual delay: said once to the team, and to who answers for it."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from carnet.domain.directory.commands.traces import leave_traces
from carnet.domain.directory.queries import MailboxFacts, mailboxes_by_id
from carnet.domain.directory.queries.professionals import mailboxes_of, responsibles_of
from carnet.domain.directory.traces import NewTrace, TraceAct
from carnet.domain.directory.values import MailboxKind
from carnet.domain.messaging import rules
from carnet.domain.messaging.commands.automatic import tell_holders
from carnet.domain.messaging.desk.actors import DOOR
from carnet.domain.messaging.desk.recounting import recount
from carnet.foundation.clock import now

MOST = 2_000

# Index: ``desk_thread_late_untold``.
_UNTOLD = """
SELECT t.mailbox_id, t.id, t.waiting_since FROM messaging_desk_thread t
JOIN directory_mailbox m ON m.id = t.mailbox_id
WHERE t.waiting_since <= %(shortest)s AND t.told_late_at IS NULL AND t.patient
  AND t.waiting_since <= %(at)s - make_interval(hours => coalesce(m.answer_hours, %(hours)s))
  AND m.state = 'active'
ORDER BY t.waiting_since LIMIT %(most)s
"""


# Indexes: ``desk_thread_waiting`` of each mailbox that is read at the desk, ``patient_letter_copy``.
_ANSWERED_ELSEWHERE = """
SELECT t.mailbox_id, array_agg(DISTINCT t.id) FROM messaging_desk_thread t
JOIN messaging_desk_message m ON m.mailbox_id = t.mailbox_id AND m.thread_id = t.id AND m.at = t.waiting_since
JOIN messaging_patient_letter l ON l.mailbox_message_id = m.message_id AND l.first_answer_at IS NOT NULL
WHERE t.waiting_since IS NOT NULL AND t.patient GROUP BY t.mailbox_id LIMIT %(most)s
"""


def note_answers_of_others() -> int:
    """Nobody waits for what software answered without keeping a copy in the mailbox. Returns how many conversations.

    At most ``MOST`` mailboxes at a time; what is counted anew waits no more, so that the others come next.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ANSWERED_ELSEWHERE, {"most": MOST})
        found = cursor.fetchall()
    for mailbox_id, thread_ids in found:
        with transaction.atomic():
            recount(mailbox_id, thread_ids)
    return sum(len(thread_ids) for _, thread_ids in found)


def usual_hours(mailbox: MailboxFacts) -> int:
    """How many hours a mailbox usually takes to answer: its own figure, else the installation's."""
    return mailbox.answer_hours or int(settings.CARNET_DESK_ANSWER_HOURS)


def late_before(mailbox: MailboxFacts, at: datetime | None = None) -> datetime:
    """Who has been waiting since before this moment waits for longer than the mailbox usually takes."""
    return rules.late_before(at or now(), usual_hours(mailbox))


def tell_late(at: datetime | None = None) -> int:
    """Tell of the conversations that have become late; each is told of once. Returns how many there were."""
    at = at or now()
    with connection.cursor() as cursor:
        cursor.execute(
            _UNTOLD,
            {"at": at, "shortest": at - timedelta(hours=1), "hours": settings.CARNET_DESK_ANSWER_HOURS, "most": MOST},
        )
        found = cursor.fetchall()
    by_box: dict[UUID, list[UUID]] = {}
    for mailbox_id, thread_id, _ in found:
        by_box.setdefault(mailbox_id, []).append(thread_id)
    return sum(_tell(mailbox_id, thread_ids, at) for mailbox_id, thread_ids in by_box.items())


@transaction.atomic
def _tell(mailbox_id: UUID, thread_ids: list[UUID], at: datetime) -> int:
    """One notice for all of a mailbox, into it and into the own mailbox of who answers for it; no name in it."""
    box = mailboxes_by_id([mailbox_id]).get(mailbox_id)
    if box is None or not box.hosted:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE messaging_desk_thread SET told_late_at = %s WHERE mailbox_id = %s AND id = ANY(%s)"
            " AND told_late_at IS NULL AND waiting_since IS NOT NULL",
            [at, mailbox_id, thread_ids],
        )
        count = int(cursor.rowcount)
    if not count:
        return 0
    hours = usual_hours(box)
    subject = _subject(count)
    text = (
        f"{_subject(count)} dans la boîte « {box.label} » ({box.address}) depuis plus de {hours} heures,"
        " son délai de réponse habituel.\n\n"
        "Ces conversations sont en tête de la boîte de réception, au bureau du professionnel. Une réponse, ou"
        " « aucune réponse nécessaire », les en retire.\n"
    )
    occasion = f"late:{at:%Y%m%d%H%M%S}"
    told = [box, *_own_boxes(box)]
    for one in told:
        tell_holders(one.id, f"{occasion}:{str(mailbox_id)[:8]}", subject, text)
    leave_traces([NewTrace(mailbox_id, TraceAct.LATE_TOLD, DOOR, count=count)])
    return count


def _subject(count: int) -> str:
    if count == 1:
        return "Un patient attend une réponse"
    return f"{count} patients attendent une réponse"


def _own_boxes(box: MailboxFacts) -> list[MailboxFacts]:
    """The personal mailboxes, hosted here, of who answers for a shared one."""
    found = []
    for rpps in responsibles_of(box.id):
        own = next((one for one in mailboxes_of(rpps) if one.kind is MailboxKind.PER and one.id != box.id), None)
        if own is not None:
            found.append(own)
    return found
