"""The process of the two SMTP doors: ``carnet serve smtp``."""

import asyncio
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from carnet.foundation import database, logs
from carnet.foundation.garbage import collect_less
from carnet.foundation.loopback import is_loopback
from carnet.foundation.owner_keys import master_keys
from carnet.foundation.spool import SpoolWriter
from carnet.foundation.tls.contexts import operators_server_context, server_context
from carnet.interfaces.smtp.lookups import Lookups
from carnet.interfaces.smtp.operators_door import OperatorsDoor
from carnet.interfaces.smtp.options import Memory, SmtpConfig, SmtpLimits
from carnet.interfaces.smtp.server import SmtpServer
from carnet.interfaces.smtp.submission_door import SubmissionDoor
from carnet.interfaces.tls import mailbox_server_context

# The loop, the lookups and the spool's writer share one interpreter: who comes back from the disk or the database takes
# over within this many seconds, not after Python's usual 5 ms, of which a message would wait several in a row.
_THREAD_SECONDS = 0.0005

log = logs.get("smtp")


async def serve(stop: asyncio.Event) -> None:
    """Run both doors until ``stop`` is set, then let messages in progress finish."""
    check_settings()
    sys.setswitchinterval(_THREAD_SECONDS)
    lookups = Lookups()
    await lookups.start()
    spool = SpoolWriter(settings.CARNET_SPOOL_DIR, database.conninfo(), master_keys)
    doors = _doors(lookups, spool)
    for name, server in doors:
        await server.start()
        log.info("listening", door=name, port=server.port)
    collect_less()
    await stop.wait()
    await asyncio.gather(*(server.stop() for _, server in doors))
    spool.close()
    await lookups.stop()


def check_settings() -> None:
    """Raises ``ImproperlyConfigured``, with what to do, when the operators' door cannot open as the settings ask."""
    if not settings.CARNET_OPERATORS_DOOR_MUTUAL and not is_loopback(settings.CARNET_BIND):
        raise ImproperlyConfigured(
            f"CARNET_OPERATORS_DOOR_TLS=none is for loopback only, and CARNET_BIND is {settings.CARNET_BIND}"
        )
    if settings.CARNET_OPERATORS_DOOR_MUTUAL or settings.CARNET_SMTP_MUTUAL_PORT:
        operators_server_context()


def _doors(lookups: Lookups, spool: SpoolWriter) -> list[tuple[str, SmtpServer]]:
    """The operators' doors, and the submission doors where there is a certificate for them."""
    limits = SmtpLimits(
        connections=settings.CARNET_SMTP_MAX_CONNECTIONS,
        connections_per_ip=settings.CARNET_SMTP_MAX_CONNECTIONS_PER_PEER,
        command_seconds=settings.CARNET_SMTP_IDLE_SECONDS,
        data_seconds=2 * settings.CARNET_SMTP_IDLE_SECONDS,
        in_flight=settings.CARNET_SMTP_IN_FLIGHT_BYTES,
        least_rate=settings.CARNET_SMTP_MIN_BYTES_PER_SECOND,
    )
    memory = Memory()
    return [*operators_doors(lookups, spool, limits, memory), *_submission_doors(lookups, spool, limits, memory)]


def operators_doors(
    lookups: Lookups, spool: SpoolWriter, limits: SmtpLimits, memory: Memory
) -> list[tuple[str, SmtpServer]]:
    """The operators' door as the settings ask for it, and the second one, always mutual, where they ask for one."""

    def door(host: str, port: int, *, mutual: bool) -> SmtpServer:
        handler = OperatorsDoor(lookups, spool, mutual=mutual)
        tls = server_context()
        if mutual:
            tls = operators_server_context()
            tls.refused = handler.refused_handshake
        config = SmtpConfig(
            hostname=settings.CARNET_HOSTNAME,
            max_size=settings.CARNET_MAX_MESSAGE_BYTES,
            max_recipients=settings.CARNET_MAX_RECIPIENTS,
            max_refused_recipients=settings.CARNET_SMTP_REFUSED_RECIPIENTS,
            require_tls=mutual,
        )
        return SmtpServer(config, handler, host=host, port=port, tls_context=tls, limits=limits, memory=memory)

    mutual = settings.CARNET_OPERATORS_DOOR_MUTUAL
    # Whoever reaches a plain door speaks for every domain of the list: only this machine reaches it.
    host = settings.CARNET_BIND if mutual or is_loopback(settings.CARNET_BIND) else "127.0.0.1"
    doors = [("operators", door(host, settings.CARNET_SMTP_PORT, mutual=mutual))]
    if settings.CARNET_SMTP_MUTUAL_PORT:
        second = door(settings.CARNET_BIND, settings.CARNET_SMTP_MUTUAL_PORT, mutual=True)
        doors.append(("operators-mutual", second))
    return doors


def _submission_doors(
    lookups: Lookups, spool: SpoolWriter, limits: SmtpLimits, memory: Memory
) -> list[tuple[str, SmtpServer]]:
    """The submission door: with STARTTLS, and with TLS at once (RFC 8314 §3.3)."""
    tls = mailbox_server_context()
    if tls is None:
        log.warning("submission_door_closed", reason="no-certificate")
        return []
    door = SubmissionDoor(lookups, spool)
    if not door.sign_in.mechanisms:
        log.warning("submission_door_closed", reason="no-way-to-sign-in")
        return []
    config = SmtpConfig(
        hostname=settings.CARNET_HOSTNAME,
        max_size=settings.CARNET_MAX_MESSAGE_BYTES,
        max_recipients=settings.CARNET_MAX_RECIPIENTS,
        max_refused_recipients=settings.CARNET_SMTP_REFUSED_RECIPIENTS,
        require_tls=True,
        require_auth=True,
        auth_mechanisms=door.sign_in.mechanisms,
        discovery_url=door.sign_in.discovery_url,
    )

    def server(port: int, *, implicit_tls: bool) -> SmtpServer:
        return SmtpServer(
            config,
            door,
            host=settings.CARNET_BIND,
            port=port,
            tls_context=tls,
            limits=limits,
            memory=memory,
            implicit_tls=implicit_tls,
        )

    doors = [("submission", server(settings.CARNET_SUBMISSION_PORT, implicit_tls=False))]
    if settings.CARNET_SUBMISSIONS_PORT:
        doors.append(("submissions", server(settings.CARNET_SUBMISSIONS_PORT, implicit_tls=True)))
    return doors
