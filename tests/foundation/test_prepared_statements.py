"""Statements that are kept planned, beside those that psycopg plans by itself."""

import pytest
from django.db import connection, transaction

from carnet.foundation.prepared import Statement, ask
from carnet.foundation.rows import server_cursor

pytestmark = pytest.mark.django_db(transaction=True)
DOUBLE = Statement(b"double_of_a_number", b"SELECT 2 * $1::int")


class Undone(Exception):
    """What makes a transaction roll back."""


def _planned() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name = %s", [DOUBLE.name.decode()])
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize("inside", [False, True], ids=["a transaction", "a savepoint"])
def test_a_statement_is_asked_again_after_a_rollback_that_forgot_it(inside: bool) -> None:
    with transaction.atomic():
        assert ask(DOUBLE, b"4") == [(b"8",)]
        with server_cursor(prepared=True) as cursor:
            cursor.execute("SELECT %b::int", [1])
        assert _planned() == 1
        if inside:
            with pytest.raises(Undone), transaction.atomic():
                raise Undone
            assert ask(DOUBLE, b"5") == [(b"10",)]
    if not inside:
        with pytest.raises(Undone), transaction.atomic():
            raise Undone
    assert ask(DOUBLE, b"5") == [(b"10",)]
    assert _planned() == 1
