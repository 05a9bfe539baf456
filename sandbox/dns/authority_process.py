"""The process of the authority: the name server, its health checkers and the resolvers beside it."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.dns import metrics
from sandbox.dns.authority import Authority
from sandbox.dns.balancers import BalancerFile
from sandbox.dns.cache import Cache
from sandbox.dns.checkers import Checkers
from sandbox.dns.health import Check
from sandbox.dns.places import Places
from sandbox.dns.query_log import QueryLog
from sandbox.dns.resolver import Resolver
from sandbox.dns.running import Addresses, Endpoint, Running
from sandbox.dns.server import serve
from sandbox.dns.source import Source
from sandbox.moto import client

_LOOK_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class AuthorityOptions:
    """`resolvers` are addresses beside the authority and the seconds that each keeps answers at least.

    `health` and `events` are what the checkers write (`checkers.Checkers`), `places` is read by
    `places.Places`, `queries` is the query log. Resolvers listen on the authority's port.
    """

    listen: Endpoint
    moto: str
    balancers: Addresses
    balancer_file: Path
    places: Path
    checkers: Sequence[str]
    health: Path
    events: Path
    queries: Path
    resolvers: Mapping[str, float]
    seed: int | None = None


async def run_authority(options: AuthorityOptions, running: Running) -> None:
    """Begin to answer, to check and to publish."""
    address, port = options.listen
    source = Source(options.moto, options.balancers, BalancerFile(options.balancer_file))
    log = QueryLog(options.queries)

    async def resolve(name: str) -> str | None:
        return authority.address(name, address)

    checkers = Checkers(
        options.checkers, resolve, state=options.health, events=options.events, seed=options.seed
    )
    authority = Authority(lambda: source.known, checkers.healthy, Places(options.places), log, options.seed)
    await asyncio.to_thread(source.refresh)
    threading.Thread(target=source.run, args=(running.stopped,), daemon=True).start()  # boto3 waits
    running.servers.append(await serve(address, port, authority.handle))
    for own, stretch in options.resolvers.items():
        resolver = Resolver((address, port), Cache(stretch), name=f"resolver-{own}", log=log, source=own)
        running.servers.append(await serve(own, port, resolver.handle))
    if options.checkers:
        running.keep(_watch(source, checkers))
        running.keep(_publish(options.moto, checkers))


async def _watch(source: Source, checkers: Checkers) -> None:
    seen: Mapping[str, Check] = {}
    while True:
        if source.known.checks != seen:
            seen = source.known.checks
            checkers.watch(seen)
        await asyncio.sleep(_LOOK_SECONDS)


async def _publish(moto: str, checkers: Checkers) -> None:
    cloudwatch = client("cloudwatch", moto, metrics.LOCATION)
    while True:
        await asyncio.sleep(metrics.SECONDS)
        data = metrics.metric_data(checkers.shares(), dt.datetime.now(dt.UTC))
        if data:
            # CloudWatch's metrics are delivered as well as can be, and so are these.
            with contextlib.suppress(BotoCoreError, ClientError, OSError):
                await asyncio.to_thread(
                    cloudwatch.put_metric_data, Namespace=metrics.NAMESPACE, MetricData=data
                )
