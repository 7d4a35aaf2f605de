"""Jobs: retried, kept when they fail for good, and brought back by hand."""

import pytest
from django.db import transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from carnet.foundation.jobs import app, dead_letters, revive

pytestmark = pytest.mark.django_db(transaction=True)
done: list[int] = []


@app.task(name="tests.fails-for-good")
def fails_for_good(number: int) -> None:
    raise RuntimeError("what was asked about a person never shows in the dead-letter view")


@app.task(name="tests.works")
def works(number: int) -> None:
    done.append(number)


def run_what_waits():
    with app.replace_connector(app.connector.get_worker_connector()):
        app.run_worker(wait=False, install_signal_handlers=False, listen_notify=False, concurrency=1)


def test_a_job_deferred_in_a_transaction_that_is_undone_never_runs():
    done.clear()
    with transaction.atomic():
        works.defer(number=1)
        transaction.set_rollback(True)
    works.defer(number=2)
    run_what_waits()
    assert done == [2]


def test_a_job_that_fails_for_good_is_kept_shown_and_can_be_tried_again():
    job_id = fails_for_good.defer(number=1)
    run_what_waits()
    found = dead_letters()
    assert len(found) == 1, found
    dead = found[0]
    assert (dead.id, dead.task) == (job_id, "tests.fails-for-good")
    assert revive([job_id, 999_999]) == 1
    assert ProcrastinateJob.objects.get(id=job_id).status == "todo"
    assert dead_letters() == []
    run_what_waits()
    assert len(dead_letters()) == 1
