"""After the commit and by the hour: what mailboxes answer by themselves, and their closings, dormancy and emptying."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from carnet.domain.directory.commands import MailboxRefused
from carnet.domain.directory.commands.life import close_due, note_dormancy_told
from carnet.domain.directory.commands.traces import forget_old_traces, make_trace_partitions
from carnet.domain.directory.queries.upkeep import (
    closed_to_empty,
    closings_to_tell,
    dormant_to_empty,
    dormant_to_tell,
)
from carnet.domain.messaging.commands.automatic import answer_by_itself, tell_holders, tell_of_closing
from carnet.domain.messaging.commands.emptying import empty_closed_mailbox, empty_dormant_mailbox
from carnet.foundation import logs
from carnet.foundation.bodies import BodyMissing
from carnet.foundation.clock import now
from carnet.foundation.jobs import RETRY, app
from carnet.foundation.keys import KeyProblem

T = TypeVar("T")

log = logs.get("mailboxes")


@app.task(retry=RETRY)
def answer_by_themselves(pairs: list[list[str]]) -> None:
    """Mailboxes answer these messages (mailbox, message), if they answer by themselves today; each at most once."""
    for mailbox_id, message_id in pairs:
        try:
            answer_by_itself(UUID(mailbox_id), UUID(message_id))
        except (BodyMissing, KeyProblem) as problem:  # this one needs a person; the others go on
            log.error("automatic_answer_failed", mailbox=mailbox_id, message=message_id, exc_info=problem)


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
        _try(tell_of_closing, mailbox_id, day)
    for mailbox_id, last_used in dormant_to_tell(today, settings.CARNET_MAILBOX_DORMANT_DAYS):
        _try(_tell_of_dormancy, mailbox_id, last_used, today)
    done = [
        _try(empty_closed_mailbox, mailbox_id)
        for mailbox_id in closed_to_empty(at - timedelta(days=settings.CARNET_MAILBOX_KEEP_DAYS))
    ]
    if settings.CARNET_MAILBOX_DORMANT_ACTION == "empty":
        told_before = today - timedelta(days=settings.CARNET_MAILBOX_DORMANT_NOTICE_DAYS)
        done += [_try(empty_dormant_mailbox, mailbox_id) for mailbox_id in dormant_to_empty(told_before)]
    emptied = sum(one is not None for one in done)
    if closed or emptied:
        log.info("mailboxes_looked_after", count=closed, total=emptied)


def _try(act: Callable[..., T], mailbox_id: UUID, *more: object) -> T | None:
    """Do what is due for one mailbox; what keeps it from being done is told, and the others go on."""
    try:
        return act(mailbox_id, *more)
    except (BodyMissing, KeyProblem, MailboxRefused) as problem:
        log.error("mailbox_not_looked_after", mailbox=str(mailbox_id), exc_info=problem)
        return None


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
