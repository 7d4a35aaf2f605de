"""The life of a mailbox: suspended, closed with notice, reopened; absent; who may use it.

Sources: ANS, Référentiel socle MSSanté #1 (cycle de vie des BAL), RFC 3834 for the answers of the absent, and CNIL,
délibération 2014-239 (AU-037) for boxes that nobody uses any more.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from carnet.domain.directory.rules.mailboxes import MailboxProblem
from carnet.domain.directory.values import MailboxKind


class Life(StrEnum):
    """Where a mailbox stands, on a given day."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


def life(state: str, closes_on: date | None, today: date) -> Life:
    """The state as it counts today: an announced closing counts from its day on, before any job has noted it."""
    if closes_on is not None and closes_on <= today:
        return Life.CLOSED
    return Life(state)


def check_suspending(state: Life) -> list[MailboxProblem]:
    """Only what is active is suspended."""
    return [] if state is Life.ACTIVE else [MailboxProblem.NOT_ACTIVE]


def check_resuming(state: Life) -> list[MailboxProblem]:
    """Only what is suspended resumes: what is closed is reopened."""
    return [] if state is Life.SUSPENDED else [MailboxProblem.NOT_SUSPENDED]


def check_closing(state: Life, on: date, today: date, notice_days: int, *, at_once: bool) -> list[MailboxProblem]:
    """A closing is announced `notice_days` ahead, so that senders and holders can turn elsewhere, or is `at_once`."""
    if state is Life.CLOSED:
        return [MailboxProblem.CLOSED_ALREADY]
    if not at_once and on < today + timedelta(days=notice_days):
        return [MailboxProblem.NOTICE_TOO_SHORT]
    return []


def check_reopening(*, closes_on: date | None, state: Life, emptied: bool) -> list[MailboxProblem]:
    """A closing is called off, or undone while the content is still there."""
    if emptied:
        return [MailboxProblem.EMPTIED]
    if state is not Life.CLOSED and closes_on is None:
        return [MailboxProblem.NOT_CLOSED]
    return []


def is_absent(absence_from: date | None, absence_until: date | None, today: date) -> bool:
    """Whether an absence with these first and last days covers today."""
    return absence_from is not None and absence_until is not None and absence_from <= today <= absence_until


@dataclass(frozen=True, slots=True)
class DelegationDates:
    """From when to when somebody may use a shared mailbox; both days count, no last day means until revoked."""

    first: date
    last: date | None = None

    def covers(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


def may_use(kind: MailboxKind, *, is_holder: bool, delegations: Iterable[DelegationDates], today: date) -> bool:
    """Whether a professional may sign in to a mailbox.

    PER: its holder alone. CAB: its holder, and who has a delegation. ORG: who has a delegation, by name. APP: no
    person; software comes with a certificate.
    """
    if kind is MailboxKind.APP:
        return False
    if is_holder and kind in (MailboxKind.PER, MailboxKind.CAB):
        return True
    return kind.can_be_delegated and any(one.covers(today) for one in delegations)


def is_dormant(last_used: date, today: date, after_days: int) -> bool:
    """Whether a mailbox was not used for `after_days`; never when that is 0."""
    return after_days > 0 and today - last_used > timedelta(days=after_days)
