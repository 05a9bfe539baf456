"""The public certificate authority of a sandbox: what Amazon's is to clients of a load balancer.

Load balancers of the sandbox get their certificates here, for the names that their ACM certificate covers;
clients and health checkers trust `PublicCa.root`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from sandbox.certs import Pair, issue, new_authority, private_pem
from sandbox.errors import SandboxError
from sandbox.locks import exclusive
from sandbox.paths import SandboxPaths, write_atomic

ROOT = "public-ca.pem"
_LOCK_SECONDS = 30.0


@dataclass(frozen=True)
class PublicCa:
    """`root` is the PEM file that clients trust, `key` the authority's key."""

    root: Path
    key: Path

    def issue(self, hosts: Sequence[str]) -> Pair:
        """A server certificate for these DNS names, the same as before for the same names."""
        if not hosts:
            raise SandboxError("a public certificate needs at least one name")
        name = hashlib.sha256("\0".join(sorted(hosts)).encode()).hexdigest()[:12]
        folder = self.root.parent / "certificates"
        pair = Pair(folder / f"{name}.crt", folder / f"{name}.key")
        with exclusive(self.root.with_suffix(".lock"), timeout=_LOCK_SECONDS):
            if not pair.certificate.exists():  # written last
                issue(pair, hosts[0][:64], sorted(hosts), ExtendedKeyUsageOID.SERVER_AUTH, self._read())
        return pair

    def _read(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        key = serialization.load_pem_private_key(self.key.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise SandboxError(f"{self.key} is no key of this authority", remedy="take the sandbox down")
        return x509.load_pem_x509_certificate(self.root.read_bytes()), key


def ensure(paths: SandboxPaths) -> PublicCa:
    """The authority of a sandbox, made by whoever needs it first."""
    ca = PublicCa(paths.root / "network" / ROOT, paths.root / "network" / "public-ca.key")
    with exclusive(ca.root.with_suffix(".lock"), timeout=_LOCK_SECONDS):
        if not ca.root.exists():  # written last
            certificate, key = new_authority("standfast sandbox public CA")
            write_atomic(ca.key, private_pem(key))
            write_atomic(ca.root, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)
    return ca
