"""The only way from an identifier in a request to a pathway, a template or a sending.

Pathways and templates are the establishment's: whoever works in one of its mailboxes reads and changes them. A sending
names patients, and is its mailbox's alone. What belongs to others is not told from what does not exist.
"""

from uuid import UUID

from carnet.domain.directory.commands.traces import leave_traces
from carnet.domain.directory.traces import TraceAct
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.pathways.models import Pathway, Sending, Template
from carnet.domain.pathways.values import PathwayRefusal, Refused

_UNKNOWN = Refused(PathwayRefusal.NOT_FOUND)


def establishment(actor: DeskActor) -> str | Refused:
    """The FINESS of the actor's mailbox, which pathways and templates belong to."""
    return actor.mailbox.finess or Refused(PathwayRefusal.NO_ESTABLISHMENT)


def find_pathway(actor: DeskActor, pathway_id: UUID) -> Pathway | Refused:
    """A pathway of the actor's establishment."""
    found = Pathway.objects.filter(id=pathway_id, organization_id=actor.mailbox.finess).first()
    return found or _UNKNOWN


def find_template(actor: DeskActor, template_id: UUID, *, lock: bool = False) -> Template | Refused:
    """A template of the actor's establishment."""
    rows = Template.objects.select_for_update() if lock else Template.objects
    return rows.filter(id=template_id, organization_id=actor.mailbox.finess).first() or _UNKNOWN


def find_sending(actor: DeskActor, sending_id: UUID, *, lock: bool = False) -> Sending | Refused:
    """A sending of the actor's mailbox; with ``lock``, once the group that is leaving has left."""
    rows = Sending.objects.select_for_update() if lock else Sending.objects
    return rows.filter(id=sending_id, mailbox_id=actor.mailbox.id).first() or _UNKNOWN


def trace(actor: DeskActor, act: TraceAct, *, count: int = 1, outcome: str = "") -> None:
    """Leave the trace of an act in the actor's mailbox; part of the caller's transaction."""
    leave_traces([actor.trace(act, outcome=outcome, count=count)])
