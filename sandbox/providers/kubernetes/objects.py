"""Kubernetes objects as Pulumi resources, by server-side apply.

The rules are those of pulumi_kubernetes 4.34 (its provider's documentation and
https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/):
an object that exists already is refused unless the provider says `upsertExistingObjects`; fields that
another manager owns are conflicts unless `patchForce`; each resource has a field manager of its own, kept in
its state. An object that this very resource's manager has made is taken up, so that an interrupted update can
go on.
"""

from __future__ import annotations

from typing import Any, Final

from sandbox.providers.base import (
    UNKNOWN,
    Call,
    Change,
    ChangeKind,
    Checked,
    Created,
    Diff,
    Failure,
    InitFailedError,
    Live,
    Properties,
    Secret,
    State,
    compare,
    has_unknown,
    with_replacements,
)
from sandbox.providers.kubernetes.api import Kind, RefusedError
from sandbox.providers.kubernetes.applying import apply, apply_new, dry_run, told
from sandbox.providers.kubernetes.fields import keep_live, live_inputs, live_secret_inputs, owned_by, value_at
from sandbox.providers.kubernetes.immutable import immutable_paths
from sandbox.providers.kubernetes.instance import (
    MANAGER_KEY,
    Instance,
    id_of,
    known_kind,
    manager_of,
    required_kind,
)
from sandbox.providers.kubernetes.quantity import same_quantity
from sandbox.providers.kubernetes.tokens import parse_token, refuse_patch_kinds
from sandbox.providers.kubernetes.waiting import (
    NotReadyError,
    annotations_of,
    await_gone,
    await_ready,
    check_annotations,
    unready,
)

PROPAGATION: Final = "pulumi.com/deletionPropagationPolicy"
_SERVER_METADATA: Final = (
    "managedFields",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "selfLink",
)
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


def check(call: Call[Instance], new: Properties) -> Checked:
    """Complete apiVersion, kind and namespace; refuse what can have no object."""
    api_version, kind_name = parse_token(call.type)
    refuse_patch_kinds(call.type, kind_name, new.get("kind"))
    inputs = {"apiVersion": api_version, "kind": kind_name, **new}
    failures = [
        Failure(property=key, reason=f"{key} is {inputs[key]}, but the type {call.type} says {meant}")
        for key, meant in (("apiVersion", api_version), ("kind", kind_name))
        if inputs[key] not in (meant, UNKNOWN)
    ]
    metadata: Any = inputs.get("metadata", {})
    if failures or metadata is UNKNOWN:
        return Checked(inputs=inputs, failures=failures)
    if not metadata.get("name"):
        reason = f"{call.type} '{call.name}' has no metadata.name; names are not made up, give one"
        failures.append(Failure(property="metadata.name", reason=reason))
    check_annotations(inputs)
    kind = known_kind(call, api_version, kind_name)
    if kind is not None and kind.namespaced and "namespace" not in metadata:
        inputs["metadata"] = {**metadata, "namespace": call.instance.cluster.namespace}
    if kind is not None and not kind.namespaced and "namespace" in metadata:
        reason = f"a {kind_name} belongs to the whole cluster; leave the namespace out"
        failures.append(Failure(property="metadata.namespace", reason=reason))
    return Checked(inputs=_sealed(inputs), failures=failures)


def diff(call: Call[Instance], old: State, new: Properties) -> Diff:
    """Old inputs against new ones. Replacing means deleting first when the new object has the same name."""
    group, _, version = new["apiVersion"].rpartition("/")
    changes = [each for each in compare(old.inputs, new) if not _same_after_import(call, old, new, each)]
    paths = immutable_paths(group, new["kind"], old.inputs, new, call.instance.settings.replaced_kinds)
    old_group = str(old.inputs.get("apiVersion", f"{group}/{version}")).rpartition("/")[0]
    if old_group != group:
        paths = [*paths, "apiVersion"]
    marked = with_replacements(changes, [*paths, "kind"])
    return Diff(changes=marked, delete_before_replace=_place(old.inputs) == _place(new))


def _place(inputs: Properties) -> tuple[Any, Any, Any]:
    metadata: Any = inputs.get("metadata", {})
    metadata = metadata if isinstance(metadata, dict) else {}
    return inputs.get("kind"), metadata.get("namespace"), metadata.get("name")


def _same_after_import(call: Call[Instance], old: State, new: Properties, change: Change) -> bool:
    """Whether a difference to what an import read is none: a default that the program need not say, or
    an amount that the API server writes in another form.

    Only an import leaves managed fields in the state: what it read says more than the program means to own.
    """
    if "managedFields" not in old.outputs.get("metadata", {}):
        return False
    if change.kind is ChangeKind.DELETE:
        return not owned_by(manager_of(call, old.outputs), old.outputs, change.path)
    return same_quantity(value_at(old.inputs, change.path), value_at(new, change.path))


def create(call: Call[Instance], inputs: Properties) -> Created:
    """Apply a new object and wait until it is ready; in a preview, ask the API server whether it would."""
    if call.preview:
        return Created(id="", outputs=_previewed_create(call, inputs))
    kind = required_kind(call, inputs)
    manager = manager_of(call, {})
    try:
        live = apply_new(call, kind, inputs, manager)
    except RefusedError as refused:
        raise told(kind, inputs, refused) from refused
    return Created(id=id_of(kind, inputs), outputs=_ready(call, kind, inputs, live, manager))


def _previewed_create(call: Call[Instance], inputs: Properties) -> Properties:
    """The inputs, and as unknown what only the API server and controllers will say."""
    kind = None if has_unknown(inputs.get("kind")) else known_kind(call, inputs["apiVersion"], inputs["kind"])
    if inputs["kind"] == "CustomResourceDefinition" and not has_unknown(inputs):
        with call.instance.lock:
            call.instance.announced.add((inputs["spec"]["group"], inputs["spec"]["names"]["kind"]))
    tried = inputs
    if kind is not None and not has_unknown(inputs):
        tried = dry_run(call, kind, inputs, manager_of(call, {}), new=True)
    outputs: Properties = _unknown_where_added(inputs, tried)
    outputs["status"] = UNKNOWN
    if isinstance(outputs.get("metadata"), dict):
        outputs["metadata"] = {**dict.fromkeys(_SERVER_METADATA, UNKNOWN), **outputs["metadata"]}
    return _outputs(outputs, {})


def _unknown_where_added(inputs: Any, tried: Any) -> Any:
    """`inputs`, with UNKNOWN for what a dry run adds: its values (addresses, say) may be others then."""
    if isinstance(inputs, dict) and isinstance(tried, dict):
        added = dict.fromkeys(tried.keys() - inputs.keys(), UNKNOWN)
        return {
            **added,
            **{key: _unknown_where_added(value, tried.get(key)) for key, value in inputs.items()},
        }
    if isinstance(inputs, list) and isinstance(tried, list) and len(inputs) == len(tried):
        return [_unknown_where_added(*each) for each in zip(inputs, tried, strict=True)]
    return inputs


def update(call: Call[Instance], old: State, new: Properties) -> Properties:
    """Apply the changed object and wait until it is ready."""
    manager = manager_of(call, old.outputs)
    kind = None if call.preview and has_unknown(new) else required_kind(call, new)
    if kind is None:
        return _outputs({**old.outputs, **new}, {MANAGER_KEY: manager})
    document = new
    if call.ignore_changes:
        metadata = new["metadata"]
        live = call.instance.cluster.find(kind.path(metadata.get("namespace"), metadata["name"]))
        document = keep_live(new, live, call.ignore_changes) if live else new
    if call.preview:
        live = dry_run(call, kind, document, manager, new=False)
        return _outputs(
            {**live, **{key: new[key] for key in ("stringData",) if key in new}}, {MANAGER_KEY: manager}
        )
    try:
        live = apply(call, kind, document, manager, dry_run=False)
    except RefusedError as refused:
        raise told(kind, new, refused) from refused
    return _ready(call, kind, new, live, manager)


def read(call: Call[Instance], id: str, old: State) -> Live | None:
    """The live object; its inputs differ from the old ones where it drifted. With no old ones: an import.

    One that is not ready is noted as such in the state, so that the next update waits for it.
    """
    api_version, kind_name = parse_token(call.type)
    kind = required_kind(call, {"apiVersion": api_version, "kind": kind_name, "metadata": {"name": id}})
    namespace, _, name = id.rpartition("/")
    live = call.instance.cluster.find(kind.path(namespace or call.instance.cluster.namespace, name))
    if live is None:
        return None
    live = {"apiVersion": kind.api_version, "kind": kind.kind, **live}
    manager = manager_of(call, old.outputs)
    if not old.inputs:
        outputs = _sealed({**live, MANAGER_KEY: manager})
        return Live(id=id_of(kind, live), inputs=_sealed(_imported(live)), outputs=outputs)
    drifted = live_secret_inputs if kind.kind == "Secret" else live_inputs
    inputs = drifted(old.inputs, old.outputs, live)
    outputs = _outputs(live, {MANAGER_KEY: manager})
    lacking = unready(call.instance.cluster, kind, live)
    if lacking is not None:
        raise InitFailedError([lacking], id=id_of(kind, live), outputs=outputs, inputs=_sealed(inputs))
    return Live(id=id_of(kind, live), inputs=_sealed(inputs), outputs=outputs)


def delete(call: Call[Instance], id: str, old: State) -> None:
    """Delete the object and wait until it is gone."""
    api_version, kind_name = parse_token(call.type)
    cluster = call.instance.cluster
    kind = cluster.kind(old.inputs.get("apiVersion", api_version), kind_name)
    if kind is None:
        return  # its definition is gone, and its objects with it
    namespace, _, name = id.rpartition("/")
    metadata = {"name": name, **({"namespace": namespace or cluster.namespace} if kind.namespaced else {})}
    default = "foreground" if _may_have_dependents(kind) else "background"
    propagation = annotations_of(old.outputs).get(PROPAGATION, default).capitalize()
    try:
        rest = cluster.delete(kind.path(metadata.get("namespace"), name), propagation=propagation)
    except RefusedError as refused:
        raise told(kind, {"metadata": metadata}, refused) from refused
    if rest is not None:
        await_gone(call, cluster, kind, rest)


def _may_have_dependents(kind: Kind) -> bool:
    """Whether objects of this kind own others, whose end is waited for. Of the built-in kinds: the workloads.

    pulumi-kubernetes deletes all kinds in the foreground, which comes to the same for one without dependents
    and has the garbage collector release each.
    """
    built_in = "." not in kind.group or kind.group.endswith(".k8s.io")
    return kind.group in ("apps", "batch") or not built_in


def _ready(
    call: Call[Instance], kind: Kind, inputs: Properties, live: Properties, manager: str
) -> Properties:
    """Outputs of an applied object once it is ready; a state that is kept when it does not become so."""
    extra = {MANAGER_KEY: manager, **{key: inputs[key] for key in ("stringData",) if key in inputs}}
    try:
        ready = await_ready(call, call.instance.cluster, kind, live)
        if kind.kind == "CustomResourceDefinition":
            _await_served(call, ready)
        return _outputs(ready, extra)
    except NotReadyError as error:
        outputs = _outputs(error.live, extra)
        raise InitFailedError([str(error)], id=id_of(kind, inputs), outputs=outputs) from error


def _await_served(call: Call[Instance], definition: Properties) -> None:
    """An established definition is served a moment later; its kind would be unknown till then."""
    spec = definition["spec"]
    for version in spec["versions"]:
        if version["served"]:
            inputs = {"apiVersion": f"{spec['group']}/{version['name']}", "kind": spec["names"]["kind"]}
            required_kind(call, inputs)


def _outputs(live: Properties, extra: Properties) -> Properties:
    """What the state keeps of a live object: all but the managed fields, the API server's bookkeeping."""
    metadata = live.get("metadata", {})
    if isinstance(metadata, dict):
        metadata = {key: value for key, value in metadata.items() if key != "managedFields"}
    return _sealed({**live, "metadata": metadata, **extra})


def _sealed(document: Properties) -> Properties:
    """A Secret's contents as Pulumi secrets, wherever they come from."""
    if document.get("kind") != "Secret":
        return document
    sealed: Properties = {key: Secret(document[key]) for key in ("data", "stringData") if document.get(key)}
    metadata = document.get("metadata")
    if isinstance(metadata, dict) and _LAST_APPLIED in annotations_of(document):
        hidden = {**annotations_of(document), _LAST_APPLIED: Secret(annotations_of(document)[_LAST_APPLIED])}
        sealed["metadata"] = {**metadata, "annotations": hidden}
    return {**document, **sealed}


def _imported(live: Properties) -> Properties:
    """A live object as a program could say it: without what the API server adds."""
    metadata = {key: value for key, value in live["metadata"].items() if key not in _SERVER_METADATA}
    return {**{key: value for key, value in live.items() if key != "status"}, "metadata": metadata}
