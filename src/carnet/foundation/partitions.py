"""Migration operations for partitioned tables, whose SQL is written by hand."""

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState

HASH_PARTITIONS = 8


class CreatePartitionedModel(migrations.CreateModel):
    """A model whose table, indexes and constraints are made by ``sql`` instead of by Django."""

    def __init__(self, *, sql: str, **kwargs: Any) -> None:
        self.sql = sql
        super().__init__(**kwargs)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        schema_editor.execute(self.sql, params=None)


def by_hash(table: str, partitions: int = HASH_PARTITIONS) -> str:
    """The statements that make the hash partitions of ``table``."""
    return "\n".join(
        f"CREATE TABLE {table}_p{number} PARTITION OF {table}"
        f" FOR VALUES WITH (MODULUS {partitions}, REMAINDER {number});"
        for number in range(partitions)
    )
