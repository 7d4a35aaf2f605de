"""Whom a holder may write to, why not the others, and what they are told before they write."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from carnet.domain.messaging.rules.exchange import ContactState, may_holder_write
from carnet.domain.messaging.values import MessagingRefusal


class WhyNot(StrEnum):
    """Why a correspondent cannot be written to."""

    ENDED = "ended"
    NEVER_WROTE = "never-wrote"
    CLOSED = "closed"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class BoxState:
    """What the directory says of a correspondent's mailbox; the default is a mailbox that it does not know."""

    closed: bool = False
    suspended: bool = False
    listed: bool = True
    holder_active: bool = True
    absent: bool = False
    absent_until: date | None = None
    closes_on: date | None = None
    answer_hours: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether somebody can be written to (`why_not` is None), and what is told before.

    `inactive`: the directory no longer has them as active; that is a warning, writing stays possible (Mon espace
    santé, checkContactsStatus). `absent_until` may be None for an absence without a known end.
    """

    why_not: WhyNot | None = None
    inactive: bool = False
    absent: bool = False
    absent_until: date | None = None
    closes_on: date | None = None
    answer_hours: int | None = None

    @property
    def may_write(self) -> bool:
        return self.why_not is None


def standing(contact: ContactState, box: BoxState) -> Standing:
    """What a holder is told of a correspondent: what was ended comes before what the mailbox's own life forbids."""
    refusal = may_holder_write(contact).reason
    if refusal is MessagingRefusal.EXCHANGE_ENDED:
        return Standing(WhyNot.ENDED)
    if box.closed:
        return Standing(WhyNot.CLOSED)
    if refusal is not None:
        return Standing(WhyNot.NEVER_WROTE)
    if box.suspended:
        return Standing(WhyNot.SUSPENDED)
    return Standing(
        inactive=not (box.listed and box.holder_active),
        absent=box.absent,
        absent_until=box.absent_until if box.absent else None,
        closes_on=box.closes_on,
        answer_hours=box.answer_hours,
    )
