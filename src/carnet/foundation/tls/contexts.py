"""TLS contexts of the mail doors and of the connections to other operators, made from the settings.

TLS 1.2 or newer, key exchanges with forward secrecy and authenticated ciphers only (ANS, Référentiel socle MSSanté,
CONF.01 and CONF.03; the ANSSI's recommendations on TLS). The authority of the trust space is in no system's store: it
is the file that a setting names, and nothing else is trusted.
"""

import ssl
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from carnet.foundation.tls.handshake import TellingContext

# TLS 1.2; the suites of TLS 1.3 are all of this kind.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


def server_context() -> ssl.SSLContext | None:
    """A door's context with the installation's certificate; ``None`` when none is configured."""
    if not settings.CARNET_TLS_CERT_FILE or not settings.CARNET_TLS_KEY_FILE:
        return None
    context = TellingContext(ssl.PROTOCOL_TLS_SERVER)
    _harden(context)
    _load_own(context)
    return context


def mailbox_server_context() -> ssl.SSLContext | None:
    """The context of the doors where mailboxes' software signs in; ``None`` when no certificate is configured.

    Where the operators' authority is known, a client may show a certificate of it, as the software of an applicative
    mailbox does; one of another authority, or one not valid today, ends the handshake with an alert. Raises
    ``ImproperlyConfigured`` when a file cannot be used.
    """
    if not settings.CARNET_OPERATORS_CA_FILE or not settings.CARNET_TLS_CERT_FILE or not settings.CARNET_TLS_KEY_FILE:
        return server_context()
    return operators_server_context()


def operators_server_context() -> TellingContext:
    """The context of the operators' door: asks each client for a certificate of the operators' authority.

    A certificate of another authority, or one not valid today, ends the handshake with an alert. None at all is let
    through, to be told in SMTP. Raises ``ImproperlyConfigured`` when a file is missing.
    """
    context = TellingContext(ssl.PROTOCOL_TLS_SERVER)
    _harden(context)
    _load_own(context)
    _load_authority(context)
    context.verify_mode = ssl.CERT_OPTIONAL
    # No resumption: each connection shows its certificate, so that each is checked as it is today.
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    return context


def operators_client_context() -> ssl.SSLContext:
    """The context of a connection to another operator: shows this installation's certificate, and checks the chain of
    theirs against the operators' authority alone.

    Whom the certificate names is for the caller to compare with the trust list, which lists subjects, not host names.
    Raises ``ImproperlyConfigured`` when a file is missing.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    _harden(context)
    _load_own(context)
    _load_authority(context)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _harden(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION


def _load_own(context: ssl.SSLContext) -> None:
    certificate: Path | None = settings.CARNET_TLS_CERT_FILE
    key: Path | None = settings.CARNET_TLS_KEY_FILE
    if not certificate or not key:
        raise ImproperlyConfigured("CARNET_TLS_CERT_FILE and CARNET_TLS_KEY_FILE are needed to speak with operators")
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as problem:
        raise ImproperlyConfigured(f"{certificate} and {key} are not a certificate and its key (PEM)") from problem


def _load_authority(context: ssl.SSLContext) -> None:
    authority: Path | None = settings.CARNET_OPERATORS_CA_FILE
    if not authority:
        raise ImproperlyConfigured("CARNET_OPERATORS_CA_FILE is not set: the authority of the operators' certificates")
    try:
        context.load_verify_locations(cafile=authority)
    except (OSError, ssl.SSLError) as problem:
        raise ImproperlyConfigured(f"{authority} is not a file of certificates (PEM)") from problem
