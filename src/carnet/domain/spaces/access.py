"""The only way from a request to a space: decide, leave the event, return the space or the refusal."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from carnet.domain.audit.commands import NewEvent, leave
from carnet.domain.spaces.models import HealthSpace
from carnet.domain.spaces.rules import decide
from carnet.domain.spaces.values import Act, Actor, Decision, Refusal, refused

__all__ = ["Opened", "decide", "event", "open_space"]


@dataclass(frozen=True)
class Opened:
    """A space that the actor may use for the act asked for."""

    space: HealthSpace
    actor: Actor


def event(
    actor: Actor,
    act: Act,
    space_id: UUID,
    decision: Decision | None = None,
    *,
    target_kind: str = "",
    target_id: UUID | None = None,
    title: str = "",
) -> NewEvent:
    """The trail's event for an act and what was decided of it (allowed when no decision is given)."""
    return NewEvent(
        space_id=space_id,
        actor_kind=actor.kind.value,
        actor_label=actor.label,
        act=act.value,
        target_kind=target_kind,
        target_id=target_id,
        title=title,
        allowed=decision is None or decision.allowed,
        reason=decision.reason.value if decision is not None and decision.reason else "",
    )


@transaction.atomic
def open_space(
    actor: Actor,
    act: Act,
    space_id: UUID,
    *,
    target_kind: str = "",
    target_id: UUID | None = None,
    title: str = "",
) -> Opened | Decision:
    """The space if ``actor`` may do ``act`` to it, else the refusal; either leaves its event in the space's trail."""
    space = HealthSpace.objects.select_related("person").filter(id=space_id).first()
    if space is None:
        return refused(Refusal.NOT_FOUND)
    decision = decide(actor, act, space.id, space.state)
    leave(event(actor, act, space.id, decision, target_kind=target_kind, target_id=target_id, title=title))
    return Opened(space, actor) if decision else decision
