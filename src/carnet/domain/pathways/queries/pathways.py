"""The pathways of an establishment."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.pathways.access import find_pathway
from carnet.domain.pathways.models import Pathway
from carnet.domain.pathways.values import PathwayContent, Refused

_MOST = 500


@dataclass(frozen=True)
class PathwayShown:
    """A pathway as its establishment sees it."""

    id: UUID
    content: PathwayContent
    updated_at: datetime


def pathway_shown(row: Pathway) -> PathwayShown:
    """A stored pathway, for its readers."""
    content = PathwayContent(row.name, row.description, row.active, row.validated_on, row.validated_by)
    return PathwayShown(row.id, content, row.updated_at)


def list_pathways(actor: DeskActor, *, active_only: bool = False) -> list[PathwayShown]:
    """The pathways of the actor's establishment by name, at most 500."""
    rows = Pathway.objects.filter(organization_id=actor.mailbox.finess)
    if active_only:
        rows = rows.filter(active=True)
    return [pathway_shown(row) for row in rows.order_by("name")[:_MOST]]


def open_pathway(actor: DeskActor, pathway_id: UUID) -> PathwayShown | Refused:
    """One of them."""
    found = find_pathway(actor, pathway_id)
    return found if isinstance(found, Refused) else pathway_shown(found)
