"""EKS managed node groups: what moto forgets of one, invents for one, and its version updates.

Moto forgets the update, repair and warm-pool settings that a node group is made with, invents a disk size,
instance types and remote access where a launch template or nothing was asked for, and has no
UpdateNodegroupVersion.
"""

from __future__ import annotations

from typing import Any

from sandbox.providers.aws.kept.eks_clusters import RULES as CLUSTER_RULES
from sandbox.providers.aws.kept.eks_common import NODE_GROUP, invalid, missing, moto_cluster, update
from sandbox.providers.aws.kept.shim import Asked, Rule

_KEPT = (
    "version",
    "releaseVersion",
    "launchTemplate",
    "updateConfig",
    "nodeRepairConfig",
    "warmPoolConfig",
    "tags",
)


def _key(asked: Asked) -> tuple[str, str]:
    return asked.params["clusterName"], asked.params["nodegroupName"]


def _cluster_version(asked: Asked, name: str) -> str:
    answer: dict[str, Any] = {"cluster": moto_cluster(asked, name)}
    complete = CLUSTER_RULES["DescribeCluster"].amend
    assert complete is not None  # noqa: S101 - the rule above is made with it
    complete(asked, answer)
    return str(answer["cluster"]["version"])


def _created(asked: Asked, answer: dict[str, Any]) -> None:
    sent = asked.params
    kept = {name: sent[name] for name in _KEPT if name in sent and name != "tags"}
    kept.setdefault("version", _cluster_version(asked, sent["clusterName"]))
    kept.setdefault("updateConfig", {"maxUnavailable": 1})
    kept["asked"] = sorted(sent)
    asked.store.put(NODE_GROUP, asked.region, *_key(asked), value=kept)
    _complete(asked, answer)


def _complete(asked: Asked, answer: dict[str, Any]) -> None:
    group = answer["nodegroup"]
    kept = asked.store.get(NODE_GROUP, asked.region, *_key(asked))
    if kept is None:
        return
    if "remoteAccess" not in kept["asked"]:
        group.pop("remoteAccess", None)
    if "launchTemplate" in kept["asked"]:
        for name in {"diskSize", "instanceTypes"} - set(kept["asked"]):
            group.pop(name, None)
    if "releaseVersion" not in kept:
        group.pop("releaseVersion", None)
    group.update({name: kept[name] for name in _KEPT if name in kept})


def _updated(asked: Asked, answer: dict[str, Any]) -> None:
    kept = asked.store.get(NODE_GROUP, asked.region, *_key(asked))
    if kept is not None:
        kept.update({name: asked.params[name] for name in _KEPT if name in asked.params})
        asked.store.put(NODE_GROUP, asked.region, *_key(asked), value=kept)
    answer.update(update("ConfigUpdate", asked.params))


def _update_version(asked: Asked) -> dict[str, Any]:
    """https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateNodegroupVersion.html."""
    cluster = _cluster_version(asked, asked.params["clusterName"])
    kept = asked.store.get(NODE_GROUP, asked.region, *_key(asked))
    if kept is None:
        raise missing(f"No node group found for name: {asked.params['nodegroupName']}.")
    wanted = asked.params.get("version")
    if wanted and int(wanted.split(".")[1]) > int(cluster.split(".")[1]):
        raise invalid(f"Requested Nodegroup version {wanted} is newer than the cluster's {cluster}")
    kept.update(
        {
            name: asked.params[name]
            for name in ("version", "releaseVersion", "launchTemplate")
            if name in asked.params
        }
    )
    asked.store.put(NODE_GROUP, asked.region, *_key(asked), value=kept)
    return update("VersionUpdate", asked.params)


def _gone(asked: Asked, *_rest: Any) -> None:
    asked.store.drop(NODE_GROUP, asked.region, *_key(asked))


def _missing(asked: Asked, code: str) -> None:
    if code == missing("").code:
        _gone(asked)


RULES = {
    "CreateNodegroup": Rule(amend=_created),
    "DescribeNodegroup": Rule(amend=_complete, failed=_missing),
    "UpdateNodegroupConfig": Rule(amend=_updated),
    "UpdateNodegroupVersion": Rule(answer=_update_version),
    "DeleteNodegroup": Rule(amend=_gone, failed=_missing),
}
