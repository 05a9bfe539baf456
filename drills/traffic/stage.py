"""What a scenario can do: break something and know how to mend it again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from drills.errors import DrillError, UncleanError
from drills.model import Options, Say
from drills.target import Cluster, Target
from drills.traffic.measure import Event
from drills.traffic.publisher import Ledger, Publisher
from drills.traffic.returns import Returns
from drills.traffic.target import PodFault, Traffic


@dataclass(frozen=True)
class Clock:
    """Seconds since the epoch, and the means to let some pass."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Place:
    """Where a run breaks things: `zones` by region, `zone` in `region`; `survivor` is what takes over."""

    region: str
    zone: str
    survivor: str
    zones: Mapping[str, tuple[str, ...]]


def place_of(target: Target, options: Options, rng: random.Random) -> Place:
    """Where this run breaks things; a zone that nobody named is drawn."""
    others = [region for region in target.regions if region != options.region]
    if not others:
        raise DrillError(f"{options.region} is the only region; a drill with traffic needs one that survives")
    zones = {region: target.zones(region) for region in target.regions}
    zone = options.zone or rng.choice(zones[options.region])
    return Place(region=options.region, zone=zone, survivor=rng.choice(others), zones=zones)


@dataclass
class Stage:
    """One run's faults. Every `break_` goes with its way back; `heal` takes the ways back, newest first.

    `dead` are regions that are lost and stay so until they are healed, `unreachable` those that are out of
    reach now.
    """

    traffic: Traffic
    cluster: Cluster
    place: Place
    random: random.Random
    publisher: Publisher
    ledger: Ledger
    clock: Clock
    say: Say
    events: list[Event] = field(default_factory=list[Event])
    marks: dict[str, float] = field(default_factory=dict[str, float])
    dead: set[str] = field(default_factory=set[str])
    unreachable: set[str] = field(default_factory=set[str])
    publishing: bool = True
    returns: Returns | None = None
    _ways_back: list[tuple[str, Callable[[], None]]] = field(
        default_factory=list[tuple[str, Callable[[], None]]]
    )

    def note(self, kind: str, what: str) -> None:
        """Put something on the time axis, now."""
        self.say(what)
        self.events.append(Event(t=self.clock.now(), kind=kind, what=what))

    def mark(self, name: str) -> None:
        """Name this moment for a promise that counts from it."""
        self.marks[name] = self.clock.now()

    def break_(self, what: str, do: Callable[[], object], back: Callable[[], None]) -> None:
        """Break something. A fault that went wrong half way is mended like one that did not."""
        self._ways_back.append((what, back))
        self.note("fault", what)
        do()

    def heal(self) -> None:
        """Mend everything. Raises UncleanError, after all has been tried, when something could not be."""
        failures: list[str] = []
        while self._ways_back:
            what, back = self._ways_back.pop()
            try:
                back()
            except Exception as error:
                # Whatever it is: the other faults are mended first.
                failures.append(f"{what} ({error})")
        self.unreachable.clear()
        self.publishing = True
        if failures:
            raise UncleanError(failures)

    def cut_region(self, region: str) -> None:
        """The region is gone until it is healed."""
        self.dead.add(region)
        self.unreachable.add(region)
        self.break_(
            f"{region} is gone",
            lambda: self.traffic.cut_region(region),
            lambda: self.traffic.restore_region(region),
        )

    def pods(self, zone: str, faults: Mapping[str, PodFault], what: str) -> None:
        """Pods of one of the region's zones have these faults."""
        region = self.place.region
        self.break_(
            what,
            lambda: self.traffic.pod_faults(region, zone, faults),
            lambda: self.traffic.pod_faults(region, zone, {}),
        )
