"""The templates of an establishment, each saving a version of its own."""

import unicodedata
from dataclasses import replace
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from carnet.domain.directory.traces import TraceAct
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.pathways import rules
from carnet.domain.pathways.access import establishment, find_template, trace
from carnet.domain.pathways.contents import content_of, version_columns
from carnet.domain.pathways.models import Pathway, Template, TemplateFile, TemplateVersion
from carnet.domain.pathways.queries.templates import TemplateShown, template_shown, version_of
from carnet.domain.pathways.starters import STARTERS
from carnet.domain.pathways.values import (
    MAX_FILES_BYTES,
    MAX_NAME,
    PathwayRefusal,
    Refused,
    TemplateContent,
    TemplateProblem,
    TemplateProblems,
)
from carnet.foundation.bodies import get_body, put_body
from carnet.foundation.clock import now
from carnet.foundation.ids import new_id
from carnet.foundation.owner_keys import create_owner_keys

_COPY = " (copie)"


def problems_of(
    actor: DeskActor, content: TemplateContent, template_id: UUID | None = None
) -> tuple[TemplateProblem, ...]:
    """Everything that keeps a template from being saved."""
    pathways = {content.pathway_id} if content.pathway_id else set()
    known = Pathway.objects.filter(organization_id=actor.mailbox.finess, id__in=pathways)
    files = TemplateFile.objects.filter(template_id=template_id, id__in=content.files) if template_id else None
    found = rules.problems(
        content,
        pathways=set(known.values_list("id", flat=True)),
        files=set(files.values_list("id", flat=True)) if files is not None else set(),
    )
    if files is not None and (files.aggregate(Sum("size"))["size__sum"] or 0) > MAX_FILES_BYTES:
        found += (TemplateProblem("too-long", "files"),)
    return found


@transaction.atomic
def save_template(
    actor: DeskActor, template_id: UUID | None, content: TemplateContent
) -> TemplateShown | TemplateProblems | Refused:
    """Save a template as its next version, or as a new one. Sendings that were made of it keep what they have."""
    finess = establishment(actor)
    if isinstance(finess, Refused):
        return finess
    content = _tidied(content)
    if template_id is None:
        template = Template(id=new_id(), organization_id=finess, version=0, created_at=now())
    else:
        found = find_template(actor, template_id, lock=True)
        if isinstance(found, Refused):
            return found
        template = found
    if problems := problems_of(actor, content, template_id):
        return TemplateProblems(problems)
    template.version += 1
    template.save(force_insert=template_id is None)
    version = TemplateVersion.objects.create(
        template=template,
        number=template.version,
        saved_by=actor.rpps,
        saved_at=now(),
        **version_columns(content),
    )
    trace(actor, TraceAct.TEMPLATE_CHANGED)
    return template_shown(template, version)


def _tidied(content: TemplateContent) -> TemplateContent:
    """Names and subject on one line, the text with plain line ends, composed letters everywhere."""

    def line(text: str) -> str:
        return " ".join(unicodedata.normalize("NFC", text).split())

    text = unicodedata.normalize("NFC", content.text).replace("\r\n", "\n").replace("\r", "\n").strip()
    return replace(
        content,
        name=line(content.name),
        subject=line(content.subject),
        text=text,
        columns=tuple(dict.fromkeys(content.columns)),
        files=tuple(dict.fromkeys(content.files)),
    )


@transaction.atomic
def archive_template(actor: DeskActor, template_id: UUID, archived: bool) -> TemplateShown | Refused:
    """Put a template away, or take it out again; sendings that are under way go on."""
    template = find_template(actor, template_id, lock=True)
    if isinstance(template, Refused):
        return template
    if archived != (template.archived_at is not None):
        template.archived_at = now() if archived else None
        template.save(update_fields=["archived_at"])
        trace(actor, TraceAct.TEMPLATE_CHANGED)
    return template_shown(template, version_of(template))


def copy_starter(actor: DeskActor, key: str) -> TemplateShown | Refused:
    """Make one of the templates that Carnet brings the establishment's own, to be changed as it likes."""
    starter = next((one for one in STARTERS if one.key == key), None)
    if starter is None:
        return Refused(PathwayRefusal.NOT_FOUND)
    saved = save_template(actor, None, starter.content)
    return Refused(PathwayRefusal.TEMPLATE_INVALID) if isinstance(saved, TemplateProblems) else saved


@transaction.atomic
def copy_template(actor: DeskActor, template_id: UUID) -> TemplateShown | Refused:
    """Another template that says the same, files included."""
    template = find_template(actor, template_id)
    if isinstance(template, Refused):
        return template
    content = content_of(version_of(template))
    name = f"{content.name[: MAX_NAME - len(_COPY)]}{_COPY}"
    saved = save_template(actor, None, replace(content, name=name, files=()))
    if not isinstance(saved, TemplateShown) or not content.files:
        return saved if not isinstance(saved, TemplateProblems) else Refused(PathwayRefusal.TEMPLATE_INVALID)
    create_owner_keys([saved.id])
    files = []
    for row in TemplateFile.objects.filter(template=template, id__in=content.files):
        body = put_body(saved.id, get_body(template.id, row.body)).address
        row.id, row.template_id, row.body = new_id(), saved.id, body
        row.save(force_insert=True)
        files.append(row.id)
    with_files = save_template(actor, saved.id, replace(saved.content, files=tuple(files)))
    return with_files if isinstance(with_files, TemplateShown) else Refused(PathwayRefusal.TEMPLATE_INVALID)
