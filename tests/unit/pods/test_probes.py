"""Probes as a kubelet runs them: the deployed numbers by value, thresholds by property."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.errors import SandboxError
from sandbox.pods.probes import Answer, Ask, ContainerLife, Probe, Probes, Worker

HTTP = {"httpGet": {"path": "/x", "port": 8080}}
DEPLOYED = Probes.of(
    {
        "startupProbe": {"httpGet": {"path": "/v2/health/live"}, "periodSeconds": 10, "failureThreshold": 30},
        "readinessProbe": {
            "httpGet": {"path": "/v2/health/ready"},
            "initialDelaySeconds": 30,
            "periodSeconds": 10,
        },
        "livenessProbe": {
            "httpGet": {"path": "/v2/health/live"},
            "initialDelaySeconds": 60,
            "periodSeconds": 15,
        },
    }
)
GOOD, BAD, NOBODY = Answer(200), Answer(503), Answer(None)


def play(life: ContainerLife, start: float, end: float, ask: Ask) -> list[tuple[float, str]]:
    """Tick ten times a second; what changed, and when."""
    seen: list[tuple[float, str]] = []
    before = (life.started, life.ready)
    for tenth in range(round(start * 10), round(end * 10) + 1):
        now = tenth / 10
        if life.tick(now, ask):
            seen.append((now, "restarted"))
        after = (life.started, life.ready)
        if after != before:
            seen.append((now, {(True, False): "started", (True, True): "ready"}.get(after, "unready")))
        before = after
    return seen


def test_a_container_that_loads_for_four_seconds_starts_at_the_second_tick_and_is_ready_after_its_delay():
    life = ContainerLife(DEPLOYED, 100.0)
    clock = [100.0]
    seen: list[tuple[float, str]] = []
    for tenth in range(1000, 1500):
        clock[0] = tenth / 10
        seen += play(life, clock[0], clock[0], lambda _: GOOD if clock[0] >= 104 else NOBODY)
    assert seen == [(110.0, "started"), (130.0, "ready")]


def test_three_failures_make_it_unready_and_one_success_ready_again():
    life = ContainerLife(DEPLOYED, 1.0)
    assert play(life, 1.0, 50.0, lambda _: GOOD)[-1][1] == "ready"
    failing = play(life, 50.0, 85.0, lambda path: BAD if path.endswith("ready") else GOOD)
    assert [what for _, what in failing] == ["started"]
    assert 70.0 <= failing[0][0] <= 80.0
    again = play(life, 85.0, 100.0, lambda _: GOOD)
    assert [what for _, what in again] == ["ready"]


def test_a_container_that_nobody_listens_in_is_killed_by_its_liveness_and_starts_anew():
    life = ContainerLife(DEPLOYED, 1.0)
    play(life, 1.0, 100.0, lambda _: GOOD)
    dead = play(life, 100.0, 160.0, lambda _: NOBODY)
    assert "restarted" in [what for _, what in dead]
    assert (life.restarts, life.started, life.ready) == (1, False, False)
    assert [what for _, what in play(life, 160.0, 230.0, lambda _: GOOD)][-1:] == ["ready"]


def test_a_start_that_takes_too_long_is_begun_again():
    life = ContainerLife(DEPLOYED, 1.0)
    seen = play(life, 1.0, 320.0, lambda _: NOBODY)
    assert [what for _, what in seen] == ["restarted"]
    assert 290.0 <= seen[0][0] <= 305.0


def test_without_probes_a_container_is_ready_at_once():
    life = ContainerLife(Probes(), 1.0)
    assert (life.started, life.ready) == (True, True)


@pytest.mark.parametrize(
    ("answer", "passes"),
    [
        (Answer(200), True),
        (Answer(399), True),
        (Answer(400), False),
        (Answer(199), False),
        (Answer(200, 1.5), False),
        (NOBODY, False),
    ],
)
def test_what_a_probe_takes_for_success(answer: Answer, passes: bool):
    assert Probe(path="/").passes(answer) is passes


def test_defaults_are_those_of_kubernetes():
    probe = Probe.of(HTTP)
    assert probe == Probe(path="/x", period=10, timeout=1, failures=3, successes=1, initial_delay=0)
    assert Probe.of(None) is None


def test_a_probe_that_is_not_answered_here_is_refused():
    with pytest.raises(SandboxError, match="this one has exec"):
        Probe.of({"exec": {"command": ["true"]}})


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(1, 4), st.integers(1, 4))
def test_a_verdict_changes_after_as_many_in_a_row_as_the_thresholds_say(
    answers: list[bool], failures: int, successes: int
):
    worker = Worker(Probe(path="/", period=1, failures=failures, successes=successes), ok=False)
    expected = False
    for index, answer in enumerate(answers):
        worker.tick(1.0 + index, 0.0, lambda _, good=answer: GOOD if good else BAD)
        needed = successes if answer else failures
        run = answers[max(0, index + 1 - needed) : index + 1]
        if len(run) == needed and set(run) == {answer}:
            expected = answer
        assert worker.ok is expected


@given(st.integers(1, 30), st.floats(0, 100))
def test_ticks_that_were_slept_through_are_left_out_and_the_rhythm_stays(period: int, asleep: float):
    worker = Worker(Probe(path="/", period=period), ok=False)
    worker.tick(1.0, 0.0, lambda _: GOOD)
    worker.tick(1.0 + period + asleep, 0.0, lambda _: GOOD)
    assert worker.next > 1.0 + period + asleep
    assert (worker.next - 1.0) % period == pytest.approx(0.0, abs=1e-6)
