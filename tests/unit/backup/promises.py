"""What must hold of a backup, whoever wrote its manifest: asked of ours, and of the lesson's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from config.timings import REPLICATION
from config.types import Image

DAY = 24 * 60


def _field(text: str, below: int) -> set[int]:
    values: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if span == "*":
            start, end = 0, below - 1
        else:
            start = int(first)
            end = int(last) if last else start
        values.update(range(start, end + 1, int(step or 1)))
    return values


def longest_gap(cron: str) -> timedelta:
    """The longest time between two starts of a schedule that gives minutes and hours only."""
    minutes, hours, *days = cron.split()
    assert days == ["*"] * 3
    starts = sorted(60 * hour + minute for hour in _field(hours, 24) for minute in _field(minutes, 60))
    gaps = [then - first for first, then in zip(starts, [*starts[1:], starts[0] + DAY], strict=True)]
    return timedelta(minutes=max(gaps))


def loss(cron: str, start: timedelta, duration: timedelta) -> timedelta:
    """What is lost at worst: the region goes just before the copy that would have been the next arrives."""
    return longest_gap(cron) + start + duration + REPLICATION


def volumes_leave_the_region(schedule: dict[str, Any]) -> bool:
    """Whether volumes are in the backup and their data is moved to where it is replicated."""
    template = schedule["spec"]["template"]
    return "persistentvolumes" in template["includedResources"] and template.get("snapshotMoveData") is True


def pod_of(job: dict[str, Any]) -> dict[str, Any]:
    """The pod of a CronJob."""
    return job["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def _containers(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from pod_of(job)["containers"]


def has_static_keys(job: dict[str, Any]) -> bool:
    """Whether a secret is put into the environment of a container."""
    return any(
        "secretKeyRef" in entry.get("valueFrom", {}) for c in _containers(job) for entry in c.get("env", ())
    )


def images_are_pinned(job: dict[str, Any]) -> bool:
    """Whether every image names one build."""
    for container in _containers(job):
        try:
            TypeAdapter(Image).validate_python(container["image"])
        except ValidationError:
            return False
    return True


def is_restricted(job: dict[str, Any]) -> bool:
    """Whether Pod Security "restricted" admits the pod.

    Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    pod = pod_of(job)
    context = pod.get("securityContext", {})
    return (
        context.get("runAsNonRoot") is True
        and context.get("seccompProfile") == {"type": "RuntimeDefault"}
        and all(
            container.get("securityContext", {}).get("allowPrivilegeEscalation") is False
            and container["securityContext"].get("capabilities", {}).get("drop") == ["ALL"]
            for container in _containers(job)
        )
    )
