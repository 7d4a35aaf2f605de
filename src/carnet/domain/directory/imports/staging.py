"""The rows of an extraction on their way into the database: a temporary table, filled by one COPY."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

_BLOCK = 256 * 1024
_MANY = 1_000

Cursor = psycopg.Cursor[tuple[Any, ...]]


class Staging:
    """A temporary table of text columns that goes with its transaction."""

    def __init__(self, cursor: Cursor, table: str, columns: tuple[str, ...]) -> None:
        self._cursor = cursor
        self._table = table
        self._columns = columns
        typed = ", ".join(f'"{name}" {_type(name)} NOT NULL' for name in columns)
        cursor.execute(f"CREATE TEMPORARY TABLE {table} ({typed}) ON COMMIT DROP")

    @contextmanager
    def filling(self) -> Iterator["Filling"]:
        """Fill the table; what stays in memory is one block."""
        names = ", ".join(f'"{name}"' for name in self._columns)
        with self._cursor.copy(f"COPY {self._table} ({names}) FROM STDIN") as copy:
            filling = Filling(copy)
            yield filling
            filling.flush()
        self._cursor.execute(f"ANALYZE {self._table}")


class Filling:
    """Takes rows as texts without control characters, which COPY would read as its own signs."""

    def __init__(self, copy: psycopg.Copy) -> None:
        self._copy = copy
        self._block: list[str] = []
        self._size = 0

    def add(self, row: Iterable[str]) -> None:
        line = "\t".join(row)
        if "\\" in line:
            line = line.replace("\\", "\\\\")
        self._block.append(line)
        self._size += len(line)
        if self._size > _BLOCK:
            self.flush()

    def flush(self) -> None:
        if self._block:
            self._copy.write(("\n".join(self._block) + "\n").encode())
            self._block.clear()
            self._size = 0


def analyze_if_many(cursor: Cursor, table: str) -> None:
    """After a statement that changed many rows of a table: tell the planner before the next one, whose look-ups and
    checks of references would else be planned for the few rows that were there before."""
    if cursor.rowcount >= _MANY:
        cursor.execute(f"ANALYZE {table}")


def _type(name: str) -> str:
    return {"line": "integer", "id": "uuid", "practice": "uuid", "described": "boolean", "paperless": "boolean"}.get(
        name, "text"
    )
