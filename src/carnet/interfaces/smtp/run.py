"""The process of the two SMTP doors: ``carnet serve smtp``."""

import asyncio
import ssl
import sys

from django.conf import settings

from carnet.foundation import database, logs
from carnet.foundation.owner_keys import master_keys
from carnet.foundation.spool import SpoolWriter
from carnet.interfaces.smtp.lookups import Lookups
from carnet.interfaces.smtp.operators_door import OperatorsDoor
from carnet.interfaces.smtp.options import SmtpConfig, SmtpLimits
from carnet.interfaces.smtp.server import SmtpServer
from carnet.interfaces.smtp.submission_door import SubmissionDoor
from carnet.interfaces.tls import server_context

# The loop, the lookups and the spool's writer share one interpreter: who comes back from the disk or the database takes
# over within this many seconds, not after Python's usual 5 ms, of which a message would wait several in a row.
_THREAD_SECONDS = 0.0005

log = logs.get("smtp")


async def serve(stop: asyncio.Event) -> None:
    """Run both doors until ``stop`` is set, then let messages in progress finish."""
    sys.setswitchinterval(_THREAD_SECONDS)
    lookups = Lookups()
    await lookups.start()
    spool = SpoolWriter(settings.CARNET_SPOOL_DIR, database.conninfo(), master_keys)
    doors = _doors(lookups, spool, server_context())
    for name, server in doors:
        await server.start()
        log.info("listening", door=name, port=server.port)
    await stop.wait()
    await asyncio.gather(*(server.stop() for _, server in doors))
    spool.close()
    await lookups.stop()


def _doors(lookups: Lookups, spool: SpoolWriter, tls: ssl.SSLContext | None) -> list[tuple[str, SmtpServer]]:
    """The operators' door, and the submission door where there is a certificate for it."""
    limits = SmtpLimits(
        connections=settings.CARNET_SMTP_MAX_CONNECTIONS,
        connections_per_ip=settings.CARNET_SMTP_MAX_CONNECTIONS_PER_PEER,
        command_seconds=settings.CARNET_SMTP_IDLE_SECONDS,
        data_seconds=2 * settings.CARNET_SMTP_IDLE_SECONDS,
    )
    operators = SmtpConfig(
        hostname=settings.CARNET_HOSTNAME,
        max_size=settings.CARNET_MAX_MESSAGE_BYTES,
        max_recipients=settings.CARNET_MAX_RECIPIENTS,
        require_tls=settings.CARNET_OPERATORS_DOOR_REQUIRES_TLS,
    )
    doors = [
        (
            "operators",
            SmtpServer(
                operators,
                OperatorsDoor(lookups, spool),
                host=settings.CARNET_BIND,
                port=settings.CARNET_SMTP_PORT,
                tls_context=tls,
                limits=limits,
            ),
        )
    ]
    if tls is None:
        log.warning("submission_door_closed", reason="no-certificate")
        return doors
    submission = SmtpConfig(
        hostname=settings.CARNET_HOSTNAME,
        max_size=settings.CARNET_MAX_MESSAGE_BYTES,
        max_recipients=settings.CARNET_MAX_RECIPIENTS,
        require_tls=True,
        require_auth=True,
        auth_mechanisms=("PLAIN", "LOGIN"),
    )
    door = SmtpServer(
        submission,
        SubmissionDoor(lookups, spool),
        host=settings.CARNET_BIND,
        port=settings.CARNET_SUBMISSION_PORT,
        tls_context=tls,
        limits=limits,
    )
    return [*doors, ("submission", door)]
