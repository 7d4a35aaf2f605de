"""Jobs: deferred in the transaction that asks for them, run by a worker, taken up again when a worker dies.

Each room's ``jobs.py`` declares its tasks with ``app.task``. A job's arguments are identifiers only.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Max, Q
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Status

from carnet.foundation import bodies, logs

STALLED_AFTER_SECONDS = 30
RETRY = RetryStrategy(max_attempts=8, exponential_wait=4)
"""Eight tries over about a day (4, 16, 64 s … between them), then the dead-letter view."""

log = logs.get("worker")


@app.periodic(cron="* * * * * */15")
@app.task(queueing_lock="take-up-stalled", pass_context=True)
async def take_up_stalled(context: Any, timestamp: int) -> None:
    """Jobs left running by a worker that no longer beats are put back in the queue."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_SECONDS):
        try:
            await app.job_manager.retry_job(job)
        except UniqueViolation:  # a periodic one whose successor waits already: that one will do
            await app.job_manager.finish_job(job, Status.ABORTED, delete_job=False)
            log.info("job_succeeded_by_another", job=job.id, task=job.task_name)
        else:
            log.warning("job_taken_up_again", job=job.id, task=job.task_name)


@app.periodic(cron="17 3 * * *")
@app.task(queueing_lock="sweep-bodies")
def sweep_bodies(timestamp: int) -> None:
    log.info("bodies_swept", count=bodies.sweep_orphans())


@app.periodic(cron="41 3 * * *")
@app.task(queueing_lock="forget-finished")
async def forget_finished(timestamp: int) -> None:
    await app.job_manager.delete_old_jobs(nb_hours=72, include_failed=False)


@dataclass(frozen=True)
class DeadJob:
    id: int
    task: str
    queue: str
    attempts: int
    failed_at: datetime | None


def dead_letters(limit: int = 200) -> list[DeadJob]:
    """The jobs that failed for good, the newest first."""
    failed_at = Max("procrastinateevent__at", filter=Q(procrastinateevent__type="failed"))
    rows = (
        ProcrastinateJob.objects.filter(status="failed")
        .annotate(failed_at=failed_at)
        .order_by("-id")
        .values_list("id", "task_name", "queue_name", "attempts", "failed_at")[:limit]
    )
    return [DeadJob(*row) for row in rows]


def revive(job_ids: list[int]) -> int:
    """Put dead jobs back in the queue. Returns how many were dead and are waiting again."""
    revived = 0
    with connection.cursor() as cursor:
        for job_id in job_ids:
            cursor.execute(
                "UPDATE procrastinate_jobs SET status = 'todo', attempts = 0, scheduled_at = NULL, worker_id = NULL"
                " WHERE id = %s AND status = 'failed'",
                [job_id],
            )
            revived += cursor.rowcount
    return revived
