"""What scanners are given to read is what the stacks hold."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.policy.stacks import joined
from tests.security.render import manifests, plan, terraform_type


@pytest.mark.parametrize(
    ("token", "type_"),
    [
        ("aws:s3/bucketVersioning:BucketVersioning", "aws_s3_bucket_versioning"),
        ("aws:s3/bucketReplicationConfig:BucketReplicationConfig", "aws_s3_bucket_replication_configuration"),
        ("aws:ec2/launchTemplate:LaunchTemplate", "aws_launch_template"),
        ("aws:eks/nodeGroup:NodeGroup", "aws_eks_node_group"),
        ("aws:route53/healthCheck:HealthCheck", "aws_route53_health_check"),
    ],
)
def test_types_are_terraforms(token: str, type_: str) -> None:
    assert terraform_type(token) == type_


def test_every_object_is_written_and_no_secret_with_it(tmp_path: Path) -> None:
    stack = joined("us-east")
    written = [yaml.safe_load(path.read_text()) for path in manifests(stack, tmp_path)]
    objects = [each for each in stack.resources if each.kind and each.kind != "Release"]
    assert len(written) == len(objects) > 50
    texts = "\n".join(path.read_text() for path in tmp_path.iterdir())
    for secret in stack.of("Secret"):
        for value in [*secret.props.get("data", {}).values(), *secret.props.get("stringData", {}).values()]:
            assert value not in texts


def test_a_plan_has_values_blocks_and_references() -> None:
    stack = joined("us-east")
    document = plan(stack)
    changes = {each["address"]: each["change"]["after"] for each in document["resource_changes"]}
    assert len(changes) == sum(each.type.startswith("aws:") for each in stack.resources)
    cluster = changes["aws_eks_cluster.cluster-eks"]
    assert cluster["vpc_config"][0]["endpoint_private_access"] is True
    assert cluster["tags"]["Name"] == "standfast-us-east"
    resources = document["configuration"]["root_module"]["resources"]
    configured = {each["address"]: each["expressions"] for each in resources}
    versioning = configured["aws_s3_bucket_versioning.model-buckets-velero-versioning"]
    assert "aws_s3_bucket.model-buckets-velero" in versioning["bucket"]["references"]
