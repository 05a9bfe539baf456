"""What the processes of the DNS twin have in common, and the resolver of a region, which is small."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.dns.balancers import BalancerFile, balancer_zones, location_of
from sandbox.dns.cache import Cache
from sandbox.dns.query_log import QueryLog
from sandbox.dns.records import choose
from sandbox.dns.resolver import Resolver
from sandbox.dns.server import Server, serve
from sandbox.dns.zone import Answer, zone_of

_log = logging.getLogger(__name__)

Endpoint = tuple[str, int]
Addresses = Mapping[str, Mapping[str, str]]
"""AWS location → name of a Service → IPv4 of its load balancer."""


@dataclass(kw_only=True)
class Running:
    """What has to be ended; `ended` is set when it shall be, or when a part of it has failed."""

    ended: asyncio.Event = field(default_factory=asyncio.Event)
    servers: list[Server] = field(default_factory=list[Server])
    failed: bool = False
    stopped: threading.Event = field(default_factory=threading.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

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
        self.stopped.set()
        for task in list(self._tasks):
            task.cancel()
        for server in self.servers:
            server.close()


@dataclass(frozen=True, kw_only=True)
class ResolverOptions:
    """A region's resolver; `balancers` are those of its own location, by `balancer_file`."""

    listen: Endpoint
    authority: Endpoint
    balancers: Addresses
    balancer_file: Path
    queries: Path


async def run_resolver(options: ResolverOptions, running: Running) -> None:
    """Begin to resolve. Names of the location's own load balancers are answered without the authority, as
    the resolver of a VPC does when its region is cut off from the rest.
    """
    file = BalancerFile(options.balancer_file)

    def own(name: str, kind: str) -> Answer | None:
        if location_of(name, options.balancers) is None:
            return None
        zone = zone_of(balancer_zones(file.read(), options.balancers), name)
        if zone is None:
            return None
        return zone.answer(
            name, kind, lambda group: choose(group, healthy=lambda _: True, place=lambda: "", draw=0.0)
        )

    resolver = Resolver(options.authority, Cache(), own=own, log=QueryLog(options.queries))
    running.servers.append(await serve(*options.listen, resolver.handle))
