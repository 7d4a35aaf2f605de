"""The IMAP door as a process of an installation."""

import asyncio
import resource
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from carnet.foundation import logs
from carnet.interfaces.imap.options import ImapLimits
from carnet.interfaces.imap.server import ImapServer
from carnet.interfaces.tls import mailbox_server_context

# The loop and the threads that read share one interpreter: who comes back from the database takes over within this
# many seconds, not after Python's usual 5 ms.
_THREAD_SECONDS = 0.0005
_LOOPBACK = ("127.0.0.1", "::1", "localhost")

log = logs.get("imap")


def _allow_files(connections: int) -> None:
    """Have as many files open as there may be connections, and some: 1,024 is what a shell allows."""
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + 512
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, most), most))


async def serve(stop_event: asyncio.Event) -> None:
    """Keep the door open until ``stop_event`` is set. Raises ``ImproperlyConfigured`` without a certificate."""
    tls = mailbox_server_context()
    if tls is None:
        raise ImproperlyConfigured(
            "CARNET_TLS_CERT_FILE, CARNET_TLS_KEY_FILE: the IMAP door needs a certificate, nobody signs in without TLS"
        )
    if not settings.CARNET_IMAP_NEEDS_TLS and settings.CARNET_BIND not in _LOOPBACK:
        raise ImproperlyConfigured("CARNET_IMAP_TLS=none: passwords in clear are for loopback only (CARNET_BIND)")
    sys.setswitchinterval(_THREAD_SECONDS)
    _allow_files(settings.CARNET_IMAP_MAX_CONNECTIONS)
    server = ImapServer(
        host=settings.CARNET_BIND,
        port=settings.CARNET_IMAP_PORT,
        tls_context=tls,
        implicit_port=settings.CARNET_IMAPS_PORT or None,
        limits=ImapLimits(
            connections=settings.CARNET_IMAP_MAX_CONNECTIONS,
            connections_per_peer=settings.CARNET_IMAP_MAX_CONNECTIONS_PER_PEER,
            message=settings.CARNET_MAX_MESSAGE_BYTES,
        ),
        reuse_port=settings.CARNET_IMAP_WORKERS > 1,
        clear_passwords=not settings.CARNET_IMAP_NEEDS_TLS,
    )
    await server.start()
    log.info("imap_door_open", port=server.port)
    try:
        await stop_event.wait()
    finally:
        await server.stop()
        log.info("imap_door_closed", total=server.counters.connections)
