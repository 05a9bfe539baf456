"""https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Resource, ResourceRule, Severity
from ..values import at, known, listed, statements

_ADMIN = ("AdministratorAccess", "PowerUserAccess", "AmazonS3FullAccess", "IAMFullAccess")
_ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
_ROLE = "aws:iam/role:Role"
_MEMBER = "gcp:storage/bucketIAMMember:BucketIAMMember"
_OWNER_ROLES = ("roles/storage.admin", "roles/storage.legacyBucketOwner", "roles/owner", "roles/editor")


def _check(resource: Resource) -> Iterator[str]:
    if resource.type == _MEMBER:
        if at(resource.props, "role") in _OWNER_ROLES:
            yield f"{resource.name} grants {at(resource.props, 'role')}"
        return
    if resource.type == _ATTACHMENT:
        arn = at(resource.props, "policyArn")
        if known(arn) and str(arn).rpartition("/")[2] in _ADMIN:
            yield f"{resource.name} attaches {str(arn).rpartition('/')[2]}"
        return
    key = "assumeRolePolicy" if resource.type == _ROLE else "policy"
    text = at(resource.props, key)
    for statement in statements(text) if known(text) else ():
        if statement.get("Effect") != "Allow":
            continue
        if resource.type == _ROLE:
            if at(statement, "Principal") in ("*", {"AWS": "*"}):
                yield f"{resource.name} may be assumed by anybody"
            if at(statement, "Principal", "Federated") and not at(statement, "Condition"):
                yield f"{resource.name} may be assumed by anybody whom the identity provider knows"
            continue
        for action in listed(statement.get("Action")):
            if action == "*" or action.endswith(":*"):
                yield f"{resource.name} allows {action}"
        writes = [action for action in listed(statement.get("Action")) if action.startswith(("s3:", "kms:"))]
        if writes and "*" in listed(statement.get("Resource")):
            yield f"{resource.name} allows {writes[0]} on everything"


RULE = ResourceRule(
    id="iam-no-wildcards",
    severity=Severity.CRITICAL,
    title="Roles name their actions, and the buckets and keys that they use",
    reason="A pod that is taken over holds its role: with s3:* that is every region's models and backups.",
    remedy="List actions; name buckets and keys by ARN.",
    kinds=frozenset({"aws:iam/policy:Policy", "aws:iam/rolePolicy:RolePolicy", _ATTACHMENT, _ROLE, _MEMBER}),
    check=_check,
)
