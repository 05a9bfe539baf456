"""How many pods a second are bound with the program's constraints and GPU requests, and without them.

`python -m bench.scheduling` measures it alone, on a control plane of its own, and writes its section of
docs/benchmarks.md.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Protocol

from automation.commands.common import tell
from bench.again import again
from bench.bare import FOUR_GPUS
from bench.pods import PARTS, ours, without
from bench.scheduler import LIMIT, NODES_PER_ZONE, Round, scheduler
from bench.sections import write

TITLE = "Scheduling with the constraints and without"
AIM = 0.7
PAIRS = 10
PODS = 300
PODS_LIFTED = 150
"""The limit is felt only after its first hundred calls; the work itself takes fewer pods to be told."""
TIMES_EACH = 4
"""How often each part is left out."""

_NOTHING, _EVERYTHING = "nothing", "all of these"
_OURS, _BARE = "as the program deploys them", "without spread, affinity and GPU"


class Rounds(Protocol):
    """What holds a round with so many of a pod."""

    def round(self, pod: Mapping[str, Any], pods: int) -> Round: ...


@dataclass(frozen=True)
class Pair:
    """Pods with what the program asks for, and right before or after it without."""

    ours: Round
    bare: Round

    @property
    def ratio(self) -> float:
        """Of the rates."""
        return self.ours.rate / self.bare.rate


@dataclass(frozen=True)
class Found:
    """All pairs, and the scheduler's seconds for a pod without each of the parts; `load` is the machine's."""

    shipped: Sequence[Pair]
    lifted: Sequence[Pair]
    parts: Mapping[str, Sequence[float]]
    load: float


def measure(pairs: int = PAIRS, times_each: int = TIMES_EACH) -> Found:
    """First as the scheduler ships, then with its client's limit lifted. RuntimeError without a pair."""
    pod = ours(PODS)
    with scheduler(PODS) as one:
        shipped = hold(one, pod, PODS, pairs)
        one.lift_limit()
        lifted = hold(one, pod, PODS_LIFTED, pairs)
        parts = _parts(one, pod, times_each)
        return Found(shipped, lifted, parts, os.getloadavg()[2])


def hold(one: Rounds, pod: Mapping[str, Any], pods: int, pairs: int) -> list[Pair]:
    """Each in the other order, after one that does not count; one that fails is held again.

    RuntimeError when none could be held.
    """
    ways = {"ours": pod, "bare": without(pod, *PARTS)}

    def pair(number: int) -> Pair:
        order = list(ways) if number % 2 else list(reversed(ways))
        rounds = {way: one.round(ways[way], pods) for way in order}
        tell(f"pair {number}: " + ", ".join(f"{way} {_told(rounds[way])}" for way in ways))
        return Pair(**rounds)

    held = [again(f"pair {number}", lambda number=number: pair(number)) for number in range(pairs + 1)]
    found = [each for each in held[1:] if each is not None]
    if not found:
        raise RuntimeError("no pair could be held")
    return found


def _parts(one: Rounds, pod: Mapping[str, Any], times_each: int) -> dict[str, list[float]]:
    """Seconds of processor for a pod, by what it is without. In turns: the machine's mood is everyone's."""
    left_out = {_NOTHING: (), **{part: (part,) for part in PARTS}, _EVERYTHING: tuple(PARTS)}
    found: dict[str, list[float]] = {what: [] for what in left_out}
    for _ in range(times_each):
        for what, parts in left_out.items():
            less = without(pod, *parts)
            held = again(f"without {what}", lambda less=less: one.round(less, PODS_LIFTED))
            if held is not None:
                tell(f"without {what}: {_told(held)}")
                found[what].append(held.cost)
    return {part: costs for part, costs in found.items() if costs}


def _told(held: Round) -> str:
    return f"{held.rate:.0f}/s at {held.cost * 1000:.2f} ms"


def section(found: Found) -> str:
    """The section's text."""
    lines = ["| scheduling | aim | median | worst |", "| --- | --- | --- | --- |", *_rows(found)]
    missed = (_missed(found),) if median(pair.ratio for pair in found.shipped) < AIM else ()
    return (
        "\n\n".join(["\n".join(lines), *missed, _why(found), _parts_table(found), _TRIED, _how(found)]) + "\n"
    )


def _rows(found: Found) -> list[str]:
    rows: list[str] = []
    for limit, pairs, aim in (
        ("as the scheduler ships", found.shipped, f"at least {AIM}"),
        ("with its client's limit lifted", found.lifted, ""),
    ):
        rates = {_OURS: [pair.ours.rate for pair in pairs], _BARE: [pair.bare.rate for pair in pairs]}
        for what, values in rates.items():
            rows.append(f"| {limit}: pods a second, {what} |  | {median(values):.0f} | {min(values):.0f} |")
        ratios = [pair.ratio for pair in pairs]
        rows.append(f"| {limit}: the one over the other | {aim} | {median(ratios):.2f} | {min(ratios):.2f} |")
    for what, costs in _costs(found).items():
        most = _milliseconds(max(costs))
        rows.append(
            f"| the scheduler's processor time a pod, {what} |  | {_milliseconds(median(costs))} | {most} |"
        )
    return rows


def _missed(found: Found) -> str:
    """What held the rate: the limit, or the processor that the scheduler got."""
    free = median(pair.ours.rate for pair in found.lifted)
    others = median(pair.bare.rate for pair in found.shipped)
    cost = median(pair.ours.cost for pair in found.lifted)
    return (
        "The aim is missed on this machine: the scheduler gets so much of a processor that it binds "
        f"{free:.0f} of the program's pods a second even without a limit, and its limit lets {others:.0f} "
        f"of the others through. One of the program's pods takes {_milliseconds(cost)} of processor, so a "
        f"core by itself is good for {1 / cost:.0f} a second; here {os.cpu_count()} cores are shared with "
        f"API server and etcd and with all else that ran, a load of {found.load:.0f}. What is needed to "
        f"bind as many as the limit of {LIMIT} calls a second allows, whatever the pods ask for: "
        f"{cost * LIMIT:.2f} of a core for the scheduler."
    )


def _why(found: Found) -> str:
    ours_, bare = (median(costs) for costs in _costs(found).values())
    return (
        f"What the work itself costs is {ours_ / bare:.1f} times as much for a pod as the program deploys "
        "it. As the scheduler ships, its limit is felt before that, as long as it gets "
        f"{ours_ * LIMIT:.2f} of a core. The spread has it count the pods of every node first, honouring "
        "taints and affinity, and refuses nodes of zones that are ahead after all other filters have "
        "passed them, so that more nodes are looked at until enough are found. The name of a GPU is held "
        "against a regular expression on each of these nodes. To be apart, every pod of every node is "
        "looked at. Pods without a spread of their own get the scheduler's default one, which counts too "
        "but refuses nothing."
    )


_TRIED = (
    "What was tried: the wish to be apart, said as a soft spread over hosts, took an eighth less of the "
    "processor in three profiles of the scheduler, with as many pods apart. It is left as the lesson says "
    "it, since that would not bring the ratio of the work itself to the aim. A node selector in place of "
    "the affinity, which could name one pool only, showed no gain in two readings."
)


def _parts_table(found: Found) -> str:
    whole = median(found.parts.get(_NOTHING) or _costs(found)[_OURS])
    lines = ["| left out | the scheduler's processor time a pod | of the whole |", "| --- | --- | --- |"]
    for what, values in found.parts.items():
        lines.append(f"| {what} | {_milliseconds(median(values))} | {median(values) / whole:.0%} |")
    return "\n".join(lines)


def _how(found: Found) -> str:
    each = min((len(costs) for costs in found.parts.values()), default=0)
    return (
        f"{len(found.shipped)} pairs as the scheduler ships, of {PODS} pods, and {len(found.lifted)} with "
        f"its limit lifted, of {PODS_LIFTED}; each pair in the other order. Each part was left out {each} "
        "times after those pairs, so that a change of load in between moves its figure too. The pods are "
        f"there at once, for {3 * NODES_PER_ZONE} nodes of {FOUR_GPUS.gpus} GPUs in three zones, on a real "
        "scheduler, API server and etcd; all else of the region stands still meanwhile. The rate is from "
        f"the first to the last of the scheduler's own events. Its client may make {LIMIT} calls a second, "
        "after a hundred at once: a pod is one call. The machine did other work too: its load was "
        f"{found.load:.0f}."
    )


def _costs(found: Found) -> dict[str, list[float]]:
    return {
        _OURS: [pair.ours.cost for pair in found.lifted],
        _BARE: [pair.bare.cost for pair in found.lifted],
    }


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def main() -> None:
    """Measure, and write the section."""
    write(TITLE, section(measure()))


if __name__ == "__main__":
    main()
