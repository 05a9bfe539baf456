"""What the way back is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

NAMESPACE = "ml-serving"
JOB = "model-restore"
SCRIPT_FILE = "restore.py"


@dataclass(frozen=True, kw_only=True)
class ModelRestoreArgs:
    """From the copy's bucket to the region's own.

    ``audience`` is the identity provider that knows this cluster at Google. ``bucket_arn`` is that of
    ``bucket``, and ``kms_key_arn`` the key that encrypts it. ``serving`` is what brings the namespace.
    """

    location: str
    account: str
    cluster_name: pulumi.Input[str]
    copy_bucket: str
    audience: pulumi.Input[str]
    bucket: pulumi.Input[str]
    bucket_arn: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str]
    serving: Sequence[pulumi.Resource] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
