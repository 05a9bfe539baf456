"""What the inference service of a region is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from config.platform import Cloud, Inference

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
class InferenceArgs:
    """The service's size and where its models are.

    ``pool_names`` are the GPU pools on whose nodes the pods may run. ``model_bucket`` is this region's own
    bucket, ``model_size`` the bytes of all models together, ``location`` the cloud's name of the region.
    """

    inference: Inference
    cloud: Cloud
    location: str
    pool_names: Sequence[str]
    model_bucket: pulumi.Input[str]
    model_size: int
