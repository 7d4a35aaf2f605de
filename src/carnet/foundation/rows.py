"""Writing many rows at once, past the costs of one statement's text: binary COPY, and arrays bound by the server."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection
from django.db.models import Field, Model
from psycopg import sql


def copy_rows(rows: Sequence[Model]) -> None:
    """Insert new rows of one model with one COPY, as part of the caller's transaction.

    For models of plain columns: no signals, no ``save``, no defaults of the database but that of a key that it counts
    up itself, which is not read back. A row that exists already is an error, as for any INSERT.
    """
    if not rows:
        return
    fields = _fields(type(rows[0]))
    names = [field.attname for field in fields]
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(rows[0]._meta.db_table),
        sql.SQL(", ").join(sql.Identifier(str(field.column)) for field in fields),
    )
    with server_cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types([_type_name(field) for field in fields])
        for row in rows:
            copy.write_row([getattr(row, name) for name in names])


@contextmanager
def server_cursor(*, prepared: bool = False) -> Iterator[psycopg.Cursor[tuple[Any, ...]]]:
    """A cursor on Django's connection, in the same transaction, that sends parameters apart from the statement.

    With ``prepared``, the connection keeps its statements planned for the next time: for the few that are asked all
    the time.

    ``%b`` sends one in binary: large byte strings then travel as they are. Django's own cursors write every parameter
    into the statement's text, byte strings in hexadecimal. Errors are raised as Django's.
    """
    connection.ensure_connection()
    assert isinstance(connection.connection, psycopg.Connection)
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        if prepared:
            cursor.connection.prepare_threshold = 0
        try:
            yield cursor
        finally:
            cursor.connection.prepare_threshold = None


def _fields(model: type[Model]) -> list["Field[Any, Any]"]:
    """The columns to give: all but a key that the database counts up."""
    return [field for field in model._meta.concrete_fields if not field.db_returning]


def _type_name(field: "Field[Any, Any]") -> str:
    """PostgreSQL's name of the column's type, without its length."""
    name, _, rest = (field.db_type(connection) or "").partition("(")
    return name + rest.partition(")")[2]
