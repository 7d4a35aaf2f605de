"""Whether a server that answers is the operator that the trust list names for a domain.

Chain and dates are checked in the handshake, against the operators' authority alone; here follow revocation and the
subject (ANS, Référentiel socle MSSanté #1: the list names the certificate of each domain's operator).
"""

import ssl
from datetime import timedelta

from cryptography import x509
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from carnet.domain.directory.queries import operator_subjects
from carnet.domain.directory.subjects import InvalidSubject, subject_of
from carnet.domain.messaging.outbound.routes import is_loopback
from carnet.domain.messaging.outbound.values import Host, Problem
from carnet.foundation.clock import now
from carnet.foundation.tls import revocation
from carnet.foundation.tls.contexts import operators_client_context
from carnet.foundation.tls.revocation import Standing


class NotConfigured(Exception):
    """This installation has no certificate, or no authority to check others with."""


def may_be_clear(host: Host) -> bool:
    """Whether a server that offers no encryption may be sent to: one on this machine, where the mode is `none`."""
    return not settings.CARNET_OPERATORS_DOOR_MUTUAL and is_loopback(host)


def context_for(host: Host) -> ssl.SSLContext | None:
    """How to secure a connection; None where it cannot be and need not.

    Raises ``NotConfigured``. Made anew for each connection: a renewed certificate serves at once.
    """
    try:
        return operators_client_context()
    except ImproperlyConfigured as problem:
        if may_be_clear(host):
            return None
        raise NotConfigured(str(problem)) from problem


def check_peer(certificate: bytes, domain: str) -> Problem | None:
    """Why a server with this certificate (DER) may not be given the mail of a domain; None when it may."""
    try:
        subject = subject_of(certificate)
        parsed = x509.load_der_x509_certificate(certificate)
    except (ValueError, InvalidSubject):
        return Problem.CERTIFICATE_INVALID
    grace = timedelta(seconds=settings.CARNET_CRL_GRACE_SECONDS)
    standing = revocation.current().standing(parsed, now(), grace)
    if standing is Standing.REVOKED:
        return Problem.CERTIFICATE_REVOKED
    if standing is not Standing.GOOD and settings.CARNET_CRL_REQUIRED:
        return Problem.REVOCATION_UNKNOWN
    return None if subject in operator_subjects(domain) else Problem.CERTIFICATE_NOT_LISTED
