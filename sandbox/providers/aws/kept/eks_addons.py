"""EKS add-ons, which moto has not: https://docs.aws.amazon.com/eks/latest/APIReference/API_Addon.html."""

from __future__ import annotations

import uuid
from typing import Any

from sandbox.providers.aws.kept.eks_common import (
    ADDON,
    arn,
    in_use,
    missing,
    moto_cluster,
    now,
    timed,
    update,
)
from sandbox.providers.aws.kept.shim import Asked, Rule

_SETTINGS = (
    "addonVersion",
    "serviceAccountRoleArn",
    "configurationValues",
    "namespaceConfig",
    "podIdentityAssociations",
)


def _key(asked: Asked) -> tuple[str, str]:
    return asked.params["clusterName"], asked.params["addonName"]


def _found(asked: Asked) -> dict[str, Any]:
    moto_cluster(asked, asked.params["clusterName"])
    kept = asked.store.get(ADDON, asked.region, *_key(asked))
    if kept is None:
        raise missing(
            f"No addon: {asked.params['addonName']} found in cluster: {asked.params['clusterName']}"
        )
    return dict(kept)


def _create(asked: Asked) -> dict[str, Any]:
    cluster = moto_cluster(asked, asked.params["clusterName"])
    if asked.store.get(ADDON, asked.region, *_key(asked)) is not None:
        raise in_use(f"Addon already exists: {asked.params['addonName']}")
    kept = {name: asked.params[name] for name in _SETTINGS if name in asked.params}
    kept |= {
        "addonName": asked.params["addonName"],
        "clusterName": asked.params["clusterName"],
        "addonArn": arn(cluster, "addon", asked.params["addonName"], str(uuid.uuid4())),
        "status": "ACTIVE",
        "health": {"issues": []},
        "createdAt": now(),
        "modifiedAt": now(),
        "tags": asked.params.get("tags", {}),
    }
    # EKS picks the cluster version's default build; which one that is cannot be known here.
    kept.setdefault("addonVersion", "default")
    asked.store.put(ADDON, asked.region, *_key(asked), value=kept)
    return {"addon": timed(kept, "createdAt", "modifiedAt")}


def _describe(asked: Asked) -> dict[str, Any]:
    return {"addon": timed(_found(asked), "createdAt", "modifiedAt")}


def _list(asked: Asked) -> dict[str, Any]:
    cluster = asked.params["clusterName"]
    moto_cluster(asked, cluster)
    return {"addons": [addon["addonName"] for addon in asked.store.list(ADDON, asked.region, cluster)]}


def _update(asked: Asked) -> dict[str, Any]:
    kept = _found(asked) | {name: asked.params[name] for name in _SETTINGS if name in asked.params}
    asked.store.put(ADDON, asked.region, *_key(asked), value={**kept, "modifiedAt": now()})
    return update("AddonUpdate", asked.params)


def _delete(asked: Asked) -> dict[str, Any]:
    kept = _found(asked)
    asked.store.drop(ADDON, asked.region, *_key(asked))
    return {"addon": timed({**kept, "status": "DELETING"}, "createdAt", "modifiedAt")}


RULES = {
    "CreateAddon": Rule(answer=_create),
    "DescribeAddon": Rule(answer=_describe),
    "ListAddons": Rule(answer=_list),
    "UpdateAddon": Rule(answer=_update),
    "DeleteAddon": Rule(answer=_delete),
}
