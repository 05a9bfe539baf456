"""All rules, by service and operation."""

from __future__ import annotations

from sandbox.providers.aws.kept import (
    acm,
    ec2,
    eks_access,
    eks_addons,
    eks_clusters,
    eks_node_groups,
    eks_tags,
    s3,
)
from sandbox.providers.aws.kept.shim import Rule

RULES: dict[str, dict[str, Rule]] = {
    "acm": acm.RULES,
    "ec2": ec2.RULES,
    "eks": {
        **eks_access.RULES,
        **eks_addons.RULES,
        **eks_clusters.RULES,
        **eks_node_groups.RULES,
        **eks_tags.RULES,
    },
    "s3": s3.RULES,
}
