"""The processes of the DNS twin: what is started, and what goes on until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import threading
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.dns import metrics
from sandbox.dns.authority import Authority
from sandbox.dns.balancers import location_of
from sandbox.dns.cache import Cache
from sandbox.dns.checkers import Checkers
from sandbox.dns.health import Check
from sandbox.dns.places import Places
from sandbox.dns.query_log import QueryLog
from sandbox.dns.records import choose
from sandbox.dns.resolver import Resolver
from sandbox.dns.server import Server, serve
from sandbox.dns.source import Source
from sandbox.dns.zone import Answer, zone_of
from sandbox.moto import client

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0

Endpoint = tuple[str, int]
Addresses = Mapping[str, Mapping[str, str]]
"""AWS location → name of a Service → IPv4 of its load balancer."""


@dataclass(kw_only=True)
class Running:
    """What has to be ended; `ended` is set when it shall be, or when a part of it has failed."""

    ended: asyncio.Event = field(default_factory=asyncio.Event)
    servers: list[Server] = field(default_factory=list[Server])
    failed: bool = False
    _stopped: threading.Event = field(default_factory=threading.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    def read(self, source: Source) -> None:
        """Read moto in a thread: boto3 waits."""
        threading.Thread(target=source.run, args=(self._stopped,), daemon=True).start()

    def keep(self, work: Coroutine[None, None, None]) -> None:
        """Run something for as long as the process; its failure ends the process."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a part of the process has failed", exc_info=error)
            self.failed = True
            self.ended.set()

    def close(self) -> None:
        self._stopped.set()
        for task in list(self._tasks):
            task.cancel()
        for server in self.servers:
            server.close()


@dataclass(frozen=True, kw_only=True)
class AuthorityOptions:
    """`resolvers` are addresses beside the authority and the seconds that each keeps answers at least.

    `health` and `events` are what the checkers write (`checkers.Checkers`), `places` is read by
    `places.Places`, `queries` is the query log. Resolvers listen on the authority's port.
    """

    listen: Endpoint
    moto: str
    balancers: Addresses
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
    source = Source(options.moto, options.balancers)
    log = QueryLog(options.queries)

    async def resolve(name: str) -> str | None:
        return authority.address(name, address)

    checkers = Checkers(
        options.checkers, resolve, state=options.health, events=options.events, seed=options.seed
    )
    authority = Authority(lambda: source.known, checkers.healthy, Places(options.places), log, options.seed)
    await asyncio.to_thread(source.refresh)
    running.read(source)
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


@dataclass(frozen=True, kw_only=True)
class ResolverOptions:
    """A region's resolver; `balancers` are those of its own location."""

    listen: Endpoint
    authority: Endpoint
    moto: str
    balancers: Addresses
    queries: Path


async def run_resolver(options: ResolverOptions, running: Running) -> None:
    """Begin to resolve. Names of the location's own load balancers are answered without the authority, as
    the resolver of a VPC does when its region is cut off from the rest.
    """
    source = Source(options.moto, options.balancers, balancers_only=True)
    await asyncio.to_thread(source.refresh)
    running.read(source)

    def own(name: str, kind: str) -> Answer | None:
        zone = zone_of(source.known.zones, name) if location_of(name, options.balancers) else None
        if zone is None:
            return None
        return zone.answer(
            name, kind, lambda group: choose(group, healthy=lambda _: True, place=lambda: "", draw=0.0)
        )

    resolver = Resolver(options.authority, Cache(), own=own, log=QueryLog(options.queries))
    running.servers.append(await serve(*options.listen, resolver.handle))
