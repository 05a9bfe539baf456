"""The mesh's certificate authority as a stack holds it: an intermediate of one root that all regions share.

Istio's plug-in CA: https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from pydantic import field_validator, model_validator

from config.problems import Problem
from config.types import Model


def _certificates(pem: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError as error:
        raise ValueError("is no PEM certificate; make it anew with `standfast mesh-ca`") from error


def _spki(public: object) -> bytes:
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return public.public_bytes(encoding, form)  # pyright: ignore[reportAttributeAccessIssue]


def _issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


class MeshCa(Model):
    """The intermediate of one region: PEM texts. ``ca_key`` is None where it cannot be read (encrypted).

    ``root_cert`` may hold two roots while one replaces the other.
    """

    root_cert: str
    ca_cert: str
    cert_chain: str
    ca_key: str | None = None

    @field_validator("root_cert", "ca_cert", "cert_chain")
    @classmethod
    def _readable(cls, value: str) -> str:
        _certificates(value)
        return value

    @model_validator(mode="after")
    def _holds_together(self) -> MeshCa:
        remedy = "make it anew with `standfast mesh-ca`"
        intermediate = _certificates(self.ca_cert)[0]
        if not any(_issued_by(intermediate, root) for root in _certificates(self.root_cert)):
            raise ValueError(f"caCert was not issued by rootCert; {remedy}")
        if _certificates(self.cert_chain)[0] != intermediate:
            raise ValueError(f"certChain does not begin with caCert; {remedy}")
        if intermediate.not_valid_after_utc < datetime.now(UTC):
            raise ValueError(f"caCert expired on {intermediate.not_valid_after_utc:%Y-%m-%d}; {remedy}")
        if self.ca_key is not None and not self._key_fits(intermediate):
            raise ValueError(f"meshCaKey is not the key of caCert; {remedy}")
        return self

    def _key_fits(self, intermediate: x509.Certificate) -> bool:
        try:
            key = serialization.load_pem_private_key((self.ca_key or "").encode(), password=None)
        except (ValueError, TypeError):
            return False
        return _spki(key.public_key()) == _spki(intermediate.public_key())

    def roots(self) -> frozenset[bytes]:
        """The DER form of every root that this region trusts."""
        return frozenset(
            root.public_bytes(serialization.Encoding.DER) for root in _certificates(self.root_cert)
        )


def mesh_ca_problems(mesh_cas: Mapping[str, MeshCa], key: str) -> Iterator[Problem]:
    """All regions must trust one root in common; the problem is named for those that stand apart."""
    trust = Counter(root for mesh_ca in mesh_cas.values() for root in mesh_ca.roots())
    most = max(trust.values(), default=0)
    if most == len(mesh_cas):
        return
    common = {root for root, count in trust.items() if count == most > 1}
    for name, mesh_ca in mesh_cas.items():
        if not mesh_ca.roots() & common:
            yield Problem(
                f"{name}: {key}.rootCert",
                "",
                "is not the root that the other regions share; make it anew with `standfast mesh-ca`",
            )
