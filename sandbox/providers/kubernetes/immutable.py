"""Fields that the API server never lets change in place: their change replaces the object.

From the API reference (https://kubernetes.io/docs/reference/kubernetes-api/) and the API server's validation;
pulumi-kubernetes keeps the like in provider/pkg/provider/diff.go. Paths are dotted, `*` is any one step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

_POD_CHANGEABLE: Final = frozenset({"containers", "initContainers", "activeDeadlineSeconds", "tolerations"})
_ROLE_BINDING: Final = ("roleRef",)
_VOLUME_SOURCES: Final = (
    "csi",
    "nfs",
    "hostPath",
    "local",
    "awsElasticBlockStore",
    "gcePersistentDisk",
    "iscsi",
    "fc",
)

_FIELDS: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("apps", "Deployment"): ("spec.selector",),
    ("apps", "DaemonSet"): ("spec.selector",),
    ("apps", "ReplicaSet"): ("spec.selector",),
    ("apps", "StatefulSet"): (
        "spec.selector",
        "spec.serviceName",
        "spec.podManagementPolicy",
        "spec.volumeClaimTemplates",
    ),
    ("batch", "Job"): (
        "spec.selector",
        "spec.template",
        "spec.completions",
        "spec.completionMode",
        "spec.manualSelector",
        "spec.backoffLimitPerIndex",
        "spec.podFailurePolicy",
        "spec.successPolicy",
        "spec.podReplacementPolicy",
        "spec.managedBy",
    ),
    ("", "PersistentVolume"): tuple(f"spec.{source}" for source in _VOLUME_SOURCES),
    ("", "PersistentVolumeClaim"): (
        "spec.accessModes",
        "spec.dataSource",
        "spec.dataSourceRef",
        "spec.selector",
        "spec.storageClassName",
        "spec.volumeMode",
        "spec.volumeName",
    ),
    ("", "ResourceQuota"): ("spec.scopes", "spec.scopeSelector"),
    ("", "Secret"): ("type",),
    ("rbac.authorization.k8s.io", "RoleBinding"): _ROLE_BINDING,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): _ROLE_BINDING,
    ("storage.k8s.io", "StorageClass"): (
        "parameters",
        "provisioner",
        "reclaimPolicy",
        "volumeBindingMode",
    ),
    ("scheduling.k8s.io", "PriorityClass"): ("value", "preemptionPolicy"),
    ("node.k8s.io", "RuntimeClass"): ("handler",),
    ("networking.k8s.io", "IngressClass"): ("spec.controller",),
    ("discovery.k8s.io", "EndpointSlice"): ("addressType",),
    ("snapshot.storage.k8s.io", "VolumeSnapshotClass"): ("driver", "parameters"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (
        "spec.group",
        "spec.scope",
        "spec.names.kind",
        "spec.names.plural",
    ),
}
_DATA: Final = ("data", "binaryData", "stringData", "immutable")


def immutable_paths(
    group: str, kind: str, old: dict[str, Any], new: dict[str, Any], replaced_kinds: frozenset[str]
) -> Sequence[str]:
    """The paths whose change from `old` to `new` inputs needs a new object.

    replaced_kinds: of ConfigMap and Secret, those whose data is not to change in place.
    """
    paths = ["metadata.name", "metadata.namespace", *_FIELDS.get((group, kind), ())]
    if group == "" and kind in ("ConfigMap", "Secret") and (old.get("immutable") or kind in replaced_kinds):
        paths += _DATA
    if (group, kind) == ("", "Pod"):
        paths += _pod_paths(old, new)
    if (group, kind) == ("", "Service"):
        paths += _service_paths(old, new)
    return paths


def _pod_paths(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """All of a pod's spec but images, deadline and further tolerations."""
    fields = {*old.get("spec", {}), *new.get("spec", {})}
    paths = [f"spec.{field}" for field in fields - _POD_CHANGEABLE]
    for group in ("containers", "initContainers"):
        containers = [*old.get("spec", {}).get(group, []), *new.get("spec", {}).get(group, [])]
        names = {field for container in containers for field in container}
        paths += [f"spec.{group}.*.{field}" for field in names - {"image"}]
    return paths


def _service_paths(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """A service's address and load-balancer class stay with its type; a new type may bring new ones."""
    before, after = old.get("spec", {}), new.get("spec", {})
    if before.get("type", "ClusterIP") != after.get("type", "ClusterIP"):
        return []
    return [f"spec.{field}" for field in ("clusterIP", "clusterIPs", "loadBalancerClass") if field in before]
