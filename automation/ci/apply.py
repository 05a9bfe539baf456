"""Brings regions up one at a time, so that at every moment there is a proven region to fail over to."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from automation.bring_up import unjoined
from automation.ci.errors import CiError
from automation.ci.health import Health
from automation.errors import AutomationError, NotUpError, StoppedError
from automation.joins import Standing, to_join
from automation.stacks import Outcome, Steps
from config.platform import Platform

_POLL = 5.0


class Regions(Protocol):
    """What a rollout needs of the stacks."""

    def init(self, regions: Sequence[str]) -> None: ...

    def up(self, region: str, *, policy_packs: Sequence[str] = ()) -> Outcome: ...

    def outputs(self, region: str) -> Mapping[str, Any]: ...


class Doctor(Protocol):
    """Says how a region is that has these outputs."""

    def ask(self, region: str, outputs: Mapping[str, Any]) -> Health: ...


class HaltedError(CiError):
    """A rollout stopped half way; the text says where, why, what was left untouched and what to do."""


def failover_safe(platform: Platform, asked: Collection[str] = ()) -> list[str]:
    """The regions (only those asked for, when any are), each after the region that it fails over to.

    The primary's failover target comes first of the two: it takes the change while the primary serves as
    before, and once it is proven healthy the primary is changed with a target that already runs the change.
    Failover targets form rings: in each, one region must begin, and that is the one that the primary (or, in
    a ring without it, the first in the index) reaches last.
    """
    ordered: dict[str, None] = {}

    def visit(region: str, above: frozenset[str]) -> None:
        if region not in ordered and region not in above:
            visit(platform.regions[region].failover_to, above | {region})
            ordered[region] = None

    for start in (platform.primary, *platform.regions):
        visit(start, frozenset())
    return [region for region in ordered if not asked or region in asked]


@dataclass(frozen=True)
class Applied:
    """One region's update, and how the region was after it. `guard` is the region that could have taken over,
    proven healthy right before; empty when it is not up yet.
    """

    outcome: Outcome
    health: Health
    guard: str


@dataclass(frozen=True)
class Rollout:
    """What was done, in order; `unjoined` maps regions to living peers that they have not joined."""

    applied: tuple[Applied, ...]
    unjoined: Mapping[str, tuple[str, ...]]


@dataclass
class Apply:
    """One rollout. `timeout` is in seconds, for each wait; `settle` is told of each region that was updated.

    A region is only changed when the region it fails over to was just found healthy, and the next one only
    when this one is: the regions after it stay untouched otherwise. A region that fails over to one that is
    not up has nobody to take over, with or without the change, and is brought up.
    """

    stacks: Regions
    doctor: Doctor
    platform: Platform
    steps: Steps
    timeout: float
    target: str
    policy_packs: Sequence[str] = ()
    settle: Callable[[Sequence[str]], None] = lambda _: None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _applied: list[Applied] = field(default_factory=list[Applied])
    _standing: dict[str, Standing] = field(default_factory=dict[str, Standing])

    def run(self, regions: Sequence[str]) -> Rollout:
        """Update `regions` in this order (see `failover_safe`), then again those that have peers to join.

        HaltedError when an update fails, or a region is not healthy in time; to run it again goes on, since
        what was done has nothing left to change.
        """
        self.stacks.init(tuple(self.platform.regions))
        peers = {region: self.platform.peers(region) for region in self.platform.regions}
        self._round(regions)
        while again := to_join(peers, self._standing):
            before = dict(self._standing)
            self._round(again)
            if self._standing == before:
                break
        return Rollout(tuple(self._applied), unjoined(self.stacks, peers, self._standing))

    def _round(self, regions: Sequence[str]) -> None:
        for position, region in enumerate(regions):
            guard = self._guard(region, regions[position:])
            after = regions[position + 1 :]
            outcome = self._up(region, after)
            self._standing[region] = Standing.of(outcome.outputs)
            self.settle([region])
            health = self._await(region, outcome.outputs)
            if not health.healthy:
                raise HaltedError(
                    f"{region} was updated and is not healthy after {self.timeout:.0f} s:"
                    f"{_listed(health.faults)}\n  {_untouched(after)}\n"
                    f"  what to do: mend what is named, or take the change back, and run "
                    f"`standfast ci apply --target {self.target}` again: it goes on from there"
                )
            self._applied.append(Applied(outcome, health, guard))

    def _guard(self, region: str, left: Sequence[str]) -> str:
        """The region that would take over, proven healthy now."""
        guard = self.platform.regions[region].failover_to
        outputs = self._outputs(guard)
        if not outputs:
            return ""
        health = self._await(guard, outputs)
        if not health.healthy:
            raise HaltedError(
                f"{region} fails over to {guard}, and {guard} is not healthy:{_listed(health.faults)}\n"
                f"  {_untouched(left)}\n"
                f"  what to do: mend what is named, or bring back what the program says with "
                f"`standfast ci apply {guard} --target {self.target}`, then run the same command again"
            )
        return guard

    def _outputs(self, region: str) -> Mapping[str, Any]:
        try:
            return self.stacks.outputs(region)
        except NotUpError:
            return {}

    def _up(self, region: str, after: Sequence[str]) -> Outcome:
        try:
            return self.stacks.up(region, policy_packs=self.policy_packs)
        except StoppedError:
            raise
        except AutomationError as error:
            raise HaltedError(f"{error}\n  {_untouched(after)}") from error

    def _await(self, region: str, outputs: Mapping[str, Any]) -> Health:
        """The region's health: at once when it is healthy, else when it becomes so or the time is over."""
        step = f"health {region}"
        self.steps.start(step, "asking its API server and Route 53")
        deadline = self.clock() + self.timeout
        try:
            while True:
                health = self.doctor.ask(region, outputs)
                left = deadline - self.clock()
                if health.healthy or left <= 0:
                    break
                self.steps.note(step, "; ".join(health.faults))
                self.sleep(min(_POLL, left))
        except BaseException:
            self.steps.fail(step)
            raise
        if health.healthy:
            self.steps.done(step, f"healthy; DNS: {health.dns}")
        else:
            self.steps.fail(step, "; ".join(health.faults))
        return health


def _listed(faults: Sequence[str]) -> str:
    return "".join(f"\n  - {fault}" for fault in faults)


def _untouched(regions: Sequence[str]) -> str:
    return f"untouched: {', '.join(regions)}" if regions else "no region was left to touch"
