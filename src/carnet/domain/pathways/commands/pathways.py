"""The pathways of an establishment: named, described, validated."""

from datetime import date
from uuid import UUID

from django.db import IntegrityError, transaction

from carnet.domain.directory.traces import TraceAct
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.pathways.access import establishment, find_pathway, trace
from carnet.domain.pathways.models import Pathway
from carnet.domain.pathways.queries.pathways import PathwayShown, pathway_shown
from carnet.domain.pathways.values import MAX_NAME, PathwayRefusal, Refused
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id

_MAX_DESCRIPTION = 2000
_MAX_VALIDATED_BY = 200


def create_pathway(
    actor: DeskActor,
    *,
    name: str,
    description: str = "",
    active: bool = True,
    validated_on: date | None = None,
    validated_by: str = "",
) -> PathwayShown | Refused:
    """Name a pathway of the establishment; ``validated_by``: the committee or direction that validated it."""
    finess = establishment(actor)
    if isinstance(finess, Refused):
        return finess
    pathway = Pathway(id=new_id(), organization_id=finess)
    return _save(actor, pathway, name, description, active, validated_on, validated_by, new=True)


def change_pathway(
    actor: DeskActor,
    pathway_id: UUID,
    *,
    name: str,
    description: str = "",
    active: bool = True,
    validated_on: date | None = None,
    validated_by: str = "",
) -> PathwayShown | Refused:
    """Change all that is said of a pathway. What was sent for it stays with it."""
    pathway = find_pathway(actor, pathway_id)
    if isinstance(pathway, Refused):
        return pathway
    return _save(actor, pathway, name, description, active, validated_on, validated_by, new=False)


def _save(
    actor: DeskActor,
    pathway: Pathway,
    name: str,
    description: str,
    active: bool,
    validated_on: date | None,
    validated_by: str,
    *,
    new: bool,
) -> PathwayShown | Refused:
    name = " ".join(name.split())[:MAX_NAME]
    if not name:
        return Refused(PathwayRefusal.NAME_EMPTY, "name")
    pathway.name = name
    pathway.description = description.strip()[:_MAX_DESCRIPTION]
    pathway.active = active
    pathway.validated_on = validated_on
    pathway.validated_by = " ".join(validated_by.split())[:_MAX_VALIDATED_BY]
    pathway.updated_by = actor.rpps
    pathway.updated_at = now()
    try:
        with transaction.atomic():
            pathway.save(force_insert=new)
            trace(actor, TraceAct.PATHWAY_CHANGED)
    except IntegrityError:
        return Refused(PathwayRefusal.NAME_TAKEN, "name")
    return pathway_shown(pathway)
