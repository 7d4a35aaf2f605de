"""The desk's jobs: conversations brought up to date, patients who have waited too long, tokens of forms forgotten."""

from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction
from procrastinate.exceptions import AlreadyEnqueued

from carnet.domain.messaging.desk.catching_up import catch_up
from carnet.domain.messaging.desk.drafts import forget_desk_drafts
from carnet.domain.messaging.desk.late import note_answers_of_others, tell_late
from carnet.domain.messaging.models import DeskSending
from carnet.foundation import logs
from carnet.foundation.bodies import BodyMissing
from carnet.foundation.clock import now
from carnet.foundation.jobs import RETRY, app
from carnet.foundation.keys import KeyProblem

BATCH = 200
MOST_BATCHES = 100
MOST_BOXES = 200
TOKEN_DAYS = 7
DRAFT_HOURS = 24

log = logs.get("desk")

# Only mailboxes that have been opened at the desk have conversations to keep up.
_BOXES_BEHIND = """
SELECT DISTINCT b.mailbox_id FROM messaging_desk_box b
JOIN messaging_folder f ON f.mailbox_id = b.mailbox_id
WHERE f.special_use <> '\\Drafts' AND f.threaded_uid < f.uid_next - 1 LIMIT %s
"""


def go_on_catching_up(mailbox_id: UUID) -> None:
    """Leave the rest of a mailbox to a worker; once, however many requests ask."""
    name = f"desk-catch-up:{mailbox_id}"
    try:
        with transaction.atomic():  # the refusal of a second one undoes this statement alone
            catch_up_mailbox.configure(lock=name, queueing_lock=name).defer(mailbox_id=str(mailbox_id))
    except AlreadyEnqueued:
        return


@app.task(retry=RETRY)
def catch_up_mailbox(mailbox_id: str) -> None:
    """Put what is in a mailbox's folders into conversations, batch by batch; what is left goes to a next job."""
    box = UUID(mailbox_id)
    for _ in range(MOST_BATCHES):
        before = catch_up(box, BATCH)
        if before.ready:
            return
    go_on_catching_up(box)


@app.periodic(cron="*/2 * * * *")
@app.task(queueing_lock="desk-boxes")
def keep_desks_up_to_date(timestamp: int) -> None:
    """What came into mailboxes that are read at the desk, without waiting for somebody to look."""
    with connection.cursor() as cursor:
        cursor.execute(_BOXES_BEHIND, [MOST_BOXES])
        boxes = [row[0] for row in cursor.fetchall()]
    for box in boxes:
        try:
            catch_up(box, BATCH)
        except (BodyMissing, KeyProblem) as problem:  # this one needs a person; the others go on
            log.error("desk_not_caught_up", mailbox=str(box), exc_info=problem)


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="desk-late")
def tell_who_waits_too_long(timestamp: int) -> None:
    """Patients who have waited for longer than their mailbox's usual delay are told of to who answers for it."""
    note_answers_of_others()
    if count := tell_late():
        log.info("desk_late_told", count=count)


@app.periodic(cron="11 3 * * *")
@app.task(queueing_lock="desk-tokens")
def forget_old_tokens(timestamp: int) -> None:
    """Forms that nobody will send a second time any more."""
    deleted, _ = DeskSending.objects.filter(sent_at__lt=now() - timedelta(days=TOKEN_DAYS)).delete()
    log.info("desk_tokens_forgotten", count=deleted)


@app.periodic(cron="31 * * * *")
@app.task(queueing_lock="desk-drafts")
def forget_drafts(timestamp: int) -> None:
    """What was begun at the desk and left for a day: it names patients, and nobody waits for it."""
    count = forget_desk_drafts(now() - timedelta(hours=DRAFT_HOURS))
    log.info("desk_drafts_forgotten", count=count)
