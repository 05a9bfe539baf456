"""Certificate authorities of a test's own, as the program deploys them."""

from __future__ import annotations

import ssl
from pathlib import Path

from automation import mesh_ca
from sandbox.pods.identity import Authority, issue


def authority(made: mesh_ca.Intermediate) -> Authority:
    return Authority(made.ca_cert, made.cert_chain, made.root_cert, made.ca_key)


def two_regions() -> tuple[Authority, Authority]:
    """Two regions' intermediates of one root."""
    root = mesh_ca.make_root("test")
    return authority(mesh_ca.issue(root, "test", "us-east")), authority(
        mesh_ca.issue(root, "test", "eu-west")
    )


def client(own: Authority | None, trust: Authority, principal: str, folder: Path) -> ssl.SSLContext:
    """TLS of a caller with that identity (none without `own`), which believes the root of `trust`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=trust.root)
    context.set_alpn_protocols(["istio"])
    if own is not None:
        certificate, key = issue(own, principal)
        file = folder / "client.pem"
        file.write_text(key + certificate)
        context.load_cert_chain(file)
    return context
