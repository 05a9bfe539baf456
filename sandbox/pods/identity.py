"""The pods' identity in the mesh: a certificate as istiod would issue it, and TLS as their sidecars speak it.

https://istio.io/latest/docs/concepts/security/#istio-identity,
https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/
"""

from __future__ import annotations

import base64
import datetime as dt
import os
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from sandbox.errors import SandboxError
from sandbox.pods import http2
from sandbox.pods.selection import TRUST_DOMAIN

# Istio renews after a day; nothing here renews, and no sandbox is that old.
_DAYS = 30
SCHEME = "spiffe://"


@dataclass(frozen=True)
class Authority:
    """A region's intermediate CA, as the program deployed it; PEM texts."""

    certificate: str
    chain: str
    root: str
    key: str = field(repr=False)

    @classmethod
    def of(cls, secret: Mapping[str, object]) -> Authority:
        """From the data of Secret `cacerts`. SandboxError when a part is missing."""
        parts = ("ca-cert.pem", "cert-chain.pem", "root-cert.pem", "ca-key.pem")
        missing = [part for part in parts if part not in secret]
        if missing:
            raise SandboxError(
                f"Secret cacerts has no {', '.join(missing)}", remedy="bring the region up once more"
            )
        certificate, chain, root, key = (base64.b64decode(str(secret[part])).decode() for part in parts)
        return cls(certificate, chain, root, key)


def identity(namespace: str, account: str) -> str:
    """The SPIFFE identity of a service account, without its scheme: what policies call a principal."""
    return f"{TRUST_DOMAIN}/ns/{namespace}/sa/{account}"


def issue(authority: Authority, principal: str) -> tuple[str, str]:
    """A certificate for that identity alone, with its chain, and its key; PEM texts."""
    issuer = x509.load_pem_x509_certificate(authority.certificate.encode())
    signer = serialization.load_pem_private_key(authority.key.encode(), password=None)
    key = ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.UTC)
    end = min(now + dt.timedelta(days=_DAYS), issuer.not_valid_after_utc)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(f"{SCHEME}{principal}")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=False)
        # Where the subject is empty the name must be critical (RFC 5280, 4.2.1.6).
        .add_extension(names, critical=True)
        .sign(signer, hashes.SHA256())  # pyright: ignore[reportArgumentType]
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return pem + authority.chain, secret


def server_context(authority: Authority, principal: str) -> ssl.SSLContext:
    """STRICT mutual TLS, from version 1.2 on: no client without a certificate of the same root."""
    certificate, key = issue(authority, principal)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=authority.root)
    context.set_alpn_protocols([http2.PROTOCOL, "istio", "http/1.1"])
    # OpenSSL takes a key from a file alone; nobody else can read this one, and it is gone at once.
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "identity.pem"
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(key + certificate)
        context.load_cert_chain(file)
    return context


def principal_of(peer: Mapping[str, object] | None) -> str:
    """The one SPIFFE identity in what ssl.SSLSocket.getpeercert gives; "" without one."""
    found: list[str] = []
    names = (peer or {}).get("subjectAltName", ())
    if isinstance(names, tuple):
        found = [str(value) for kind, value in names if kind == "URI"]
    if len(found) != 1 or not found[0].startswith(SCHEME):
        return ""
    return found[0].removeprefix(SCHEME)
