import re

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models
from docs_pages import DOCS, codes, rows

PAGE = (DOCS / "security.md").read_text("utf-8")
TELLING = (models.CharField, models.TextField, models.BinaryField, models.UUIDField, models.JSONField, ArrayField)
BYTES = {"sealed", "digest", "wrapped", "packed"}
KEPT_AS = {"clear", "hash", *BYTES}


def described():
    """What the page says of each column: ``{table: {column: kept as}}``."""
    found = {}
    for section in re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]:
        table, _, rest = section.partition("\n")
        body = re.split(r"^## ", rest, flags=re.MULTILINE)[0]
        if re.fullmatch(r"[a-z]+_[a-z_]+", table.strip()):
            found[table.strip()] = {column: row[1] for row in rows(body) for column in codes(row[0])}
    return found


def own_models():
    return [model for model in apps.get_models() if model.__module__.startswith("carnet.")]


def kind(field):
    """The field that decides a column's type: a foreign key's is its target's."""
    return kind(field.target_field) if isinstance(field, models.ForeignKey) else field


def telling(model):
    return {field.attname: kind(field) for field in model._meta.concrete_fields if isinstance(kind(field), TELLING)}


def test_every_table_is_described_and_no_other():
    assert sorted(described()) == sorted(model._meta.db_table for model in own_models())


def test_every_column_that_can_tell_something_is_described():
    page = described()
    missing = {
        f"{model._meta.db_table}.{column}"
        for model in own_models()
        for column in telling(model)
        if column not in page.get(model._meta.db_table, {})
    }
    assert not missing


def test_no_column_is_described_that_does_not_exist():
    columns = {model._meta.db_table: {f.attname for f in model._meta.concrete_fields} for model in own_models()}
    assert not {f"{t}.{c}" for t, found in described().items() for c in found if c not in columns.get(t, set())}


def test_what_is_said_to_be_sealed_is_kept_as_bytes_and_each_way_has_a_name():
    page = described()
    assert {way for columns in page.values() for way in columns.values()} <= KEPT_AS
    wrong = set()
    for model in own_models():
        for column, field in telling(model).items():
            field = field.base_field if isinstance(field, ArrayField) else field
            said = page[model._meta.db_table][column]
            if (said in BYTES) != isinstance(field, models.BinaryField) and said != "hash":
                wrong.add(f"{model._meta.db_table}.{column} is said to be {said}")
    assert not wrong


def test_a_reason_is_given_for_whatever_lies_in_clear():
    lines = [row for row in rows(PAGE) if len(row) == 3 and row[1] == "clear"]
    assert lines
    assert not [row[0] for row in lines if not row[2]]
