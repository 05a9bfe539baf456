"""The objects that a backup's template chooses, read from the region's API server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sandbox.backups.archive import Item
from sandbox.backups.schedules import ScheduleError
from sandbox.kube import Api

_EXCLUDED = "velero.io/exclude-from-backup!=true"
_CLAIMS, _VOLUMES = "persistentvolumeclaims", "persistentvolumes"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource that the API server serves; `root` is the path of its group and version."""

    name: str
    root: str
    version: str
    kind: str
    namespaced: bool


def resource(api: Api, name: str) -> Resource:
    """The resource called `plural` (of the core group) or `plural.group`. Raises ScheduleError, ApiError."""
    plural, _, group = name.partition(".")
    version = "v1"
    if group:
        served = api.find(f"/apis/{group}")
        version = served["preferredVersion"]["version"] if served else ""
    root = f"/apis/{group}/{version}" if group else f"/api/{version}"
    for one in api.get(root)["resources"] if version else ():
        if one["name"] == plural:
            kind, namespaced = one["kind"], one["namespaced"]
            return Resource(name=name, root=root, version=version, kind=kind, namespaced=namespaced)
    raise ScheduleError(
        f"spec.template.includedResources: the API server has no {name}", remedy="write it as plural.group"
    )


def chosen(api: Api, template: Mapping[str, Any]) -> list[Item]:
    """What a template without problems chooses. Raises ScheduleError, ApiError and OSError.

    As Velero does where namespaces are named: of what belongs to no namespace only the volumes of chosen
    claims.
    """
    resources = [resource(api, name) for name in template["includedResources"]]
    items = [item for one in resources if one.namespaced for item in _listed(api, one, template)]
    volumes = next((one for one in resources if one.name == _VOLUMES), None)
    if volumes is not None:
        for claim in [item for item in items if item.resource == _CLAIMS]:
            name = claim.document.get("spec", {}).get("volumeName")
            found = api.find(f"{volumes.root}/{volumes.name}/{name}") if name else None
            if found is not None:
                items.append(Item(resource=volumes.name, version=volumes.version, document=found))
    return items


def _listed(api: Api, one: Resource, template: Mapping[str, Any]) -> Iterator[Item]:
    labels = (template.get("labelSelector") or {}).get("matchLabels") or {}
    selector = quote(",".join([*(f"{name}={value}" for name, value in labels.items()), _EXCLUDED]))
    plural = one.name.partition(".")[0]
    for namespace in template["includedNamespaces"]:
        listing = api.get(f"{one.root}/namespaces/{namespace}/{plural}?labelSelector={selector}")
        for found in listing["items"]:
            # A list does not say of each of its objects what it is.
            document = {"apiVersion": listing["apiVersion"], "kind": one.kind, **found}
            yield Item(resource=one.name, version=one.version, document=document)
