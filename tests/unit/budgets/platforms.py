"""Platforms of any shape for the tests of budgets, and named changes applied to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from config.budgets.rpo import INTERVALS
from config.budgets.terms import Change
from config.platform import Backup, Inference, Objectives, Platform, RegionEntry
from config.region import GpuPool, Region
from config.timings import ATTEMPT_TIMEOUT

GIB = 2**30
LOCATIONS = [
    f"{area}-{side}-{n}" for area in ("us", "eu", "ap", "sa") for side in ("east", "west") for n in (1, 2, 3)
]


def pool(warm: int, most: int, gpus: int = 1, **more: Any) -> GpuPool:
    name = more.pop("name", "inference")
    return GpuPool(
        name=name,
        instance_types=("g6e.2xlarge",),
        gpus_per_node=gpus,
        warm_per_zone=warm,
        max_per_zone=most,
        **more,
    )


def region(zones: int, *pools: GpuPool, location: str = "us-east-1", **more: Any) -> Region:
    names = tuple(f"{location}{letter}" for letter in "abcdefgh"[:zones])
    return Region(zones=names, kubernetes_version="1.34", gpu_pools=pools, **more)


def inference(
    replicas: int = 6, min_available: int = 4, peak: int = 10, attempt: timedelta = ATTEMPT_TIMEOUT
) -> Inference:
    return Inference(
        image="inference:v1.0.0",
        replicas=replicas,
        min_available=min_available,
        peak_replicas=peak,
        attempt_timeout=attempt,
    )


def objectives(rto: timedelta = timedelta(minutes=30), rpo: timedelta = timedelta(hours=1)) -> Objectives:
    return Objectives(rto=rto, rpo=rpo)


def entries(targets: list[int]) -> dict[str, RegionEntry]:
    """Region number ``n`` fails over to region number ``targets[n]``."""
    return {
        f"r{number}": RegionEntry.model_validate(
            {
                "cloud": "aws",
                "location": LOCATIONS[number % len(LOCATIONS)],
                "cidr": f"10.{number % 256}.0.0/16",
                "failoverTo": f"r{target}",
            }
        )
        for number, target in enumerate(targets)
    }


def ring(count: int) -> dict[str, RegionEntry]:
    return entries([(number + 1) % count for number in range(count)])


@dataclass(frozen=True)
class Case:
    """All that a budget of one region is computed from."""

    objectives: Objectives
    inference: Inference
    backup: Backup
    size: int
    region: Region

    def with_change(self, change: Change, step: int = 0) -> Case:
        """The case with a change applied; ``step`` goes that much less far (units of the key)."""
        *_, place, key = change.key.split(".")
        value: Any = change.value
        if place == "objectives":
            return replace(
                self, objectives=self.objectives.model_copy(update={key: value - timedelta(seconds=step)})
            )
        if place == "backup":
            field = {"interval": "interval", "registryInterval": "registry_interval"}[key]
            longer = INTERVALS[INTERVALS.index(value) + step]
            return replace(self, backup=self.backup.model_copy(update={field: longer}))
        if place == "models":
            return replace(self, size=value + step * 2**20)
        if key == "attemptTimeout":
            longer = value + timedelta(seconds=step)
            return replace(self, inference=self.inference.model_copy(update={"attempt_timeout": longer}))
        if place == "inference":
            field, less = {"minAvailable": ("min_available", -1), "replicas": ("replicas", 1)}[key]
            return replace(self, inference=self.inference.model_copy(update={field: value - less * step}))
        position = int(place)
        pools = list(self.region.gpu_pools)
        pools[position] = pools[position].model_copy(update={"warm_per_zone": value - step})
        return replace(self, region=self.region.model_copy(update={"gpu_pools": tuple(pools)}))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    replicas = draw(st.integers(2, 60))
    gpus = draw(st.sampled_from([1, 1, 2, 4, 8]))
    warm = draw(st.integers(0, 20))
    other = pool(draw(st.integers(0, 3)), draw(st.integers(3, 6)), name="other")
    pools = [pool(warm, warm + draw(st.integers(1, 20)), gpus), other]
    return Case(
        objectives=objectives(
            timedelta(seconds=draw(st.integers(1, 2400))), timedelta(minutes=draw(st.integers(1, 120)))
        ),
        inference=inference(
            replicas,
            draw(st.integers(1, replicas - 1)),
            draw(st.integers(replicas, 2 * replicas)),
            timedelta(seconds=draw(st.integers(1, 300))),
        ),
        backup=Backup(
            interval=draw(st.sampled_from(INTERVALS)), registry_interval=draw(st.sampled_from(INTERVALS))
        ),
        size=draw(st.integers(1, 600 * 1024)) * 2**20,
        region=region(draw(st.integers(2, 8)), *pools[: draw(st.integers(1, 2))]),
    )


def platform(found: dict[str, RegionEntry], **more: Any) -> Platform:
    text: dict[str, Any] = {
        "name": "standfast",
        "account": "123456789012",
        "domain": "example.com",
        "hostedZone": "example.com",
        "primary": "r0",
        "objectives": {"rto": "30m", "rpo": "1h"},
        "inference": {
            "image": "inference:v1.0.0",
            "replicas": 6,
            "minAvailable": 4,
            "peakReplicas": 10,
        },
        "models": {"size": "140GiB"},
        "regions": {name: entry.model_dump(mode="json", by_alias=True) for name, entry in found.items()},
    }
    return Platform.model_validate({**text, **more})
