"""Mailboxes by address and by id."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection
from django.utils import timezone

from carnet.domain.directory.models import Mailbox
from carnet.domain.directory.rules import sender_label
from carnet.domain.directory.rules.life import Life, is_absent, life
from carnet.domain.directory.values import MailboxKind
from carnet.foundation.clock import now


@dataclass(frozen=True)
class MailboxFacts:
    """What the other rooms need to know of a mailbox, as it stands today.

    ``emptied``: closed, and its content deleted with its key. ``closes_on`` is the day of an announced closing,
    ``absent`` that it answers by itself today (until ``absent_until``), ``answer_hours`` the usual delay of answers.
    ``holder_active`` is false when the directory no longer has the professional, or the establishment, as active.
    """

    id: UUID
    address: str
    kind: MailboxKind
    label: str
    finess: str
    hosted: bool
    active: bool
    suspended: bool = False
    closed: bool = False
    emptied: bool = False
    absent: bool = False
    closes_on: date | None = None
    answer_hours: int | None = None
    absent_until: date | None = None
    holder_active: bool = True

    @property
    def answers_by_itself(self) -> bool:
        """Whether who writes gets an answer that nobody writes: an absence, or a closing that is announced."""
        return self.hosted and self.active and (self.absent or self.closes_on is not None)


def facts_of(mailbox: Mailbox) -> MailboxFacts:
    """A mailbox that was loaded with its professional and organization, as it stands today."""
    today = timezone.localdate(now())
    stands = life(mailbox.state, mailbox.closes_on, today)
    return MailboxFacts(
        id=mailbox.id,
        address=mailbox.address,
        kind=MailboxKind(mailbox.kind),
        label=display_name(mailbox),
        finess=mailbox.organization_id or "",
        hosted=mailbox.hosted,
        active=stands is Life.ACTIVE,
        suspended=stands is Life.SUSPENDED,
        closed=stands is Life.CLOSED,
        emptied=stands is Life.CLOSED and mailbox.emptied_at is not None,
        absent=is_absent(mailbox.absence_from, mailbox.absence_until, today),
        closes_on=mailbox.closes_on,
        answer_hours=mailbox.answer_hours,
        absent_until=mailbox.absence_until,
        holder_active=all(one is None or one.active for one in (mailbox.professional, mailbox.organization)),
    )


def display_name(mailbox: Mailbox) -> str:
    """The name under which people see the mailbox: the professional's, or the functional label."""
    person = mailbox.professional
    return sender_label(
        MailboxKind(mailbox.kind),
        title=person.title if person else "",
        given_name=person.given_name if person else "",
        family_name=person.family_name if person else "",
        entity=mailbox.organization.name if person and mailbox.organization else "",
        functional_label=mailbox.label,
    )


def mailboxes_by_address(addresses: Iterable[str]) -> dict[str, MailboxFacts]:
    """The known mailboxes among these addresses (any case), in one query."""
    wanted = {address.lower() for address in addresses}
    if not wanted:
        return {}
    rows = Mailbox.objects.select_related("professional", "organization").filter(address__in=wanted)
    return {row.address: facts_of(row) for row in rows}


def mailboxes_by_id(ids: Iterable[UUID]) -> dict[UUID, MailboxFacts]:
    """The known mailboxes among these ids, in one query."""
    rows = Mailbox.objects.select_related("professional", "organization").filter(id__in=set(ids))
    return {row.id: facts_of(row) for row in rows}


@dataclass(frozen=True)
class StandingAnswer:
    """What a mailbox tells today to who writes to it, or holds it: its absence, or its closing.

    ``occasion`` names it, so that nobody is told twice of the same.
    """

    mailbox_id: UUID
    address: str
    label: str
    occasion: str
    text: str
    until: date | None = None
    closes_on: date | None = None


def standing_answers(mailbox_id: UUID) -> list[StandingAnswer]:
    """What this mailbox answers by itself today, the absence first; nothing when it is not active."""
    mailbox = (
        Mailbox.objects.select_related("professional", "organization")
        .filter(id=mailbox_id, hosted=True, state=Mailbox.State.ACTIVE)
        .first()
    )
    if mailbox is None or not facts_of(mailbox).active:
        return []
    found = []
    label = display_name(mailbox)
    if facts_of(mailbox).absent:
        occasion = f"absence:{mailbox.absence_id}"
        found.append(
            StandingAnswer(
                mailbox.id, mailbox.address, label, occasion, mailbox.absence_text, until=mailbox.absence_until
            )
        )
    if mailbox.closes_on is not None:
        occasion = f"closing:{mailbox.closes_on}"
        found.append(StandingAnswer(mailbox.id, mailbox.address, label, occasion, "", closes_on=mailbox.closes_on))
    return found


def shut_lately() -> frozenset[UUID]:
    """The mailboxes that are suspended, and those closed in the last day: a session that was signed in to one before
    sends nothing more from it. Indexes: ``mailbox_suspended``, ``mailbox_closed``.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM directory_mailbox WHERE state = 'suspended'"
            " UNION ALL SELECT id FROM directory_mailbox"
            " WHERE state = 'closed' AND closed_at > now() - interval '1 day'"
        )
        return frozenset(row[0] for row in cursor.fetchall())
