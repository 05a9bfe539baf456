"""Mistakes in what all stands on: buckets, keys, network, cluster, rights in the cloud."""

from __future__ import annotations

import json
from typing import Any

from tests.policy.changes import Apply, Change, append, bare, drop, gone, put, swap
from tests.policy.stacks import Draft

BUCKET = "model-buckets-model-registry"
REPLICATION = f"{BUCKET}-replication"
EKS = "cluster-eks"
TEMPLATE = "gpu-node-pools-inference-{location}a-template"


def statements(where: str, key: str, change: Any) -> Apply:
    """Change the statements of a policy document."""

    def apply(draft: Draft) -> None:
        props = draft.props(where)
        document = json.loads(props[key])
        change(document["Statement"])
        props[key] = json.dumps(document)

    return apply


def _one_nat(draft: Draft) -> None:
    """All zones leave through the first one's gateway."""
    first = draft.resource(draft.text("network-{location}a-nat"))
    for zone in "bc":
        route = draft.text(f"network-{{location}}{zone}-private-out")
        depends = {**draft.resource(route).depends, "natGatewayId": frozenset({first.urn})}
        draft.change(route, depends=depends)


def _allow_all(found: list[Any]) -> None:
    found[0]["Action"] = "s3:*"


def _everything(found: list[Any]) -> None:
    found[0]["Action"], found[0]["Resource"] = ["s3:GetObject", "s3:PutObject"], "*"


def _public(found: list[Any]) -> None:
    found.append(
        {"Sid": "Public", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    )


def _anybody(found: list[Any]) -> None:
    found[0]["Principal"] = {"AWS": "*"}
    found[0].pop("Condition", None)


BAD = [
    Change("no versioning", "buckets-versioned", gone(f"{BUCKET}-versioning")),
    Change(
        "versioning suspended",
        "buckets-versioned",
        put(f"{BUCKET}-versioning", "versioningConfiguration status", "Suspended"),
    ),
    Change("no encryption said", "buckets-encrypted", gone(f"{BUCKET}-encryption")),
    Change(
        "S3's own keys",
        "buckets-encrypted",
        put(f"{BUCKET}-encryption", "rules 0 applyServerSideEncryptionByDefault sseAlgorithm", "AES256"),
    ),
    Change(
        "the account's shared key",
        "buckets-encrypted",
        drop(f"{BUCKET}-encryption", "rules 0 applyServerSideEncryptionByDefault kmsMasterKeyId"),
    ),
    Change("no public access block", "buckets-not-public", gone("model-buckets-velero-public-access")),
    Change(
        "one switch off", "buckets-not-public", put(f"{BUCKET}-public-access", "blockPublicPolicy", False)
    ),
    Change(
        "access lists allowed",
        "buckets-not-public",
        put(f"{BUCKET}-ownership", "rule objectOwnership", "ObjectWriter"),
    ),
    Change("no bucket policy", "buckets-tls-only", gone(f"{BUCKET}-policy")),
    Change(
        "plain HTTP answered",
        "buckets-tls-only",
        statements(f"{BUCKET}-policy", "policy", lambda found: found.pop(0)),
    ),
    Change("models for the world", "buckets-tls-only", statements(f"{BUCKET}-policy", "policy", _public)),
    Change("no replication", "buckets-replicated", gone(REPLICATION)),
    Change("replication switched off", "buckets-replicated", put(REPLICATION, "rules 0 status", "Disabled")),
    Change("no time control", "buckets-replicated", drop(REPLICATION, "rules 0 destination replicationTime")),
    Change(
        "no metrics", "buckets-replicated", put(REPLICATION, "rules 0 destination metrics status", "Disabled")
    ),
    Change(
        "encrypted objects left out",
        "buckets-replicated",
        drop(REPLICATION, "rules 0 sourceSelectionCriteria"),
    ),
    Change("part of the models", "buckets-replicated", put(REPLICATION, "rules 0 filter prefix", "llama/")),
    Change(
        "a copy beside the original",
        "buckets-replicated",
        swap(REPLICATION, "rules 0 destination bucket", "registry-{peer}", "registry-{region}"),
    ),
    Change("a bucket without protection", "data-protected", bare(BUCKET)),
    Change("a key without protection", "data-protected", bare("model-buckets-key")),
    Change("a bucket that may be emptied", "data-protected", put(BUCKET, "forceDestroy", True)),
    Change(
        "a volume deleted with its claim",
        "data-protected",
        put("PersistentVolume/inference-models", "spec persistentVolumeReclaimPolicy", "Delete"),
    ),
    Change("a key that never rotates", "keys-rotate", put("model-buckets-key", "enableKeyRotation", False)),
    Change("a key for any account", "keys-rotate", statements("cluster-secrets-key", "policy", _anybody)),
    Change("one shared NAT", "nat-in-each-zone", _one_nat),
    Change("a zone without NAT", "nat-in-each-zone", gone("network-{location}c-nat")),
    Change(
        "nodes on the internet",
        "subnets-not-public",
        put("network-{location}a-private", "mapPublicIpOnLaunch", True),
    ),
    Change(
        "a group open to the world",
        "subnets-not-public",
        put(
            "network-default-security-group",
            "ingress",
            [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}],
        ),
    ),
    Change("secrets in plain text", "eks-secrets-encrypted", drop(EKS, "encryptionConfig")),
    Change("a key for nothing", "eks-secrets-encrypted", put(EKS, "encryptionConfig resources", [])),
    Change(
        "open to the world", "eks-endpoint-not-open", append(EKS, "vpcConfig publicAccessCidrs", "0.0.0.0/0")
    ),
    Change("open by default", "eks-endpoint-not-open", drop(EKS, "vpcConfig publicAccessCidrs")),
    Change(
        "open by halves",
        "eks-endpoint-not-open",
        put(EKS, "vpcConfig publicAccessCidrs", ["0.0.0.0/1", "128.0.0.0/1"]),
    ),
    Change(
        "nodes by the internet", "eks-endpoint-not-open", put(EKS, "vpcConfig endpointPrivateAccess", False)
    ),
    Change(
        "rights from aws-auth",
        "eks-endpoint-not-open",
        put(EKS, "accessConfig authenticationMode", "API_AND_CONFIG_MAP"),
    ),
    Change("no audit log", "eks-logs-on", put(EKS, "enabledClusterLogTypes", ["api"])),
    Change("no logs", "eks-logs-on", drop(EKS, "enabledClusterLogTypes")),
    Change("IMDSv1", "imdsv2", put(TEMPLATE, "metadataOptions httpTokens", "optional")),
    Change("two hops", "imdsv2", put(TEMPLATE, "metadataOptions httpPutResponseHopLimit", 2)),
    Change("nothing said", "imdsv2", drop(TEMPLATE, "metadataOptions")),
    Change("no template", "imdsv2", drop("cluster-system-nodes", "launchTemplate")),
    Change(
        "a plain disk", "node-disks-encrypted", put(TEMPLATE, "blockDeviceMappings 0 ebs encrypted", "false")
    ),
    Change("plain volumes", "node-disks-encrypted", drop("StorageClass/gp3", "parameters encrypted")),
    Change(
        "all of S3", "iam-no-wildcards", statements("model-buckets-replication-policy", "policy", _allow_all)
    ),
    Change("every bucket", "iam-no-wildcards", statements("backup-registry-policy", "policy", _everything)),
    Change(
        "an administrator",
        "iam-no-wildcards",
        put("cluster-role-eks", "policyArn", "arn:aws:iam::aws:policy/AdministratorAccess"),
    ),
    Change(
        "a role for anybody", "iam-no-wildcards", statements("cluster-role", "assumeRolePolicy", _anybody)
    ),
]
