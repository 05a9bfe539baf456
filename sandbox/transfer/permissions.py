"""Whether a job's agent may read its source and write to its sink: the deployed trust, policies and roles.

https://docs.cloud.google.com/storage-transfer/docs/source-amazon-s3 and …/iam-cloud. Of AWS's evaluation only
what such a role needs is done: statements that allow, with the trust's StringEquals conditions.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from sandbox.providers.base.table.store import Store
from sandbox.providers.gcp.kept.bucket_policies import permissions
from sandbox.providers.gcp.kept.buckets import POLICY
from sandbox.providers.gcp.kept.projects import transfer_agent, transfer_subject
from sandbox.transfer.jobs import Job

_ISSUER = "accounts.google.com"
_WRITE = frozenset({"storage.buckets.get", "storage.objects.create", "storage.objects.list"})


class DeniedError(Exception):
    """The service's answer to the agent: what it may not do, and where."""


def check(job: Job, iam: Any, store: Store) -> None:
    """Raises DeniedError when the job could not be carried out by its agent."""
    _assume(job, iam)
    bucket = f"arn:aws:s3:::{job.source}"
    wanted = {"s3:ListBucket": bucket, "s3:GetObject": f"{bucket}/{job.source_path}any"}
    if job.delete_source:
        wanted["s3:DeleteObject"] = wanted["s3:GetObject"]
    if job.queue:
        wanted |= {"sqs:ReceiveMessage": job.queue, "sqs:DeleteMessage": job.queue}
    statements = _statements_of(job, iam)
    for action, resource in wanted.items():
        if not any(_allows(one, action, resource) for one in statements):
            raise DeniedError(f"{job.role} may not {action} on {resource}")
    policy = store.get(POLICY, "", job.sink) or {}
    needed = _WRITE | ({"storage.objects.delete"} if job.delete_unique else set[str]())
    agent = transfer_agent(job.project)
    lacking = sorted(needed - permissions(policy.get("bindings", []), f"serviceAccount:{agent}"))
    if lacking:
        raise DeniedError(f"{agent} lacks {', '.join(lacking)} in {job.sink}")


def _assume(job: Job, iam: Any) -> None:
    """AssumeRoleWithWebIdentity, with the token of the project's agent."""
    subject = transfer_subject(job.project)
    name = job.role.rpartition("/")[2]
    try:
        trust = _document(iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"])
    except ClientError as error:
        raise DeniedError(f"{job.role} does not exist: {error}") from error
    for one in _list(trust.get("Statement")):
        principal = one.get("Principal")
        federated = _list(principal.get("Federated")) if isinstance(principal, Mapping) else []
        equal = (one.get("Condition") or {}).get("StringEquals") or {}
        trusted = _list(equal.get(f"{_ISSUER}:sub"))
        if (
            one.get("Effect") == "Allow"
            and "sts:AssumeRoleWithWebIdentity" in _list(one.get("Action"))
            and _ISSUER in federated
            and subject in trusted
        ):
            return
    raise DeniedError(f"{job.role} does not trust {_ISSUER} subject {subject}, the agent of {job.project}")


def _statements_of(job: Job, iam: Any) -> list[dict[str, Any]]:
    name = job.role.rpartition("/")[2]
    found: list[dict[str, Any]] = []
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        found += _list(_document(document).get("Statement"))
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)
        found += _list(_document(document["PolicyVersion"]["Document"]).get("Statement"))
    return found


def _allows(statement: Mapping[str, Any], action: str, resource: str) -> bool:
    return (
        statement.get("Effect") == "Allow"
        and any(fnmatch.fnmatchcase(action.lower(), one.lower()) for one in _list(statement.get("Action")))
        and any(fnmatch.fnmatchcase(resource, one) for one in _list(statement.get("Resource")))
    )


def _document(value: Any) -> dict[str, Any]:
    return json.loads(unquote(value)) if isinstance(value, str) else dict(value)


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str | Mapping) else [value]
