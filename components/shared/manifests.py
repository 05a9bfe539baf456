"""From a plain manifest to the Pulumi resource of its kind."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

_MODULES = {
    "v1": "core.v1",
    "apps/v1": "apps.v1",
    "autoscaling/v2": "autoscaling.v2",
    "admissionregistration.k8s.io/v1": "admissionregistration.v1",
    "batch/v1": "batch.v1",
    "networking.k8s.io/v1": "networking.v1",
    "policy/v1": "policy.v1",
    "rbac.authorization.k8s.io/v1": "rbac.v1",
    "scheduling.k8s.io/v1": "scheduling.v1",
    "storage.k8s.io/v1": "storage.v1",
}

_CUSTOM_KEYS = {"apiVersion", "kind", "metadata", "spec"}


class ManifestError(ValueError):
    """A manifest that cannot be registered; the message says which one and why."""


def _snake(key: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", key).lower()


def register(
    name: str, manifest: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
) -> pulumi.CustomResource:
    """Register ``manifest`` as the resource of its kind; ``name`` is the resource's name in the stack.

    ``manifest`` has ``apiVersion``, ``kind``, ``metadata`` with a ``name``, and the kind's own keys as the
    Kubernetes API writes them (camelCase); values may be outputs. Kinds of Kubernetes itself become the typed
    classes of ``pulumi_kubernetes`` (``.status`` and ``.metadata`` are there to read, a Secret's data is
    secret), all others a ``CustomResource``.

    Raises ``ManifestError`` for a manifest without a name, and for a key that the kind does not have.
    """
    api_version, kind = manifest.get("apiVersion"), manifest.get("kind")
    if not api_version or not kind:
        raise ManifestError(f"{name}: the manifest needs apiVersion and kind")
    metadata = manifest.get("metadata")
    if not isinstance(metadata, Mapping) or not metadata.get("name"):
        # A generated name would change with every replacement, and the other regions find objects by name.
        raise ManifestError(f"{name}: {kind} needs metadata.name")
    if api_version not in _MODULES:
        unknown = set(manifest) - _CUSTOM_KEYS
        if unknown:
            raise ManifestError(f"{name}: {api_version} {kind} cannot carry {', '.join(sorted(unknown))}")
        return CustomResource(
            name,
            api_version=api_version,
            kind=kind,
            metadata=dict(metadata),  # pyright: ignore[reportArgumentType]
            spec=manifest.get("spec"),
            opts=opts,
        )
    module = importlib.import_module(f"pulumi_kubernetes.{_MODULES[api_version]}")
    typed = getattr(module, kind, None)
    if typed is None:
        raise ManifestError(f"{name}: Kubernetes has no {kind} in {api_version}")
    try:
        return typed(name, **{_snake(key): value for key, value in manifest.items()}, opts=opts)
    except TypeError as error:
        raise ManifestError(f"{name}: {api_version} {kind}: {error}") from error
