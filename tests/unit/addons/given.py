"""What the tests of add-ons start from."""

from __future__ import annotations

from typing import cast

import pulumi

from components.addons.args import AddonsArgs, VeleroStore

STORE = VeleroStore(
    location="us-east-1",
    bucket_arn="arn:aws:s3:::standfast-velero-us-east-123456789012",
    kms_key_arn="arn:aws:kms:us-east-1:123456789012:key/own",
)
ARGS = AddonsArgs(
    region="us-east",
    location="us-east-1",
    account="123456789012",
    zones=["us-east-1a", "us-east-1b", "us-east-1c"],
    cluster_name="standfast-us-east",
    kubernetes_version="1.34",
    pool_names=["inference", "batch"],
    vpc_id="vpc-0123456789abcdef0",
    network="standfast-us-east",
    mesh_id="standfast",
    namespaces={},
    # Values do not use it; a resource needs an engine, or its recording.
    mesh_ca=cast(pulumi.Resource, None),
    velero=STORE,
    tags={"standfast.dev/component": "addons"},
)
