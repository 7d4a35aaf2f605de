"""The trail's upkeep."""

from carnet.domain.audit.commands import make_partitions
from carnet.foundation.jobs import app


@app.periodic(cron="5 2 * * *")
@app.task(queueing_lock="audit-partitions")
def partitions_ahead(timestamp: int) -> None:
    """Make next year's monthly partitions; doing it twice makes nothing new."""
    make_partitions()
