"""Models from the copy on Google Cloud Storage: fetched to the pod's own disk before the server starts.

Why not mounted: docs/adr/0010-reading-the-copy.md.
"""

from __future__ import annotations

from typing import Any

import pulumi

from components.inference.args import MODELS_PATH, CopySource
from components.inference.volume_aws import cache_size
from components.shared import google
from components.shared.pod_security import restricted_container

IMAGE = "gcr.io/google.com/cloudsdktool/google-cloud-cli:572.0.0-stable"
"""Source: https://docs.cloud.google.com/sdk/docs/downloads-docker"""

UNCAPTURED_USER = 1337
"""The sidecar's user, whose traffic the mesh lets pass: an init container may run before the sidecar does.

Source: https://istio.io/latest/docs/setup/additional-setup/cni/#compatibility-with-application-init-containers
"""

SCRIPT = """\
set -euo pipefail
umask 077
printf '%s' "${GOOGLE_CREDENTIALS}" > "${CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE}"
umask 022
gcloud storage rsync --recursive --quiet "gs://${GCS_BUCKET}" "${MODELS}"
"""
"""What differs, and nothing twice; gcloud compares each file's CRC32C.

Source: https://docs.cloud.google.com/sdk/gcloud/reference/storage/rsync
"""


def fetcher(copy: CopySource) -> dict[str, Any]:
    """The init container."""
    environment = {
        google.CREDENTIALS: pulumi.Output.from_input(copy.audience).apply(google.credentials),
        "GCS_BUCKET": copy.bucket,
        "MODELS": MODELS_PATH,
        "HOME": "/tmp",  # noqa: S108 - a volume of the pod's own
        "CLOUDSDK_CONFIG": "/tmp/gcloud",  # noqa: S108
        "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE": "/tmp/credentials.json",  # noqa: S108
    }
    return {
        "name": "fetch-models",
        "image": IMAGE,
        "command": ["/bin/bash", "-c", SCRIPT],
        "env": [{"name": key, "value": value} for key, value in environment.items()],
        "resources": {"requests": {"cpu": "2", "memory": "2Gi"}, "limits": {"memory": "4Gi"}},
        "securityContext": {"runAsUser": UNCAPTURED_USER, **restricted_container()},
        "volumeMounts": [
            {"name": "models", "mountPath": MODELS_PATH},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - a path inside the container
            google.token_mount(),
        ],
    }


def volumes(copy: CopySource, model_size: int) -> list[dict[str, Any]]:
    """The pod's own disk, as large as the node's cache would be, and its token for Google."""
    return [
        {"name": "models", "emptyDir": {"sizeLimit": cache_size(model_size)}},
        google.token_volume(copy.audience),
    ]
