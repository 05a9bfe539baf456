"""A recording of a program: every resource it registers, as the engine would be told of it.

    recording = record(lambda: Network("net", NetworkArgs(...)))
    assert len(recording.of("aws:ec2/natGateway:NatGateway")) == 3

Nothing is created. Ids and outputs that only a cloud could give are made up by rule (see
``tests.program.answers``), so that what depends on them goes on. A function of the program that reads needs
its answer in ``calls``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pulumi
from pulumi.runtime import mocks, rpc
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs
from pulumi.runtime.settings import get_root_resource
from pulumi.runtime.stack import Stack

from tests.program.answers import call_of, id_of, outputs_of

STACK_TYPE = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Recorded:
    """One registration, or one read of what others made (``read``).

    ``inputs`` are resolved and without secret marks; ``depends_on`` and ``parent`` are URNs, ``parent`` empty
    for a resource right below the stack; ``provider`` is ``<urn>::<id>`` or empty. ``import_id`` is what is
    adopted rather than made.
    """

    type: str
    name: str
    urn: str
    inputs: dict[str, Any]
    parent: str
    provider: str
    providers: dict[str, str]
    custom: bool
    read: bool
    protect: bool
    retain_on_delete: bool
    delete_before_replace: bool
    import_id: str
    depends_on: frozenset[str]
    ignore_changes: tuple[str, ...]
    aliases: tuple[Any, ...]
    secret_outputs: tuple[str, ...]
    secret_inputs: frozenset[str]
    property_depends_on: dict[str, frozenset[str]]

    @property
    def parent_name(self) -> str:
        """The logical name of the parent, empty below the stack."""
        return self.parent.rpartition("::")[2]

    @property
    def waits_for(self) -> frozenset[str]:
        """URNs of what exists before this: by ``depends_on``, and by inputs that use its outputs."""
        return self.depends_on.union(*self.property_depends_on.values())


@dataclass
class Recording:
    """What a program registered, in order, and what it returned (outputs resolved).

    ``ids`` and ``outputs`` hold what was made up for the resource of a logical name, ``exports`` the stack's
    outputs.
    """

    resources: list[Recorded] = field(default_factory=list[Recorded])
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    ids: dict[str, str] = field(default_factory=dict[str, str])
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    exports: dict[str, Any] = field(default_factory=dict[str, Any])
    result: Any = None

    def of(self, type_: str) -> list[Recorded]:
        """All resources of a type token."""
        return [resource for resource in self.resources if resource.type == type_]

    def one(self, type_: str, name: str | None = None) -> Recorded:
        """The only resource of a type (and logical name); an AssertionError lists what there is."""
        found = [r for r in self.of(type_) if name is None or r.name == name]
        if len(found) != 1:
            there = [f"{r.type} {r.name}" for r in (found or self.resources)]
            raise AssertionError(f"{len(found)} resources {type_} {name or ''}; there are {there}")
        return found[0]

    def named(self, name: str) -> Recorded:
        """The only resource with a logical name."""
        found = [resource for resource in self.resources if resource.name == name]
        if len(found) != 1:
            raise AssertionError(f"{len(found)} resources {name}: {[r.name for r in self.resources]}")
        return found[0]

    def object(self, kind: str, name: str) -> dict[str, Any]:
        """The one Kubernetes object of a kind and ``metadata.name``, as it was registered."""
        found = [
            r.inputs
            for r in self.resources
            if r.inputs.get("kind") == kind and r.inputs.get("metadata", {}).get("name") == name
        ]
        if len(found) != 1:
            raise AssertionError(f"{len(found)} objects {kind} {name}")
        return found[0]

    def before(self, first: Recorded, then: Recorded) -> bool:
        """Whether ``then`` waits for ``first``, at any distance; waiting for a component is for all in it."""
        by_urn = {resource.urn: resource for resource in self.resources}
        children: dict[str, list[str]] = {}
        for resource in self.resources:
            children.setdefault(resource.parent, []).append(resource.urn)
        seen: set[str] = set()
        left = [then.urn]
        while left:
            urn = left.pop()
            if urn in seen or urn not in by_urn:
                continue
            seen.add(urn)
            waits = by_urn[urn].waits_for
            left += [*waits, *(child for waited in waits for child in children.get(waited, ()))]
        return first.urn in seen and first.urn != then.urn


class _Answers(mocks.Mocks):
    def __init__(
        self,
        recording: Recording,
        calls: Mapping[str, Any],
        stacks: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self._recording = recording
        self._calls = calls
        self._stacks = stacks

    def call(self, args: MockCallArgs) -> Any:
        self._recording.calls.append((args.token, args.args))
        if args.token in self._calls:
            answer = self._calls[args.token]
            return answer(args.args) if callable(answer) else answer
        return call_of(args.token, args.args)

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.typ == "pulumi:pulumi:StackReference":
            stack = str(args.inputs["name"]).rpartition("/")[2]
            return stack, {**args.inputs, "outputs": dict(self._stacks.get(stack, {}))}
        if not args.custom:
            return None, args.inputs
        identity = args.resource_id or id_of(args.typ, args.name, args.inputs)
        outputs = outputs_of(args.typ, args.name, identity, args.inputs)
        self._recording.ids[args.name] = identity
        self._recording.outputs[args.name] = outputs
        return identity, outputs


class _Monitor(MockMonitor):
    """Keeps the whole registration, which the mocks of the SDK see only in part."""

    def __init__(self, answers: _Answers, recording: Recording) -> None:
        super().__init__(answers)
        self._recording = recording

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the name that the SDK calls
        response = super().RegisterResource(request)
        if request.type == STACK_TYPE:
            return response
        self._recording.resources.append(
            Recorded(
                **_told(request, response.urn, request.object),
                custom=bool(request.custom),
                read=False,
                protect=bool(request.protect),
                retain_on_delete=bool(request.retainOnDelete),
                delete_before_replace=bool(request.deleteBeforeReplace),
                import_id=request.importId,
                ignore_changes=tuple(request.ignoreChanges),
                aliases=tuple(request.aliases),
                providers=dict(request.providers),
                property_depends_on={
                    key: frozenset(value.urns) for key, value in request.propertyDependencies.items()
                },
            )
        )
        return response

    def ReadResource(self, request: Any) -> Any:  # noqa: N802 - the name that the SDK calls
        response = super().ReadResource(request)
        self._recording.resources.append(
            Recorded(
                **_told(request, response.urn, request.properties),
                custom=True,
                read=True,
                protect=False,
                retain_on_delete=False,
                delete_before_replace=False,
                import_id="",
                ignore_changes=(),
                aliases=(),
                providers={},
                property_depends_on={},
            )
        )
        return response


def _told(request: Any, urn: str, properties: Any) -> dict[str, Any]:
    """What registrations and reads have in common."""
    raw = rpc.deserialize_properties(properties, keep_unknowns=True)
    return {
        "type": request.type,
        "name": request.name,
        "urn": urn,
        "inputs": {key: _plain(value) for key, value in raw.items()},
        "parent": "" if f"::{STACK_TYPE}::" in request.parent else request.parent,
        "provider": request.provider,
        "depends_on": frozenset(request.dependencies),
        "secret_outputs": tuple(request.additionalSecretOutputs),
        "secret_inputs": frozenset(key for key, value in raw.items() if _has_secret(value)),
    }


def _plain(value: Any) -> Any:
    if rpc.is_rpc_secret(value):
        return _plain(rpc.unwrap_rpc_secret(value))
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        # The engine's protocol has one kind of number.
        return int(value)
    return value


def _has_secret(value: Any) -> bool:
    if rpc.is_rpc_secret(value):
        return True
    if isinstance(value, Mapping):
        return any(_has_secret(inner) for inner in value.values())
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return any(_has_secret(inner) for inner in value)
    return False


def _have_an_event_loop() -> None:
    """Pulumi registers resources on the thread's event loop, which `asyncio.run` elsewhere takes away."""
    try:
        asyncio.get_event_loop()
    except RuntimeError:
        asyncio.set_event_loop(asyncio.new_event_loop())


def record(
    program: Callable[[], Any],
    *,
    stack: str = "us-east",
    preview: bool = False,
    calls: Mapping[str, Any] | None = None,
    stacks: Mapping[str, Mapping[str, Any]] | None = None,
) -> Recording:
    """Run ``program`` and record it.

    ``calls`` maps the token of a function (``aws:route53/getZone:getZone``) to its answer, or to a function
    from its arguments to the answer. ``stacks`` maps a stack's name to the outputs that a StackReference to
    it gives; a stack that is not in it has none. What the program returns is awaited and kept in ``result``:
    return outputs, in lists or dicts, to see their values. An exception of the program comes out as it is.
    """
    _have_an_event_loop()
    recording = Recording()
    answers = _Answers(recording, calls or {}, stacks or {})
    mocks.set_mocks(
        answers,
        project="standfast",
        stack=stack,
        preview=preview,
        organization="organization",
        monitor=_Monitor(answers, recording),
    )

    def keep(values: list[Any]) -> None:
        recording.result, recording.exports = values

    @mocks.test
    def run() -> Any:
        returned = program()
        # A component is no value to wait for.
        result = None if isinstance(returned, pulumi.Resource) else returned
        exports = cast(Stack, get_root_resource()).outputs
        return pulumi.Output.all(result, exports).apply(keep)

    run()
    return recording
