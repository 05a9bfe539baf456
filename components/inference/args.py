"""What the inference service of a region is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from config.platform import Cloud, Inference
from config.region import ReadsFrom

NAMESPACE = "ml-serving"
SERVICE = "inference-service"
"""The name of the Deployment, the Service and the HPA: the lesson's, on which drills and runbook rely."""
PDB = "inference-pdb"
PORT = 8080
APP_LABELS = {"app": "inference"}
"""What selects the pods, in every component that speaks of them."""
MODELS_PATH = "/models"
BACKUP_LABELS = {"backup": "enabled"}
"""What Velero's schedules select."""


@dataclass(frozen=True, kw_only=True)
class CopySource:
    """The copy on Google Cloud Storage; ``audience`` is the identity provider that knows this cluster."""

    bucket: str
    audience: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class InferenceArgs:
    """The service's size and where its models are.

    ``pool_names`` are the GPU pools on whose nodes the pods may run. ``model_bucket`` is the bucket that
    ``reads_from`` means, this region's own or a peer's, and ``location`` the cloud's name of where it is;
    where it means the copy, ``copy`` says where that is. ``model_size`` is the bytes of all models together.
    """

    inference: Inference
    cloud: Cloud
    location: str
    pool_names: Sequence[str]
    model_bucket: pulumi.Input[str]
    model_size: int
    reads_from: ReadsFrom = ReadsFrom.OWN
    copy: CopySource | None = None
