"""The files that go with the messages of a template."""

from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from carnet.domain.directory.traces import TraceAct
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.pathways.access import find_template, trace
from carnet.domain.pathways.models import TemplateFile as TemplateFileRow
from carnet.domain.pathways.queries.templates import TemplateFile, file_shown
from carnet.domain.pathways.values import MAX_FILES_BYTES, PathwayRefusal, Refused
from carnet.domain.record.file_names import safe_file_name
from carnet.domain.record.harmful_files import harm_of
from carnet.domain.record.media_types import HOLDER_EXTENSIONS, canonical_media_type, sniff_media_type
from carnet.foundation import antivirus
from carnet.foundation.bodies import put_body
from carnet.foundation.clamd import Verdict
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import create_owner_keys

_MAX_KEPT_BYTES = 20 * MAX_FILES_BYTES
"""Of all files that a template ever had: its older versions keep theirs."""

_VAGUE = frozenset({"", "application/octet-stream"})
_TYPES = frozenset(HOLDER_EXTENSIONS.values())


def add_template_file(
    actor: DeskActor, template_id: UUID, *, name: str, media_type: str, content: bytes
) -> TemplateFile | Refused:
    """Keep a file for a template: at most ``MAX_FILES_BYTES``, of the types that patients open, looked at for viruses.

    It goes with the messages once a saved version lists it.
    """
    if len(content) > MAX_FILES_BYTES:
        return Refused(PathwayRefusal.FILE_TOO_LARGE)
    found = sniff_media_type(content)
    if found not in _TYPES or harm_of(content, name) is not None:
        return Refused(PathwayRefusal.TYPE_NOT_ACCEPTED)
    declared = canonical_media_type(media_type)
    if declared not in _VAGUE and declared != found:
        return Refused(PathwayRefusal.CONTENT_MISMATCH)
    scan = antivirus.look(lambda: [content]).verdict  # before the lock: it may take seconds
    if scan is Verdict.INFECTED:
        return Refused(PathwayRefusal.INFECTED)
    with transaction.atomic():
        template = find_template(actor, template_id, lock=True)
        if isinstance(template, Refused):
            return template
        kept = TemplateFileRow.objects.filter(template=template).aggregate(Sum("size"))["size__sum"] or 0
        if kept + len(content) > _MAX_KEPT_BYTES:
            return Refused(PathwayRefusal.TOO_MANY_FILES)
        create_owner_keys([template.id])
        row = TemplateFileRow.objects.create(
            id=new_id(),
            template=template,
            name=safe_file_name(name),
            media_type=found,
            size=len(content),
            body=put_body(template.id, content).address,
            scan=scan.value,
            added_by=actor.rpps,
            added_at=now(),
        )
        trace(actor, TraceAct.TEMPLATE_CHANGED)
    return file_shown(row)
