"""The sandbox's certificate authority, and what it issues: for demonstration and tests only.

It stands for IGC-Santé, the authority of the trust space: certificates name an organisation in the French way (CN,
OU = "0002" and its SIREN, O, ST = department, C), revocation is told by a signed list. Two operators have a
certificate: this installation, and the one that the demo gives to whoever wants to be another operator.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Required, TypedDict

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from carnet.foundation.clock import now
from carnet.foundation.keys import write_durably

SOFTWARE_HOST = "dpi.saint-aubin.mssante.test"
OTHER_OPERATOR_HOST = "mss.clinique-horizon.test"


class _Organization(TypedDict, total=False):
    siren: Required[str]
    organization: Required[str]
    department: str


_OWN: _Organization = {"siren": "999000015", "organization": "Carnet"}
_OTHER: _Organization = {
    "siren": "999000023",
    "organization": "Opérateur Horizon",
    "department": "Ille-et-Vilaine (35)",
}
_YEARS = timedelta(days=3650)
_A_DAY = timedelta(days=1)
_LIST_LIFE = timedelta(days=30)


@dataclass(frozen=True)
class Issued:
    """A certificate and its key, as files (PEM), and the subject as a trust list writes it."""

    certificate: Path
    key: Path
    subject: str

    @property
    def serial(self) -> int:
        return x509.load_pem_x509_certificate(self.certificate.read_bytes()).serial_number


class Authority:
    """A certification authority in a folder: ``ca.pem``, ``ca.key``, and its revocation list ``ca.crl.pem``."""

    def __init__(self, folder: Path, common_name: str = "Carnet – autorité de démonstration") -> None:
        self.folder = folder
        self.certificate = folder / "ca.pem"
        self.revocation_list = folder / "ca.crl.pem"
        key_file = folder / "ca.key"
        if not (self.certificate.exists() and key_file.exists()):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            key = ec.generate_private_key(ec.SECP256R1())
            name = subject_name(common_name, siren="999000007", organization="Carnet – bac à sable")
            write_durably(key_file, _key_bytes(key))
            write_durably(self.certificate, _pem(_builder(name, name, key, key.public_key()).sign(key, _HASH)))
        loaded = serialization.load_pem_private_key(key_file.read_bytes(), None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        self._key = loaded
        self._name = x509.load_pem_x509_certificate(self.certificate.read_bytes()).subject

    def issue(
        self,
        file_name: str,
        host: str,
        *,
        siren: str,
        organization: str,
        department: str = "Paris (75)",
        not_before: datetime | None = None,
        not_after: datetime | None = None,
    ) -> Issued:
        """A certificate for a server that is also a client, as operators have; made anew at each call.

        Valid from yesterday for ten years when no dates are given.
        """
        name = subject_name(host, siren=siren, organization=organization, department=department)
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _builder(name, self._name, self._key, key.public_key(), not_before=not_before, not_after=not_after)
            .add_extension(
                x509.SubjectAlternativeName(
                    [
                        x509.DNSName(host),
                        x509.DNSName("localhost"),
                        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
                    ]
                ),
                critical=False,
            )
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
            .sign(self._key, _HASH)
        )
        issued = Issued(self.folder / f"{file_name}.pem", self.folder / f"{file_name}.key", written_subject(name))
        write_durably(issued.key, _key_bytes(key))
        write_durably(issued.certificate, _pem(certificate))
        return issued

    def itself(self) -> Issued:
        """The authority's own certificate and key, as an operator that signed for itself would show them."""
        return Issued(self.certificate, self.folder / "ca.key", written_subject(self._name))

    def revoke(self, *serials: int, this_update: datetime | None = None, next_update: datetime | None = None) -> Path:
        """Sign a new revocation list of exactly these serial numbers, by default for thirty days."""
        at = this_update or now() - timedelta(hours=1)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._name)
            .last_update(at)
            .next_update(next_update or at + _LIST_LIFE)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .add_extension(x509.CRLNumber(int(now().timestamp() * 1000)), critical=False)
        )
        for serial in serials:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at).build()
            builder = builder.add_revoked_certificate(entry)
        write_durably(self.revocation_list, builder.sign(self._key, _HASH).public_bytes(serialization.Encoding.PEM))
        return self.revocation_list


@dataclass(frozen=True)
class SandboxCertificates:
    """What a demo's doors need, and what it hands to who wants to be the other operator."""

    authority: Path
    revocation_list: Path
    own: Issued
    other: Issued


def ensure(folder: Path, hostname: str) -> SandboxCertificates:
    """The sandbox's certificates in ``folder``: what is missing is made, the revocation list at each call.

    A folder of an earlier version, whose authority's key was not kept, is made anew as a whole.
    """
    if not (folder / "ca.key").exists():
        for name in ("ca.pem", "server.pem", "other-operator.pem"):
            (folder / name).unlink(missing_ok=True)
    authority = Authority(folder)
    own = _kept(folder, "server", hostname) or authority.issue("server", hostname, **_OWN)
    other = _kept(folder, "other-operator", OTHER_OPERATOR_HOST) or authority.issue(
        "other-operator", OTHER_OPERATOR_HOST, **_OTHER
    )
    return SandboxCertificates(authority.certificate, authority.revoke(), own, other)


def ensure_software(folder: Path) -> Issued:
    """The certificate of the hospital's software, which opens its applicative mailbox (SASL EXTERNAL)."""
    return _kept(folder, "software", SOFTWARE_HOST) or Authority(folder).issue(
        "software",
        SOFTWARE_HOST,
        siren="999000031",
        organization="Centre hospitalier Saint-Aubin",
        department="Marne (51)",
    )


def own_subject(hostname: str) -> str:
    """The subject of this installation's certificate, as a trust list writes it."""
    return written_subject(subject_name(hostname, **_OWN))


def other_subject() -> str:
    """The subject of the second operator's certificate, as a trust list writes it."""
    return written_subject(subject_name(OTHER_OPERATOR_HOST, **_OTHER))


def _kept(folder: Path, file_name: str, host: str) -> Issued | None:
    """A certificate issued at an earlier start, if it is still the one of this host."""
    certificate, key = folder / f"{file_name}.pem", folder / f"{file_name}.key"
    if not (certificate.exists() and key.exists()):
        return None
    subject = x509.load_pem_x509_certificate(certificate.read_bytes()).subject
    if [one.value for one in subject.get_attributes_for_oid(NameOID.COMMON_NAME)] != [host]:
        return None
    return Issued(certificate, key, written_subject(subject))


def subject_name(host: str, *, siren: str, organization: str, department: str = "Paris (75)") -> x509.Name:
    """The subject of an organisation's certificate as IGC-Santé writes it, most general attribute first."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, department),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"0002 {siren}"),
            x509.NameAttribute(NameOID.COMMON_NAME, host),
        ]
    )


def written_subject(name: x509.Name) -> str:
    """The subject as the trust list writes it: CN first (RFC 4514)."""
    return name.rfc4514_string()


_HASH = hashes.SHA256()


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    public_key: ec.EllipticCurvePublicKey,
    *,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
) -> x509.CertificateBuilder:
    """What every certificate has; one whose subject is its issuer is an authority."""
    at = now()
    is_authority = subject == issuer
    # Signature of certificates and lists for an authority, of handshakes for the others (RFC 5280 §4.2.1.3).
    usage = x509.KeyUsage(not is_authority, False, False, False, False, is_authority, is_authority, False, False)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before or at - _A_DAY)
        .not_valid_after(not_after or at + _YEARS)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
