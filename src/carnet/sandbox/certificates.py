"""The sandbox's own certificate authority, and the certificate of its mail doors. For demonstration only."""

import ipaddress
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from carnet.foundation.clock import now
from carnet.foundation.keys import write_durably

_YEARS = timedelta(days=3650)


def ensure(folder: Path, hostname: str) -> tuple[Path, Path, Path]:
    """The files ``(authority, certificate, key)`` in ``folder``, made at first use."""
    authority, certificate, key = folder / "ca.pem", folder / "server.pem", folder / "server.key"
    if not (authority.exists() and certificate.exists() and key.exists()):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        ca_key = ec.generate_private_key(ec.SECP256R1())
        ca_name = _name("Carnet – autorité de démonstration")
        ca = _certificate(ca_name, ca_name, ca_key.public_key(), ca_key, is_authority=True)
        server_key = ec.generate_private_key(ec.SECP256R1())
        server = _certificate(_name(hostname), ca_name, server_key.public_key(), ca_key, hostname=hostname)
        write_durably(key, _key_bytes(server_key))
        write_durably(certificate, server.public_bytes(serialization.Encoding.PEM))
        write_durably(authority, ca.public_bytes(serialization.Encoding.PEM))
    return authority, certificate, key


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _key_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    signing_key: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool = False,
    hostname: str = "",
) -> x509.Certificate:
    at = now()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + _YEARS)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
    )
    if is_authority:
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        return builder.add_extension(usage, critical=True).sign(signing_key, hashes.SHA256())
    names: list[x509.GeneralName] = [
        x509.DNSName(hostname),
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    return builder.add_extension(purposes, critical=False).sign(signing_key, hashes.SHA256())
