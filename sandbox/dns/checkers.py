"""Route 53's health checkers: several, each with an opinion of its own about each check.

They do not coordinate: each begins at a time of its own within the interval. A checker waits the interval
after an answer, or after it has given up waiting for one, as the API's reference words it
(https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html#Route53-Type-HealthCheckConfig-RequestInterval);
an endpoint that swallows packets is therefore found out later than one that refuses. How long a verdict
takes to reach Route 53's name servers is not published; here it is there at once.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.dns.health import Check, Opinion, verdict
from sandbox.dns.probe import Outcome, probe
from sandbox.paths import write_atomic

_log = logging.getLogger(__name__)
Resolve = Callable[[str], Awaitable[str | None]]


@dataclass
class _Watched:
    """One check as all checkers see it."""

    check: Check
    opinions: dict[str, Opinion]
    last: dict[str, tuple[float, Outcome]] = field(default_factory=dict[str, tuple[float, Outcome]])
    healthy: bool = True
    since: float = field(default_factory=time.time)
    tasks: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    def shown(self) -> dict[str, Any]:
        return {
            "fqdn": self.check.fqdn,
            "type": self.check.type,
            "interval_s": self.check.interval,
            "threshold": self.check.threshold,
            "status": "healthy" if self.healthy else "unhealthy",
            "since": self.since,
            "checkers": {
                address: {
                    "healthy": opinion.healthy,
                    "against": opinion.against,
                    **(self._answer(address)),
                }
                for address, opinion in self.opinions.items()
            },
        }

    def _answer(self, address: str) -> dict[str, Any]:
        if address not in self.last:
            return {}
        when, outcome = self.last[address]
        return {"t": when, "ok": outcome.well, "reason": outcome.reason, "seconds": outcome.seconds}


class Checkers:
    """Runs checks from these addresses. `resolve` gives an endpoint's IPv4 by its name, or None.

    What is known is written to `state` at every answer, and each change of a verdict as a line to `events`:
    {"t", "check", "fqdn", "status"}.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        resolve: Resolve,
        *,
        state: Path,
        events: Path,
        seed: int | None = None,
    ) -> None:
        self._addresses, self._resolve = tuple(addresses), resolve
        self._state, self._events = state, events
        self._random = random.Random(seed)  # noqa: S311 - when a checker begins is no secret
        self._watched: dict[str, _Watched] = {}

    def healthy(self, check_id: str) -> bool:
        """A check that is not known here counts as healthy, as one that is new."""
        watched = self._watched.get(check_id)
        return watched.healthy if watched else True

    def shares(self) -> Mapping[str, tuple[bool, float]]:
        """Check → its status, and the percentage of checkers that hold the endpoint for healthy."""
        return {
            key: (one.healthy, 100.0 * sum(o.healthy for o in one.opinions.values()) / len(one.opinions))
            for key, one in self._watched.items()
        }

    def watch(self, checks: Mapping[str, Check]) -> None:
        """Make what runs agree with these checks; one that has changed begins anew. Called in the loop."""
        for key in [key for key, one in self._watched.items() if checks.get(key) != one.check]:
            for task in self._watched.pop(key).tasks:
                task.cancel()
        for key, check in checks.items():
            if key not in self._watched:
                self._watched[key] = self._begun(check)
                _log.info("health check %s of %s:%d begins", key, check.fqdn or check.address, check.port)
        self._show()

    def _begun(self, check: Check) -> _Watched:
        watched = _Watched(check=check, opinions={address: Opinion() for address in self._addresses})
        watched.healthy = verdict(check, [True] * len(self._addresses))
        if not check.disabled:
            step = check.interval / len(self._addresses)
            for number, address in enumerate(self._addresses):
                wait = (number + self._random.random()) * step
                watched.tasks.append(asyncio.create_task(self._check(watched, address, wait)))
        return watched

    async def _check(self, watched: _Watched, source: str, wait: float) -> None:
        check = watched.check
        while True:
            await asyncio.sleep(wait)
            wait = check.interval
            target = check.address or await self._resolve(check.fqdn)
            if target is None:
                outcome = Outcome(well=False, reason=f"{check.fqdn} has no address", seconds=0.0)
            else:
                outcome = await probe(check, target, source)
            watched.last[source] = (time.time(), outcome)
            watched.opinions[source].observe(well=outcome.well, threshold=check.threshold)
            self._judge(watched)
            self._show()

    def _judge(self, watched: _Watched) -> None:
        healthy = verdict(watched.check, [opinion.healthy for opinion in watched.opinions.values()])
        if healthy is watched.healthy:
            return
        watched.healthy, watched.since = healthy, time.time()
        event = {
            "t": watched.since,
            "check": watched.check.id,
            "fqdn": watched.check.fqdn,
            "status": "healthy" if healthy else "unhealthy",
        }
        _log.info("health check %s of %s is %s", watched.check.id, watched.check.fqdn, event["status"])
        with self._events.open("a") as stream:
            stream.write(json.dumps(event) + "\n")

    def _show(self) -> None:
        shown = {key: one.shown() for key, one in self._watched.items()}
        write_atomic(self._state, json.dumps({"t": time.time(), "checks": shown}, indent=1))
