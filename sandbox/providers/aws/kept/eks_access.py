"""EKS access entries, access policies and Pod Identity associations, which moto has not.

https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html,
https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from sandbox.providers.aws.kept.eks_common import (
    ACCESS_ENTRY,
    ACCESS_POLICY,
    CLUSTER,
    POD_IDENTITY,
    arn,
    in_use,
    missing,
    moto_cluster,
    now,
    timed,
)
from sandbox.providers.aws.kept.shim import Asked, RefusedError, Rule

_TIMES = ("createdAt", "modifiedAt")


def _user_name(principal: str) -> str:
    """The name that EKS gives an entry's user: a role's is of its sessions."""
    prefix, kind, rest = principal.partition(":role/")
    if not kind:
        return principal
    return f"{prefix.replace(':iam:', ':sts:')}:assumed-role/{rest.rsplit('/', 1)[-1]}/{{{{SessionName}}}}"


def _entry(asked: Asked) -> dict[str, Any]:
    cluster, principal = asked.params["clusterName"], asked.params["principalArn"]
    moto_cluster(asked, cluster)
    kept = asked.store.get(ACCESS_ENTRY, asked.region, cluster, principal)
    if kept is None:
        raise missing(f"The specified principalArn could not be found: {principal}")
    return dict(kept)


def _put_entry(asked: Asked, entry: dict[str, Any]) -> dict[str, Any]:
    asked.store.put(ACCESS_ENTRY, asked.region, entry["clusterName"], entry["principalArn"], value=entry)
    return {"accessEntry": timed(entry, *_TIMES)}


def _create_entry(asked: Asked) -> dict[str, Any]:
    params = asked.params
    cluster = moto_cluster(asked, params["clusterName"])
    settings = asked.store.get(CLUSTER, asked.region, params["clusterName"]) or {}
    if (settings.get("accessConfig") or {}).get("authenticationMode", "CONFIG_MAP") == "CONFIG_MAP":
        message = "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP]"
        raise RefusedError("InvalidRequestException", f"{message} to perform this operation.")
    if asked.store.get(ACCESS_ENTRY, asked.region, params["clusterName"], params["principalArn"]) is not None:
        raise in_use("The specified access entry resource is already in use on this cluster.")
    kind, _, who = params["principalArn"].split(":")[5].partition("/")
    entry = {
        "clusterName": params["clusterName"],
        "principalArn": params["principalArn"],
        "kubernetesGroups": params.get("kubernetesGroups", []),
        "type": params.get("type", "STANDARD"),
        "username": params.get("username") or _user_name(params["principalArn"]),
        "accessEntryArn": arn(
            cluster, "access-entry", kind, who, hashlib.sha256(who.encode()).hexdigest()[:32]
        ),
        "createdAt": now(),
        "modifiedAt": now(),
        "tags": params.get("tags", {}),
    }
    return _put_entry(asked, entry)


def _describe_entry(asked: Asked) -> dict[str, Any]:
    return {"accessEntry": timed(_entry(asked), *_TIMES)}


def _list_entries(asked: Asked) -> dict[str, Any]:
    cluster = asked.params["clusterName"]
    moto_cluster(asked, cluster)
    return {
        "accessEntries": [
            entry["principalArn"] for entry in asked.store.list(ACCESS_ENTRY, asked.region, cluster)
        ]
    }


def _update_entry(asked: Asked) -> dict[str, Any]:
    changes = {name: asked.params[name] for name in ("kubernetesGroups", "username") if name in asked.params}
    return _put_entry(asked, {**_entry(asked), **changes, "modifiedAt": now()})


def _delete_entry(asked: Asked) -> dict[str, Any]:
    entry = _entry(asked)
    key = (entry["clusterName"], entry["principalArn"])
    asked.store.drop(ACCESS_ENTRY, asked.region, *key)
    asked.store.drop_all(ACCESS_POLICY, asked.region, *key)
    return {}


def _associate(asked: Asked) -> dict[str, Any]:
    entry, policy = _entry(asked), asked.params["policyArn"]
    key = (entry["clusterName"], entry["principalArn"], policy)
    before = asked.store.get(ACCESS_POLICY, asked.region, *key)
    kept = {
        "policyArn": policy,
        "accessScope": asked.params["accessScope"],
        "associatedAt": before["associatedAt"] if before else now(),
        "modifiedAt": now(),
    }
    asked.store.put(ACCESS_POLICY, asked.region, *key, value=kept)
    return {
        "clusterName": key[0],
        "principalArn": key[1],
        "associatedAccessPolicy": timed(kept, "associatedAt", "modifiedAt"),
    }


def _list_associated(asked: Asked) -> dict[str, Any]:
    entry = _entry(asked)
    kept = asked.store.list(ACCESS_POLICY, asked.region, entry["clusterName"], entry["principalArn"])
    return {"associatedAccessPolicies": [timed(one, "associatedAt", "modifiedAt") for one in kept]}


def _disassociate(asked: Asked) -> dict[str, Any]:
    entry, policy = _entry(asked), asked.params["policyArn"]
    if not asked.store.drop(ACCESS_POLICY, asked.region, entry["clusterName"], entry["principalArn"], policy):
        raise missing(f"The specified policyArn is not associated: {policy}")
    return {}


def _association(asked: Asked) -> dict[str, Any]:
    cluster, id_ = asked.params["clusterName"], asked.params["associationId"]
    moto_cluster(asked, cluster)
    kept = asked.store.get(POD_IDENTITY, asked.region, cluster, id_)
    if kept is None:
        raise missing(f"Association not found: {id_}")
    return dict(kept)


def _put_association(asked: Asked, association: dict[str, Any]) -> dict[str, Any]:
    key = (association["clusterName"], association["associationId"])
    asked.store.put(POD_IDENTITY, asked.region, *key, value=association)
    return {"association": timed(association, *_TIMES)}


def _create_association(asked: Asked) -> dict[str, Any]:
    params = asked.params
    cluster = moto_cluster(asked, params["clusterName"])
    who = (params["namespace"], params["serviceAccount"])
    for other in asked.store.list(POD_IDENTITY, asked.region, params["clusterName"]):
        if (other["namespace"], other["serviceAccount"]) == who:
            raise in_use(f"Association already exists: {other['associationId']}")
    id_ = "a-" + secrets.token_hex(9)[:17]
    names = ("clusterName", "namespace", "serviceAccount", "roleArn", "targetRoleArn", "policy")
    association = {name: params[name] for name in names if name in params} | {
        "associationId": id_,
        "associationArn": arn(cluster, "podidentityassociation", id_),
        "disableSessionTags": params.get("disableSessionTags", False),
        "createdAt": now(),
        "modifiedAt": now(),
        "tags": params.get("tags", {}),
    }
    return _put_association(asked, association)


def _describe_association(asked: Asked) -> dict[str, Any]:
    return {"association": timed(_association(asked), *_TIMES)}


def _list_associations(asked: Asked) -> dict[str, Any]:
    cluster = asked.params["clusterName"]
    moto_cluster(asked, cluster)
    names = ("clusterName", "namespace", "serviceAccount", "associationArn", "associationId")
    kept = asked.store.list(POD_IDENTITY, asked.region, cluster)
    return {"associations": [{name: one[name] for name in names} for one in kept]}


def _update_association(asked: Asked) -> dict[str, Any]:
    names = ("roleArn", "disableSessionTags", "targetRoleArn", "policy")
    changes = {name: asked.params[name] for name in names if name in asked.params}
    return _put_association(asked, {**_association(asked), **changes, "modifiedAt": now()})


def _delete_association(asked: Asked) -> dict[str, Any]:
    association = _association(asked)
    asked.store.drop(POD_IDENTITY, asked.region, association["clusterName"], association["associationId"])
    return {"association": timed(association, *_TIMES)}


RULES = {
    "CreateAccessEntry": Rule(answer=_create_entry),
    "DescribeAccessEntry": Rule(answer=_describe_entry),
    "ListAccessEntries": Rule(answer=_list_entries),
    "UpdateAccessEntry": Rule(answer=_update_entry),
    "DeleteAccessEntry": Rule(answer=_delete_entry),
    "AssociateAccessPolicy": Rule(answer=_associate),
    "ListAssociatedAccessPolicies": Rule(answer=_list_associated),
    "DisassociateAccessPolicy": Rule(answer=_disassociate),
    "CreatePodIdentityAssociation": Rule(answer=_create_association),
    "DescribePodIdentityAssociation": Rule(answer=_describe_association),
    "ListPodIdentityAssociations": Rule(answer=_list_associations),
    "UpdatePodIdentityAssociation": Rule(answer=_update_association),
    "DeletePodIdentityAssociation": Rule(answer=_delete_association),
}
