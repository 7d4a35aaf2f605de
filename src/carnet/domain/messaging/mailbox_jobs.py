"""After the commit and by the hour: what mailboxes answer by themselves, and their closings, dormancy and emptying."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from carnet.domain.directory.commands.life import close_due, note_dormancy_told
from carnet.domain.directory.commands.traces import forget_old_traces, make_trace_partitions
from carnet.domain.directory.queries.upkeep import (
    closed_to_empty,
    closings_to_tell,
    dormant_to_empty,
    dormant_to_tell,
)
from carnet.domain.messaging.commands.automatic import answer_by_itself, tell_holders, tell_of_closing
from carnet.domain.messaging.commands.emptying import empty_mailbox
from carnet.foundation import logs
from carnet.foundation.clock import now
from carnet.foundation.jobs import RETRY, app

log = logs.get("mailboxes")


@app.task(retry=RETRY)
def answer_by_themselves(pairs: list[list[str]]) -> None:
    """Mailboxes answer these messages (mailbox, message), if they answer by themselves today; each at most once."""
    for mailbox_id, message_id in pairs:
        answer_by_itself(UUID(mailbox_id), UUID(message_id))


def identifiers(pairs: Sequence[tuple[UUID, UUID]]) -> list[list[str]]:
    """The arguments of ``answer_by_themselves``."""
    return [[str(mailbox_id), str(message_id)] for mailbox_id, message_id in pairs]


@app.periodic(cron="7 * * * *")
@app.task(queueing_lock="look-after-mailboxes")
def look_after_mailboxes_hourly(timestamp: int) -> None:
    look_after_mailboxes()


@app.periodic(cron="29 2 * * *")
@app.task(queueing_lock="mailbox-traces")
def keep_traces(timestamp: int) -> None:
    """Months of traces ahead, and those beyond their time gone."""
    make_trace_partitions()
    log.info("old_traces_dropped", count=forget_old_traces())


def look_after_mailboxes(at: datetime | None = None) -> None:
    """What is due: each step is safe to do twice.

    1. Announced closings whose day has come.
    2. The people of a mailbox that is to close, or that is dormant, find a notice in it.
    3. The content of closed mailboxes goes after its time of keeping, that of dormant ones if so set.
    """
    at = at or now()
    today = timezone.localdate(at)
    closed = close_due()
    for mailbox_id, day in closings_to_tell():
        tell_of_closing(mailbox_id, day)
    for mailbox_id, last_used in dormant_to_tell(today, settings.CARNET_MAILBOX_DORMANT_DAYS):
        _tell_of_dormancy(mailbox_id, last_used, today)
    emptied = 0
    for mailbox_id in closed_to_empty(at - timedelta(days=settings.CARNET_MAILBOX_KEEP_DAYS)):
        emptied += empty_mailbox(mailbox_id, for_good=True) is not None
    if settings.CARNET_MAILBOX_DORMANT_ACTION == "empty":
        told_before = today - timedelta(days=settings.CARNET_MAILBOX_DORMANT_NOTICE_DAYS)
        for mailbox_id in dormant_to_empty(told_before):
            emptied += empty_mailbox(mailbox_id, for_good=False) is not None
    if closed or emptied:
        log.info("mailboxes_looked_after", count=closed, total=emptied)


def _tell_of_dormancy(mailbox_id: UUID, last_used: date, today: date) -> None:
    text = (
        f"Personne n'a ouvert cette boîte aux lettres depuis le {last_used:%d/%m/%Y}.\n\n"
        "Une messagerie n'est pas un lieu d'archivage, et ceux qui écrivent ici attendent une réponse."
        " Si cette boîte ne sert plus, demandez sa fermeture.\n"
    )
    if settings.CARNET_MAILBOX_DORMANT_ACTION == "empty":
        on = today + timedelta(days=settings.CARNET_MAILBOX_DORMANT_NOTICE_DAYS)
        text += f"Sans connexion d'ici au {on:%d/%m/%Y}, son contenu sera supprimé.\n"
    tell_holders(mailbox_id, f"dormant:{last_used}", "Cette boîte aux lettres n'est plus utilisée", text)
    note_dormancy_told(mailbox_id)
