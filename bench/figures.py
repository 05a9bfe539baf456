"""The figures, and how docs/benchmarks.md shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.memory import Held


@dataclass(frozen=True)
class Machine:
    """Where the figures come from."""

    cpu: str
    cores: int
    memory: int
    system: str
    python: str
    day: str

    def __str__(self) -> str:
        gib = self.memory / 2**30
        return (
            f"{self.cores} cores ({self.cpu}), {gib:.0f} GiB, {self.system}, Python {self.python}, {self.day}"
        )


@dataclass(frozen=True)
class Figures:
    """All that was measured, in seconds and bytes. `first` is None when it was left out.

    `first` and `second` are the documents of `standfast demo --json`; `trivial` is the time of as many
    resources as the primary region has that do nothing; `unchanged` the time of an `up` without changes for
    each region.
    """

    machine: Machine
    first: Mapping[str, Any] | None
    second: Mapping[str, Any]
    primary: str
    trivial: float
    unchanged: Mapping[str, float]
    peak_memory: Held
    check: float

    def rows(self) -> list[tuple[str, str, str]]:
        """What, the aim, and what was measured."""
        seconds = self.second["seconds"]
        up = self.second["regions"][self.primary]["ups"][0]
        rate, bare = up["resources"] / up["seconds"], up["resources"] / self.trivial
        rows = [
            ("second `make demo`: both regions up", "60 s", _seconds(seconds["regionsUp"])),
            ("second `make demo`: all of it", "", _seconds(seconds["all"])),
            (
                f"first `up` of {self.primary}: {up['resources']} resources",
                "",
                f"{_seconds(up['seconds'])} ({rate:.1f} resources/s)",
            ),
            ("as many trivial resources", "", f"{_seconds(self.trivial)} ({bare:.1f} resources/s)"),
            ("the one rate over the other", "at least 0.5", f"{rate / bare:.2f}"),
            *(
                (f"`up` of {region} that changes nothing", "", _seconds(value))
                for region, value in self.unchanged.items()
            ),
            ("peak memory with both regions up", "3 GB", _gigabytes(self.peak_memory.proportional)),
            ("the same, shared pages counted for each process", "", _gigabytes(self.peak_memory.resident)),
            ("`standfast check`", "2 s", f"{self.check:.1f} s"),
        ]
        if self.first is not None:
            first = ("first `make demo`, on an empty cache", "600 s", _seconds(self.first["seconds"]["all"]))
            rows.insert(0, first)
        return rows

    def drill_rows(self) -> list[tuple[str, str]]:
        """The drill's seconds."""
        drill = self.second["drill"]
        loss, back = drill["loss"], drill["return"]
        return [
            ("nodes of the zone held NotReady", _seconds(loss["secondsUntil"]["nodesNotReady"])),
            ("its endpoints gone", _seconds(loss["secondsUntil"]["endpointsGone"])),
            (
                f"minAvailable ({drill['minAvailable']}) ready",
                _seconds(loss["secondsUntil"]["minAvailableReady"]),
            ),
            (
                f"all {drill['replicas']} ready in the living zones",
                _seconds(loss["secondsUntil"]["allReady"]),
            ),
            ("most replicas missing at once", str(loss["mostMissing"])),
            ("zone back: its nodes ready", _seconds(back["secondsUntil"]["nodesReady"])),
            ("zone back: spread within maxSkew", _seconds(back["secondsUntil"]["spreadWithinMaxSkew"])),
        ]

    def markdown(self) -> str:
        """docs/benchmarks.md."""
        return _PAGE.format(
            machine=self.machine,
            figures=_table(("what", "aim", "measured"), self.rows()),
            drill=_table(("zone-loss", "after"), self.drill_rows()),
        )


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.1f} s" if value < 10 else f"{value:.0f} s"


def _gigabytes(value: int) -> str:
    return f"{value / 1e9:.2f} GB"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


_PAGE = """# Benchmarks

Written by `make bench`, or a part of it by `python -m bench.NAME`. Machine: {machine}.

{figures}

How they are measured:

- The first demo has caches of its own that are empty: built tools, Go's modules and Go's build cache. The
  virtual environment is there already. The second one finds the tools built.
- Both regions are up when each has joined the other: that is three runs of `up`, with the sandbox's start.
- The trivial resources are components without a provider, on the same engine right after: what registering
  alone takes. The region's own also wait until what they create is ready.
- Memory is the sum over every process of the sandbox and the engine, every two seconds from the start of the
  demo to its end. A page that n processes share counts as an n-th for each (PSS): the sum is what the machine
  spends. The second figure counts such pages for each process (RSS).

The drill of the second demo. Kubernetes holds a node unreachable 40 to 50 s after its last heartbeat, and
empties a fully lost zone one node every 10 s.

{drill}
"""
