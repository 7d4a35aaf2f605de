"""The life of a mailbox after its opening: suspended, resumed, closed with notice, reopened; absences."""

from datetime import date
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from carnet.domain.directory.commands.mailboxes import DOOR, MailboxRefused, hosted_mailbox
from carnet.domain.directory.commands.traces import leave_traces
from carnet.domain.directory.models import Mailbox
from carnet.domain.directory.rules import MailboxProblem
from carnet.domain.directory.rules.life import (
    Life,
    check_closing,
    check_reopening,
    check_resuming,
    check_suspending,
    life,
)
from carnet.domain.directory.traces import NewTrace, TraceAct
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id

MAX_ABSENCE_TEXT = 2000


@transaction.atomic
def suspend_mailbox(mailbox_id: UUID, by: str) -> None:
    """Nobody uses the mailbox until it resumes; what becomes of mail for it is ``CARNET_SUSPENDED_MAIL``."""
    mailbox = hosted_mailbox(mailbox_id)
    _refuse(check_suspending(_life(mailbox)))
    mailbox.state, mailbox.suspended_at = Mailbox.State.SUSPENDED, now()
    mailbox.save(update_fields=["state", "suspended_at"])
    leave_traces([NewTrace(mailbox_id, TraceAct.SUSPENDED, DOOR, by)])


@transaction.atomic
def resume_mailbox(mailbox_id: UUID, by: str) -> None:
    """A suspended mailbox is active again."""
    mailbox = hosted_mailbox(mailbox_id)
    _refuse(check_resuming(_life(mailbox)))
    mailbox.state, mailbox.suspended_at = Mailbox.State.ACTIVE, None
    mailbox.save(update_fields=["state", "suspended_at"])
    leave_traces([NewTrace(mailbox_id, TraceAct.RESUMED, DOOR, by)])


@transaction.atomic
def announce_closing(mailbox_id: UUID, on: date, by: str) -> None:
    """The mailbox closes on that day, and who writes to it meanwhile is told; at least so many days ahead as set."""
    mailbox = hosted_mailbox(mailbox_id)
    notice = settings.CARNET_MAILBOX_CLOSING_NOTICE_DAYS
    _refuse(check_closing(_life(mailbox), on, _today(), notice, at_once=False))
    mailbox.closes_on = on
    mailbox.save(update_fields=["closes_on"])
    leave_traces([NewTrace(mailbox_id, TraceAct.CLOSING_ANNOUNCED, DOOR, by)])


@transaction.atomic
def close_mailbox(mailbox_id: UUID, by: str) -> None:
    """The mailbox is closed from now on: nobody uses it, mail for it is refused, its content is kept for a while."""
    mailbox = hosted_mailbox(mailbox_id)
    if mailbox.closed_at is not None:
        raise MailboxRefused([MailboxProblem.CLOSED_ALREADY])
    _close(mailbox, by)


def close_due() -> int:
    """Close the mailboxes whose announced day has come. Returns how many; each in a transaction of its own."""
    due = Mailbox.objects.filter(closes_on__lte=_today(), closed_at=None, hosted=True).values_list("id", flat=True)
    closed = 0
    for mailbox_id in list(due):
        with transaction.atomic():
            mailbox = hosted_mailbox(mailbox_id)
            if mailbox.closed_at is None and mailbox.closes_on is not None and mailbox.closes_on <= _today():
                _close(mailbox, "")
                closed += 1
    return closed


@transaction.atomic
def reopen_mailbox(mailbox_id: UUID, by: str) -> None:
    """Call an announced closing off, or undo one while the content is still kept."""
    mailbox = hosted_mailbox(mailbox_id)
    emptied = mailbox.closed_at is not None and mailbox.emptied_at is not None
    _refuse(check_reopening(closes_on=mailbox.closes_on, state=_life(mailbox), emptied=emptied))
    if mailbox.state == Mailbox.State.CLOSED:
        mailbox.state = Mailbox.State.ACTIVE
    mailbox.closes_on = mailbox.closed_at = None
    mailbox.save(update_fields=["state", "closes_on", "closed_at"])
    leave_traces([NewTrace(mailbox_id, TraceAct.REOPENED, DOOR, by)])


@transaction.atomic
def set_absence(mailbox_id: UUID, first: date, last: date, text: str, by: str) -> None:
    """Tell who writes to the mailbox from ``first`` to ``last``, once each, that nobody reads it meanwhile.

    It replaces the absence told before. Raises ``MailboxRefused``.
    """
    problems = []
    if last < first:
        problems.append(MailboxProblem.DATES_REVERSED)
    elif last < _today():
        problems.append(MailboxProblem.DATES_PAST)
    if not text.strip():
        problems.append(MailboxProblem.TEXT_MISSING)
    elif len(text) > MAX_ABSENCE_TEXT:
        problems.append(MailboxProblem.TEXT_TOO_LONG)
    _refuse(problems)
    mailbox = hosted_mailbox(mailbox_id)
    if _life(mailbox) is Life.CLOSED:
        raise MailboxRefused([MailboxProblem.CLOSED_ALREADY])
    mailbox.absence_id = new_id()
    mailbox.absence_from, mailbox.absence_until, mailbox.absence_text = first, last, text
    mailbox.save(update_fields=["absence_id", "absence_from", "absence_until", "absence_text"])
    leave_traces([NewTrace(mailbox_id, TraceAct.ABSENCE_SET, DOOR, by)])


@transaction.atomic
def end_absence(mailbox_id: UUID, by: str) -> None:
    """Tell of no absence any more."""
    mailbox = hosted_mailbox(mailbox_id)
    mailbox.absence_id = mailbox.absence_from = mailbox.absence_until = None
    mailbox.absence_text = ""
    mailbox.save(update_fields=["absence_id", "absence_from", "absence_until", "absence_text"])
    leave_traces([NewTrace(mailbox_id, TraceAct.ABSENCE_ENDED, DOOR, by)])


def note_emptied(mailbox_id: UUID, count: int) -> None:
    """The content of a mailbox is gone: ``count`` messages; part of the caller's transaction."""
    Mailbox.objects.filter(id=mailbox_id).update(emptied_at=now())
    leave_traces([NewTrace(mailbox_id, TraceAct.EMPTIED, DOOR, count=count)])


def note_dormancy_told(mailbox_id: UUID) -> None:
    """The people of a dormant mailbox have been told; part of the caller's transaction."""
    Mailbox.objects.filter(id=mailbox_id).update(dormancy_told_on=_today())
    leave_traces([NewTrace(mailbox_id, TraceAct.DORMANCY_TOLD, DOOR)])


def _close(mailbox: Mailbox, by: str) -> None:
    mailbox.state, mailbox.closed_at = Mailbox.State.CLOSED, now()
    mailbox.closes_on = mailbox.closes_on or _today()
    mailbox.emptied_at = None
    mailbox.save(update_fields=["state", "closed_at", "closes_on", "emptied_at"])
    leave_traces([NewTrace(mailbox.id, TraceAct.CLOSED, DOOR, by)])


def _life(mailbox: Mailbox) -> Life:
    return life(mailbox.state, mailbox.closes_on, _today())


def _today() -> date:
    return timezone.localdate(now())


def _refuse(problems: list[MailboxProblem]) -> None:
    if problems:
        raise MailboxRefused(problems)
