"""Workload identity pools and their providers, kept; nothing exchanges tokens.

A pool that is deleted keeps its name for 30 days, in which none of that name can be made: the sandbox keeps
it for as long as itself. https://cloud.google.com/iam/docs/manage-workload-identity-pools-providers
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.providers.gcp.api import Asked, Handler
from sandbox.providers.gcp.errors import GoogleError, invalid, not_found
from sandbox.providers.gcp.kept.projects import number_of

POOL = "identity-pool"
PROVIDER = "identity-pool-provider"
DELETED = "identity-pool-deleted"
_ID = re.compile(r"(?!gcp-)[a-z0-9-]{4,32}")
_KINDS = ("aws", "oidc", "saml", "x509")
_PARENT = re.compile(r"projects/(?P<project>[^/]+)/(?P<rest>.+)")


def _canonical(name: str) -> str:
    """With the project's number, as the service answers names."""
    found = _PARENT.fullmatch(name)
    if found is None or found["project"].isdecimal():
        return name
    return f"projects/{number_of(found['project'])}/{found['rest']}"


def _done(answer: dict[str, Any]) -> dict[str, Any]:
    """A long-running operation that has ended."""
    return {"name": f"{answer['name']}/operations/done", "done": True, "response": answer}


def _new_name(asked: Asked, folder: str, id_: str) -> str:
    if not _ID.fullmatch(id_):
        raise invalid(
            f"{id_!r} is not of 4 to 32 lower-case letters, digits and hyphens, or begins with gcp-"
        )
    name = f"{_canonical(asked.params['parent'])}/{folder}/{id_}"
    if any(asked.store.get(kind, "", name) is not None for kind in (POOL, PROVIDER, DELETED)):
        raise GoogleError(409, "ALREADY_EXISTS", f"Requested entity already exists: {name}")
    return name


def _create_pool(asked: Asked) -> dict[str, Any]:
    name = _new_name(asked, "workloadIdentityPools", asked.params["workloadIdentityPoolId"])
    pool = {"mode": "FEDERATION_ONLY", **asked.body, "name": name, "state": "ACTIVE"}
    asked.store.put(POOL, "", name, value=pool)
    return _done(pool)


def _create_provider(asked: Asked) -> dict[str, Any]:
    pool = _canonical(asked.params["parent"])
    if asked.store.get(POOL, "", pool) is None:
        raise not_found(f"Requested entity was not found: {pool}")
    name = _new_name(asked, "providers", asked.params["workloadIdentityPoolProviderId"])
    return _done(_put_provider(asked, {**asked.body, "name": name, "state": "ACTIVE"}))


def _put_provider(asked: Asked, provider: dict[str, Any]) -> dict[str, Any]:
    faults = list(_provider_faults(provider))
    if faults:
        raise invalid("; ".join(faults))
    asked.store.put(PROVIDER, "", provider["name"], value=provider)
    return provider


def _provider_faults(provider: Mapping[str, Any]) -> Iterator[str]:
    given = [kind for kind in _KINDS if provider.get(kind)]
    if len(given) != 1:
        yield f"has {len(given)} of {', '.join(_KINDS)}, and needs one"
    if given == ["oidc"]:
        issuer = str(provider["oidc"].get("issuerUri"))
        if not issuer.startswith("https://"):
            yield f"oidc.issuerUri: {issuer!r} does not begin with https://"
        if "google.subject" not in (provider.get("attributeMapping") or {}):
            yield "attributeMapping: google.subject is required"
    if len(str(provider.get("attributeCondition", ""))) > 4096:
        yield "attributeCondition: has more than 4096 characters"


def _find(asked: Asked, kind: str) -> dict[str, Any]:
    name = _canonical(asked.params["name"])
    found = asked.store.get(kind, "", name)
    if found is None:
        raise not_found(f"Requested entity was not found: {name}")
    return found


def _patched(asked: Asked, kind: str) -> dict[str, Any]:
    found = _find(asked, kind)
    for name in str(asked.params["updateMask"]).split(","):
        found.pop(name, None)
        if name in asked.body:
            found[name] = asked.body[name]
    return found


def _patch_pool(asked: Asked) -> dict[str, Any]:
    pool = _patched(asked, POOL)
    asked.store.put(POOL, "", pool["name"], value=pool)
    return _done(pool)


def _patch_provider(asked: Asked) -> dict[str, Any]:
    return _done(_put_provider(asked, _patched(asked, PROVIDER)))


def _delete_pool(asked: Asked) -> dict[str, Any]:
    pool = _find(asked, POOL)
    name = pool["name"]
    providers = [one["name"] for one in asked.store.list(PROVIDER, "") if one["name"].startswith(f"{name}/")]
    for one in providers:
        asked.store.drop(PROVIDER, "", one)
    asked.store.drop(POOL, "", name)
    asked.store.put(DELETED, "", name, value={})
    return _done({**pool, "state": "DELETED"})


def _delete_provider(asked: Asked) -> dict[str, Any]:
    provider = _find(asked, PROVIDER)
    asked.store.drop(PROVIDER, "", provider["name"])
    asked.store.put(DELETED, "", provider["name"], value={})
    return _done({**provider, "state": "DELETED"})


_POOLS = "iam.projects.locations.workloadIdentityPools"
HANDLERS: dict[str, Handler] = {
    f"{_POOLS}.create": _create_pool,
    f"{_POOLS}.get": lambda asked: _find(asked, POOL),
    f"{_POOLS}.patch": _patch_pool,
    f"{_POOLS}.delete": _delete_pool,
    f"{_POOLS}.providers.create": _create_provider,
    f"{_POOLS}.providers.get": lambda asked: _find(asked, PROVIDER),
    f"{_POOLS}.providers.patch": _patch_provider,
    f"{_POOLS}.providers.delete": _delete_provider,
}
