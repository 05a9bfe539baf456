"""Regions are previewed side by side, and none keeps another from its verdict."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from automation.ci.preview import preview
from automation.ci.verdict import Action, Code
from automation.errors import EngineError, Failure, NotUpError, StackLockedError, StoppedError
from automation.project import platform
from automation.stacks import Outcome, Watch
from automation.targets import checkout
from tests.automation.ci.events import BUCKET, PROTECTED, VPC, diagnostic, policy, state, step

REGIONS = ("us-east", "eu-west")
UP = {
    "us-east": {"cluster": {"born": "1"}, "peersBorn": {"eu-west": "2"}},
    "eu-west": {"cluster": {"born": "2"}, "peersBorn": {"us-east": "1"}},
}
DONE = {name: Outcome(name, "preview", {}, 1.0, {}) for name in REGIONS}


class Stacks:
    """Plays what a region's preview and refresh would tell; waits until all previews are under way."""

    def __init__(self, outputs: Mapping[str, Any], *, together: int = 1) -> None:
        self._outputs = outputs
        self._together = threading.Barrier(together, timeout=10)
        self.previewed: dict[str, list[Any]] = {}
        self.refreshed: dict[str, list[Any]] = {}
        self.packs: set[str] = set()
        self.fails: dict[str, Exception] = {}
        self.asked: list[str] = []
        self.stopped = False

    def init(self, regions: Sequence[str]) -> None:
        self.asked.append(f"init {' '.join(regions)}")

    def select(self, regions: Sequence[str]) -> None:
        self.asked.append(f"select {' '.join(regions)}")

    def stop(self) -> None:
        self.stopped = True

    def outputs(self, region: str) -> Mapping[str, Any]:
        if region not in self._outputs:
            raise NotUpError(region, "cloud")
        return self._outputs[region]

    def preview(
        self, region: str, *, policy_packs: Sequence[str] = (), watch: Watch | None = None
    ) -> Outcome:
        self._together.wait()
        self.packs |= set(policy_packs)
        return self._play(region, self.previewed, watch)

    def refresh(self, region: str, *, preview_only: bool = False, watch: Watch | None = None) -> Outcome:
        assert preview_only
        self.asked.append(f"refresh {region}")
        return self._play(region, self.refreshed, watch)

    def _play(self, region: str, events: Mapping[str, list[Any]], watch: Watch | None) -> Outcome:
        assert watch is not None
        for one in events.get(region, ()):
            watch(one)
        if region in self.fails:
            raise self.fails[region]
        return DONE[region]


def judged(stacks: Stacks, regions: Sequence[str] = REGIONS) -> dict[str, Any]:
    found = preview(stacks, platform(checkout()), regions, Path("policy"), lambda _: "high")
    assert [one.region for one in found] == list(regions)
    return {one.region: one for one in found}


def test_regions_that_are_as_the_program_says_have_nothing_to_do_and_go_side_by_side() -> None:
    stacks = Stacks(UP, together=2)
    found = judged(stacks)
    assert {one.code for one in found.values()} == {Code.NOTHING}
    assert stacks.packs == {"policy"}
    assert stacks.asked[:2] == ["init us-east eu-west", "select eu-west us-east"]


def test_changes_and_drift_are_each_regions_own() -> None:
    stacks = Stacks(UP)
    stacks.previewed["us-east"] = [step("create", VPC)]
    stacks.refreshed["eu-west"] = [step("delete", BUCKET)]
    found = judged(stacks)
    assert [change.action for change in found["us-east"].changes] == [Action.CREATE]
    assert not found["us-east"].drift
    assert [change.action for change in found["eu-west"].drift] == [Action.DELETE]
    assert {one.code for one in found.values()} == {Code.CHANGES}


def test_a_refusal_is_no_error_though_the_engine_ends_with_one() -> None:
    stacks = Stacks(UP)
    stacks.previewed = {
        "us-east": [policy("imdsv2", VPC)],
        "eu-west": [step("replace", BUCKET, old=state(BUCKET, protect=True)), diagnostic(PROTECTED, BUCKET)],
    }
    stacks.fails = {name: EngineError("preview", name, [Failure("", "no")], Path("log")) for name in REGIONS}
    # The engine refuses the preview; the refresh that follows is not what fails here.
    stacks.refresh = lambda region, **_: DONE[region]  # pyright: ignore[reportAttributeAccessIssue]
    found = judged(stacks)
    assert {one.code for one in found.values()} == {Code.REFUSED}
    assert not any(one.error for one in found.values())


def test_one_region_that_cannot_be_previewed_is_the_error_and_the_other_has_its_verdict() -> None:
    stacks = Stacks(UP)
    stacks.previewed["us-east"] = [policy("imdsv2", VPC), diagnostic("no answer", VPC)]
    stacks.fails["us-east"] = EngineError("preview", "us-east", [Failure(VPC, "no answer")], Path("log"))
    stacks.previewed["eu-west"] = [step("create", VPC)]
    found = judged(stacks)
    assert found["us-east"].code is Code.ERROR
    assert "no answer" in found["us-east"].error
    assert found["eu-west"].code is Code.CHANGES


def test_a_lock_is_the_regions_error_and_says_whose() -> None:
    stacks = Stacks(UP)
    stacks.fails["us-east"] = StackLockedError(
        "us-east", ["ana@there (process 7, since 2026-01-02T03:04:05Z)"]
    )
    error = judged(stacks)["us-east"].error
    assert "ana@there" in error
    assert "since 2026-01-02" in error


def test_a_region_that_was_never_up_is_new_and_is_not_asked_for_drift() -> None:
    stacks = Stacks({"us-east": {"cluster": {"born": "1"}, "peersBorn": {}}, "eu-west": {}})
    stacks.previewed["eu-west"] = [step("create", VPC)]
    found = judged(stacks)
    assert (found["us-east"].new, found["eu-west"].new) == (False, True)
    assert "refresh eu-west" not in stacks.asked
    assert not found["us-east"].unjoined


def test_a_living_peer_that_was_not_joined_is_told_though_it_was_not_asked_for() -> None:
    stacks = Stacks({**UP, "us-east": {"cluster": {"born": "1"}, "peersBorn": {}}})
    [found] = judged(stacks, ["us-east"]).values()
    assert (found.unjoined, found.code) == (("eu-west",), Code.CHANGES)


def test_an_interrupt_stops_the_engines_and_is_said() -> None:
    stacks = Stacks(UP)

    def interrupted(region: str) -> Mapping[str, Any]:
        raise KeyboardInterrupt

    stacks.outputs = interrupted
    with pytest.raises(StoppedError):
        judged(stacks)
    assert stacks.stopped
