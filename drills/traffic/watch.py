"""What a run waits for: a platform that is sound, clients that are served again, and all as it was before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from drills.errors import NotSoundError
from drills.observe import Recorder
from drills.scenarios.scenario import Scenario
from drills.traffic.copies import Copies
from drills.traffic.log import TIMEOUT_S, LogReader, Request
from drills.traffic.measure import answering, between, recovery
from drills.traffic.stage import Stage
from drills.traffic.target import Detection
from drills.view import Snapshot
from drills.zone_loss.measure import Loss, Promise, loss

SOUND_LIMIT_S = 90.0
"""Seconds until a platform that is whole must serve."""

SOUND_S = 3.0
STEADY_S = 5.0
"""Seconds that a recovery must hold before the watch ends."""

LOG_DELAY_S = TIMEOUT_S + 1.5
"""The client writes a request down when it has ended, and its log at least once a second."""

TICK_S = 0.5


@dataclass(kw_only=True)
class Watch:
    """What one run sees while it lets time pass: `requests` are what its client has asked so far, in order.

    `began` is when the series of runs did, `limit_s` the seconds that a recovery and a failback may take, and
    `folder` keeps the client's log.
    """

    scenario: Scenario
    stage: Stage
    recorders: Mapping[str, Recorder]
    promise: Promise
    copies: Copies
    reader: LogReader
    folder: Path
    limit_s: float
    began: float
    requests: list[Request] = field(default_factory=list[Request])

    def sound(self) -> float:
        """Wait until clients are served, health checks are settled, and a version was published.

        A health check that has just changed its mind, or has none yet, would lead clients elsewhere during
        the drill by itself: nothing may have been noticed for as long as detection and TTL take. The answer
        is the moment from which clients are known to be served.
        """
        stage, clock = self.stage, self.stage.clock
        stage.say("waiting until clients are served and health checks are settled")
        start = clock.now()
        settling = self.detection().floor_s

        def settled() -> bool:
            judged = {"detected", "recovered"}
            changes = [notice.t for notice in stage.traffic.noticed(self.began) if notice.kind in judged]
            return clock.now() - max([self.began, *changes]) >= settling

        def sound() -> bool:
            since = clock.now() - LOG_DELAY_S - SOUND_S
            return self._served_since(since) == 0.0 and bool(stage.ledger.read()) and settled()

        if not self._until(sound, SOUND_LIMIT_S + 2 * settling):
            failed = [request.error for request in self.requests if request.error]
            reason = failed[-1] if failed else "no request failed, but health checks keep changing"
            raise NotSoundError(
                stage.place.region,
                f"clients are not served after {clock.now() - start:.0f} s ({reason}; see {self.folder})",
            )
        return clock.now() - LOG_DELAY_S

    def recovery(self, fault: float) -> None:
        """Until clients are served again and stay so, with the pods and models back that are waited for."""
        stage, clock = self.stage, self.stage.clock
        broken = max([fault, *stage.marks.values()])
        begin = clock.now()

        def recovered() -> bool:
            after = self._served_since(broken)
            if after is None or clock.now() - begin < self.scenario.watch_s:
                return False
            steady = clock.now() - LOG_DELAY_S - (broken + after) >= STEADY_S
            back = stage.returns is None or stage.returns.whole
            return steady and back and (not self.scenario.capacity or self.loss().recovered)

        self._until(recovered, self.limit_s)

    def failback(self, healed: float, before: frozenset[str], ready: Mapping[str, int]) -> None:
        """Until the regions answer that answered before, with as many pods a zone, and every bucket has all.

        Nothing is published any more once clients are back: what was, must arrive.
        """
        stage, clock = self.stage, self.stage.clock

        def home() -> bool:
            end = clock.now() - LOG_DELAY_S
            after = self._served_since(healed)
            if after is None or end - (healed + after) < STEADY_S:
                return False
            if clock.now() - healed < self.scenario.aftermath_s:
                return False
            # While pods are moved back into a zone, some of them are missing again.
            if _spread(self.now().ready) != _spread(ready):
                return False
            return answering(between(self.requests, end - STEADY_S, end)) == before

        self._until(home, self.limit_s)
        stage.publishing = False
        self._until(lambda: not self.copies.missing(stage.ledger.read()), self.limit_s)
        # The last seconds are compared with the first ones: all of them must be after that.
        self.pause(STEADY_S + TIMEOUT_S)

    def pause(self, seconds: float) -> None:
        """Let so much time pass."""
        self._until(lambda: False, seconds)

    def detection(self) -> Detection:
        """How the run's client leaves the region, as deployed now."""
        return self.stage.traffic.detection(self.stage.place.region, self.scenario.resolver)

    def now(self) -> Snapshot:
        """The pods of the region where something is broken."""
        return self.recorders[self.stage.place.region].timeline()[-1]

    def loss(self) -> Loss:
        """What became of that region's pods so far."""
        place, promise = self.stage.place, self.promise
        return loss(
            self.recorders[place.region].timeline(),
            place.zone,
            place.zones[place.region],
            promise.replicas,
            promise.min_available,
        )

    def read(self) -> None:
        """Take in what the client has written since."""
        self.requests += self.reader.read()
        self.requests.sort(key=lambda request: request.t)

    def _served_since(self, start: float) -> float | None:
        """Seconds after `start` from which on clients are served up to what is known; None when not."""
        return recovery(self.requests, start, self.stage.clock.now() - LOG_DELAY_S)

    def _until(self, reached: Callable[[], bool], limit_s: float) -> bool:
        """Let time pass, with versions published and copies looked for, until `reached` or the limit."""
        clock = self.stage.clock
        deadline = clock.now() + limit_s
        while True:
            self._tick()
            if reached():
                return True
            left = deadline - clock.now()
            if left <= 0:
                return False
            clock.sleep(min(TICK_S, left))

    def _tick(self) -> None:
        stage = self.stage
        self.read()
        if stage.publishing and stage.place.region not in stage.unreachable:
            stage.publisher.tick()
        self.copies.look(stage.unreachable)
        if stage.returns is not None:
            stage.returns.look(stage.unreachable)
        seen = self.requests[-1:]
        if seen:
            answer = seen[0].region if seen[0].ok else seen[0].error
            stage.say(f"{len(self.requests)} requests, the last: {answer}", passing=True)


def _spread(ready: Mapping[str, int]) -> list[int]:
    """How pods are spread over zones, whichever these are."""
    return sorted(count for count in ready.values() if count)
