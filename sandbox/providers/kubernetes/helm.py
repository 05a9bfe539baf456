"""Helm releases, recorded.

The charts cannot be reached in a sandbox, and their objects are not invented: a release is checked and
written down where Helm itself keeps releases, in a Secret `sh.helm.release.v1.<name>.v<revision>` of type
`helm.sh/release.v1` (https://helm.sh/docs/topics/advanced/#storage-backends). Its payload is Helm's own
format with `"recorded": true` and the chart's source beside it; `helm list` shows it.
"""

from __future__ import annotations

import base64
import gzip
import json
import time
from datetime import UTC, datetime
from typing import Final

from sandbox.providers.base import (
    UNKNOWN,
    Call,
    Created,
    Diff,
    Live,
    Properties,
    ProviderError,
    Secret,
    State,
    compare,
    has_unknown,
    with_replacements,
)
from sandbox.providers.kubernetes.api import Kind, RefusedError
from sandbox.providers.kubernetes.applying import dry_run, told
from sandbox.providers.kubernetes.instance import Instance, manager_of

DESCRIPTION: Final = (
    "recorded by the sandbox: the chart's source cannot be reached here, and no object of it was made"
)
_SECRETS: Final = Kind(group="", version="v1", kind="Secret", plural="secrets", namespaced=True)


def diff(old: State, new: Properties) -> Diff:
    """A release keeps its name and namespace; all else is an upgrade."""
    changes = compare(old.inputs, new)
    return Diff(changes=with_replacements(changes, ["name", "namespace"]))


def create(call: Call[Instance], inputs: Properties) -> Created:
    """Record the first revision."""
    if call.preview:
        if not has_unknown(inputs):
            _refuse_used_name(call, inputs)
            dry_run(call, _SECRETS, _document(inputs, 1), manager_of(call, {}), new=True)
        return Created(id="", outputs={**inputs, "status": UNKNOWN})
    _refuse_used_name(call, inputs)
    revision = _record(call, inputs)
    return Created(id=f"{inputs['namespace']}/{inputs['name']}", outputs=_outputs(inputs, revision))


def update(call: Call[Instance], old: State, new: Properties) -> Properties:
    """Record another revision, and keep as many as maxHistory says."""
    if call.preview:
        return {**old.outputs, **new}
    return _outputs(new, _record(call, new))


def read(call: Call[Instance], id: str, old: State) -> Live | None:
    """The newest revision, recorded here or by Helm itself."""
    namespace, _, name = id.rpartition("/")
    kept = _revisions(call, namespace or call.instance.cluster.namespace, name)
    if not kept:
        return None
    release = _payload(kept[-1])
    source = release.get("source", {})
    values = release.get("config") or {}
    found: Properties = {
        "name": name,
        "namespace": release["namespace"],
        "chart": source.get("chart", release["chart"]["metadata"]["name"]),
        "version": release["chart"]["metadata"]["version"],
    }
    if not old.inputs:
        if source.get("repository"):
            found["repositoryOpts"] = {"repo": source["repository"]}
        found["values"] = Secret(values)  # what of it is secret cannot be told
        return Live(id=id, inputs=found, outputs=_outputs(found, release["version"], release))
    inputs = {**old.inputs, **found}
    if values or "values" in inputs:
        inputs["values"] = values
    if source.get("repository"):
        inputs["repositoryOpts"] = {**inputs.get("repositoryOpts", {}), "repo": source["repository"]}
    return Live(id=id, inputs=inputs, outputs=_outputs(inputs, release["version"], release))


def delete(call: Call[Instance], id: str) -> None:
    """Remove every revision."""
    namespace, _, name = id.rpartition("/")
    for secret in _revisions(call, namespace, name):
        call.instance.cluster.delete(_path(secret["metadata"]), propagation="Background")


def _path(metadata: Properties) -> str:
    return _SECRETS.path(metadata["namespace"], metadata["name"])


def _revisions(call: Call[Instance], namespace: str, name: str) -> list[Properties]:
    """The release's Secrets, oldest first."""
    found = call.instance.cluster.list(_SECRETS.path(namespace), labelSelector=f"owner=helm,name={name}")
    return sorted(found, key=lambda secret: int(secret["metadata"]["labels"]["version"]))


def _refuse_used_name(call: Call[Instance], inputs: Properties) -> None:
    """As `helm install` does: a name in use is refused, unless an interrupted update of ours recorded it."""
    manager = manager_of(call, {})
    for secret in _revisions(call, inputs["namespace"], inputs["name"]):
        if manager not in {entry.get("manager") for entry in secret["metadata"].get("managedFields", [])}:
            raise ProviderError(
                f"Helm release {inputs['namespace']}/{inputs['name']}: the name is in use by a release that "
                "this resource has not made; import it (id <namespace>/<name>) or delete it"
            )


def _record(call: Call[Instance], inputs: Properties) -> int:
    """Write the next revision, then mark the ones before as superseded. Returns its number."""
    kept = _revisions(call, inputs["namespace"], inputs["name"])
    revision = _payload(kept[-1])["version"] + 1 if kept else 1
    cluster, manager = call.instance.cluster, manager_of(call, {})
    document = _document(inputs, revision)
    try:
        cluster.apply(_path(document["metadata"]), document, manager=manager, force=False, dry_run=False)
        for secret in kept:
            labels = secret["metadata"]["labels"]
            if labels.get("status") == "deployed":
                release = _payload(secret)
                release["info"]["status"] = "superseded"
                older = _secret(secret["metadata"], {**labels, "status": "superseded"}, release)
                cluster.apply(_path(older["metadata"]), older, manager=manager, force=True, dry_run=False)
    except RefusedError as refused:
        raise told(_SECRETS, document, refused) from refused
    history = inputs.get("maxHistory") or 10
    for secret in kept[: max(0, len(kept) + 1 - history)]:
        cluster.delete(_path(secret["metadata"]), propagation="Background")
    return revision


def _document(inputs: Properties, revision: int) -> Properties:
    """The Secret of one revision, in Helm's format."""
    now = datetime.now(UTC).isoformat()
    chart = inputs["chart"].rstrip("/").rpartition("/")[2]
    release = {
        "name": inputs["name"],
        "namespace": inputs["namespace"],
        "version": revision,
        "info": {
            "first_deployed": now,
            "last_deployed": now,
            "deleted": "",
            "description": DESCRIPTION,
            "status": "deployed",
        },
        "chart": {
            "metadata": {"name": chart, "version": inputs["version"], "apiVersion": "v2"},
            "templates": [],
            "values": {},
        },
        "config": inputs.get("values") or {},
        "manifest": "",
        "recorded": True,
        "source": {
            "chart": inputs["chart"],
            "repository": (inputs.get("repositoryOpts") or {}).get("repo"),
        },
    }
    metadata = {
        "name": f"sh.helm.release.v1.{inputs['name']}.v{revision}",
        "namespace": inputs["namespace"],
    }
    labels = {
        "name": inputs["name"],
        "owner": "helm",
        "status": "deployed",
        "version": str(revision),
        "modifiedAt": str(int(time.time())),
    }
    return _secret(metadata, labels, release)


def _secret(metadata: Properties, labels: Properties, release: Properties) -> Properties:
    # Helm keeps the gzipped JSON as base64 text, which the Secret encodes once more.
    text = base64.b64encode(gzip.compress(json.dumps(release).encode()))
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "helm.sh/release.v1",
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"], "labels": labels},
        "data": {"release": base64.b64encode(text).decode()},
    }


def _payload(secret: Properties) -> Properties:
    try:
        return json.loads(gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"]))))
    except (KeyError, ValueError, OSError) as error:
        where = f"{secret['metadata']['namespace']}/{secret['metadata']['name']}"
        raise ProviderError(f"Secret {where} is no Helm release: {error}") from error


def _outputs(inputs: Properties, revision: int, release: Properties | None = None) -> Properties:
    info = (release or {}).get("info", {"status": "deployed", "description": DESCRIPTION})
    return {
        **inputs,
        "resourceNames": {},
        "recorded": True if release is None else bool(release.get("recorded")),
        "status": {
            "name": inputs["name"],
            "namespace": inputs["namespace"],
            "chart": inputs["chart"],
            "version": inputs["version"],
            "revision": revision,
            "status": info["status"],
            "description": info["description"],
        },
    }
