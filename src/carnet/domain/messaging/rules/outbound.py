"""What follows from an answer of another operator: sent, failed, or waiting, alone or with all its other mail."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from carnet.domain.messaging.outbound.values import Answer, Phase, Problem

_LONGEST_WAIT = timedelta(hours=4)
_BEFORE_ANY_MESSAGE = frozenset({Phase.ROUTE, Phase.CONNECT, Phase.GREETING, Phase.HELLO, Phase.TLS})


class Follows(Enum):
    """What becomes of a message after one try."""

    SENT = "sent"
    FAILED = "failed"
    WAITS = "waits"
    ALL_WAIT = "all-wait"  # nothing can be handed to this operator now: its other mail is not even tried


def what_follows(answer: Answer) -> Follows:
    """Read an answer (RFC 5321 §4.2.1, §4.5.4.1).

    A refusal for good concerns its message alone. Before any message was offered it is a state of the operator's
    server, which a person there will mend: mail waits. So do a 421, and a 4xx that speaks of the system and not of a
    mailbox (RFC 3463, X.3.Y and X.4.Y; at MAIL whatever it says, unless it is about the sender's address).
    """
    if answer.taken:
        return Follows.SENT
    if answer.problem is Problem.NO_MAIL_HERE:
        return Follows.FAILED  # RFC 7505 §3
    if answer.phase in _BEFORE_ANY_MESSAGE or answer.code == 421:
        return Follows.ALL_WAIT
    if answer.code >= 500:
        return Follows.FAILED
    if answer.status.startswith(("4.3.", "4.4.")):
        return Follows.ALL_WAIT
    about_sender = answer.status.startswith(("4.1.", "4.2.", "4.7."))
    return Follows.ALL_WAIT if answer.phase is Phase.MAIL and not about_sender else Follows.WAITS


def next_wait(tries: int, first: timedelta) -> timedelta:
    """How long until the next try after so many: twice as long each time, at most four hours (RFC 5321 §4.5.4.1)."""
    return min(first * 2 ** max(0, min(tries - 1, 20)), _LONGEST_WAIT)


def is_given_up(waited: timedelta, give_up_after: timedelta, *, tried: bool) -> bool:
    """Whether a mail that waits is given up: for its age, once it or its operator's server was tried at all."""
    return tried and waited >= give_up_after


@dataclass(frozen=True, slots=True)
class Reports:
    """Which reports the sender of a message asked for, by the words of NOTIFY (RFC 3461 §4.1)."""

    success: bool
    failure: bool
    delay: bool


def reports_wanted(notify: tuple[str, ...], *, null_sender: bool) -> Reports:
    """Without NOTIFY a failure is told, and a delay; nothing is ever told to the null sender (RFC 3461 §4.1, §6)."""
    if null_sender:
        return Reports(False, False, False)
    if not notify:
        return Reports(success=False, failure=True, delay=True)
    return Reports(success="SUCCESS" in notify, failure="FAILURE" in notify, delay="DELAY" in notify)


def reports_success_here(notify: tuple[str, ...], *, null_sender: bool, next_hop_reports: bool) -> bool:
    """Whether handing a message on is told as `relayed`: success was asked for, and the next operator will not tell
    (RFC 3461 §5.2.2)."""
    return reports_wanted(notify, null_sender=null_sender).success and not next_hop_reports
