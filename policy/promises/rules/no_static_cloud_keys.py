"""https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from ..model import Resource, ResourceRule, Severity
from ..values import at, walk

_NAMES = re.compile(
    r"(aws_)?(secret_)?access_key(_id)?|aws_secret_access_key|aws_session_token|aws_shared_credentials_file"
    r"|google_application_credentials|gcp_service_account_key|azure_client_secret|azure_storage_key|secret_key",
)
_TEXTS = re.compile(
    r"\b(AKIA|ASIA)[0-9A-Z]{16}\b|aws_secret_access_key\s*="
    r"|\"type\":\s*\"service_account\"|\"private_key_id\""
)
_OF_SECRETS = frozenset({"data", "stringData"})
_KEYS_AS_RESOURCES = frozenset({"aws:iam/accessKey:AccessKey", "gcp:serviceaccount/key:Key"})


def _check(resource: Resource) -> Iterator[str]:
    if resource.type in _KEYS_AS_RESOURCES:
        yield f"{resource.name} makes a key that never ends"
        return
    if resource.kind == "Release" and at(resource.props, "values", "credentials", "useSecret") is True:
        yield f"{resource.title} reads its cloud credentials from a Secret"
    if not resource.kind:
        return
    for path, value in walk(resource.props):
        last = path[-1] if path else ""
        where = ".".join(path)
        # Never the value itself: what is found may be the secret.
        if isinstance(value, str) and last == "name" and _is_name(value) and "env" in path:
            yield f"{resource.title}: {where} is {value}"
        elif _holds(resource, path, value):
            yield f"{resource.title}: {where} holds a cloud key"


def _holds(resource: Resource, path: tuple[str, ...], value: object) -> bool:
    if path and _is_name(path[-1]) and (path[0] in _OF_SECRETS or resource.kind == "Release"):
        return True
    return isinstance(value, str) and _is_text(value, encoded=path[:1] == ("data",))


def _is_name(text: str) -> bool:
    return bool(_NAMES.fullmatch(text.lower().replace("-", "_")))


def _is_text(text: str, *, encoded: bool) -> bool:
    if _TEXTS.search(text):
        return True
    if not encoded:
        return False
    try:
        return bool(_TEXTS.search(base64.b64decode(text, validate=True).decode("utf-8", "replace")))
    except (binascii.Error, ValueError):
        return False


RULE = ResourceRule(
    id="no-static-cloud-keys",
    severity=Severity.CRITICAL,
    title="No key of a cloud account anywhere in a manifest",
    reason="A static key outlives the pod, is read by whoever reads Secrets or backups, and is in every "
    "replica of them.",
    remedy="Give the service account a Pod Identity association, and take the key out.",
    check=_check,
)
