"""Stacks, written down in the two languages that scanners read: manifests and a Terraform plan."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from policy.promises.model import Resource, Stack

_REDACTED = "cmVkYWN0ZWQ="
_BLOCKS = {
    "rules": "rule",
    "taints": "taint",
    "latencyRoutingPolicies": "latency_routing_policy",
    "weightedRoutingPolicies": "weighted_routing_policy",
}
"""Where Pulumi writes a repeated Terraform block in the plural."""
_TYPES = {"aws:s3/bucketReplicationConfig:BucketReplicationConfig": "aws_s3_bucket_replication_configuration"}
"""Types that Pulumi names by another word."""
_MAPS = frozenset({"tags", "labels", "dimensions"})
"""What is a mapping in Terraform too, and no block."""


def manifests(stack: Stack, folder: Path) -> list[Path]:
    """A file for each Kubernetes object but Helm releases; Secrets without what they hold."""
    written: list[Path] = []
    for resource in stack.resources:
        if not resource.kind or resource.kind == "Release" or "apiVersion" not in resource.props:
            continue
        document = dict(resource.props)
        if resource.kind == "Secret":
            document.pop("stringData", None)
            document["data"] = dict.fromkeys(document.get("data", {"value": ""}), _REDACTED)
        path = folder / f"{resource.name}.yaml"
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        written.append(path)
    return written


def snake(name: str) -> str:
    """``blockPublicAcls`` → ``block_public_acls``."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def terraform_type(token: str) -> str:
    """``aws:s3/bucketVersioning:BucketVersioning`` → ``aws_s3_bucket_versioning``; EC2's have no prefix."""
    if token in _TYPES:
        return _TYPES[token]
    module, _, kind = token.removeprefix("aws:").partition(":")[0].partition("/")
    return f"aws_{snake(kind)}" if module == "ec2" else f"aws_{module}_{snake(kind)}"


def _value(key: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        if key in _MAPS:
            return dict(value)
        return [_block(value)]
    if isinstance(value, list):
        return [_block(each) if isinstance(each, Mapping) else each for each in value]
    return value


def _block(value: Mapping[str, Any]) -> dict[str, Any]:
    return {_BLOCKS.get(key, snake(key)): _value(key, inner) for key, inner in value.items()}


def _name(resource: Resource) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", resource.name)


def address(resource: Resource) -> str:
    return f"{terraform_type(resource.type)}.{_name(resource)}"


def plan(stack: Stack) -> dict[str, Any]:
    """The AWS resources as `terraform show -json` would print a plan that creates them.

    pulumi_aws is made from Terraform's provider, names and values are the same but for their spelling.
    https://developer.hashicorp.com/terraform/internals/json-format
    """
    ours = {r.urn: r for r in stack.resources if r.type.startswith("aws:")}
    planned: list[dict[str, Any]] = []
    changes: list[dict[str, Any]] = []
    configured: list[dict[str, Any]] = []
    for resource in ours.values():
        values = _block(resource.props)
        common = {
            "address": address(resource),
            "mode": "managed",
            "type": terraform_type(resource.type),
            "name": _name(resource),
            "provider_name": "registry.terraform.io/hashicorp/aws",
        }
        planned.append({**common, "schema_version": 0, "values": values})
        changes.append({**common, "change": {"actions": ["create"], "before": None, "after": values}})
        expressions: dict[str, Any] = {}
        for key, urns in resource.depends.items():
            targets = sorted(address(ours[urn]) for urn in urns if urn in ours)
            if targets:
                references = [text for target in targets for text in (f"{target}.id", target)]
                expressions[_BLOCKS.get(key, snake(key))] = {"references": references}
        configured.append({**common, "expressions": expressions, "schema_version": 0})
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": planned}},
        "resource_changes": changes,
        "configuration": {"root_module": {"resources": configured}},
    }


def write(stack: Stack, folder: Path) -> tuple[Path, Path]:
    """Write both under ``folder``; the folder of manifests, and that of the plan."""
    kubernetes, terraform = folder / "kubernetes", folder / "terraform"
    for each in (kubernetes, terraform):
        each.mkdir(parents=True)
    manifests(stack, kubernetes)
    (terraform / "tfplan.json").write_text(json.dumps(plan(stack), indent=1))
    return kubernetes, terraform
