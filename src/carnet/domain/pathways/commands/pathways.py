"""The pathways of an establishment: named, described, validated."""

from uuid import UUID

from django.db import IntegrityError, transaction

from carnet.domain.directory.traces import TraceAct
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.pathways.access import establishment, find_pathway, trace
from carnet.domain.pathways.models import Pathway
from carnet.domain.pathways.queries.pathways import PathwayShown, pathway_shown
from carnet.domain.pathways.values import (
    MAX_DESCRIPTION,
    MAX_NAME,
    MAX_VALIDATED_BY,
    PathwayContent,
    PathwayRefusal,
    Refused,
)
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id


def save_pathway(actor: DeskActor, pathway_id: UUID | None, content: PathwayContent) -> PathwayShown | Refused:
    """Name a pathway of the establishment, or change all that is said of one. What was sent for it stays with it."""
    finess = establishment(actor)
    if isinstance(finess, Refused):
        return finess
    found = find_pathway(actor, pathway_id) if pathway_id else Pathway(id=new_id(), organization_id=finess)
    if isinstance(found, Refused):
        return found
    pathway = found
    pathway.name = " ".join(content.name.split())[:MAX_NAME]
    if not pathway.name:
        return Refused(PathwayRefusal.NAME_EMPTY, "name")
    pathway.description = content.description.strip()[:MAX_DESCRIPTION]
    pathway.active = content.active
    pathway.validated_on = content.validated_on
    pathway.validated_by = " ".join(content.validated_by.split())[:MAX_VALIDATED_BY]
    pathway.updated_by = actor.rpps
    pathway.updated_at = now()
    try:
        with transaction.atomic():
            pathway.save(force_insert=pathway_id is None)
            trace(actor, TraceAct.PATHWAY_CHANGED)
    except IntegrityError:
        return Refused(PathwayRefusal.NAME_TAKEN, "name")
    return pathway_shown(pathway)
