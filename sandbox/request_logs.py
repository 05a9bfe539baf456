"""Who called which control plane, from the request logs of moto, the API servers and the engine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from config import names as rule
from config.platform import Platform, Purpose
from drills.traffic.target import Call
from sandbox.control_plane import audit_log
from sandbox.moto import request_log
from sandbox.paths import SandboxPaths
from sandbox.state import SandboxState

# What stands for a part of a cloud asks moto for its own settings, as no caller of AWS has to.
_CLOUD = ("dns-", "replication", "transfer", "twins-", "balancers-")
_ENGINE = "provider-"
# The service account whose token a region's peers are given (components.mesh).
_READER = "istio-system:standfast-mesh-reader"


def lines(log: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a file of JSON lines; none when there is no file."""
    if not log.exists():
        return
    with log.open(encoding="utf-8") as stream:
        for line in stream:
            if line.endswith("\n"):
                yield json.loads(line)


def calls(state: SandboxState, platform: Platform, since: float) -> list[Call]:
    """Every call at or after `since` (seconds since the epoch), by time."""
    paths = SandboxPaths.of(state.id)
    buckets = {rule.bucket_of(platform, p, region): region for region in state.regions for p in Purpose}
    regions = {region.location: name for name, region in state.regions.items()}
    found = [
        call
        for line in lines(request_log(paths))
        if line["t"] >= since and (call := of_moto(line, regions, buckets)) is not None
    ]
    for name in state.regions:
        entries = lines(audit_log(paths, name))
        found += [call for line in entries if (call := of_api_server(line, name, regions)).t >= since]
    engine = paths.logs / "engine"
    for log in engine.glob("*") if engine.is_dir() else ():
        at = log.stat().st_mtime
        if at >= since:
            found.append(Call(t=at, to="pulumi", origin="", what=log.name))
    return sorted(found, key=lambda call: call.t)


def of_moto(line: Mapping[str, Any], regions: Mapping[str, str], buckets: Mapping[str, str]) -> Call | None:
    """A line of moto's log; None for what is part of the cloud, or asks by hand, as a drill does.

    `regions` maps AWS locations, and `buckets` bucket names, to the platform's regions.
    """
    caller, service = line["caller"], line["service"]
    if not caller or caller.startswith(_CLOUD):
        return None
    if service == "route53":
        to = "route53"
    elif service:
        to = f"{service}/{regions.get(line['location'], line['location'])}"
    else:
        # Unsigned, as pods read models: the path begins with the bucket.
        bucket = line["what"].partition(" /")[2].partition("/")[0]
        to = f"s3/{buckets.get(bucket, bucket)}"
    origin = next((name for name in regions.values() if f"-{name}" in f"-{caller}"), "")
    return Call(t=line["t"], to=to, origin="" if caller.startswith(_ENGINE) else origin, what=line["what"])


def of_api_server(line: Mapping[str, Any], region: str, regions: Mapping[str, str]) -> Call:
    """A line of an API server's audit log. Peers come with the token that their remote secret holds."""
    user = line["user"]["username"].removeprefix("system:serviceaccount:")
    peers = [name for name in regions.values() if name != region]
    peer = peers[0] if len(peers) == 1 else "a peer"
    origin = peer if user == _READER else region
    at = datetime.fromisoformat(line["requestReceivedTimestamp"]).timestamp()
    return Call(t=at, to=f"kubernetes/{region}", origin=origin, what=f"{line['verb']} {line['requestURI']}")
