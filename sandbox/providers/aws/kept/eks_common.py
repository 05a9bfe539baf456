"""What the kept parts of EKS share: kinds in the store, and asking moto for a cluster."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from sandbox.providers.aws.kept.shim import Asked, RefusedError

CLUSTER = "eks-cluster"
NODE_GROUP = "eks-node-group"
ADDON = "eks-addon"
ACCESS_ENTRY = "eks-access-entry"
ACCESS_POLICY = "eks-access-policy"
POD_IDENTITY = "eks-pod-identity"
OF_A_CLUSTER = (CLUSTER, NODE_GROUP, ADDON, ACCESS_ENTRY, ACCESS_POLICY, POD_IDENTITY)


def now() -> str:
    """The present, as the store keeps it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def timed(answer: dict[str, Any], *names: str) -> dict[str, Any]:
    """A kept answer with its times as botocore gives them."""
    times = {
        name: datetime.fromisoformat(answer[name]) for name in names if isinstance(answer.get(name), str)
    }
    return {**answer, **times}


def missing(message: str) -> RefusedError:
    """EKS's answer for what is not there."""
    return RefusedError("ResourceNotFoundException", message, 404)


def in_use(message: str) -> RefusedError:
    """EKS's answer for what is there already."""
    return RefusedError("ResourceInUseException", message, 409)


def invalid(message: str) -> RefusedError:
    """EKS's answer for a parameter that does not fit."""
    return RefusedError("InvalidParameterException", message)


def cluster_gone(asked: Asked, name: str) -> None:
    """Forgets all that is kept for a cluster, whose security group goes with it."""
    kept = asked.store.get(CLUSTER, asked.region, name) or {}
    group = kept.get("vpc", {}).get("clusterSecurityGroupId")
    if group:
        try:
            asked.clients.plain("ec2", asked.region).delete_security_group(GroupId=group)
        except ClientError as error:
            if error.response["Error"].get("Code") != "InvalidGroup.NotFound":
                raise
    for kind in OF_A_CLUSTER:
        asked.store.drop_all(kind, asked.region, name)


def moto_cluster(asked: Asked, name: str) -> dict[str, Any]:
    """Moto's cluster; what was kept for one that is no more is forgotten."""
    try:
        return dict(asked.moto.describe_cluster(name=name)["cluster"])
    except ClientError as error:
        cluster_gone(asked, name)
        raise missing(f"No cluster found for name: {name}.") from error


def arn(cluster: dict[str, Any], kind: str, *rest: str) -> str:
    """The ARN of something in a cluster: `arn:aws:eks:LOCATION:ACCOUNT:KIND/CLUSTER/REST`."""
    prefix, _, name = str(cluster["arn"]).partition(":cluster/")
    return f"{prefix}:{kind}/" + "/".join((name, *rest))


def update(kind: str, params: dict[str, Any]) -> dict[str, Any]:
    """EKS's answer to an update; ours have happened when it is given."""
    shown = [{"type": "ClusterName", "value": str(params.get("clusterName") or params.get("name"))}]
    return {"update": {"id": "sandbox", "status": "Successful", "type": kind, "params": shown, "errors": []}}
