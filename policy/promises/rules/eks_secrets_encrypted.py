"""https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Resource, ResourceRule, Severity
from ..values import absent, at, known, sequence


def _check(resource: Resource) -> Iterator[str]:
    config = at(resource.props, "encryptionConfig")
    if not known(config):
        return
    if absent(config) or absent(at(config, "provider", "keyArn")):
        yield f"{resource.title} has no KMS key for its secrets"
    elif "secrets" not in sequence(at(config, "resources")):
        yield f"{resource.title} has a KMS key and does not encrypt secrets with it"


RULE = ResourceRule(
    id="eks-secrets-encrypted",
    severity=Severity.HIGH,
    title="Kubernetes Secrets are encrypted with a key of ours",
    reason="The mesh's CA key and the tokens for the peers' API servers are Secrets.",
    remedy="encryptionConfig with resources [secrets] and a KMS key.",
    kinds=frozenset({"aws:eks/cluster:Cluster"}),
    check=_check,
)
