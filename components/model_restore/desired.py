"""The CronJob that never runs by itself, and its script."""

from __future__ import annotations

import inspect
from typing import Any

from components.model_restore import script
from components.model_restore.args import JOB, NAMESPACE, SCRIPT_FILE, ModelRestoreArgs
from components.shared import egress, google
from components.shared.labels import labels
from components.shared.pod_security import restricted_container, restricted_pod

IMAGE = "public.ecr.aws/lambda/python:3.13.2026.06.05.14"
"""AWS's own Python with boto3, of which only both are used.

Source: https://docs.aws.amazon.com/lambda/latest/dg/python-image.html
"""

_APP = {"app": JOB}
_USER = 65532
_SCRIPT_PATH = "/opt/restore"
_DEADLINE_SECONDS = 12 * 3600


def script_text() -> str:
    """The script as the pod runs it: that of this package, to the letter."""
    return inspect.getsource(script)


def config_map() -> dict[str, Any]:
    """The script, mounted into the pod."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(),
        "data": {SCRIPT_FILE: script_text()},
    }


def service_account() -> dict[str, Any]:
    """Known to AWS by Pod Identity and to Google by its token; it never asks the Kubernetes API."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": _metadata(),
        "automountServiceAccountToken": False,
    }


def network_policy() -> dict[str, Any]:
    """Nobody comes in; out to both stores and to the agent that holds its credentials of AWS."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": _metadata(),
        "spec": {
            "podSelector": {"matchLabels": dict(_APP)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [],
            "egress": [egress.to_clouds(), egress.to_pod_identity()],
        },
    }


def cron_job(args: ModelRestoreArgs, credentials: Any) -> dict[str, Any]:
    """``model-restore``, suspended: a person makes a Job of it when the runbook says so.

    ``credentials`` is the configuration by which the pod is known to Google, which may be an output.

    A CronJob keeps the Job's template in the cluster, ready without this program.
    Source: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
    """
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": _metadata(),
        "spec": {
            "schedule": "0 0 1 1 *",
            "timeZone": "Etc/UTC",
            "suspend": True,
            "concurrencyPolicy": "Forbid",
            "jobTemplate": {
                "metadata": {"labels": labels(JOB, "restore")},
                "spec": {
                    "activeDeadlineSeconds": _DEADLINE_SECONDS,
                    "backoffLimit": 5,
                    "template": {
                        "metadata": {
                            "labels": {**labels(JOB, "restore"), **_APP, "sidecar.istio.io/inject": "false"}
                        },
                        "spec": _pod(args, credentials),
                    },
                },
            },
        },
    }


def _pod(args: ModelRestoreArgs, credentials: Any) -> dict[str, Any]:
    environment: dict[str, Any] = {
        "GCS_BUCKET": args.copy_bucket,
        "S3_BUCKET": args.bucket,
        "AWS_REGION": args.location,
        google.CREDENTIALS: credentials,
        "HOME": "/tmp",  # noqa: S108 - a volume of the pod's own
    }
    return {
        "serviceAccountName": JOB,
        "automountServiceAccountToken": False,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 30,
        "securityContext": restricted_pod(_USER, own_volumes=True),
        "containers": [
            {
                "name": "restore",
                "image": IMAGE,
                "command": ["python3", f"{_SCRIPT_PATH}/{SCRIPT_FILE}"],
                "env": [{"name": key, "value": value} for key, value in environment.items()],
                "resources": {
                    "requests": {"cpu": "500m", "memory": "1Gi"},
                    "limits": {"cpu": "2", "memory": "2Gi"},
                },
                "securityContext": restricted_container(),
                "volumeMounts": [
                    {"name": "script", "mountPath": _SCRIPT_PATH, "readOnly": True},
                    {"name": "work", "mountPath": "/tmp"},  # noqa: S108
                    google.token_mount(),
                ],
            }
        ],
        "volumes": [
            {"name": "script", "configMap": {"name": JOB}},
            {"name": "work", "emptyDir": {"sizeLimit": "64Mi"}},
            google.token_volume(args.audience),
        ],
    }


def _metadata() -> dict[str, Any]:
    return {"name": JOB, "namespace": NAMESPACE, "labels": labels(JOB, "restore")}
