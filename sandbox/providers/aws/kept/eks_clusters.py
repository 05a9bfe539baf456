"""EKS clusters: what moto forgets of them, their version updates, and the region's real API server as
their endpoint.

Moto does not keep a cluster's access, upgrade, zonal-shift, deletion-protection, compute and storage
settings, makes no cluster security group, and has no UpdateClusterVersion. The endpoint and the certificate
authority are those of the sandbox's API server for the location: `eks.json` in its directory, {location:
{"endpoint", "ca", "zones"}}, where `ca` is the certificate in PEM or, as EKS gives it, in base64.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from botocore.exceptions import ClientError

from sandbox.providers.aws.kept.eks_common import (
    CLUSTER,
    cluster_gone,
    invalid,
    missing,
    moto_cluster,
    update,
)
from sandbox.providers.aws.kept.shim import Asked, RefusedError, Rule

# Defaults of the CreateCluster API: https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html
_FORGOTTEN: dict[str, Any] = {
    "accessConfig": {"authenticationMode": "CONFIG_MAP", "bootstrapClusterCreatorAdminPermissions": True},
    "upgradePolicy": {"supportType": "EXTENDED"},
    "zonalShiftConfig": {"enabled": False},
    "deletionProtection": False,
    "computeConfig": None,
    "storageConfig": None,
    "controlPlaneScalingConfig": None,
}
_VPC_DEFAULTS = {"endpointPublicAccess": True, "endpointPrivateAccess": False, "securityGroupIds": []}


def _security_group(asked: Asked, cluster: str, vpc: str) -> str:
    """EKS makes one security group for a cluster, whose members may speak with each other."""
    ec2 = asked.clients.plain("ec2", asked.region)
    suffix = hashlib.sha256(f"{vpc}/{cluster}".encode()).hexdigest()[:9]
    group = ec2.create_security_group(
        GroupName=f"eks-cluster-sg-{cluster}-{suffix}", Description="EKS created security group", VpcId=vpc
    )["GroupId"]
    within = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=within)
    return str(group)


def _vpc_of(asked: Asked, subnets: list[str]) -> str:
    ec2 = asked.clients.plain("ec2", asked.region)
    try:
        found = ec2.describe_subnets(SubnetIds=subnets)["Subnets"]
    except ClientError as error:
        raise invalid(
            f"The subnet ID does not exist: {error.response['Error'].get('Message', '')}"
        ) from error
    vpcs = {subnet["VpcId"] for subnet in found}
    zones = {subnet["AvailabilityZone"] for subnet in found}
    if len(vpcs) != 1:
        raise invalid(f"Subnets are not in one VPC: {', '.join(sorted(vpcs))}")
    if len(zones) < 2:
        raise invalid(
            f"Subnets specified must be in at least two different AZs; they are in {', '.join(zones)}"
        )
    return str(vpcs.pop())


def _create(asked: Asked) -> None:
    """Refuses what EKS would, before moto makes the cluster."""
    _vpc_of(asked, asked.params["resourcesVpcConfig"].get("subnetIds", []))


def _created(asked: Asked, answer: dict[str, Any]) -> None:
    params = asked.params
    kept = {name: params.get(name, default) for name, default in _FORGOTTEN.items()}
    vpc = _vpc_of(asked, params["resourcesVpcConfig"].get("subnetIds", []))
    kept["vpc"] = {"vpcId": vpc, "clusterSecurityGroupId": _security_group(asked, params["name"], vpc)}
    asked.store.put(CLUSTER, asked.region, params["name"], value=kept)
    _complete(asked, answer)


def _complete(asked: Asked, answer: dict[str, Any]) -> None:
    cluster = answer["cluster"]
    kept = asked.store.get(CLUSTER, asked.region, cluster["name"]) or {}
    for name in (*_FORGOTTEN, "version"):
        if kept.get(name) is not None:
            cluster[name] = kept[name]
    vpc = {**_VPC_DEFAULTS, **cluster.get("resourcesVpcConfig", {}), **kept.get("vpc", {})}
    if vpc["endpointPublicAccess"]:
        vpc.setdefault("publicAccessCidrs", ["0.0.0.0/0"])
    cluster["resourcesVpcConfig"] = vpc
    cluster.setdefault("kubernetesNetworkConfig", {}).setdefault("ipFamily", "ipv4")
    real = _api_servers(asked).get(asked.region)
    if real:
        cluster["endpoint"] = real["endpoint"]
        cluster["certificateAuthority"] = {"data": _in_base64(real["ca"])}


def _api_servers(asked: Asked) -> dict[str, dict[str, Any]]:
    path = asked.clients.directory / "eks.json"
    return json.loads(path.read_text()) if path.exists() else {}


def _in_base64(authority: str) -> str:
    return base64.b64encode(authority.encode()).decode() if authority.startswith("-----BEGIN") else authority


def _update(asked: Asked) -> None:
    """EKS merges the VPC settings that are sent; moto takes them as the whole."""
    sent = asked.params.get("resourcesVpcConfig")
    if sent is not None:
        before = moto_cluster(asked, asked.params["name"]).get("resourcesVpcConfig", {})
        known = (
            "subnetIds",
            "securityGroupIds",
            "endpointPublicAccess",
            "endpointPrivateAccess",
            "publicAccessCidrs",
        )
        asked.params["resourcesVpcConfig"] = {**{key: before[key] for key in known if key in before}, **sent}


def _updated(asked: Asked, answer: dict[str, Any]) -> None:
    name = asked.params["name"]
    kept = asked.store.get(CLUSTER, asked.region, name) or {}
    for key in _FORGOTTEN:
        if key in asked.params:
            value = asked.params[key]
            kept[key] = {**(kept.get(key) or {}), **value} if isinstance(value, dict) else value
    asked.store.put(CLUSTER, asked.region, name, value=kept)
    answer.update(update("ConfigUpdate", asked.params))


def _update_version(asked: Asked) -> dict[str, Any]:
    """One minor version up at a time: https://docs.aws.amazon.com/eks/latest/userguide/update-
    cluster.html.
    """
    name, wanted = asked.params["name"], asked.params["version"]
    kept = asked.store.get(CLUSTER, asked.region, name) or {}
    before = kept.get("version") or moto_cluster(asked, name)["version"]
    steps = int(wanted.split(".")[1]) - int(before.split(".")[1])
    if steps != 1:
        raise invalid(f"Unsupported Kubernetes minor version update from {before} to {wanted}")
    asked.store.put(CLUSTER, asked.region, name, value={**kept, "version": wanted})
    return update("VersionUpdate", asked.params)


def _delete(asked: Asked) -> None:
    kept = asked.store.get(CLUSTER, asked.region, asked.params["name"]) or {}
    if kept.get("deletionProtection"):
        raise RefusedError("InvalidRequestException", "Deletion protection is enabled for the cluster.")


def _deleted(asked: Asked, _answer: dict[str, Any]) -> None:
    cluster_gone(asked, asked.params["name"])


def _missing(asked: Asked, code: str) -> None:
    if code == missing("").code:
        cluster_gone(asked, asked.params["name"])


def _unless(check: Any) -> Any:
    """A rule's answer that only refuses."""

    def answer(asked: Asked) -> None:
        check(asked)

    return answer


RULES = {
    "CreateCluster": Rule(answer=_unless(_create), amend=_created),
    "DescribeCluster": Rule(amend=_complete, failed=_missing),
    "UpdateClusterConfig": Rule(prepare=_update, amend=_updated),
    "UpdateClusterVersion": Rule(answer=_update_version),
    "DeleteCluster": Rule(answer=_unless(_delete), amend=_deleted, failed=_missing),
}
