"""The page of benchmarks, from figures that were measured."""

from __future__ import annotations

from typing import Any

from bench.figures import Figures, Machine
from bench.memory import Held

MACHINE = Machine("a processor", 2, 24 * 2**30, "Linux 6.1", "3.11.7", "2026-01-02")


def demo(back: float | None = 12.34) -> dict[str, Any]:
    return {
        "seconds": {"sandboxUp": 9.0, "regionsUp": 58.2, "all": 160.0},
        "regions": {"us-east": {"ups": [{"seconds": 20.0, "resources": 200, "changes": {"create": 200}}]}},
        "drill": {
            "minAvailable": 4,
            "replicas": 6,
            "loss": {
                "secondsUntil": {
                    "nodesNotReady": 45.0,
                    "endpointsGone": 45.2,
                    "minAvailableReady": 0.0,
                    "allReady": 70.0,
                },
                "mostMissing": 2,
            },
            "return": {"secondsUntil": {"nodesReady": 0.3, "spreadWithinMaxSkew": back}},
        },
    }


def figures(**changed: Any) -> Figures:
    values: dict[str, Any] = {
        "machine": MACHINE,
        "first": {"seconds": {"all": 480.0}},
        "second": demo(),
        "primary": "us-east",
        "trivial": 10.0,
        "unchanged": {"us-east": 6.5},
        "peak_memory": Held(proportional=2_710_000_000, resident=3_140_000_000),
        "check": 0.94,
    }
    return Figures(**{**values, **changed})


def test_rates_are_of_the_same_number_of_resources() -> None:
    rows = {what: measured for what, _, measured in figures().rows()}
    assert rows["first `up` of us-east: 200 resources"] == "20 s (10.0 resources/s)"
    assert rows["as many trivial resources"] == "10 s (20.0 resources/s)"
    assert rows["the one rate over the other"] == "0.50"
    assert rows["peak memory with both regions up"] == "2.71 GB"
    assert rows["the same, shared pages counted for each process"] == "3.14 GB"
    assert rows["first `make demo`, on an empty cache"] == "480 s"


def test_what_was_left_out_or_never_came_is_not_made_up() -> None:
    assert not any("empty cache" in what for what, _, _ in figures(first=None).rows())
    assert ("zone back: spread within maxSkew", "never") in figures(second=demo(None)).drill_rows()


def test_the_page_names_the_machine_and_holds_every_row() -> None:
    page = figures().markdown()
    assert "2 cores (a processor), 24 GiB, Linux 6.1, Python 3.11.7, 2026-01-02" in page
    for row in [*figures().rows(), *figures().drill_rows()]:
        assert f"| {' | '.join(row)} |" in page
