"""Is everything there, and how much waits: for `/health/ready` and `/metrics`."""

from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from carnet.foundation.keys import KeyProblem
from carnet.foundation.owner_keys import master_keys

_GAUGES = {
    "carnet_spool_waiting": (
        "Accepted messages that the drain has not delivered yet.",
        "SELECT count(*) FROM foundation_spool_entry WHERE held = ''",
    ),
    "carnet_spool_held": (
        "Accepted messages that keep failing and wait for a person.",
        "SELECT count(*) FROM foundation_spool_entry WHERE held <> ''",
    ),
    "carnet_spool_oldest_seconds": (
        "Age of the accepted message that waits longest.",
        "SELECT coalesce(extract(epoch FROM now() - min(accepted_at)), 0) FROM foundation_spool_entry WHERE held = ''",
    ),
    "carnet_outbound_waiting": (
        "Messages that wait for another operator.",
        "SELECT count(*) FROM messaging_outbound_mail WHERE state = 'queued'",
    ),
    "carnet_outbound_held": (
        "Messages to other operators that a person holds back, or that need one.",
        "SELECT count(*) FROM messaging_outbound_mail WHERE state = 'held'",
    ),
    "carnet_outbound_oldest_seconds": (
        "Age of the message that waits longest for another operator.",
        """
        SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)
        FROM messaging_outbound_mail WHERE state = 'queued'
        """,
    ),
    "carnet_outbound_operators_down": (
        "Domains of other operators that take no mail now.",
        "SELECT count(*) FROM messaging_outbound_destination WHERE failures > 0",
    ),
    "carnet_notifications_waiting": (
        "Notifications not sent yet.",
        "SELECT count(*) FROM notifications_notification WHERE outcome = ''",
    ),
    "carnet_jobs_waiting": ("Jobs in the queue.", "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'"),
    "carnet_jobs_dead": (
        "Jobs that failed for good.",
        "SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'",
    ),
}


def what_is_missing() -> list[str]:
    """The names of what does not answer: empty when all is well."""
    missing = []
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            missing.append("migrations")
    except DatabaseError:
        missing.append("database")
    try:
        master_keys()
    except KeyProblem:
        missing.append("master-key")
    if not Path(settings.CARNET_BODIES_DIR).is_dir():
        missing.append("bodies")
    return missing


def counts() -> dict[str, int]:
    """How much waits, by the names of the gauges."""
    found = {}
    with connection.cursor() as cursor:
        for name, (_, query) in _GAUGES.items():
            cursor.execute(query)
            found[name] = int(cursor.fetchone()[0])
    return found


def metrics() -> bytes:
    """What waits, in Prometheus' text format."""
    registry = CollectorRegistry()
    for name, count in counts().items():
        Gauge(name, _GAUGES[name][0], registry=registry).set(count)
    return generate_latest(registry)
