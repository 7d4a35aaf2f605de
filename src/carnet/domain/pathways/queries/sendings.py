"""The sendings of a mailbox as its team sees them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Min, Q

from carnet.domain.directory.queries import mailboxes_by_id
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.pathways import rules
from carnet.domain.pathways.access import find_sending
from carnet.domain.pathways.models import Sending, SendingLine, TemplateVersion
from carnet.domain.pathways.values import (
    Anchor,
    Conditions,
    LineState,
    Opened,
    PastDue,
    Refused,
    SendingAct,
    SendingState,
    Timing,
    When,
)
from carnet.foundation.clock import now


@dataclass(frozen=True)
class SendingShown:
    """A sending and how far it is. ``past_due`` counts the lines that wait for a moment that has passed.

    ``created_by`` is an RPPS. ``columns`` are those of the file, in its order.
    """

    id: UUID
    title: str
    state: SendingState
    template_id: UUID
    template_version: int
    template_name: str
    pathway_id: UUID | None
    pathway_name: str
    follows: UUID | None
    timing: Timing
    conditions: Conditions
    counts: dict[LineState, int]
    columns: tuple[str, ...]
    created_at: datetime
    created_by: str
    started_at: datetime | None
    ended_at: datetime | None
    next_due_at: datetime | None
    past_due: int
    receipt_wanted: bool
    takes_answer: bool

    @property
    def total(self) -> int:
        """How many lines the file had."""
        return sum(self.counts.values())

    @property
    def will_leave(self) -> int:
        """How many lines wait for their moment."""
        return self.counts.get(LineState.WAITING, 0)

    @property
    def left(self) -> int:
        """How many lines were handed over, whatever became of them."""
        return self.counts.get(LineState.SENT, 0) + self.counts.get(LineState.REFUSED, 0)

    @property
    def settled(self) -> int:
        """How many lines wait for nothing any more, whatever became of them."""
        return self.total - self.will_leave

    @property
    def acts(self) -> frozenset[SendingAct]:
        """What may be done with it now."""
        return rules.acts_on(self.state)

    @property
    def preparing(self) -> bool:
        """Whether it can still be changed: nothing has left."""
        return SendingAct.PREPARE in self.acts

    @property
    def scheduled(self) -> bool:
        """Whether it is running and nothing is due yet."""
        return self.state is SendingState.RUNNING and bool(self.will_leave) and not self.past_due

    @property
    def leaving(self) -> bool:
        """Whether messages leave while one looks."""
        return self.state is SendingState.RUNNING and not self.scheduled


def timing_of(row: Sending) -> Timing:
    """When the lines of a stored sending leave."""
    return Timing(
        when=When(row.when),
        at=row.at,
        anchor=Anchor(row.anchor) if row.anchor else None,
        days=row.days,
        hour=row.hour,
        past_due=PastDue(row.past_due) if row.past_due else None,
    )


def conditions_of(row: Sending) -> Conditions:
    """Who a stored sending leaves out."""
    return Conditions(row.unless_answered, Opened(row.opened))


def sending_shown(row: Sending) -> SendingShown:
    """A stored sending, for its readers."""
    return _shown([row])[0]


def _shown(rows: Sequence[Sending]) -> list[SendingShown]:
    versions = _versions(rows)
    counts: dict[UUID, dict[LineState, int]] = {row.id: {} for row in rows}
    due: dict[UUID, tuple[datetime | None, int]] = {row.id: (None, 0) for row in rows}
    at = now()
    found = (
        SendingLine.objects.filter(sending_id__in=counts)
        .values("sending_id", "state")
        .annotate(lines=Count("id"), next_due=Min("due_at"), past=Count("id", filter=Q(due_at__lt=at)))
        .values_list("sending_id", "state", "lines", "next_due", "past")
    )
    for sending_id, state, lines, next_due, past in found:
        counts[sending_id][LineState(state)] = lines
        if state == LineState.WAITING:
            due[sending_id] = (next_due, past)
    shown = []
    for row in rows:
        version = versions[row.template_id, row.template_version]
        timing = timing_of(row)
        counted_past = timing.when is When.RELATIVE or row.state == SendingState.RUNNING
        shown.append(
            SendingShown(
                id=row.id,
                title=row.title or version.name,
                state=SendingState(row.state),
                template_id=row.template_id,
                template_version=row.template_version,
                template_name=version.name,
                pathway_id=row.pathway_id,
                pathway_name=row.pathway.name if row.pathway else "",
                follows=row.follows_id,
                timing=timing,
                conditions=conditions_of(row),
                counts=counts[row.id],
                columns=tuple(row.columns),
                created_at=row.created_at,
                created_by=row.created_by,
                started_at=row.started_at,
                ended_at=row.ended_at,
                next_due_at=due[row.id][0],
                past_due=due[row.id][1] if counted_past else 0,
                receipt_wanted=version.receipt_wanted,
                takes_answer=version.takes_answer,
            )
        )
    return shown


def _versions(rows: Iterable[Sending]) -> dict[tuple[UUID, int], TemplateVersion]:
    wanted = Q()
    for template_id, number in {(row.template_id, row.template_version) for row in rows}:
        wanted |= Q(template_id=template_id, number=number)
    if not wanted:
        return {}
    return {(one.template_id, one.number): one for one in TemplateVersion.objects.filter(wanted)}


def list_sendings(actor: DeskActor, *, before: UUID | None = None, limit: int = 50) -> list[SendingShown]:
    """The sendings of the actor's mailbox, the newest first; ``before``: those older than that one."""
    rows = Sending.objects.select_related("pathway").filter(mailbox_id=actor.mailbox.id)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return _shown(list(rows.order_by("-id")[: min(limit, 200)]))


def sendings_of_everybody(*, under_way: bool, limit: int) -> list[tuple[str, SendingShown]]:
    """All sendings with their mailbox's address, the newest first, for the operator: no line is read."""
    rows = Sending.objects.select_related("pathway")
    if under_way:
        rows = rows.filter(state__in=[SendingState.RUNNING.value, SendingState.PAUSED.value])
    return _with_mailbox(list(rows.order_by("-id")[: min(limit, 1_000)]))


def sending_of_anybody(sending_id: UUID) -> tuple[str, SendingShown] | None:
    """One of them."""
    found = _with_mailbox(list(Sending.objects.select_related("pathway").filter(id=sending_id)))
    return found[0] if found else None


def _with_mailbox(rows: Sequence[Sending]) -> list[tuple[str, SendingShown]]:
    addresses = {box.id: box.address for box in mailboxes_by_id(row.mailbox_id for row in rows).values()}
    return [(addresses.get(row.mailbox_id, ""), one) for row, one in zip(rows, _shown(rows), strict=True)]


def open_sending(actor: DeskActor, sending_id: UUID) -> SendingShown | Refused:
    """One of them."""
    found = find_sending(actor, sending_id)
    return found if isinstance(found, Refused) else sending_shown(found)
