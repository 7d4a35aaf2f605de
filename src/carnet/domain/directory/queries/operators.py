"""Who stands behind a certificate: which operator, and whether its authority still vouches for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from django.conf import settings

from carnet.domain.directory.models import RefusedPeer
from carnet.domain.directory.queries.trust import trust_space
from carnet.domain.directory.subjects import InvalidSubject, subject_of
from carnet.foundation.clock import now
from carnet.foundation.tls import revocation
from carnet.foundation.tls.revocation import Revocations, Standing


class CertificateRefusal(StrEnum):
    """Why a certificate that its authority did sign does not count; `sentence` says it to the peer."""

    UNREADABLE = "unreadable"
    NOT_VALID_NOW = "not-valid-now"
    REVOKED = "revoked"
    LIST_EXPIRED = "list-expired"
    NO_LIST = "no-list"
    NOT_LISTED = "not-listed"
    OTHER_DOMAIN = "other-domain"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]

    @property
    def temporary(self) -> bool:
        """True when what is missing is ours: a revocation list that can be read again."""
        return self in (CertificateRefusal.LIST_EXPIRED, CertificateRefusal.NO_LIST)


_SENTENCES = {
    CertificateRefusal.UNREADABLE: "The certificate cannot be read",
    CertificateRefusal.NOT_VALID_NOW: "The certificate is not valid today",
    CertificateRefusal.REVOKED: "The certificate was revoked by its authority",
    CertificateRefusal.LIST_EXPIRED: "The certificate cannot be checked now: the revocation list has expired",
    CertificateRefusal.NO_LIST: "The certificate cannot be checked now: there is no revocation list of its authority",
    CertificateRefusal.NOT_LISTED: "The subject of the certificate is not in the trust list of secure health mail",
    CertificateRefusal.OTHER_DOMAIN: "The trust list does not give this domain to the subject of the certificate",
}
_STANDINGS = {
    Standing.REVOKED: CertificateRefusal.REVOKED,
    Standing.LIST_EXPIRED: CertificateRefusal.LIST_EXPIRED,
    Standing.NO_LIST: CertificateRefusal.NO_LIST,
}


@dataclass(frozen=True, slots=True)
class Operator:
    """A peer by its certificate: the canonical subject, and why it does not count, if it does not."""

    subject: str
    refusal: CertificateRefusal | None = None


def operator_of(certificate: bytes, *, revocations: Revocations | None = None, at: datetime | None = None) -> Operator:
    """Read a peer's certificate (DER), of which the handshake checked the chain: is it in force, is it taken back?

    Once per connection: the answer holds for as long as the connection does. Whether its subject speaks for a domain
    is asked of `TrustSpace.domains_of`. Revocation lists are read from their files unless given.
    """
    at = at or now()
    try:
        subject = subject_of(certificate)
        parsed = x509.load_der_x509_certificate(certificate)
    except (InvalidSubject, ValueError):
        return Operator("", CertificateRefusal.UNREADABLE)
    if not parsed.not_valid_before_utc <= at <= parsed.not_valid_after_utc:
        return Operator(subject, CertificateRefusal.NOT_VALID_NOW)
    lists = revocation.current() if revocations is None else revocations
    refusal = _STANDINGS.get(lists.standing(parsed, at, timedelta(seconds=settings.CARNET_CRL_GRACE_SECONDS)))
    if refusal is CertificateRefusal.NO_LIST and not settings.CARNET_CRL_REQUIRED:
        refusal = None
    return Operator(subject, refusal)


@dataclass(frozen=True)
class RefusedRow:
    """A peer that was turned away at the operators' door, by reason and by what its certificate says it is."""

    reason: str
    fingerprint: str
    subject: str
    count: int
    first_at: datetime
    last_at: datetime


def refused_peers(limit: int = 50) -> list[RefusedRow]:
    """Who was turned away, the last one first; ``subject`` of a refused handshake is what the peer claims."""
    rows = RefusedPeer.objects.order_by("-last_at", "-id")
    return [RefusedRow(*row) for row in rows.values_list(*RefusedRow.__dataclass_fields__)[: min(limit, 1000)]]


def check_operator(certificate: bytes, domain: str) -> CertificateRefusal | None:
    """Why the peer with this certificate (DER) is not the operator of `domain`, None when it is.

    For a connection to another operator, after the handshake (ANS, Référentiel socle MSSanté #1: both sides check the
    certificate's subject against the trust list).
    """
    peer = operator_of(certificate)
    if peer.refusal is not None:
        return peer.refusal
    space = trust_space()
    if peer.subject in space.subjects_of(domain):
        return None
    return CertificateRefusal.OTHER_DOMAIN if space.domains_of(peer.subject) else CertificateRefusal.NOT_LISTED
