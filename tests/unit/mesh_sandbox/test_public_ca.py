"""Certificates that clients of the sandbox trust."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography import x509

from sandbox.errors import SandboxError
from sandbox.network import public_ca
from sandbox.paths import SandboxPaths


@pytest.fixture
def authority(tmp_path: Path) -> public_ca.PublicCa:
    return public_ca.ensure(SandboxPaths(id="t", root=tmp_path))


def test_there_is_one_authority(tmp_path: Path, authority: public_ca.PublicCa) -> None:
    before = authority.root.read_bytes()
    assert authority.root == tmp_path / "network" / "public-ca.pem"
    assert public_ca.ensure(SandboxPaths(id="t", root=tmp_path)).root.read_bytes() == before
    assert stat.S_IMODE(authority.key.stat().st_mode) == 0o600


def test_a_certificate_covers_the_names_and_is_signed_by_the_root(authority: public_ca.PublicCa) -> None:
    pair = authority.issue(["b.example.com", "a.example.com"])
    certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.root.read_bytes()))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.example.com", "b.example.com"]


def test_the_same_names_get_the_same_certificate(authority: public_ca.PublicCa) -> None:
    first = authority.issue(["a.example.com", "b.example.com"])
    assert authority.issue(["b.example.com", "a.example.com"]) == first
    assert authority.issue(["a.example.com"]) != first


def test_a_certificate_needs_a_name(authority: public_ca.PublicCa) -> None:
    with pytest.raises(SandboxError, match="at least one name"):
        authority.issue([])
