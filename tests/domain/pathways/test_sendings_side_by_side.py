"""Two workers at one sending: each line leaves once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from sending_desk import cells, desk, started, states

from carnet.domain.messaging.models import ConversationEntry, FolderEntry
from carnet.domain.pathways.commands.leaving import send_group
from carnet.domain.pathways.jobs import send_lines
from carnet.sandbox import cast

STAYS = 6


@pytest.fixture
def sending(transactional_db):
    actor = desk()
    cast.patient()
    cast.second_patient()
    people = (cast.DOMINIQUE, cast.RUTH)
    return started(actor, *[cells(one, numero_sejour=f"S{stay}") for stay in range(STAYS) for one in people])


def settled(sending):
    try:
        count = 0
        while (group := send_group(sending.id, 2)).settled:
            count += group.settled
        return count
    finally:
        connection.close()


def test_two_workers_share_the_lines_and_no_line_leaves_twice(sending):
    with ThreadPoolExecutor(2) as threads:
        counts = list(threads.map(settled, [sending, sending]))
    assert sum(counts) == 2 * STAYS
    assert {state for _, state, _ in states(sending)} == {"sent"}
    assert ConversationEntry.objects.filter(direction="in").count() == 2 * STAYS
    assert FolderEntry.objects.count() == 2 * STAYS


def test_a_second_job_leaves_a_sending_to_the_first(sending):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [0x53454E44, sending.id.int & 0x7FFFFFFF])

    def second():
        try:
            send_lines(str(sending.id))
        finally:
            connection.close()

    try:
        with ThreadPoolExecutor(1) as threads:
            threads.submit(second).result()
        assert {state for _, state, _ in states(sending)} == {"waiting"}
    finally:
        connection.close()
    send_lines(str(sending.id))
    assert {state for _, state, _ in states(sending)} == {"sent"}
