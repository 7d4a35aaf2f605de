"""Whether a template can be saved, and whether a sending of it may begin."""

from collections.abc import Collection, Iterator
from datetime import date
from uuid import UUID

from carnet.domain.pathways.merge import CANCELLED, FIELDS, INS, OID, column_name, fields_of, is_broken
from carnet.domain.pathways.values import (
    MAX_COLUMNS,
    MAX_FILES,
    MAX_NAME,
    MAX_SUBJECT,
    MAX_TEXT,
    TemplateContent,
    TemplateProblem,
)

_KEPT = frozenset({INS, OID, CANCELLED, *(field.value for field in FIELDS)})
"""Names that a template may not declare: they are read as something, or must never be shown."""


def usable(content: TemplateContent, *, archived: bool, day: date) -> bool:
    """Whether a sending of a template may begin on that day: it is not put away, and the day is within its dates."""
    return not archived and content.valid_on(day)


def problems(
    content: TemplateContent, *, pathways: Collection[UUID], files: Collection[UUID]
) -> tuple[TemplateProblem, ...]:
    """Everything that is wrong with a template; ``pathways`` and ``files`` are those that it may name."""
    return tuple(_problems(content, pathways, files))


def _problems(
    content: TemplateContent, pathways: Collection[UUID], files: Collection[UUID]
) -> Iterator[TemplateProblem]:
    for field, text, most in (
        ("name", content.name, MAX_NAME),
        ("subject", content.subject, MAX_SUBJECT),
        ("text", content.text, MAX_TEXT),
    ):
        if not text.strip():
            yield TemplateProblem("empty", field)
        elif len(text) > most:
            yield TemplateProblem("too-long", field)
    if len(content.columns) > MAX_COLUMNS:
        yield TemplateProblem("too-many-columns", "columns")
    for column in content.columns:
        if column != column_name(column) or not column or column in _KEPT:
            yield TemplateProblem("column-name", "columns", column)
    known = {field.value for field in FIELDS} | set(content.columns)
    for field, text in (("subject", content.subject), ("text", content.text)):
        if is_broken(text):
            yield TemplateProblem("broken-field", field)
        for name in fields_of(text):
            if name and name not in known:
                yield TemplateProblem("unknown-field", field, name)
    if content.valid_from and content.valid_until and content.valid_until < content.valid_from:
        yield TemplateProblem("dates", "valid_until")
    if content.pathway_id is not None and content.pathway_id not in pathways:
        yield TemplateProblem("pathway", "pathway_id")
    if len(content.files) > MAX_FILES or not set(content.files) <= set(files):
        yield TemplateProblem("file", "files")
