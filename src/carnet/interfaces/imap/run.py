"""The IMAP door as a process of an installation."""

import asyncio
import ssl
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from carnet.foundation import logs
from carnet.interfaces.imap.options import ImapLimits
from carnet.interfaces.imap.server import ImapServer

log = logs.get("imap")


def tls_context(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """The door's TLS, 1.2 or newer. Raises ``ImproperlyConfigured`` when the files cannot be used."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError):
        raise ImproperlyConfigured(
            "CARNET_TLS_CERT_FILE, CARNET_TLS_KEY_FILE: no usable certificate and key (PEM)"
        ) from None
    return context


async def serve(stop_event: asyncio.Event) -> None:
    """Keep the door open until ``stop_event`` is set. Raises ``ImproperlyConfigured`` without a certificate."""
    certificate, key = settings.CARNET_TLS_CERT_FILE, settings.CARNET_TLS_KEY_FILE
    if certificate is None:
        raise ImproperlyConfigured(
            "CARNET_TLS_CERT_FILE: the IMAP door needs a certificate, passwords are never taken in clear"
        )
    server = ImapServer(
        host=settings.CARNET_BIND,
        port=settings.CARNET_IMAP_PORT,
        tls_context=tls_context(certificate, key),
        limits=ImapLimits(message=settings.CARNET_MAX_MESSAGE_BYTES),
    )
    await server.start()
    log.info("imap_door_open", port=server.port)
    try:
        await stop_event.wait()
    finally:
        await server.stop()
        log.info("imap_door_closed", total=server.counters.connections)
