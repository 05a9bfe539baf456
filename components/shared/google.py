"""How a pod is known to Google without a key: its own service account's token, exchanged for Google's.

Source: https://docs.cloud.google.com/iam/docs/workload-identity-federation-with-kubernetes
"""

from __future__ import annotations

import json
from typing import Any

TOKEN_VOLUME = "google-identity"  # noqa: S105 - a volume's name
TOKEN_PATH = "/var/run/secrets/google"  # noqa: S105 - a path inside the container
CREDENTIALS = "GOOGLE_CREDENTIALS"
"""The environment variable with the configuration of ``credentials``; there is no secret in it."""

_TOKEN_SECONDS = 3600


def credentials(audience: str) -> str:
    """What Google's libraries call the file of application default credentials, of ``external_account``.

    ``audience`` is the pool's provider that knows the cluster: ``//iam.googleapis.com/projects/…``.
    Source: https://google.aip.dev/auth/4117
    """
    return json.dumps(
        {
            "type": "external_account",
            "audience": audience,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": "https://sts.googleapis.com/v1/token",
            "credential_source": {"file": f"{TOKEN_PATH}/token", "format": {"type": "text"}},
        },
        sort_keys=True,
    )


def token_volume(audience: Any) -> dict[str, Any]:
    """The token, for Google alone, which the kubelet renews; ``audience`` may be an output."""
    return {
        "name": TOKEN_VOLUME,
        "projected": {
            "sources": [
                {
                    "serviceAccountToken": {
                        "path": "token",
                        "audience": audience,
                        "expirationSeconds": _TOKEN_SECONDS,
                    }
                }
            ]
        },
    }


def token_mount() -> dict[str, Any]:
    """Where the container finds it."""
    return {"name": TOKEN_VOLUME, "mountPath": TOKEN_PATH, "readOnly": True}
