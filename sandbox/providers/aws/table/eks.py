"""aws.eks.Cluster."""

from __future__ import annotations

import time
from typing import Any

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.errors import AwsProviderError
from sandbox.providers.base.table.fields import Fields, block, flag, string_set, tags, text

GONE = ("ResourceNotFoundException",)
_POLL_SECONDS = 0.05
_WAIT_SECONDS = 60.0


def await_active(step: Step, describe: Any, what: str) -> None:
    """Waits until `describe()["status"]` is ACTIVE. Raises AwsProviderError when it fails or takes too
    long.
    """
    ends = time.monotonic() + (step.timeout or _WAIT_SECONDS)
    while True:
        found = describe()
        if found["status"] == "ACTIVE":
            return
        if found["status"].endswith("FAILED") or time.monotonic() > ends or step.cancelled.is_set():
            raise AwsProviderError(
                f"{step.entry.token} {step.name!r}: {what} is {found['status']}, not ACTIVE"
            )
        step.cancelled.wait(_POLL_SECONDS)


def retag_eks(step: Step, arn: str) -> None:
    """Brings the tags of an EKS resource to the wanted ones."""
    wanted, unwanted = step.tag_steps()
    if wanted:
        step.aws("eks").tag_resource(resourceArn=arn, tags=wanted)
    if unwanted:
        step.aws("eks").untag_resource(resourceArn=arn, tagKeys=unwanted)


_VPC: Fields = {
    "subnetIds": string_set(required=True),
    "endpointPrivateAccess": flag(),
    "endpointPublicAccess": flag(default=True),
    "publicAccessCidrs": string_set(computed=True),
    "securityGroupIds": string_set(replace=True),
    "clusterSecurityGroupId": text(computed=True),
    "vpcId": text(computed=True),
}
_LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
_UPDATED_TOGETHER = {
    "accessConfig": "accessConfig",
    "deletionProtection": "deletionProtection",
    "upgradePolicy": "upgradePolicy",
    "zonalShiftConfig": "zonalShiftConfig",
}


def _vpc_request(step: Step, *names: str) -> dict[str, Any]:
    given = step.new["vpcConfig"]
    return {name: given[name] for name in names if given.get(name) is not None}


def _logging(step: Step) -> dict[str, Any]:
    enabled = sorted(step.new.get("enabledClusterLogTypes") or [])
    disabled = [kind for kind in _LOG_TYPES if kind not in enabled]
    groups = ({"types": enabled, "enabled": True}, {"types": disabled, "enabled": False})
    return {"clusterLogging": [group for group in groups if group["types"]]}


def _create(step: Step) -> str:
    eks = step.aws("eks")
    network = step.request("kubernetesNetworkConfig", camel=True)
    encryption = step.new.get("encryptionConfig")
    bootstrap = step.new.get("bootstrapSelfManagedAddons")
    eks.create_cluster(
        name=step.new["name"],
        roleArn=step.new["roleArn"],
        resourcesVpcConfig=_vpc_request(
            step,
            "subnetIds",
            "securityGroupIds",
            "endpointPublicAccess",
            "endpointPrivateAccess",
            "publicAccessCidrs",
        ),
        logging=_logging(step),
        **step.request("version", *_UPDATED_TOGETHER, camel=True),
        **network,
        **({"encryptionConfig": [encryption]} if encryption else {}),
        **({} if bootstrap is None else {"bootstrapSelfManagedAddons": bootstrap}),
        **({"tags": step.tags_all} if step.tags_all else {}),
    )
    step.made(step.new["name"])
    _await(step)
    return step.id


def _describe(step: Step) -> dict[str, Any]:
    return dict(step.aws("eks").describe_cluster(name=step.id)["cluster"])


def _await(step: Step) -> None:
    await_active(step, lambda: _describe(step), f"cluster {step.id}")


def _read(step: Step) -> dict[str, Any] | None:
    cluster = _describe(step)
    logged = [
        kind
        for group in cluster.get("logging", {}).get("clusterLogging", [])
        if group["enabled"]
        for kind in group["types"]
    ]
    encryption = cluster.get("encryptionConfig") or []
    return {
        **step.values(
            cluster, "name", "roleArn", "version", "kubernetesNetworkConfig", *_UPDATED_TOGETHER, camel=True
        ),
        "vpcConfig": {name: value for name, value in cluster["resourcesVpcConfig"].items() if name in _VPC},
        "enabledClusterLogTypes": logged,
        **({"encryptionConfig": encryption[0]} if encryption else {}),
        "arn": cluster["arn"],
        "certificateAuthority": cluster["certificateAuthority"],
        "createdAt": cluster["createdAt"].strftime("%Y-%m-%d %H:%M:%S +0000 UTC"),
        "endpoint": cluster["endpoint"],
        "identities": [{"oidcs": [{"issuer": cluster["identity"]["oidc"]["issuer"]}]}],
        "platformVersion": cluster.get("platformVersion"),
        "status": cluster["status"],
        "tagsAll": cluster.get("tags", {}),
    }


_REACH = ("endpointPublicAccess", "endpointPrivateAccess", "publicAccessCidrs")


def _update(step: Step) -> None:
    """EKS takes one kind of change in a request, and one request at a time."""
    eks = step.aws("eks")
    changes: list[dict[str, Any]] = []
    if step.changed("vpcConfig"):
        before = step.old.get("vpcConfig") or {}
        if sorted(before.get("subnetIds") or []) != sorted(step.new["vpcConfig"]["subnetIds"]):
            changes.append({"resourcesVpcConfig": _vpc_request(step, "subnetIds")})
        changes.append({"resourcesVpcConfig": _vpc_request(step, *_REACH)})
    if step.changed("enabledClusterLogTypes"):
        changes.append({"logging": _logging(step)})
    for name, api in _UPDATED_TOGETHER.items():
        if step.changed(name) and step.new.get(name) is not None:
            value = step.new[name]
            if name == "accessConfig":
                value = {"authenticationMode": value["authenticationMode"]}
            changes.append({api: value})
    for change in changes:
        eks.update_cluster_config(name=step.id, **change)
        _await(step)
    if step.changed("version") and step.new.get("version"):
        force = {"force": True} if step.new.get("forceUpdateVersion") else {}
        eks.update_cluster_version(name=step.id, version=step.new["version"], **force)
        _await(step)
    retag_eks(step, step.old.get("arn") or _describe(step)["arn"])


def _delete(step: Step) -> None:
    step.aws("eks").delete_cluster(name=step.id)


CLUSTER = Entry(
    token="aws:eks/cluster:Cluster",  # noqa: S106
    fields={
        "name": text(auto_name=100, replace=True),
        "roleArn": text(required=True, replace=True),
        "version": text(computed=True),
        "vpcConfig": block(_VPC, required=True, api=None),
        "accessConfig": block(
            {
                "authenticationMode": text(
                    computed=True, choices=("API", "API_AND_CONFIG_MAP", "CONFIG_MAP")
                ),
                "bootstrapClusterCreatorAdminPermissions": flag(computed=True, replace=True),
            },
            computed=True,
        ),
        "bootstrapSelfManagedAddons": flag(local=True, replace=True),
        "deletionProtection": flag(computed=True),
        "enabledClusterLogTypes": string_set(api=None),
        "encryptionConfig": block(
            {
                "provider": block({"keyArn": text(required=True)}, required=True),
                "resources": string_set(required=True),
            },
            api=None,
            replace=True,
        ),
        "forceUpdateVersion": flag(local=True),
        "kubernetesNetworkConfig": block(
            {
                "ipFamily": text(computed=True, replace=True),
                "serviceIpv4Cidr": text(computed=True, replace=True),
                "serviceIpv6Cidr": text(computed=True),
            },
            computed=True,
        ),
        "tags": tags(),
        "upgradePolicy": block({"supportType": text(computed=True)}, computed=True),
        "zonalShiftConfig": block({"enabled": flag()}),
    },
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    gone=GONE,
    outputs=(
        "arn",
        "certificateAuthority",
        "createdAt",
        "endpoint",
        "identities",
        "platformVersion",
        "status",
    ),
)

ENTRIES = (CLUSTER,)
