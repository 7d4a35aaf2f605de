"""The templates of an establishment, and what a message made of one looks like."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from carnet.domain.identity.models import Organization
from carnet.domain.messaging.desk.actors import DeskActor
from carnet.domain.pathways import rules
from carnet.domain.pathways.access import find_template
from carnet.domain.pathways.contents import content_of
from carnet.domain.pathways.merge import Field, fields_of, render
from carnet.domain.pathways.models import Template, TemplateVersion
from carnet.domain.pathways.models import TemplateFile as TemplateFileRow
from carnet.domain.pathways.values import (
    LineContent,
    PathwayRefusal,
    Refused,
    TemplateContent,
    TemplateProblems,
    UseCase,
)
from carnet.foundation.bodies import get_body
from carnet.foundation.clock import now

_MOST = 500
_MOST_VERSIONS = 50
_ORDER = {use_case.value: number for number, use_case in enumerate(UseCase)}


@dataclass(frozen=True)
class TemplateFile:
    """A file of a template: ``size`` in bytes."""

    id: UUID
    name: str
    media_type: str
    size: int


@dataclass(frozen=True)
class TemplateShown:
    """A version of a template as its establishment sees it; ``saved_by`` is an RPPS.

    ``usable``: a sending of it may begin today.
    """

    id: UUID
    version: int
    content: TemplateContent
    archived: bool
    pathway_name: str
    files: tuple[TemplateFile, ...]
    saved_by: str
    saved_at: datetime
    usable: bool


@dataclass(frozen=True)
class OpenedFile:
    """The bytes of a file of a template."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Rendered:
    """A message as a patient gets it."""

    subject: str
    text: str
    files: tuple[TemplateFile, ...]
    takes_answer: bool
    receipt_wanted: bool


def version_of(template: Template, number: int | None = None) -> TemplateVersion:
    """A version of a template, by default the one in use; raises ``TemplateVersion.DoesNotExist``."""
    versions = TemplateVersion.objects.select_related("pathway")
    return versions.get(template_id=template.id, number=number or template.version)


def usable_today(template: Template, version: TemplateVersion) -> bool:
    """Whether a sending of this version may begin today."""
    today = timezone.localdate(now())
    return rules.usable(content_of(version), archived=template.archived_at is not None, day=today)


def file_shown(row: TemplateFileRow) -> TemplateFile:
    """A stored file, for its readers."""
    return TemplateFile(row.id, row.name, row.media_type, row.size)


def template_shown(template: Template, version: TemplateVersion) -> TemplateShown:
    """A stored version, for its readers."""
    return _shown([(template, version)])[0]


def _shown(found: Sequence[tuple[Template, TemplateVersion]]) -> list[TemplateShown]:
    files = _files(file_id for _, version in found for file_id in version.files)
    return [
        TemplateShown(
            id=template.id,
            version=version.number,
            content=content_of(version),
            archived=template.archived_at is not None,
            pathway_name=version.pathway.name if version.pathway else "",
            files=tuple(files[one] for one in version.files if one in files),
            saved_by=version.saved_by,
            saved_at=version.saved_at,
            usable=usable_today(template, version),
        )
        for template, version in found
    ]


def _files(ids: Iterable[UUID]) -> dict[UUID, TemplateFile]:
    wanted = set(ids)
    return {row.id: file_shown(row) for row in TemplateFileRow.objects.filter(id__in=wanted)} if wanted else {}


def list_templates(
    actor: DeskActor, *, use_case: UseCase | None = None, pathway_id: UUID | None = None, archived: bool = False
) -> list[TemplateShown]:
    """The templates of the actor's establishment by use case and name, at most 500; or those put away."""
    rows = TemplateVersion.objects.select_related("template", "pathway").filter(
        template__organization_id=actor.mailbox.finess,
        number=F("template__version"),
        template__archived_at__isnull=not archived,
    )
    if use_case is not None:
        rows = rows.filter(use_case=use_case.value)
    if pathway_id is not None:
        rows = rows.filter(pathway_id=pathway_id)
    found = sorted(rows[:_MOST], key=lambda row: (_ORDER.get(row.use_case, 99), row.name.casefold()))
    return _shown([(row.template, row) for row in found])


def open_template(actor: DeskActor, template_id: UUID, version: int | None = None) -> TemplateShown | Refused:
    """A template, in the version in use or in an older one."""
    template = find_template(actor, template_id)
    if isinstance(template, Refused):
        return template
    try:
        return template_shown(template, version_of(template, version))
    except TemplateVersion.DoesNotExist:
        return Refused(PathwayRefusal.NOT_FOUND)


def template_versions(actor: DeskActor, template_id: UUID) -> list[TemplateShown]:
    """The versions of a template, the newest first, at most 50; none of somebody else's."""
    template = find_template(actor, template_id)
    if isinstance(template, Refused):
        return []
    rows = TemplateVersion.objects.select_related("pathway").filter(template=template).order_by("-number")
    return _shown([(template, row) for row in rows[:_MOST_VERSIONS]])


def open_template_file(actor: DeskActor, template_id: UUID, file_id: UUID) -> OpenedFile | Refused:
    """A file of a template, of any of its versions."""
    template = find_template(actor, template_id)
    if isinstance(template, Refused):
        return template
    row = TemplateFileRow.objects.filter(template=template, id=file_id).first()
    if row is None:
        return Refused(PathwayRefusal.NOT_FOUND)
    return OpenedFile(row.name, row.media_type, get_body(template.id, row.body))


_SAMPLE = LineContent(
    start=date(2026, 9, 14),
    end=date(2026, 9, 17),
    appointment=datetime.combine(date(2026, 9, 7), time(14, 30)),
    appointment_has_time=True,
    cells={
        Field.BIRTH_NAME.value: "PAT-TROIS",
        Field.GIVEN_NAME.value: "Dominique",
        Field.CIVILITY.value: "Madame",
        Field.SERVICE.value: "Chirurgie orthopédique",
        "numero_sejour": "S-0042",
    },
)
"""An invented patient, for the preview of a template that has no line yet."""


def preview_template(actor: DeskActor, content: TemplateContent) -> Rendered | TemplateProblems:
    """A message as an invented patient would get it; each column of the template's own shows its name."""
    wrong = tuple(
        one
        for one in rules.problems(
            content, pathways=[content.pathway_id] if content.pathway_id else [], files=content.files
        )
        if one.field != "name"
    )
    if wrong:
        return TemplateProblems(wrong)
    values = {column: f"[{column}]" for column in content.columns}
    values |= {
        name: value
        for name, value in rules.line_values(
            _SAMPLE, mailbox=actor.mailbox.label, establishment=establishment_name(actor.mailbox.finess)
        ).items()
        if value
    }
    for name in (*fields_of(content.subject), *fields_of(content.text)):
        values.setdefault(name, f"[{name}]")
    files = {
        row.id: file_shown(row)
        for row in TemplateFileRow.objects.filter(id__in=content.files, template__organization_id=actor.mailbox.finess)
    }
    return Rendered(
        subject=render(content.subject, values),
        text=render(content.text, values),
        files=tuple(files[one] for one in content.files if one in files),
        takes_answer=content.takes_answer,
        receipt_wanted=content.receipt_wanted,
    )


def establishment_name(finess: str) -> str:
    """The name of an establishment, as its messages say it."""
    return Organization.objects.filter(finess=finess).values_list("name", flat=True).first() or finess
