"""The mesh's authorities: what istiod and OpenSSL accept, what a stack holds, and rotation without a gap."""

from __future__ import annotations

import ssl
import stat
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from automation.mesh_ca import (
    Intermediate,
    MeshCaError,
    Root,
    issue,
    load_root,
    make_root,
    rotation,
    save_root,
)
from config.mesh_ca import MeshCa

NOW = datetime.now(UTC)


@cache
def root(name: str = "standfast") -> Root:
    return make_root(name, NOW)


@cache
def region(name: str) -> Intermediate:
    return issue(root(), "standfast", name, now=NOW)


def certificate(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


def workload(authority: Intermediate, folder: Path) -> Path:
    """A server's certificate, chain and key, as istiod would sign it for a pod; one file."""
    signing = serialization.load_pem_private_key(authority.ca_key.encode(), None)
    assert isinstance(signing, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = certificate(authority.ca_cert)
    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(minutes=5))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("pod")]), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
                issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
            ),
            critical=False,
        )
        .sign(signing, hashes.SHA256())
    )
    file = folder / "workload.pem"
    file.write_text(
        leaf.public_bytes(serialization.Encoding.PEM).decode()
        + authority.cert_chain
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
    )
    return file


def handshake(server: Intermediate, client: Intermediate, folder: Path) -> None:
    """A whole TLS handshake between a server of one region and a client that trusts another's roots."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(workload(server, folder))
    trusting = ssl.create_default_context(cadata=client.root_cert)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        trusting.wrap_bio(to_client, to_server, server_hostname="pod"),
        serving.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(8):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert ends[0].version() == "TLSv1.3"


class TestRoot:
    def test_it_signs_itself_and_allows_one_authority_below(self) -> None:
        found = certificate(root().certificate)
        found.verify_directly_issued_by(found)
        constraints = found.extensions.get_extension_for_class(x509.BasicConstraints)
        assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 1)

    def test_two_roots_are_two(self) -> None:
        assert make_root("standfast", NOW).certificate != root().certificate

    def test_its_key_is_not_shown(self) -> None:
        assert "PRIVATE" not in repr(root())
        assert "PRIVATE" not in repr(region("us-east"))


class TestIntermediate:
    def test_it_is_what_istios_guide_asks_for(self) -> None:
        found = certificate(region("us-east").ca_cert)
        constraints = found.extensions.get_extension_for_class(x509.BasicConstraints)
        assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)
        usage = found.extensions.get_extension_for_class(x509.KeyUsage)
        assert usage.critical
        assert usage.value.key_cert_sign
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == ["istiod.istio-system.svc"]
        (locality,) = found.subject.get_attributes_for_oid(NameOID.LOCALITY_NAME)
        assert locality.value == "us-east"

    def test_the_root_signed_it(self) -> None:
        certificate(region("us-east").ca_cert).verify_directly_issued_by(certificate(root().certificate))
        with pytest.raises(InvalidSignature):
            certificate(region("us-east").ca_cert).verify_directly_issued_by(
                certificate(make_root("standfast", NOW).certificate)
            )

    def test_files_are_those_that_istiod_reads(self) -> None:
        files = region("us-east").files()
        assert sorted(files) == ["ca-cert.pem", "ca-key.pem", "cert-chain.pem", "root-cert.pem"]
        chain = x509.load_pem_x509_certificates(files["cert-chain.pem"].encode())
        assert chain == [certificate(files["ca-cert.pem"]), certificate(files["root-cert.pem"])]

    def test_a_stack_accepts_its_values(self) -> None:
        made = region("eu-west")
        parsed = MeshCa.model_validate({**made.public(), "caKey": made.ca_key})
        assert parsed.ca_cert == made.ca_cert

    def test_no_key_is_among_the_plain_values_and_the_roots_is_nowhere(self) -> None:
        made = region("eu-west")
        assert "PRIVATE" not in "".join(made.public().values())
        assert root().key not in "".join(made.files().values())

    def test_it_never_outlives_its_root(self) -> None:
        old = make_root("standfast", NOW - timedelta(days=3650 - 30))
        made = certificate(issue(old, "standfast", "us-east", now=NOW).ca_cert)
        assert made.not_valid_after_utc <= certificate(old.certificate).not_valid_after_utc

    def test_an_expired_root_signs_nothing(self) -> None:
        old = make_root("standfast", NOW - timedelta(days=3651))
        with pytest.raises(MeshCaError, match="expired"):
            issue(old, "standfast", "us-east", now=NOW)

    def test_pods_of_two_regions_trust_each_other(self, tmp_path: Path) -> None:
        handshake(region("us-east"), region("eu-west"), tmp_path)

    def test_pods_of_another_root_are_refused(self, tmp_path: Path) -> None:
        stranger = issue(make_root("other", NOW), "other", "us-east", now=NOW)
        with pytest.raises(ssl.SSLCertVerificationError):
            handshake(stranger, region("eu-west"), tmp_path)


class TestRotation:
    def test_a_new_intermediate_is_trusted_beside_the_old(self, tmp_path: Path) -> None:
        again = issue(root(), "standfast", "us-east", now=NOW)
        assert again.ca_cert != region("us-east").ca_cert
        handshake(again, region("us-east"), tmp_path)
        handshake(region("us-east"), again, tmp_path)

    @pytest.mark.parametrize("step", [0, 1])
    def test_regions_one_step_apart_trust_each_other(self, step: int, tmp_path: Path) -> None:
        new = make_root("standfast", NOW)
        here = rotation(root(), new, "standfast", "us-east")
        there = rotation(root(), new, "standfast", "eu-west")
        for one, other in ((here[step], there[step + 1]), (there[step + 1], here[step])):
            handshake(one, other, tmp_path)

    def test_the_first_step_is_trusted_by_regions_that_have_not_begun(self, tmp_path: Path) -> None:
        first, *_ = rotation(root(), make_root("standfast", NOW), "standfast", "us-east")
        handshake(first, region("eu-west"), tmp_path)
        handshake(region("eu-west"), first, tmp_path)

    def test_a_step_left_out_would_be_refused(self, tmp_path: Path) -> None:
        _, _, last = rotation(root(), make_root("standfast", NOW), "standfast", "us-east")
        with pytest.raises(ssl.SSLCertVerificationError):
            handshake(last, region("eu-west"), tmp_path)

    def test_every_step_is_a_value_that_a_stack_accepts(self) -> None:
        counts = [
            len(MeshCa.model_validate({**made.public(), "caKey": made.ca_key}).roots())
            for made in rotation(root(), make_root("standfast", NOW), "standfast", "us-east")
        ]
        assert counts == [2, 2, 1]


class TestFile:
    def test_only_its_owner_may_read_it_and_it_comes_back(self, tmp_path: Path) -> None:
        path = tmp_path / "keys" / "root.pem"
        save_root(root(), path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert load_root(path) == root()

    def test_a_root_that_is_there_is_never_overwritten(self, tmp_path: Path) -> None:
        path = tmp_path / "root.pem"
        save_root(root(), path)
        with pytest.raises(MeshCaError, match="exists"):
            save_root(make_root("standfast", NOW), path)
        assert load_root(path) == root()

    def test_a_file_that_others_may_read_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "root.pem"
        save_root(root(), path)
        path.chmod(0o640)
        with pytest.raises(MeshCaError, match="chmod 600"):
            load_root(path)

    @pytest.mark.parametrize("text", ["", "nonsense", "-----BEGIN CERTIFICATE-----"])
    def test_a_file_without_a_root_is_refused(self, text: str, tmp_path: Path) -> None:
        path = tmp_path / "root.pem"
        path.write_text(text)
        path.chmod(0o600)
        with pytest.raises(MeshCaError, match=r"root\.pem"):
            load_root(path)

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(MeshCaError, match=r"absent\.pem"):
            load_root(tmp_path / "absent.pem")

    def test_a_key_of_another_root_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "root.pem"
        save_root(Root(root().certificate, make_root("standfast", NOW).key), path)
        with pytest.raises(MeshCaError, match="not the certificate's"):
            load_root(path)
