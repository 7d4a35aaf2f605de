"""Jobs left by a killed worker are put back in the queue, each for itself."""

import pytest
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob
from test_jobs import done, run_what_waits, works

from carnet.foundation.jobs import take_up_stalled

pytestmark = pytest.mark.django_db(transaction=True)


def leave_to_a_dead_worker(job_id):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = NULL WHERE id = %s", [job_id])


def test_a_job_whose_successor_waits_already_does_not_hold_up_the_others():
    done.clear()
    periodic = works.configure(queueing_lock="once").defer(number=1)
    leave_to_a_dead_worker(periodic)
    ordinary = works.defer(number=2)
    leave_to_a_dead_worker(ordinary)
    works.configure(queueing_lock="once", schedule_in={"hours": 1}).defer(number=3)
    take_up_stalled.defer(timestamp=0)
    run_what_waits()
    run_what_waits()
    assert done == [2]
    assert ProcrastinateJob.objects.get(id=ordinary).status == "succeeded"
    assert ProcrastinateJob.objects.get(id=periodic).status == "aborted"
