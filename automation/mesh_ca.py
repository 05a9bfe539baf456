"""The mesh's certificate authorities: one root for all regions, and an intermediate of it for each.

The root's key stays in a file that the user names and signs intermediates only; no stack holds it. Keys are
ECDSA P-256, which istiod reads as it does RSA, with signatures small enough for every handshake between
proxies. Sources: https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/ and, for the
extensions, https://github.com/istio/istio/blob/master/tools/certs/common.mk
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from automation.errors import AutomationError

ROOT_YEARS = 10
INTERMEDIATE_DAYS = 730
ISTIOD_NAME = "istiod.istio-system.svc"
# Clocks of regions differ by a little; a certificate of the future is refused.
_BACKDATE = timedelta(minutes=5)


class MeshCaError(AutomationError):
    """An authority cannot be made or read; the message says where, why and what to do."""


@dataclass(frozen=True)
class Root:
    """The shared root: a certificate and its key, PEM texts. Only its file holds the key."""

    certificate: str
    key: str = field(repr=False)


@dataclass(frozen=True)
class Intermediate:
    """One region's authority, as istiod reads it; PEM texts.

    ``root_cert`` holds every root that the region trusts, ``cert_chain`` the way from ``ca_cert`` to its
    root.
    """

    root_cert: str
    ca_cert: str
    cert_chain: str
    ca_key: str = field(repr=False)

    def public(self) -> dict[str, str]:
        """The stack's plain value ``standfast:meshCa``; the key is its secret ``standfast:meshCaKey``."""
        return {"rootCert": self.root_cert, "caCert": self.ca_cert, "certChain": self.cert_chain}

    def files(self) -> dict[str, str]:
        """The files of Istio's plug-in CA guide by name, the key among them."""
        return {
            "ca-cert.pem": self.ca_cert,
            "ca-key.pem": self.ca_key,
            "cert-chain.pem": self.cert_chain,
            "root-cert.pem": self.root_cert,
        }


def make_root(platform: str, now: datetime | None = None) -> Root:
    """A new root, good for ten years. ``now`` is an aware time, the clock's by default."""
    start = now or datetime.now(UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(platform, f"{platform} mesh root {start:%Y-%m-%d}")
    builder = _builder(name, name, key.public_key(), start, timedelta(days=365 * ROOT_YEARS))
    # One intermediate may stand below it, and below that no further authority.
    certificate = builder.add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True).sign(
        key, hashes.SHA256()
    )
    return Root(_pem(certificate), _key_pem(key))


def issue(
    root: Root, platform: str, region: str, *, also_trusted: Sequence[str] = (), now: datetime | None = None
) -> Intermediate:
    """A new intermediate of ``root`` for one region, good for two years and never longer than its root.

    To rotate an intermediate, issue another: regions that trust the root accept both at once, so they may
    be changed one after the other. ``also_trusted`` are certificates of further roots, PEM, while one root
    replaces another (see ``rotation``). Raises MeshCaError when the root has expired.
    """
    start = now or datetime.now(UTC)
    authority = x509.load_pem_x509_certificate(root.certificate.encode())
    signing = _signing_key(root, "the root")
    if authority.not_valid_after_utc <= start:
        raise MeshCaError(
            f"the root expired on {authority.not_valid_after_utc:%Y-%m-%d}: rotate to a new one"
        )
    lasting = min(timedelta(days=INTERMEDIATE_DAYS), authority.not_valid_after_utc - start)
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(
        _name(platform, f"{platform} mesh intermediate", region),
        authority.subject,
        key.public_key(),
        start,
        lasting,
    )
    identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    certificate = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(ISTIOD_NAME)]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
        .sign(signing, hashes.SHA256())
    )
    trusted = dict.fromkeys([_trimmed(root.certificate), *map(_trimmed, also_trusted)])
    own = _pem(certificate)
    return Intermediate(
        root_cert="".join(trusted),
        ca_cert=own,
        cert_chain=own + _trimmed(root.certificate),
        ca_key=_key_pem(key),
    )


def rotation(old: Root, new: Root, platform: str, region: str) -> tuple[Intermediate, ...]:
    """The three steps by which a region goes from one root to another without a refused handshake.

    All regions take the first step before any takes the second, and the second before any takes the third;
    after each, workloads need time to fetch certificates anew (a day by default, or a restart):

    1. still signed by the old root, and both are trusted;
    2. signed by the new root, and both are trusted;
    3. signed by the new root, which alone is trusted.

    Source: https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/
    """
    return (
        issue(old, platform, region, also_trusted=[new.certificate]),
        issue(new, platform, region, also_trusted=[old.certificate]),
        issue(new, platform, region),
    )


def save_root(root: Root, path: Path) -> None:
    """Write certificate and key into a file that only its owner may read; a file that is there is kept.

    Raises MeshCaError when the file exists or cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise MeshCaError(f"{path} exists: name another file, or keep this root and issue from it") from None
    except OSError as error:
        raise MeshCaError(f"{path} cannot be written: {error.strerror}; name another file") from error
    with os.fdopen(descriptor, "w") as file:
        # The file is not only made with this mode: a wider umask of a later copy would show here.
        os.fchmod(file.fileno(), 0o600)
        file.write(root.certificate + root.key)


def load_root(path: Path) -> Root:
    """The root that ``save_root`` wrote.

    Raises MeshCaError when the file is missing, may be read by others, or holds no root with its key.
    """
    try:
        mode = path.stat().st_mode & 0o777
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise MeshCaError(
            f"{path} cannot be read: {error}; name the file that the root was written to"
        ) from error
    if mode & 0o077:
        raise MeshCaError(f"{path} may be read by others (mode {mode:o}): run chmod 600 {path}")
    marker = "-----BEGIN PRIVATE KEY-----"
    certificate, found, key = text.partition(marker)
    root = Root(certificate, found + key)
    try:
        parsed = x509.load_pem_x509_certificate(certificate.encode())
        parsed.verify_directly_issued_by(parsed)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise MeshCaError(f"{path} holds no root certificate: make one with `standfast mesh-ca`") from error
    if _signing_key(root, str(path)).public_key() != parsed.public_key():
        raise MeshCaError(f"{path}: the key is not the certificate's; restore the file from its backup")
    return root


def _name(platform: str, common_name: str, region: str | None = None) -> x509.Name:
    attributes = [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, platform),
        x509.NameAttribute(NameOID.COMMON_NAME, common_name),
    ]
    if region:
        attributes.append(x509.NameAttribute(NameOID.LOCALITY_NAME, region))
    return x509.Name(attributes)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    start: datetime,
    lasting: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - _BACKDATE)
        .not_valid_after(start + lasting)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=True,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    )


def _signing_key(root: Root, where: str) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(root.key.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise MeshCaError(
            f"{where} holds no readable private key: restore the file from its backup"
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise MeshCaError(f"{where} holds a key that is not ECDSA: make a root with `standfast mesh-ca`")
    return key


def _trimmed(pem: str) -> str:
    return f"{pem.strip()}\n"


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
