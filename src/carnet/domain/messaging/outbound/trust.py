"""Whether a server that answers is the operator that the trust list names for a domain.

Chain and dates are checked in the handshake, against the operators' authority alone; here follow revocation and the
subject (ANS, Référentiel socle MSSanté #1: the list names the certificate of each domain's operator).
"""

import ssl

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from carnet.domain.directory.queries import CertificateRefusal, check_operator
from carnet.domain.messaging.outbound.routes import is_loopback
from carnet.domain.messaging.outbound.values import Host, Problem
from carnet.foundation.tls.contexts import operators_client_context


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


_PROBLEMS = {
    CertificateRefusal.UNREADABLE: Problem.CERTIFICATE_INVALID,
    CertificateRefusal.NOT_VALID_NOW: Problem.CERTIFICATE_INVALID,
    CertificateRefusal.REVOKED: Problem.CERTIFICATE_REVOKED,
    CertificateRefusal.LIST_EXPIRED: Problem.REVOCATION_UNKNOWN,
    CertificateRefusal.NO_LIST: Problem.REVOCATION_UNKNOWN,
    CertificateRefusal.NOT_LISTED: Problem.CERTIFICATE_NOT_LISTED,
    CertificateRefusal.OTHER_DOMAIN: Problem.CERTIFICATE_NOT_LISTED,
}


def check_peer(certificate: bytes, domain: str) -> Problem | None:
    """Why a server with this certificate (DER) may not be given the mail of a domain; None when it may."""
    refusal = check_operator(certificate, domain)
    return None if refusal is None else _PROBLEMS[refusal]
