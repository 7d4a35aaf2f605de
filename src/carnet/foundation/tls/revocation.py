"""Revocation lists of the operators' authority: which certificates it took back (RFC 5280 §5).

Lists are files: those of the settings, and those that the worker fetched into the data folder. Each is read again when
it changes, at most every ten seconds. A list counts only when an authority of the operators' file signed it.
"""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtensionOID
from django.conf import settings

from carnet.foundation import logs

LARGEST_LIST_BYTES = 64 * 1024 * 1024
_LOOK_AGAIN_SECONDS = 10.0
WARN_BEFORE = timedelta(hours=48)

log = logs.get("revocation")


class Standing(StrEnum):
    """Where a certificate stands with its authority's lists."""

    GOOD = "good"
    REVOKED = "revoked"
    LIST_EXPIRED = "list-expired"
    NO_LIST = "no-list"


@dataclass(frozen=True)
class RevocationList:
    """One list: its issuer (name in DER, and in words), its dates, the serial numbers that it takes back."""

    issuer: bytes
    name: str
    this_update: datetime
    next_update: datetime
    serials: frozenset[int]


@dataclass(frozen=True)
class Revocations:
    """The newest list of each authority, by the authority's name in DER; ``revoked`` are authorities taken back."""

    lists: Mapping[bytes, RevocationList]
    revoked: frozenset[bytes] = frozenset()

    def standing(self, certificate: x509.Certificate, at: datetime, grace: timedelta = timedelta(0)) -> Standing:
        """Where ``certificate`` stands at a moment; a list serves until its next update, and ``grace`` longer.

        A number on a list stays taken back even when the list is too old to clear others.
        """
        issuer = certificate.issuer.public_bytes()
        found = self.lists.get(issuer)
        if issuer in self.revoked or (found is not None and certificate.serial_number in found.serials):
            return Standing.REVOKED
        if found is None:
            return Standing.NO_LIST
        return Standing.LIST_EXPIRED if at > found.next_update + grace else Standing.GOOD

    def ends(self) -> datetime | None:
        """When the first of the lists comes to its next update; None without a list."""
        return min((one.next_update for one in self.lists.values()), default=None)


class BadRevocationList(Exception):
    """A file is not a revocation list of a known authority; the message says why."""


def read_list(content: bytes, authorities: Sequence[x509.Certificate]) -> RevocationList:
    """Read a list in PEM or DER and check that one of ``authorities`` signed it. Raises ``BadRevocationList``."""
    if len(content) > LARGEST_LIST_BYTES:
        raise BadRevocationList(f"a list has at most {LARGEST_LIST_BYTES} octets")
    try:
        if content.lstrip().startswith(b"-----BEGIN"):
            found = x509.load_pem_x509_crl(content)
        else:
            found = x509.load_der_x509_crl(content)
        next_update = found.next_update_utc
        this_update = found.last_update_utc
        serials = frozenset(one.serial_number for one in found)
        partial = any(
            one.oid in (ExtensionOID.DELTA_CRL_INDICATOR, ExtensionOID.ISSUING_DISTRIBUTION_POINT) and one.critical
            for one in found.extensions
        )
    except (ValueError, x509.UnsupportedGeneralNameType) as problem:
        raise BadRevocationList("this is not a revocation list (PEM or DER)") from problem
    if next_update is None:
        raise BadRevocationList("the list does not say when its next update is")
    if partial:
        raise BadRevocationList("the list is a part of another (delta or distribution point): give the whole one")
    if not any(_signed_by(found, authority) for authority in authorities if authority.subject == found.issuer):
        raise BadRevocationList("no authority of CARNET_OPERATORS_CA_FILE signed this list")
    return RevocationList(found.issuer.public_bytes(), found.issuer.rfc4514_string(), this_update, next_update, serials)


def _signed_by(found: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    key = authority.public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        return False
    try:
        return found.is_signature_valid(key)
    except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
        return False


def gather(lists: Iterable[RevocationList], authorities: Sequence[x509.Certificate]) -> Revocations:
    """The newest list of each authority, and which of the authorities are themselves taken back by another."""
    newest: dict[bytes, RevocationList] = {}
    for one in lists:
        known = newest.get(one.issuer)
        if known is None or one.this_update > known.this_update:
            newest[one.issuer] = one
    revoked: set[bytes] = set()
    for _ in authorities:  # as often as a chain may be long: what is below one taken back is taken back
        for authority in authorities:
            issuer = authority.issuer.public_bytes()
            above = newest.get(issuer)
            if issuer in revoked or (above is not None and authority.serial_number in above.serials):
                revoked.add(authority.subject.public_bytes())
    return Revocations(newest, frozenset(revoked))


def authorities() -> list[x509.Certificate]:
    """The certificates of the operators' authority; empty when the setting names no usable file."""
    path: Path | None = settings.CARNET_OPERATORS_CA_FILE
    try:
        return x509.load_pem_x509_certificates(path.read_bytes()) if path else []
    except (OSError, ValueError):
        return []


def fetched_folder() -> Path:
    """Where the worker keeps the lists that it fetched."""
    folder: Path = settings.CARNET_DATA_DIR / "crl"
    return folder


def list_files() -> list[Path]:
    """Every file that may hold a list: those of the settings, then those fetched."""
    fetched = sorted(fetched_folder().glob("*.crl")) if settings.CARNET_CRL_URLS else []
    return [*settings.CARNET_CRL_FILES, *fetched]


_lock = threading.Lock()
_kept: tuple[float, object, Revocations] | None = None


def current() -> Revocations:
    """The lists as the files have them, at most ten seconds old; a file that cannot be used is logged, and left out."""
    global _kept
    with _lock:
        if _kept is not None and time.monotonic() - _kept[0] < _LOOK_AGAIN_SECONDS:
            return _kept[2]
        files = list_files()
        stamp = [(str(path), _stamp(path)) for path in (*files, settings.CARNET_OPERATORS_CA_FILE) if path]
        if _kept is not None and _kept[1] == stamp:
            found = _kept[2]
        else:
            known = authorities()
            found = gather(_readable(files, known), known)
        _kept = (time.monotonic(), stamp, found)
        return found


def standing_lists() -> list[RevocationList]:
    """The lists in force, the one that ends first at the head."""
    return sorted(current().lists.values(), key=lambda one: one.next_update)


def forget() -> None:
    """Read the files at the next question (tests)."""
    global _kept
    with _lock:
        _kept = None


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _readable(files: Sequence[Path], known: Sequence[x509.Certificate]) -> list[RevocationList]:
    found = []
    for number, path in enumerate(files):
        try:
            found.append(read_list(path.read_bytes(), known))
        except OSError:
            log.error("revocation_list_unreadable", position=number, reason="no-file")
        except BadRevocationList as problem:
            log.error("revocation_list_unreadable", position=number, reason=str(problem))
    return found
