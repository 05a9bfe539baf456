"""What is scheduled in pairs, how its rate is counted, and how both are shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bench.scheduling import Pair, ours, rate, section, without_constraints

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def leaves(value: Any, at: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        return {k: v for key, each in value.items() for k, v in leaves(each, f"{at}/{key}").items()}
    if isinstance(value, list):
        return {k: v for n, each in enumerate(value) for k, v in leaves(each, f"{at}/{n}").items()}
    return {at: value}


def test_without_constraints_it_is_the_same_pod_in_all_else() -> None:
    pod = ours()
    before, after = leaves(pod), leaves(without_constraints(pod))
    assert after.items() <= before.items()
    gone = {path.split("/")[2] for path in before.keys() - after.keys() if "nvidia.com/gpu" not in path}
    assert gone == {"topologySpreadConstraints", "affinity"}
    assert "nvidia.com/gpu" in pod["spec"]["containers"][0]["resources"]["limits"]
    assert not [path for path in after if "limits/nvidia.com/gpu" in path]


def test_it_carries_the_hash_over_which_a_rollout_is_spread() -> None:
    pod = ours()
    (spread,) = pod["spec"]["topologySpreadConstraints"]
    assert set(spread["matchLabelKeys"]) <= pod["metadata"]["labels"].keys()


def test_the_rate_is_over_the_intervals_whatever_the_order() -> None:
    times = [BEGAN + timedelta(milliseconds=ms) for ms in (400, 0, 100, 300, 200)]
    assert rate(times) == pytest.approx(10.0)


def test_the_section_shows_the_ratio_of_pairs_and_its_worst() -> None:
    text = section([Pair(80.0, 100.0), Pair(30.0, 50.0), Pair(75.0, 100.0)])
    assert "| the one over the other | at least 0.7 | 0.75 | 0.60 |" in text
    assert "| pods a second as the program deploys them |  | 75 | 30 |" in text
    assert "missed" not in text


def test_a_middle_ratio_under_the_aim_is_a_missed_aim() -> None:
    assert "The aim is missed" in section([Pair(60.0, 100.0), Pair(69.0, 100.0), Pair(90.0, 100.0)])
