"""The model volume: a bucket, through the Mountpoint for Amazon S3 CSI driver (v2)."""

from __future__ import annotations

from typing import Any

from components.inference.args import NAMESPACE, InferenceArgs
from components.shared.labels import labels
from config.region import ReadsFrom

DRIVER = "s3.csi.aws.com"
CLAIM = "models"
VOLUME = "inference-models"

_CACHE_MARGIN = 1.1
"""The cache also holds what is replaced until it is evicted."""

_EXCLUDED = {"velero.io/exclude-from-backup": "true"}
"""A restored claim would name the lost region's bucket. The models themselves are replicated by S3."""


def cache_size(model_size: int) -> str:
    """The cache's limit for ``model_size`` bytes of models, in whole GiB."""
    return f"{-(-int(model_size * _CACHE_MARGIN) // 2**30)}Gi"


def mount_options(location: str) -> list[str]:
    """Read-only, readable by the pod's own user, from the endpoint of the bucket's region.

    A minute of cached metadata spares S3 a request for each look, and is short beside replication's minutes.
    Source: https://github.com/awslabs/mountpoint-s3/blob/main/doc/CONFIGURATION.md
    """
    return ["read-only", "allow-other", f"region {location}", "metadata-ttl 60"]


def volume(args: InferenceArgs) -> dict[str, Any]:
    """The static PersistentVolume; S3 ignores the capacity, the API asks for it.

    The driver runs one Mountpoint for each node and volume, with the cache on the node's disk: pods of one
    node share it. A volume cannot be changed, so that each source has one of its own.
    Source: https://github.com/awslabs/mountpoint-s3-csi-driver/blob/main/docs/CACHING.md
    """
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": _volume(args), "labels": {**labels(VOLUME, "models"), **_EXCLUDED}},
        "spec": {
            "capacity": {"storage": cache_size(args.model_size)},
            "accessModes": ["ReadOnlyMany"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "",
            "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **_claim_key(args)},
            "mountOptions": mount_options(args.location),
            "csi": {
                "driver": DRIVER,
                "volumeHandle": args.model_bucket,
                "volumeAttributes": {
                    "bucketName": args.model_bucket,
                    "authenticationSource": "driver",
                    "cache": "emptyDir",
                    "cacheEmptyDirSizeLimit": cache_size(args.model_size),
                },
            },
        },
    }


def claim(args: InferenceArgs) -> dict[str, Any]:
    """The claim on exactly that volume."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {**_claim_key(args), "labels": {**labels(CLAIM, "models"), **_EXCLUDED}},
        "spec": {
            "accessModes": ["ReadOnlyMany"],
            "storageClassName": "",
            "volumeName": _volume(args),
            "resources": {"requests": {"storage": cache_size(args.model_size)}},
        },
    }


def claim_name(args: InferenceArgs) -> str:
    """The claim that pods name."""
    return CLAIM if args.reads_from is ReadsFrom.OWN else f"{CLAIM}-{args.reads_from}"


def _volume(args: InferenceArgs) -> str:
    return VOLUME if args.reads_from is ReadsFrom.OWN else f"{VOLUME}-{args.reads_from}"


def _claim_key(args: InferenceArgs) -> dict[str, str]:
    return {"name": claim_name(args), "namespace": NAMESPACE}
