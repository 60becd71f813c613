"""Who the rehearsal's servers and clients are: one throwaway certificate authority per directory.

P-256 keys, because a site makes a dozen of them at start. Everything in the directory is 0600; what is already there is
used again, so that a restarted site keeps the CA its kubeconfigs and trust files name.

What it does NOT do: revocation, intermediate CAs, renewal of what has expired (throw the directory away instead).
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID = timedelta(days=365)


class Pki:
    """One CA in ``directory`` (made, 0700, when absent) and the certificates it signed."""

    def __init__(self, directory: Path | str) -> None:
        self.directory = Path(directory)
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._key, self._certificate = self._authority()

    @property
    def ca_pem(self) -> str:
        return self.ca_path.read_text()

    @property
    def ca_path(self) -> Path:
        return self.directory / "ca.crt"

    def server_certificate(self, *names_or_ips: str) -> tuple[Path, Path]:
        """Paths of a certificate for exactly these DNS names and IP addresses, and of its key."""
        stem = "server-" + _stem(*names_or_ips)
        certificate, key = self.directory / f"{stem}.crt", self.directory / f"{stem}.key"
        if not (certificate.exists() and key.exists()):
            names = x509.SubjectAlternativeName([_general_name(name) for name in names_or_ips])
            pems = self._signed(_subject(names_or_ips[0][:64]), ExtendedKeyUsageOID.SERVER_AUTH, names)
            _write(key, pems[1])
            _write(certificate, pems[0])
        return certificate, key

    def server_context(self, *names_or_ips: str, clients: bool = False) -> ssl.SSLContext:
        """A TLS server context; with ``clients``, client certificates of this CA are asked for but not required.

        A client certificate of another CA ends the handshake (a real API server lets it through and answers 401).
        """
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*self.server_certificate(*names_or_ips))
        if clients:
            context.load_verify_locations(self.ca_path)
            context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def client_certificate(self, common_name: str, organization: str) -> tuple[str, str]:
        """PEM texts of a client certificate (CN is the user, O the group) and of its key."""
        stem = "client-" + _stem(common_name, organization)
        certificate, key = self.directory / f"{stem}.crt", self.directory / f"{stem}.key"
        if not (certificate.exists() and key.exists()):
            pems = self._signed(_subject(common_name, organization), ExtendedKeyUsageOID.CLIENT_AUTH, None)
            _write(key, pems[1])
            _write(certificate, pems[0])
        return certificate.read_text(), key.read_text()

    def _authority(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        certificate_path, key_path = self.directory / "ca.crt", self.directory / "ca.key"
        if certificate_path.exists() and key_path.exists():
            key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
            if isinstance(key, ec.EllipticCurvePrivateKey):
                return key, x509.load_pem_x509_certificate(certificate_path.read_bytes())
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _authority_certificate(key)
        _write(key_path, _key_pem(key))
        _write(certificate_path, certificate.public_bytes(serialization.Encoding.PEM))
        return key, certificate

    def _signed(
        self, subject: x509.Name, usage: x509.ObjectIdentifier, names: x509.SubjectAlternativeName | None
    ) -> tuple[bytes, bytes]:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(subject, self._certificate.subject, key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
        )
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM), _key_pem(key)


def _authority_certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    subject = _subject("rehearsal-ca")
    builder = _builder(subject, subject, key.public_key())
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    return builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - timedelta(minutes=5)).not_valid_after(now + VALID)


def _subject(common_name: str, organization: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _stem(*parts: str) -> str:
    readable = re.sub(r"[^A-Za-z0-9.-]+", "-", parts[0])[:40]
    return f"{readable}-{hashlib.sha256(repr(parts).encode()).hexdigest()[:10]}"


def _write(path: Path, content: bytes) -> None:
    """Atomic and never readable by others, not even for a moment."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    draft.replace(path)
