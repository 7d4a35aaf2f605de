"""The TLS of the mail doors."""

import ssl

from django.conf import settings


def server_context() -> ssl.SSLContext | None:
    """A server's context with the installation's certificate, TLS 1.2 or newer; ``None`` when none is configured."""
    if not settings.CARNET_TLS_CERT_FILE or not settings.CARNET_TLS_KEY_FILE:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.CARNET_TLS_CERT_FILE, settings.CARNET_TLS_KEY_FILE)
    return context
