"""How long previews take on a running platform: with the policy pack and without, side by side and in turn.

`python -m bench.previews` measures it alone, on a sandbox with both regions up, and writes its section of
docs/benchmarks.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median

from automation.ci.policies import pack
from automation.project import platform
from automation.stacks import Stacks
from automation.targets import TargetName, checkout, workspace_of
from bench.sections import write
from sandbox.progress import Silent

TITLE = "Previews of a running platform"
POLICY_AIM = 1.5
_PAIRS = 3


@dataclass(frozen=True)
class Pairs:
    """Seconds of two ways to do the same, measured in pairs: what slows the machine down slows both."""

    one: tuple[float, ...]
    other: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The middle one of the pairs' ratios: the one way over the other."""
        return median(one / other for one, other in zip(self.one, self.other, strict=True))


@dataclass(frozen=True)
class Previews:
    """What was measured; `judged` is one region with the pack over without, `together` is all regions side by
    side over one after the other, both with the pack.
    """

    region: str
    regions: int
    judged: Pairs
    together: Pairs


def paired(one: Callable[[], object], other: Callable[[], object], pairs: int = _PAIRS) -> Pairs:
    """Each way once before anything counts; then in pairs, and in each pair the other one first."""
    one()
    other()
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(pairs):
        ways = [(times[0], one), (times[1], other)]
        for kept, way in ways if number % 2 == 0 else reversed(ways):
            began = time.monotonic()
            way()
            kept.append(time.monotonic() - began)
    return Pairs(tuple(times[0]), tuple(times[1]))


def measure(regions: Sequence[str]) -> Previews:
    """On the sandbox, with `regions` up in it. RuntimeError when a preview finds something to do."""
    stacks = Stacks(workspace_of(TargetName.SANDBOX), Silent())
    stacks.select(regions)
    rules = [str(pack())]

    def preview(region: str, policy_packs: Sequence[str] = rules) -> None:
        outcome = stacks.preview(region, policy_packs=policy_packs)
        if outcome.changed:
            raise RuntimeError(f"a preview of {region} that is up finds {outcome.changed}")

    def side_by_side() -> None:
        with ThreadPoolExecutor(len(regions)) as pool:
            list(pool.map(preview, regions))

    def in_turn() -> None:
        for region in regions:
            preview(region)

    first = regions[0]
    return Previews(
        region=first,
        regions=len(regions),
        judged=paired(lambda: preview(first), lambda: preview(first, ())),
        together=paired(side_by_side, in_turn),
    )


def section(found: Previews) -> str:
    """The section's text."""
    rows = [
        (f"{found.region} with the policy pack", "", _seconds(found.judged.one)),
        (f"{found.region} without it", "", _seconds(found.judged.other)),
        ("with over without", f"at most {POLICY_AIM}", f"{found.judged.ratio:.2f}"),
        (f"{found.regions} regions side by side", "", _seconds(found.together.one)),
        (f"{found.regions} regions one after the other", "", _seconds(found.together.other)),
        ("side by side over one after the other", "", f"{found.together.ratio:.2f}"),
    ]
    lines = ["| preview | aim | measured |", "| --- | --- | --- |"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + (
        f"\n\nThe middle one of {_PAIRS} previews that find nothing to do, measured in pairs, each pair in "
        "the other order; ratios are the middle one of the pairs' own. Side by side, engines, program and "
        "pack of all regions share the machine's cores.\n"
    )


def _seconds(times: Sequence[float]) -> str:
    return f"{median(times):.1f} s"


def main() -> None:
    """Measure, and write the section."""
    whole = platform(checkout())
    regions = [whole.primary, *(region for region in whole.regions if region != whole.primary)]
    write(TITLE, section(measure(regions)))


if __name__ == "__main__":
    main()
