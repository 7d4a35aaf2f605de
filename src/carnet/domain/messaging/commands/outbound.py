"""Steering the queue of mail to other operators: try now, hold back, give up."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from carnet.domain.messaging.compose import DsnAction
from carnet.domain.messaging.jobs import send_outbound
from carnet.domain.messaging.models import OutboundDestination, OutboundMail
from carnet.domain.messaging.outbound.settling import give_up_here
from carnet.domain.messaging.outbound.values import Answer, Phase, Problem
from carnet.foundation import logs
from carnet.foundation.clock import now

_BATCH = 100
_WAITING = (OutboundMail.State.QUEUED, OutboundMail.State.HELD)

log = logs.get("outbound")


@dataclass(frozen=True)
class Chosen:
    """Which mail: these identifiers, or all of one domain, or all."""

    ids: tuple[UUID, ...] = ()
    domain: str = ""

    @property
    def is_all(self) -> bool:
        return not self.ids and not self.domain

    def among(self, rows: "QuerySet[OutboundMail]") -> "QuerySet[OutboundMail]":
        if self.ids:
            return rows.filter(id__in=self.ids)
        return rows.filter(domain=self.domain) if self.domain else rows


@transaction.atomic
def retry_now(chosen: Chosen) -> int:
    """Try again at once what waits or is held, and its operators with it. Returns how many mails."""
    at = now()
    rows = chosen.among(OutboundMail.objects.filter(_not_in_hand(), state__in=_WAITING))
    domains = [chosen.domain] if chosen.domain else list(rows.order_by().values_list("domain", flat=True).distinct())
    count = rows.update(state=OutboundMail.State.QUEUED, next_try_at=at, claimed_by=None)
    OutboundDestination.objects.filter(domain__in=domains).update(next_try_at=at)
    if not chosen.ids:
        OutboundDestination.objects.filter(domain__in=domains).update(held_at=None)
        if chosen.is_all:
            OutboundDestination.objects.update(held_at=None)
    send_outbound.defer()
    log.info("queue_steered", act="retry", count=count)
    return count


@transaction.atomic
def hold(chosen: Chosen) -> int:
    """Hold back until a person says otherwise: mails, or a whole domain with what will come for it. Returns how many
    mails wait so; what is being sent just now is not stopped."""
    at = now()
    rows = chosen.among(OutboundMail.objects.filter(_not_in_hand(), state=OutboundMail.State.QUEUED))
    if chosen.ids:
        count = rows.update(state=OutboundMail.State.HELD, claimed_by=None)
    else:
        count = rows.count()
        domains = (
            [chosen.domain] if chosen.domain else list(rows.order_by().values_list("domain", flat=True).distinct())
        )
        for domain in domains:
            OutboundDestination.objects.update_or_create(domain=domain, defaults={"held_at": at})
    log.info("queue_steered", act="hold", count=count)
    return count


def drop(chosen: Chosen, *, tell: bool = True) -> int:
    """Give up what waits or is held; its senders are told, unless told not to. Returns how many mails.

    What is being sent just now is left alone.
    """
    total = 0
    while count := _drop_some(chosen, tell=tell):
        total += count
    log.info("queue_steered", act="drop", count=total)
    return total


@transaction.atomic
def _drop_some(chosen: Chosen, *, tell: bool) -> int:
    rows = chosen.among(OutboundMail.objects.filter(_not_in_hand(), state__in=_WAITING))
    ids: Sequence[UUID] = list(
        rows.select_for_update(skip_locked=True).order_by("id").values_list("id", flat=True)[:_BATCH]
    )
    answer = Answer.of(Problem.DROPPED, Phase.ROUTE, 554, "5.4.7")
    give_up_here(ids, answer, state=OutboundMail.State.DROPPED, action=DsnAction.FAILED if tell else None)
    return len(ids)


def _not_in_hand() -> Q:
    """Claimed by nobody, or by somebody whose claim is over."""
    return Q(claimed_by=None) | Q(next_try_at__lte=now())
