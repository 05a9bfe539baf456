"""What a drill with clients needs of the place where it is held, beside the clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

from drills.errors import NoTrafficError
from drills.target import Target


@dataclass(frozen=True, kw_only=True)
class PodFault:
    """What a pod does wrong: `error_rate` (0 to 1) is the share answered with 500; `dead` answers nothing."""

    fail_readiness: bool = False
    error_rate: float = 0.0
    delay_s: float = 0.0
    dead: bool = False


class Resolver(StrEnum):
    """Which resolver a client asks: one that keeps answers for their TTL, or one that keeps them longer.

    RFC 8767 section 4 and the lower limits that resolvers can be given (`cache-min-ttl`) are why there are
    such.
    """

    HONEST = "honest"
    STRETCHING = "stretching"


@dataclass(frozen=True, kw_only=True)
class ClientOptions:
    """`rate` is in requests a second; `log` is where the client writes what it saw."""

    log: Path
    rate: float = 50.0
    seed: int = 0
    resolver: Resolver = Resolver.HONEST


class Client(Protocol):
    """A client that is calling."""

    @property
    def log(self) -> Path:
        """JSON lines, as `drills.traffic.client` writes them."""
        ...

    def stop(self) -> None:
        """End it; when this returns its log is whole."""
        ...


class Checksums(Protocol):
    """A bucket of either cloud, whose objects can be compared."""

    def checksum(self, key: str) -> str | None:
        """The CRC32C of the object's newest version, in base64 as both clouds write it; None for none."""
        ...


class Objects(Protocol):
    """A bucket that is written and read.

    Each operation raises `drills.errors.StoreError` when the bucket gives no answer, as a lost region's does.
    """

    def put(self, key: str, body: bytes) -> None: ...

    def get(self, key: str) -> bytes | None:
        """The object's newest version; None when there is none."""
        ...

    def list(self, prefix: str) -> tuple[str, ...]:
        """The keys under `prefix`, in order."""
        ...


class ModelStore(Objects, Checksums, Protocol):
    """A region's model registry bucket."""

    def empty(self) -> None:
        """Delete every version of every object: the mistake of somebody who may."""
        ...


@dataclass(frozen=True, kw_only=True)
class Detection:
    """How clients leave a region, read from what is deployed.

    Health checkers ask every `interval_s` and `failures` answers in a row must be missing; the client's
    resolver keeps the entry's record for `ttl_s`.
    """

    interval_s: float
    failures: int
    ttl_s: float

    @property
    def floor_s(self) -> float:
        """Seconds below which no client of that resolver is sure to be served again."""
        return self.interval_s * self.failures + self.ttl_s


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of a control plane, at `t` (seconds since the epoch).

    `to` is `route53`, `pulumi`, `kubernetes/<region>` or `<AWS service>/<region>`; `origin` is the region in
    which the caller lives, "" where it lives in none.
    """

    t: float
    to: str
    origin: str
    what: str


@dataclass(frozen=True, kw_only=True)
class Noticed:
    """Something that the platform did by itself, at `t` (seconds since the epoch).

    `kind` is `detected` or `recovered`, of what a health check concluded, and `ejected` or `readmitted`, of
    endpoints that a gateway took out of its rotation or back.
    """

    t: float
    kind: str
    what: str


@dataclass(frozen=True, kw_only=True)
class Backup:
    """A whole backup of the cluster's state of the region `of`, taken by `schedule`.

    `started` and `completed` are seconds since the epoch; the state is that of the start.
    """

    name: str
    of: str
    schedule: str
    started: float
    completed: float


class ModelCopy(Checksums, Protocol):
    """The models' copy in another cloud, and the way back from it."""

    @property
    def rpo_s(self) -> float:
        """How old the newest copy may be, as the platform promises."""
        ...

    def restore(self) -> None:
        """Run what the program has deployed for it, as a person would, to its end. Raises StoreError."""
        ...


class Traffic(Protocol):
    """A platform that clients can call, and the means to break what they feel.

    Restoring what is whole does nothing. A call returns once the fault is in force.
    """

    @property
    def service_host(self) -> str:
        """The name that clients call."""
        ...

    @property
    def remarks(self) -> Sequence[str]:
        """What a reader of the seconds must know of the place: a distance that is not there, for one."""
        ...

    def detection(self, region: str, resolver: Resolver = Resolver.HONEST) -> Detection: ...

    def models(self, region: str) -> ModelStore: ...

    def backups(self, region: str) -> Sequence[Backup]:
        """Those that the region's own bucket has whole, of every region. Raises StoreError."""
        ...

    def copy(self) -> ModelCopy:
        """DrillError when the platform has no copy of its models."""
        ...

    def start_client(self, options: ClientOptions) -> Client: ...

    def calls(self, since: float) -> Sequence[Call]:
        """Every call since then, from the request logs of the control planes.

        What stands for a part of the cloud and reads its own settings there (the name servers theirs) is no
        caller, nor is a drill.
        """
        ...

    def noticed(self, since: float) -> Sequence[Noticed]:
        """What the platform noticed and did since then, as far as its logs tell."""
        ...

    def cut_region(self, region: str) -> None:
        """The region is gone, without a goodbye."""
        ...

    def restore_region(self, region: str) -> None: ...

    def cut_zone(self, region: str, zone: str) -> None:
        """No pod of the zone is reachable, and its kubelets are silent."""
        ...

    def restore_zone(self, region: str, zone: str) -> None: ...

    def partition(self, a: str, b: str) -> None:
        """Neither region reaches the other; clients reach both."""
        ...

    def heal_partition(self, a: str, b: str) -> None: ...

    def pod_faults(self, region: str, zone: str, faults: Mapping[str, PodFault]) -> None:
        """From now on the zone's pods (by name, `*` is all of them) have these faults and no others."""
        ...

    def stop_gateway(self, region: str) -> None:
        """The ingress gateway dies; the region lives."""
        ...

    def start_gateway(self, region: str) -> None: ...

    def stop_api_server(self, region: str) -> None: ...

    def start_api_server(self, region: str) -> None: ...

    def pause_replication(self, region: str) -> None:
        """Nothing that is written in the region is copied to its peers."""
        ...

    def resume_replication(self, region: str) -> None: ...

    def drain(self, region: str, node: str) -> None:
        """As `kubectl drain`: cordon the node, and evict its pods as their budgets allow."""
        ...

    def uncordon(self, region: str, node: str) -> None: ...

    def heal_all(self) -> None:
        """Mend whatever any drill has broken, also one that was killed."""
        ...


@runtime_checkable
class TrafficTarget(Protocol):
    """A target that can have traffic."""

    @property
    def has_traffic(self) -> bool:
        """Whether the network and what answers in it are there already."""
        ...

    def attach_traffic(self) -> AbstractContextManager[Traffic]:
        """The platform with traffic while the context lasts; what was there before it stays after it."""
        ...


def traffic_of(target: Target) -> AbstractContextManager[Traffic]:
    """The target's traffic, attached when it is not there yet. NoTrafficError when it can have none."""
    if isinstance(target, TrafficTarget):
        return target.attach_traffic()
    raise NoTrafficError
