"""gcp.iam.WorkloadIdentityPool and gcp.iam.WorkloadIdentityPoolProvider."""

from __future__ import annotations

from typing import Any

from sandbox.providers.base.table.fields import Fields, block, flag, mapping, strings, text
from sandbox.providers.base.table.shapes import from_api, to_api
from sandbox.providers.gcp.entry import Entry, Step, project_field
from sandbox.providers.gcp.kept.projects import number_of

_POOLS = "iam.projects.locations.workloadIdentityPools"
_POOL = "workloadIdentityPoolId"
_PROVIDER = "workloadIdentityPoolProviderId"
_COMMON: Fields = {"description": text(), "disabled": flag(), "displayName": text()}
_OIDC: Fields = {
    "allowedAudiences": strings(),
    "issuerUri": text(required=True),
    "jwksJson": text(),
}
_OF_POOL: Fields = {**_COMMON, "mode": text(computed=True, replace=True)}
_OF_PROVIDER: Fields = {
    **_COMMON,
    "attributeCondition": text(),
    "attributeMapping": mapping(),
    "oidc": block(_OIDC),
}


def _parent(step: Step) -> str:
    return f"projects/{step.project}/locations/global"


def _create_pool(step: Step) -> str:
    body, id_ = to_api(_OF_POOL, step.new, camel=True), str(step.new[_POOL])
    step.call(f"{_POOLS}.create", body, parent=_parent(step), workloadIdentityPoolId=id_)
    return f"{_parent(step)}/workloadIdentityPools/{id_}"


def _read_pool(step: Step) -> dict[str, Any] | None:
    have = step.call(f"{_POOLS}.get", name=step.id)
    return {**from_api(_OF_POOL, have, camel=True), **_said(step, have), _POOL: step.id.rpartition("/")[2]}


def _said(step: Step, have: dict[str, Any]) -> dict[str, Any]:
    project = step.id.split("/")[1]
    name = have["name"].replace(f"projects/{project}/", f"projects/{number_of(project)}/")
    return {"name": name, "project": project, "state": have["state"]}


def _update(method: str, fields: Fields) -> Any:
    def update(step: Step) -> None:
        mask = ",".join(name for name, one in fields.items() if not one.replace and step.changed(name))
        if mask:
            step.call(method, to_api(fields, step.new, camel=True), name=step.id, updateMask=mask)

    return update


def _delete(method: str) -> Any:
    def delete(step: Step) -> None:
        step.call(method, name=step.id)

    return delete


def _create_provider(step: Step) -> str:
    parent, id_ = f"{_parent(step)}/workloadIdentityPools/{step.new[_POOL]}", str(step.new[_PROVIDER])
    body = to_api(_OF_PROVIDER, step.new, camel=True)
    step.call(f"{_POOLS}.providers.create", body, parent=parent, workloadIdentityPoolProviderId=id_)
    return f"{parent}/providers/{id_}"


def _read_provider(step: Step) -> dict[str, Any] | None:
    have = step.call(f"{_POOLS}.providers.get", name=step.id)
    parts = step.id.split("/")
    return {
        **from_api(_OF_PROVIDER, have, camel=True),
        **_said(step, have),
        _POOL: parts[5],
        _PROVIDER: parts[7],
    }


ENTRIES = (
    Entry(
        token="gcp:iam/workloadIdentityPool:WorkloadIdentityPool",  # noqa: S106
        fields={**_OF_POOL, _POOL: text(required=True, replace=True), "project": project_field()},
        create=_create_pool,
        read=_read_pool,
        update=_update(f"{_POOLS}.patch", _OF_POOL),
        delete=_delete(f"{_POOLS}.delete"),
        outputs=("name", "state"),
    ),
    Entry(
        token="gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",  # noqa: S106
        fields={
            **_OF_PROVIDER,
            _POOL: text(required=True, replace=True),
            _PROVIDER: text(required=True, replace=True),
            "project": project_field(),
        },
        create=_create_provider,
        read=_read_provider,
        update=_update(f"{_POOLS}.providers.patch", _OF_PROVIDER),
        delete=_delete(f"{_POOLS}.providers.delete"),
        outputs=("name", "state"),
    ),
)
