"""The copy of the model registry: a CronJob that may run nothing but its copy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pulumi

from components.backup.desired import cron, duration_budget
from components.shared.labels import labels
from components.shared.pod_security import restricted_container, restricted_pod
from config.timings import BACKUP_START, REPLICATION

NAMESPACE = "ml-serving"
JOB = "model-registry-backup"
_APP = {"app": JOB}
_USER = 65532


@dataclass(frozen=True, kw_only=True)
class Copier:
    """What copies in one cloud: an image, a script for its bash, its environment, and where it must reach.

    ``egress`` are rules of a NetworkPolicy, beside names, which the namespace allows to all.
    """

    image: str
    script: str
    environment: Mapping[str, pulumi.Input[str]]
    egress: Sequence[Mapping[str, Any]]


def registry_ages(rpo: timedelta, replication: timedelta = REPLICATION) -> dict[str, timedelta]:
    """How old the registry's last good copy may be before the promise is broken, for alerts."""
    return {JOB: rpo - replication}


def service_account() -> dict[str, Any]:
    """The copy's identity in the cloud; it never asks the Kubernetes API."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": _metadata(),
        "automountServiceAccountToken": False,
    }


def network_policy(egress: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Nobody comes in; out only to where ``egress`` says."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": _metadata(),
        "spec": {
            "podSelector": {"matchLabels": dict(_APP)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [],
            "egress": [dict(rule) for rule in egress],
        },
    }


def cron_job(
    copier: Copier, rpo: timedelta, interval: timedelta, slot: int, replication: timedelta = REPLICATION
) -> dict[str, Any]:
    """``model-registry-backup``: often enough, and given up in time, for the RPO.

    The next copy does not begin while one runs, and goes on where a killed one left off. A start that is
    missed by more than a minute is left to the next. Without a sidecar, which would keep the job from
    ending; with what Pod Security "restricted" asks for.
    Sources: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/,
    https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    deadline = duration_budget(rpo, interval, replication)
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": _metadata(),
        "spec": {
            "schedule": cron(interval, slot),
            "timeZone": "Etc/UTC",
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": _seconds(BACKUP_START),
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 3,
            "jobTemplate": {
                "metadata": {"labels": labels(JOB, "backup")},
                "spec": {
                    "activeDeadlineSeconds": _seconds(deadline),
                    "backoffLimit": 2,
                    "template": {
                        "metadata": {
                            "labels": {**labels(JOB, "backup"), **_APP, "sidecar.istio.io/inject": "false"}
                        },
                        "spec": _pod(copier),
                    },
                },
            },
        },
    }


def _pod(copier: Copier) -> dict[str, Any]:
    return {
        "serviceAccountName": JOB,
        "automountServiceAccountToken": False,
        "restartPolicy": "OnFailure",
        "terminationGracePeriodSeconds": 30,
        "securityContext": restricted_pod(_USER, own_volumes=True),
        "containers": [
            {
                "name": "backup",
                "image": copier.image,
                "command": ["/bin/bash", "-c", copier.script],
                "env": [
                    *({"name": key, "value": value} for key, value in copier.environment.items()),
                    {"name": "HOME", "value": "/tmp"},  # noqa: S108 - a volume of the pod's own
                ],
                "resources": {
                    "requests": {"cpu": "250m", "memory": "512Mi"},
                    "limits": {"cpu": "1", "memory": "1Gi"},
                },
                "securityContext": restricted_container(),
                "volumeMounts": [{"name": "work", "mountPath": "/tmp"}],  # noqa: S108
            }
        ],
        "volumes": [{"name": "work", "emptyDir": {"sizeLimit": "256Mi"}}],
    }


def _metadata() -> dict[str, Any]:
    return {"name": JOB, "namespace": NAMESPACE, "labels": labels(JOB, "backup")}


def _seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())
