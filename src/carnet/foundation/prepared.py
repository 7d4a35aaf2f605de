"""Statements that are planned once for each connection, asked in one exchange without psycopg's conversions.

For the few questions that are asked for every message: what remains of their cost is the exchange itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import psycopg
from django.db import connection
from psycopg import pq

Row = tuple[bytes | None, ...]


class ConnectionLost(psycopg.OperationalError):
    """The connection ended before the answer came: what was asked may have been done or not."""


@dataclass(frozen=True)
class Statement:
    """A statement with ``$1``, ``$2`` … and the name under which each connection keeps its plan."""

    name: bytes
    text: bytes


def run(on: psycopg.Connection, statement: Statement, *parameters: bytes) -> list[Row]:
    """Run it with parameters in PostgreSQL's text form; the rows in text form too.

    Raises the ``psycopg.Error`` of what went wrong: ``ConnectionLost`` when nobody knows whether it was done.
    """
    server = on.pgconn
    planned = on._prepared
    mark = (b"carnet:" + statement.name, ())
    if mark not in planned._names:
        _plan(on, statement)
        planned._names[mark] = statement.name
    result = _checked(server, server.exec_prepared(statement.name, parameters))
    columns = range(result.nfields)
    return [tuple(result.get_value(row, column) for column in columns) for row in range(result.ntuples)]


def _plan(on: psycopg.Connection, statement: Statement) -> None:
    """Have the server plan a statement that psycopg's list does not name.

    psycopg has the server forget all statements after a rollback, these among them: so they stand in its list, and are
    planned anew once they are gone from it. What it had not told the server yet is told now, before they are planned.
    """
    if on._prepared._to_flush:
        on._prepared._to_flush.clear()
        on._prepared.clear()
        on._prepared._to_flush.clear()
        _checked(on.pgconn, on.pgconn.exec_(b"DEALLOCATE ALL"))
    _checked(on.pgconn, on.pgconn.prepare(statement.name, statement.text))


def ask(statement: Statement, *parameters: bytes) -> list[Row]:
    """``run`` on Django's connection of this thread, in its transaction if there is one; errors are Django's."""
    connection.ensure_connection()
    assert isinstance(connection.connection, psycopg.Connection)
    with connection.wrap_database_errors:
        return run(connection.connection, statement, *parameters)


def _checked(server: pq.abc.PGconn, result: pq.abc.PGresult) -> pq.abc.PGresult:
    if result.status in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK):
        return result
    state = result.error_field(pq.DiagnosticField.SQLSTATE) or b"08000"
    if server.status != pq.ConnStatus.OK or state.startswith((b"08", b"57P")):  # connection lost; server going down
        raise ConnectionLost("the connection to the database is lost")
    raise psycopg.errors.error_from_result(result)


def array(items: Iterable[object]) -> bytes:
    """An array in PostgreSQL's text form, of items whose own form needs no quotes: numbers, UUIDs, plain identifiers.

    Raises ``ValueError`` for any other.
    """
    text = ",".join(map(str, items))
    if not text.isascii() or not _PLAIN.issuperset(text):
        raise ValueError("only letters, digits, - and _ go without quotes")
    return b"{" + text.encode("ascii") + b"}"


_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_,")
