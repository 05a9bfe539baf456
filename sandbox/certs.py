"""Certificates and keys of one region's control plane, made anew for each sandbox."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.paths import write_atomic

_LIFETIME = dt.timedelta(days=365)


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class ClusterCerts:
    """What a control plane needs. `service_account` is a bare key: it signs service account tokens."""

    ca: Pair
    api_server: Pair
    etcd_server: Pair
    etcd_client: Pair
    service_account: Path


def ensure_certs(folder: Path, *, address: str, service_ip: str) -> ClusterCerts:
    """Make what is missing under `folder`. The set is kept only when whole: the CA's key is not written."""
    pairs = {name: Pair(folder / f"{name}.crt", folder / f"{name}.key") for name in _NAMES}
    certs = ClusterCerts(
        ca=pairs["ca"],
        api_server=pairs["apiserver"],
        etcd_server=pairs["etcd"],
        etcd_client=pairs["etcd-client"],
        service_account=folder / "service-account.key",
    )
    whole = folder / ".complete"
    if not whole.exists():
        _make(certs, address, service_ip)
        write_atomic(whole, "")
    return certs


_NAMES = ("ca", "apiserver", "etcd", "etcd-client")


def new_authority(common_name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A root that signs end certificates alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    ca = _builder(name, name, key).add_extension(x509.BasicConstraints(True, 0), critical=True)
    ca = ca.add_extension(_key_usage(signs=True), critical=True)
    return ca.sign(key, hashes.SHA256()), key


def _make(certs: ClusterCerts, address: str, service_ip: str) -> None:
    authority, ca_key = new_authority("standfast sandbox region")
    write_atomic(certs.ca.certificate, authority.public_bytes(serialization.Encoding.PEM), mode=0o644)

    names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost"]
    server, client = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
    for pair, common_name, hosts, usage in (
        (certs.api_server, "kube-apiserver", [*names, address, service_ip], server),
        (certs.etcd_server, "etcd", ["localhost", address], server),
        (certs.etcd_client, "kube-apiserver-etcd-client", [], client),
    ):
        issue(pair, common_name, hosts, usage, (authority, ca_key))
    write_atomic(certs.service_account, private_pem(ec.generate_private_key(ec.SECP256R1())))


def issue(
    pair: Pair,
    common_name: str,
    hosts: Sequence[str],
    usage: x509.ObjectIdentifier,
    authority: tuple[x509.Certificate, ec.EllipticCurvePrivateKey],
) -> None:
    """Write an end certificate for these names and addresses, and its key."""
    issuer, issuer_key = authority
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = _builder(subject, issuer.subject, key)
    builder = builder.add_extension(x509.BasicConstraints(False, None), critical=True)
    builder = builder.add_extension(_key_usage(signs=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if hosts:
        names = x509.SubjectAlternativeName([_host(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    certificate = builder.sign(issuer_key, hashes.SHA256())
    write_atomic(pair.key, private_pem(key))
    write_atomic(pair.certificate, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)


def _host(value: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(value))
    except ValueError:
        return x509.DNSName(value)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Clocks of namespaces and containers differ a little.
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + _LIFETIME)
    )


def _key_usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A key as PEM, not encrypted."""
    return key.private_bytes(
        # The API server reads its service account key in this older form alone.
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
