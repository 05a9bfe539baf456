"""What must hold in every drill, whatever breaks: pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drills.traffic.log import TIMEOUT_S
from drills.traffic.measure import Evidence, answering, between, dns_changes, recovery
from drills.traffic.promises import judged_until

SEEN_LATE_S = 5.0
"""How much later than a pod the look into a bucket may find a version whole."""

HOME_S = 5.0
"""Seconds at the end of a run that are compared with its beginning."""

_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Invariant:
    """`why` says what was seen; it is empty where the invariant held."""

    name: str
    held: bool
    why: str = ""


Check = Callable[[Evidence], Invariant]


def _invariant(name: str, faults: list[str]) -> Invariant:
    more = f" and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
    return Invariant(name=name, held=not faults, why="; ".join(faults[:_SHOWN]) + more)


def nothing_lost(evidence: Evidence) -> Invariant:
    """Every acknowledged version is whole in every region at the end."""
    faults = [
        f"{entry.version} is not whole in {region}"
        for region, known in evidence.completed.items()
        for entry in evidence.ledger
        if entry.version not in known
    ]
    return _invariant("no-acknowledged-version-lost", faults)


def only_complete_served(evidence: Evidence) -> Invariant:
    """Every answer names a version that was whole in the bucket of the region that gave it."""
    faults: dict[tuple[str, str], str] = {}
    for request in evidence.requests:
        if not request.ok:
            continue
        region, version = request.region or "an unnamed region", request.model_version or "no version"
        whole = evidence.completed.get(region, {}).get(version)
        if whole is None or whole > request.t + request.latency_s + SEEN_LATE_S:
            faults.setdefault((region, version), f"{region} served {version}, which was not whole there")
    return _invariant("only-complete-models-served", list(faults.values()))


def no_calls(evidence: Evidence) -> Invariant:
    """While clients are led away nobody asks the Pulumi engine, Route 53's API, or the dead region."""
    recovered = recovery(evidence.requests, evidence.fault, judged_until(evidence, evidence.healed))
    end = evidence.healed if recovered is None else evidence.fault + recovered
    faults = [
        f"{call.origin or 'somebody'} called {call.to} ({call.what}) after {call.t - evidence.fault:.1f} s"
        for call in evidence.calls
        if evidence.fault <= call.t <= end and _forbidden(call.to, call.origin, evidence.dead)
    ]
    return _invariant("no-calls-on-recovery-path", faults)


def _forbidden(to: str, origin: str, dead: frozenset[str]) -> bool:
    service, _, region = to.partition("/")
    return service in {"pulumi", "route53"} or (region in dead and origin != region)


def as_before(evidence: Evidence) -> Invariant:
    """After failback the same regions answer, as many pods are ready, and another `up` changes nothing."""
    before = answering(between(evidence.requests, evidence.began, evidence.fault))
    end = evidence.ended - TIMEOUT_S
    last = between(evidence.requests, end - HOME_S, end)
    faults: list[str] = []
    if answering(last) != before:
        now = ", ".join(sorted(answering(last))) or "nobody"
        faults.append(f"{', '.join(sorted(before))} answered before, {now} answers now")
    if failed := sum(not request.ok for request in last):
        faults.append(f"{failed} of the last {len(last)} requests failed")
    if sum(evidence.ready_before.values()) != sum(evidence.ready_after.values()):
        faults.append(
            f"{sum(evidence.ready_before.values())} pods were ready, "
            f"{sum(evidence.ready_after.values())} are now"
        )
    faults += [
        f"another up of {region} would change {count} resources"
        for region, count in (evidence.changes_after or {}).items()
        if count
    ]
    return _invariant("as-before-after-failback", faults)


def fails_over_once(evidence: Evidence) -> Invariant:
    """Clients are led away at most once, and back at most once."""
    changes = dns_changes(between(evidence.requests, evidence.began, evidence.ended))
    faults = [f"the client was led elsewhere {len(changes)} times"] if len(changes) > 2 else []
    return _invariant("fails-over-at-most-once", faults)


ALWAYS: tuple[Check, ...] = (nothing_lost, only_complete_served, no_calls, as_before)
