"""What rules look at, and what they say: no engine, no SDK, only values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from .schedules import duration
from .values import at, mapping

DEFAULT_RPO = timedelta(hours=1)
DEFAULT_RTO = timedelta(minutes=30)


_SHAPES = (AttributeError, KeyError, IndexError, TypeError, ValueError)
_UNREAD = "has a value of a shape that the rule cannot read, and is refused for it"
"""A rule that fails must not let pass what it failed on, nor end the pack: the other rules go on."""


class Severity(StrEnum):
    """How much is at stake: critical loses data or lets strangers in, high breaks a promise of recovery."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True)
class Resource:
    """One resource as the engine knows it: inputs in a preview, outputs once it exists.

    ``depends`` maps a property to the URNs that its value was made from, which says what belongs together
    while ids are not known yet.
    """

    type: str
    name: str
    urn: str
    props: Mapping[str, Any]
    protect: bool = False
    depends: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])

    @property
    def kind(self) -> str:
        """``Deployment`` of ``kubernetes:apps/v1:Deployment``; empty for what is no Kubernetes object."""
        return self.type.rpartition(":")[2] if self.type.startswith("kubernetes:") else ""

    @property
    def title(self) -> str:
        """The object's own name, else the logical one."""
        return str(at(self.props, "metadata", "name") or self.name)

    @property
    def namespace(self) -> str:
        return str(at(self.props, "metadata", "namespace") or "")

    @property
    def labels(self) -> Mapping[str, Any]:
        return mapping(at(self.props, "metadata", "labels"))

    def made_from(self, key: str, other: Resource) -> bool:
        """Whether property ``key`` was made from ``other``."""
        return other.urn in self.depends.get(key, ())


@dataclass(frozen=True)
class Region:
    """A line of the platform's index of regions."""

    location: str
    failover_to: str


@dataclass(frozen=True)
class Promise:
    """What the platform promises, as the stack's configuration says it; ``regions`` is empty if it says "
    "nothing."""

    rpo: timedelta = DEFAULT_RPO
    rto: timedelta = DEFAULT_RTO
    regions: Mapping[str, Region] = field(default_factory=dict[str, Region])
    region: str = ""

    @classmethod
    def read(cls, platform: Any, region: str) -> Promise:
        """From the value of ``standfast:platform`` and the stack's name, which is the region's."""
        index = mapping(at(platform, "regions"))
        return cls(
            rpo=duration(at(platform, "objectives", "rpo")) or DEFAULT_RPO,
            rto=duration(at(platform, "objectives", "rto")) or DEFAULT_RTO,
            regions={
                name: Region(str(at(entry, "location")), str(at(entry, "failoverTo")))
                for name, entry in index.items()
            },
            region=region,
        )

    @property
    def locations(self) -> frozenset[str]:
        return frozenset(region.location for region in self.regions.values())


@dataclass(frozen=True)
class Stack:
    """All resources of one region."""

    resources: tuple[Resource, ...]
    promise: Promise

    @cached_property
    def _by_type(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.resources:
            found.setdefault(resource.type, []).append(resource)
            if resource.kind:
                found.setdefault(resource.kind, []).append(resource)
        return found

    def of(self, *types: str) -> list[Resource]:
        """Resources of type tokens (``aws:s3/bucket:Bucket``) or Kubernetes kinds (``Deployment``)."""
        return [resource for type_ in types for resource in self._by_type.get(type_, [])]

    def by_urn(self, urns: frozenset[str], type_: str) -> list[Resource]:
        """Those of a type among ``urns``."""
        return [resource for resource in self.of(type_) if resource.urn in urns]

    def beside(self, type_: str, key: str, owner: Resource) -> list[Resource]:
        """Resources of ``type_`` whose property ``key`` names ``owner``, by its name or by what it was "
        "made from."""
        name = at(owner.props, key)
        return [
            resource
            for resource in self.of(type_)
            if resource.made_from(key, owner) or (isinstance(name, str) and resource.props.get(key) == name)
        ]


@dataclass(frozen=True)
class Finding:
    """One violation: what is wrong, and of which resource (empty for the stack as a whole)."""

    message: str
    urn: str = ""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What all rules have. ``advisory`` rules warn; all others refuse."""

    id: str
    severity: Severity
    title: str
    reason: str
    remedy: str
    advisory: bool = False


@dataclass(frozen=True, kw_only=True)
class ResourceRule(Rule):
    """A rule over one resource at a time; ``kinds`` are type tokens or Kubernetes kinds, empty for all."""

    kinds: frozenset[str] = frozenset()
    check: Callable[[Resource], Iterator[str]]

    def applies(self, resource: Resource) -> bool:
        return not self.kinds or resource.type in self.kinds or resource.kind in self.kinds

    def judge(self, resource: Resource) -> Iterator[str]:
        """What is wrong with a resource that the rule applies to."""
        try:
            yield from self.check(resource)
        except _SHAPES as error:
            yield f"{resource.name} {_UNREAD} ({type(error).__name__})"

    def findings(self, stack: Stack) -> Iterator[Finding]:
        for resource in stack.resources:
            if self.applies(resource):
                yield from (Finding(message, resource.urn) for message in self.judge(resource))


@dataclass(frozen=True, kw_only=True)
class StackRule(Rule):
    """A rule over what resources are to each other."""

    check: Callable[[Stack], Iterator[Finding]]

    def findings(self, stack: Stack) -> Iterator[Finding]:
        try:
            yield from self.check(stack)
        except _SHAPES as error:
            yield Finding(f"the stack {_UNREAD} ({type(error).__name__})")
