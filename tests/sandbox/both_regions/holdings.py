"""What the API servers and moto hold: to see what a destroy leaves."""

from __future__ import annotations

import http.client
import time
from typing import Any

from sandbox.kube import Api, ApiError
from tests.sandbox.aws_provider.inventory import inventory
from tests.sandbox.both_regions.platform import Platform

STORAGE_SECONDS = 60.0
# What clusters write by themselves, all the time.
_PASSING = frozenset({"events", "leases", "endpoints", "endpointslices", "componentstatuses", "replicasets"})


class _Location:
    """Speaks to moto in one location, as the inventory's driver does."""

    def __init__(self, platform: Platform, location: str) -> None:
        self._platform = platform
        self._location = location

    def aws(self, service: str) -> Any:
        return self._platform.aws(service, self._location)


def holdings(platform: Platform) -> dict[str, set[str]]:
    """Objects by where they are: each region's API server, and moto in each location."""
    found: dict[str, set[str]] = {}
    for name, region in platform.state.regions.items():
        found[name] = _objects(platform, name)
        location: Any = _Location(platform, region.location)
        held = inventory(location)
        found[region.location] = {f"{service} {item}" for service, items in held.items() for item in items}
    return found


def _objects(platform: Platform, region: str) -> set[str]:
    api = platform.api(region)
    groups: list[str] = ["/api/v1"]
    groups += [f"/apis/{group['preferredVersion']['groupVersion']}" for group in api.get("/apis")["groups"]]
    found: set[str] = set()
    for base in groups:
        for resource in api.get(base)["resources"]:
            name = resource["name"]
            if "list" not in resource["verbs"] or "/" in name or name in _PASSING:
                continue
            for item in _listed(api, f"{base}/{name}"):
                metadata = item["metadata"]
                found.add(f"{name} {metadata.get('namespace', '-')}/{metadata['name']}")
    return found


def _listed(api: Api, path: str) -> list[dict[str, Any]]:
    deadline = time.monotonic() + STORAGE_SECONDS
    while True:
        try:
            return api.get(path)["items"]
        except ApiError as error:
            # A new kind's storage is made a while after its definition is accepted.
            if error.status != http.client.TOO_MANY_REQUESTS or time.monotonic() > deadline:
                raise
        time.sleep(0.5)


def left(before: dict[str, set[str]], after: dict[str, set[str]]) -> dict[str, set[str]]:
    """What is there now and was not there before."""
    return {place: more for place in after if (more := after[place] - before.get(place, set()))}
